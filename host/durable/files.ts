/** Files that a loss of power leaves whole: as they were before, or as they are now. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface PutOptions {
  /** Where the bytes are until they are whole, in the same folder. */
  readonly draft: string;
  /** Of a new file; what the umask leaves of rw for all if absent. */
  readonly mode?: number;
  /** Between the bytes, which are durable, and their name. */
  readonly beforeRename?: () => void;
}

/** Puts a file in the place of the one before; durable on return. A draft may be left behind by an error. */
export function putFile(path: string, bytes: Uint8Array, options: PutOptions): void {
  const { draft, mode, beforeRename } = options;
  // What an error or a crash has left, or a link that somebody put there.
  rmSync(draft, { force: true });
  const file = openSync(draft, 'wx', mode);
  try {
    for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  beforeRename?.();
  renameSync(draft, path);
  syncFolder(dirname(path));
}

/** Makes the names in a folder durable: without it a new one could be gone although its bytes are there. */
export function syncFolder(path: string): void {
  // Windows cannot open a folder, and NTFS journals the names by itself.
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
