/**
 * What a simulation was about to do, on disk: written at its beginning, before each step that may close a version, and
 * after a deadline.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
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

const hashBytes = 32;

function damaged(path: string, source?: unknown): LinnetError {
  return new LinnetError('ERR_STORE', `${path} cannot be read`, {
    remedy: 'begin again in another folder',
    source,
  });
}

/** Whole or not at all, if the process ends at any moment. */
export function writeCheckpoint(path: string, checkpoint: Checkpoint): void {
  const bytes = serialize(checkpoint);
  writeFileSync(`${path}.unfinished`, Buffer.concat([sha256(bytes), bytes]));
  renameSync(`${path}.unfinished`, path);
}

/** Undefined if there is none. Throws ERR_STORE if it is damaged. */
export function readCheckpoint(path: string): Checkpoint | undefined {
  if (!existsSync(path)) return undefined;
  const file = readFileSync(path);
  const bytes = file.subarray(hashBytes);
  if (!equalBytes(sha256(bytes), new Uint8Array(file.subarray(0, hashBytes)))) throw damaged(path);
  try {
    return deserialize(bytes) as Checkpoint;
  } catch (error) {
    throw damaged(path, error);
  }
}
