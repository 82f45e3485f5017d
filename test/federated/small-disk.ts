import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function mount(...args: string[]): void {
  execFileSync('mount', args, { stdio: 'pipe' });
}

/** A disk of its own that can be full or read-only, until close(). Linux, as root. */
export class SmallDisk {
  readonly folder = mkdtempSync(join(tmpdir(), 'linnet-disk-'));
  /** The same disk, to be made read-only. */
  readonly #second = mkdtempSync(join(tmpdir(), 'linnet-disk-'));
  readonly #filler = join(this.folder, 'filler');
  #mounts: string[] = [];

  constructor(bytes: number) {
    try {
      mount('-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', this.folder);
    } catch (error) {
      this.close();
      throw error;
    }
    this.#mounts.push(this.folder);
  }

  get store(): string {
    return join(this.folder, 'store');
  }

  /** Leaves so many bytes free, to the next page. */
  fill(freeBytes: number): void {
    const { bavail, bsize } = statfsSync(this.folder);
    writeFileSync(this.#filler, new Uint8Array(Math.max(0, bavail * bsize - freeBytes)));
  }

  makeRoom(): void {
    rmSync(this.#filler, { force: true });
  }

  /** Folder in which the store is there and cannot be written. */
  readOnly(): string {
    mkdirSync(this.#second, { recursive: true });
    mount('--bind', this.folder, this.#second);
    this.#mounts.push(this.#second);
    mount('-o', 'remount,ro,bind', this.#second);
    return join(this.#second, 'store');
  }

  close(): void {
    // Lazily: libsql keeps files of a closed database open until the garbage is collected.
    for (const folder of this.#mounts.reverse())
      execFileSync('umount', ['--lazy', folder], { stdio: 'pipe' });
    this.#mounts = [];
    for (const folder of [this.folder, this.#second])
      rmSync(folder, { recursive: true, force: true });
  }
}

/** Why there can be no small disk here, as for a user who may not mount. */
export const noSmallDisk = ((): string | undefined => {
  try {
    new SmallDisk(2 ** 16).close();
    return undefined;
  } catch {
    return 'this user may not mount';
  }
})();
