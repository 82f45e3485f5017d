/**
 * Uploads on disk, a file each: written, flushed and renamed before anybody is told that they are safe.
 * A name says where its upload goes and the start of its SHA-256, so a file proves itself:
 *
 *     federation~node~model~version~contribution~id.upload
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { LinnetError } from '../contract/error.js';
import { idOf, sha256, toHex } from '../contract/hash.js';
import { checkName } from '../contract/topics.js';
import { putFile, syncFolder } from '../durable/files.js';
import { noBridgeFaults, type BridgeFaultPoint } from './fault-point.js';

/** Identity of an upload (SPEC, section 8); `id` tells apart what a node must not have sent. */
export interface UploadKey {
  readonly federation: string;
  readonly node: string;
  /** Model id, hex. */
  readonly model: string;
  readonly version: number;
  readonly contribution: number;
  /** Upload id as receipts name it, hex. */
  readonly id: string;
}

export interface StoredUpload {
  readonly key: UploadKey;
  readonly size: number;
}

const suffix = '.upload';
const unfinished = '.part';
const damaged = '.damaged';

/** Characters of names do not hold it. */
const separator = '~';

function fileName(key: UploadKey): string {
  const { federation, node, model, version, contribution, id } = key;
  return [federation, node, model, version, contribution, id].join(separator) + suffix;
}

function parseFileName(name: string): UploadKey | undefined {
  const words = name.slice(0, -suffix.length).split(separator);
  const [federation, node, model, version, contribution, id] = words;
  try {
    const key: UploadKey = {
      federation: checkName(federation ?? '', 'federation'),
      node: checkName(node ?? '', 'node'),
      model: model ?? '',
      version: Number(version),
      contribution: Number(contribution),
      id: id ?? '',
    };
    return /^[0-9a-f]{16}$/.test(key.model) && fileName(key) === name ? key : undefined;
  } catch {
    return undefined;
  }
}

function storeError(folder: string, error: unknown): LinnetError {
  return new LinnetError('ERR_STORE', `the outbox ${folder}: ${(error as Error).message}`, {
    remedy: 'check the disk and its permissions, or name another folder with --state',
    source: error,
  });
}

export class UploadFolder {
  private constructor(
    private readonly folder: string,
    /** What was set aside, and what could not be. */
    private readonly onDamage: (text: string) => void,
    private readonly faultPoint: BridgeFaultPoint,
  ) {}

  /** Makes the folder. Throws ERR_STORE unless files can be written there. */
  static open(
    state: string,
    onDamage: (text: string) => void,
    faultPoint: BridgeFaultPoint = noBridgeFaults,
  ): UploadFolder {
    const folder = join(state, 'outbox');
    const uploads = new UploadFolder(folder, onDamage, faultPoint);
    try {
      mkdirSync(folder, { recursive: true });
      // Nobody was promised what a crash left half written.
      for (const name of readdirSync(folder))
        if (name.endsWith(unfinished)) rmSync(join(folder, name));
      const probe = join(folder, `probe${unfinished}`);
      closeSync(openSync(probe, 'w'));
      rmSync(probe);
      syncFolder(state);
      syncFolder(folder);
    } catch (error) {
      throw storeError(folder, error);
    }
    return uploads;
  }

  /** What is kept of a federation, oldest versions first; files with strange names are set aside. */
  list(federation: string): StoredUpload[] {
    const found: StoredUpload[] = [];
    for (const name of this.names()) {
      const key = parseFileName(name);
      if (!key) this.setAside(name, 'it has a strange name');
      else if (key.federation === federation) found.push({ key, size: this.sizeOf(name) });
    }
    return found.sort((a, b) => a.key.version - b.key.version);
  }

  /** Returns when the upload would survive a loss of power. Throws ERR_STORE with nothing kept. */
  write(key: UploadKey, bytes: Uint8Array): void {
    const path = join(this.folder, fileName(key));
    const part = `${path}${unfinished}`;
    this.faultPoint('before-write');
    try {
      putFile(path, bytes, {
        draft: part,
        beforeRename: () => this.faultPoint('before-rename'),
      });
    } catch (error) {
      discard(part);
      throw storeError(this.folder, error);
    }
    this.faultPoint('after-rename');
  }

  /** The upload, or undefined if its file is damaged or gone: then it is set aside. */
  read(key: UploadKey): Uint8Array | undefined {
    const name = fileName(key);
    try {
      const bytes = new Uint8Array(readFileSync(join(this.folder, name)));
      if (toHex(idOf(sha256(bytes))) === key.id) return bytes;
      this.setAside(name, 'its bytes are not what was written');
    } catch (error) {
      this.setAside(name, (error as Error).message);
    }
    return undefined;
  }

  /** A file that comes back after a loss of power is delivered again: a duplicate, nothing worse. */
  remove(key: UploadKey): void {
    this.faultPoint('before-remove');
    const problem = discard(join(this.folder, fileName(key)));
    if (problem) this.onDamage(`a delivered upload stays in the outbox: ${problem}`);
    this.faultPoint('after-remove');
  }

  private names(): string[] {
    try {
      return readdirSync(this.folder).filter((name) => name.endsWith(suffix));
    } catch (error) {
      throw storeError(this.folder, error);
    }
  }

  private sizeOf(name: string): number {
    return statSync(join(this.folder, name), { throwIfNoEntry: false })?.size ?? 0;
  }

  private setAside(name: string, cause: string): void {
    const path = join(this.folder, name);
    try {
      renameSync(path, `${path}${damaged}`);
      this.onDamage(`${path}${damaged} was set aside: ${cause}`);
    } catch (error) {
      this.onDamage(`${path} cannot be delivered: ${cause}; ${(error as Error).message}`);
    }
  }
}

/** Why the file is still there, if it is. */
function discard(path: string): string | undefined {
  try {
    rmSync(path, { force: true });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
