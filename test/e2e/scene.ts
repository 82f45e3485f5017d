import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What one test opens. Everything is ended in reverse order, whether the test passed or not. */
export class Scene {
  readonly folder = mkdtempSync(join(tmpdir(), 'linnet-e2e-'));
  readonly #cleanups: (() => Promise<unknown> | void)[] = [];

  constructor() {
    this.defer(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  defer(cleanup: () => Promise<unknown> | void): void {
    this.#cleanups.push(cleanup);
  }

  async end(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0).reverse()) await cleanup();
  }
}
