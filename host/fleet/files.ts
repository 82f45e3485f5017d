/** Files of a fleet: private, whole or not there at all, and never replaced by accident. */
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { LinnetError } from '../contract/error.js';
import { putFile, syncFolder } from '../durable/files.js';

const fileMode = 0o600;
const folderMode = 0o700;

export function makeFolder(path: string): void {
  mkdirSync(path, { mode: folderMode });
}

/** A file that must not be there yet: whole, or an error and no file. */
export function writeNew(path: string, text: string): void {
  const file = openSync(path, 'wx', fileMode);
  try {
    writeFileSync(file, text, { flush: true });
  } catch (error) {
    rmSync(path);
    throw error;
  } finally {
    closeSync(file);
  }
}

/**
 * Puts a file in the place of the one before: a reader, or a machine that loses power, has either. It
 * stays the property of whoever had it, for a broker that runs on these files.
 */
export function replaceFile(path: string, text: string): void {
  const draft = `${path}.new`;
  const before = statSync(path, { throwIfNoEntry: false });
  const mustGive = before !== undefined && process.getuid?.() === 0;
  putFile(path, new TextEncoder().encode(text), {
    ...{ draft, mode: fileMode },
    ...(mustGive && { beforeRename: () => chownSync(draft, before.uid, before.gid) }),
  });
}

/** Removes a file that may be there. */
export function removeFile(path: string): void {
  if (!existsSync(path)) return;
  rmSync(path);
  syncFolder(dirname(path));
}

/** Moves a folder to where nothing is yet. */
export function moveFolder(from: string, to: string): void {
  if (existsSync(to))
    throw new LinnetError('ERR_CONFIG', `${to} is there already`, {
      remedy: 'move it away: linnet fleet overwrites nothing',
    });
  renameSync(from, to);
  syncFolder(dirname(to));
}

/** Makes a folder of files, all of them or none; `draft` is a place for it meanwhile. */
export function writeFolder(
  path: string,
  files: Readonly<Record<string, string>>,
  draft: string,
): void {
  rmSync(draft, { recursive: true, force: true });
  makeFolder(draft);
  for (const [name, text] of Object.entries(files)) writeNew(join(draft, name), text);
  moveFolder(draft, path);
}

/** Does `work` while no other process changes the folder. Throws ERR_CONFIG if one is at it. */
export async function withLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const path = join(folder, 'lock');
  try {
    writeNew(path, `${process.pid}\n`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const owner = readFileSync(path, 'utf8').trim();
    throw new LinnetError('ERR_CONFIG', `process ${owner} is changing ${folder}`, {
      remedy: `wait for it; if it is gone, remove ${path}`,
    });
  }
  try {
    return await work();
  } finally {
    rmSync(path);
  }
}
