/**
 * Recomputes published versions from the ledger: the proof that each model is the exact average of the
 * uploads its version received, whether or not the nodes still exist.
 */
import { join } from 'node:path';
import { LinnetError } from '../contract/error.js';
import { sha256, toHex } from '../contract/hash.js';
import { decodeWire } from '../contract/wire.js';
import { parseDescriptor, type ModelInfo } from '../model/descriptor.js';
import { packSnapshot } from '../model/snapshot.js';
import {
  findDifference,
  findHeaderDifference,
  findMarkDifference,
  type Difference,
} from './difference.js';
import type { Published } from './downlink.js';
import { recomputeVersion, type Recomputed } from './history.js';
import { Ledger, type VersionEvent, type VersionRow } from './ledger.js';
import { publishedWords, unpackMaster, unpackMoments } from './master.js';
import { readObject } from './objects.js';
import { republish, wordsBase, wordsOf, type Archive } from './publication.js';
import { storeError } from './store-database.js';

const strayDifference: Difference = {
  where: 'difference',
  expected: 'none: it cannot be coded',
  found: 'one',
};

export interface ReplayedVersion {
  readonly version: number;
  readonly event: VersionEvent;
  readonly contributions: number;
  readonly isDegraded: boolean;
  /** Hash of the snapshot as announced, hex. */
  readonly published: string;
  /** Hash of the snapshot as recomputed, hex; absent where that made no sense. */
  readonly recomputed?: string;
  /** Announcement, counts, snapshot and master are what the ledger gives. */
  readonly isEqual: boolean;
  /** The first thing that is not. */
  readonly difference?: Difference;
}

/** A ledger opened to be replayed, beside an aggregator that may be writing to it. */
export class Replay {
  readonly model: ModelInfo;
  readonly federation: string;
  /** Version 0, or the checkpoint that stands for all before the horizon. */
  readonly oldest: number;
  readonly newest: number;
  readonly #ledger: Ledger;
  readonly #objects: string;
  readonly #archive: Archive;

  private constructor(folder: string, ledger: Ledger) {
    this.#ledger = ledger;
    this.#objects = join(folder, 'objects');
    const { federation, model } = ledger.identity;
    this.federation = federation;
    const objects = { read: (hash: Uint8Array) => readObject(this.#objects, hash) };
    this.model = parseDescriptor(objects.read(model));
    this.#archive = { ledger, model: this.model, objects };
    const newest = ledger.newestVersion();
    if (newest === undefined) throw storeError(`${folder} has no version yet`);
    this.newest = newest;
    this.oldest = ledger.oldestMaster();
  }

  /** Throws ERR_STORE if there is no store, or it is damaged or empty. */
  static open(folder: string): Replay {
    const ledger = Ledger.openExisting(folder, 'read');
    try {
      return new Replay(folder, ledger);
    } catch (error) {
      ledger.close();
      throw error;
    }
  }

  /** Throws ERR_STORE for a version the store cannot replay. */
  check(version: number): void {
    if (version >= this.oldest && version <= this.newest) return;
    throw storeError(
      `version ${version} cannot be replayed`,
      undefined,
      `the store keeps what made the versions ${this.oldest} to ${this.newest}`,
    );
  }

  /** Recomputes one version of oldest…newest. What does not come out equal is a result, not an error. */
  replay(version: number): ReplayedVersion {
    this.check(version);
    const row = this.#ledger.findVersion(version);
    if (!row) throw storeError(`version ${version} is missing`);
    const { event, contributions, isDegraded } = row;
    const result = {
      ...{ version, event, contributions, isDegraded },
      published: toHex(row.artefact),
    };
    const found = findHeaderDifference(row, this.model) ?? this.#recompute(row);
    if ('where' in found) return { ...result, isEqual: false, difference: found };
    const { recomputed, published } = found;
    const difference =
      findDifference({ row, recomputed, published, model: this.model, objects: this.#objects }) ??
      (version > this.oldest ? findMarkDifference(this.#ledger, version - 1) : undefined) ??
      this.#findDamage(version);
    const snapshot = packSnapshot(this.model.hash, published.words);
    return {
      ...result,
      recomputed: toHex(sha256(snapshot)),
      isEqual: difference === undefined,
      ...(difference && { difference }),
    };
  }

  /** The checkpoint is taken as it is; everything after is computed. Damage is a difference. */
  #recompute(
    row: VersionRow,
  ): { readonly recomputed: Recomputed; readonly published: Published } | Difference {
    const { contributions, weight, uplinkBytes } = row;
    try {
      if (row.version > this.oldest || row.event === 'start') {
        const recomputed = recomputeVersion(this.#ledger, this.model, row);
        const published = republish(this.#archive, row, recomputed.model.master);
        return published ? { recomputed, published } : strayDifference;
      }
      const master = unpackMaster(row.master, this.model.parameters);
      const moments = unpackMoments(row.moments, this.model.parameters);
      const recomputed = { model: { master, moments }, contributions, weight, uplinkBytes };
      return { recomputed, published: this.#publishedAt(row, master) };
    } catch (error) {
      if (!(error instanceof LinnetError)) throw error;
      const cause = error.message.slice(0, -`: ${error.remedy}`.length);
      return { where: 'the ledger', expected: 'rows that are whole', found: cause };
    }
  }

  /** Of the checkpoint: what it refers to may be gone. */
  #publishedAt(row: VersionRow, master: Int32Array): Published {
    if (wordsBase(row) === undefined) return { words: publishedWords(master) };
    const { difference } = decodeWire('Announcement', row.announcement);
    return { words: wordsOf(this.#archive, row), ...(difference && { difference }) };
  }

  #findDamage(version: number): Difference | undefined {
    if (this.#ledger.isWhole(version)) return undefined;
    return { where: 'the row', expected: 'the digest of what was written', found: 'another' };
  }

  close(): void {
    this.#ledger.close();
  }
}

/** Replays every version in the store, oldest first. */
export function* replayStore(folder: string): Generator<ReplayedVersion> {
  const replay = Replay.open(folder);
  try {
    for (let version = replay.oldest; version <= replay.newest; version++)
      yield replay.replay(version);
  } finally {
    replay.close();
  }
}
