/**
 * What a simulation was about to do, on disk: written at its beginning, before each step that may close a version, and
 * after a deadline.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { LinnetError } from '../contract/error.js';
import { equalBytes, sha256 } from '../contract/hash.js';
import type { FleetState } from './fleet.js';
import type { Version } from './job.js';
import type { SavedLocal } from './local-words.js';
import type { SavedTimer } from './virtual-timers.js';
import type { Totals } from './virtual-nodes.js';

export interface Checkpoint {
  /** Of everything that decides the results. */
  readonly fingerprint: string;
  readonly nowMs: number;
  readonly timers: readonly SavedTimer[];
  /** Versions that somebody works on, the newest last; none at the beginning. */
  readonly versions: readonly Version[];
  /** Nodes whose uploads come next, together. */
  readonly batch: readonly number[];
  readonly fleet: FleetState;
  readonly totals: Totals;
  /** Length of the records that have been written. */
  readonly recordBytes: number;
  readonly local: SavedLocal | undefined;
}

/*
 * The file:
 *
 *   sha256 32 | headBytes u32 | head, serialised | words that stay on the nodes, int16
 *             '------------------- hashed -------------------------------------------'
 *
 * The words are two bytes a parameter of every node, gigabytes of a large fleet: they are never copied on the way.
 */
const hashBytes = 32;
const headAt = hashBytes + 4;
/** Hashed, written and read at once; neither files nor hashes take 2 GiB. */
const partBytes = 2 ** 24;

/** What is serialised. */
type Head = Omit<Checkpoint, 'local'> & { readonly exists: Uint8Array | undefined };

function damaged(path: string, source?: unknown): LinnetError {
  return new LinnetError('ERR_STORE', `${path} cannot be read`, {
    remedy: 'begin again in another folder',
    source,
  });
}

/** Views of a part each. */
function partsOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array[] {
  return Array.from({ length: Math.ceil(byteLength / partBytes) }, (_, part) => {
    const at = part * partBytes;
    return new Uint8Array(buffer, byteOffset + at, Math.min(partBytes, byteLength - at));
  });
}

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}

/** Fills it with what is at `position`. */
function readInto(file: number, target: ArrayBufferView, position: number): void {
  let at = position;
  for (const part of partsOf(target)) {
    for (let done = 0; done < part.length;) {
      const bytes = readSync(file, part, done, part.length - done, at + done);
      if (bytes === 0) throw new RangeError('the file is too short');
      done += bytes;
    }
    at += part.length;
  }
}

/** Whole or not at all, if the process ends at any moment. */
export function writeCheckpoint(path: string, { local, ...rest }: Checkpoint): void {
  const head = serialize({ ...rest, exists: local?.exists } satisfies Head);
  const headBytes = new Uint8Array(new Uint32Array([head.length]).buffer);
  const parts = [headBytes, ...partsOf(head), ...(local ? partsOf(local.accepted) : [])];
  const file = openSync(`${path}.unfinished`, 'w');
  try {
    writeWhole(file, sha256(...parts));
    for (const part of parts) writeWhole(file, part);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.unfinished`, path);
}

function readBytes(file: number, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  readInto(file, bytes, position);
  return bytes;
}

/** SHA-256 of a file from `position` on. */
function hashFrom(file: number, position: number, size: number): Uint8Array {
  const hash = createHash('sha256');
  const part = new Uint8Array(Math.min(partBytes, size - position));
  for (let at = position; at < size; at += partBytes) {
    const some = part.subarray(0, Math.min(partBytes, size - at));
    readInto(file, some, at);
    hash.update(some);
  }
  return new Uint8Array(hash.digest());
}

function readOpen(file: number): Checkpoint {
  const { size } = fstatSync(file);
  if (!equalBytes(hashFrom(file, hashBytes, size), readBytes(file, 0, hashBytes)))
    throw new RangeError('another SHA-256');
  const [headBytes] = new Uint32Array(readBytes(file, hashBytes, 4).buffer);
  const { exists, ...rest } = deserialize(readBytes(file, headAt, headBytes)) as Head;
  const wordsAt = headAt + headBytes;
  const accepted = new Int16Array((size - wordsAt) / 2);
  readInto(file, accepted, wordsAt);
  return { ...rest, local: exists && { accepted, exists } };
}

/** Undefined if there is none. Throws ERR_STORE if it is damaged. */
export function readCheckpoint(path: string): Checkpoint | undefined {
  if (!existsSync(path)) return undefined;
  const file = openSync(path, 'r');
  try {
    return readOpen(file);
  } catch (error) {
    throw damaged(path, error);
  } finally {
    closeSync(file);
  }
}
