/** The first difference between a version as it was published and as the ledger gives it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { constant, type Announcement } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { sha256, toHex } from '../contract/hash.js';
import { decodeWire } from '../contract/wire.js';
import { initialWordsOf } from '../kernel/initial-words.js';
import type { ModelInfo } from '../model/descriptor.js';
import { packSnapshot } from '../model/snapshot.js';
import type { Published } from './downlink.js';
import { expectedMark, type Recomputed } from './history.js';
import type { Ledger, VersionRow } from './ledger.js';
import { packMoments, unpackMaster } from './master.js';
import { readObject } from './objects.js';

export interface Difference {
  /** Which header or parameter. */
  readonly where: string;
  /** As the ledger gives it. */
  readonly expected: string;
  /** As it was published, or stands in the row of the version. */
  readonly found: string;
}

export interface Comparison {
  readonly row: VersionRow;
  readonly recomputed: Recomputed;
  /** What the recomputed master publishes. */
  readonly published: Published;
  readonly model: ModelInfo;
  /** Folder of the snapshots. */
  readonly objects: string;
}

/** Pairs of expected and found, by where. */
type Value = string | number | Uint8Array | undefined;
type Pairs = Readonly<Record<string, readonly [Value, Value]>>;

function firstUnequal(pairs: Pairs): Difference | undefined {
  for (const [where, values] of Object.entries(pairs)) {
    const [expected, found] = values.map((value) =>
      value instanceof Uint8Array ? toHex(value) : String(value ?? 'none'),
    );
    if (expected !== found) return { where, expected, found };
  }
  return undefined;
}

function decodeAnnouncement(row: VersionRow): Announcement | undefined {
  try {
    return decodeWire('Announcement', row.announcement);
  } catch {
    return undefined;
  }
}

/** What can be seen without the uploads. */
export function findHeaderDifference(row: VersionRow, model: ModelInfo): Difference | undefined {
  const announcement = decodeAnnouncement(row);
  if (!announcement) {
    return { where: 'announcement', expected: 'an announcement', found: 'other bytes' };
  }
  const parent = row.version > 0 ? row.version - 1 : undefined;
  const bytes = constant.SNAPSHOT_HEADER_BYTES + 2 * model.parameters;
  return firstUnequal({
    'version of the announcement': [row.version, announcement.version],
    'parent of the announcement': [parent, announcement.parent],
    parent: [parent, row.parent],
    'model of the announcement': [model.hash, announcement.descriptorHash],
    'artefact of the announcement': [row.artefact, announcement.artefactHash],
    'length of the artefact': [bytes, announcement.artefactBytes],
  });
}

function compareCounts({ row, recomputed }: Comparison): Difference | undefined {
  return firstUnequal({
    contributions: [recomputed.contributions, row.contributions],
    weight: [recomputed.weight, row.weight],
    'uplink bytes': [recomputed.uplinkBytes, row.uplinkBytes],
  });
}

/** `parameter 5 (layer 0)`. */
function nameOf(index: number, model: ModelInfo): string {
  const layer = model.layers.findLast((entry) => entry.index >= 0 && entry.weightOffset <= index)!;
  return `parameter ${index} (layer ${layer.index})`;
}

function wordAt(snapshot: Uint8Array, index: number): number {
  const view = new DataView(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
  return view.getInt16(constant.SNAPSHOT_HEADER_BYTES + 2 * index, true);
}

function compareSnapshots(
  expected: Uint8Array,
  found: Uint8Array,
  model: ModelInfo,
): Difference | undefined {
  if (expected.length !== found.length) {
    return firstUnequal({ 'length of the snapshot': [expected.length, found.length] });
  }
  const at = expected.findIndex((byte, i) => byte !== found[i]);
  if (at < 0) return undefined;
  const header = constant.SNAPSHOT_HEADER_BYTES;
  if (at < header)
    return firstUnequal({ [`snapshot header, byte ${at}`]: [expected[at], found[at]] });
  const index = (at - header) >> 1;
  return firstUnequal({ [nameOf(index, model)]: [wordAt(expected, index), wordAt(found, index)] });
}

/** The snapshot file against the recomputed words, then its hash, then the bits below the words. */
function compareModels(comparison: Comparison): Difference | undefined {
  const { row, recomputed, published, model, objects } = comparison;
  const expected = packSnapshot(model.hash, published.words);
  const name = toHex(row.artefact);
  if (existsSync(join(objects, name))) {
    const found = readIfWhole(objects, row.artefact);
    if (!found) return { where: 'snapshot', expected: `bytes of ${name}`, found: 'other bytes' };
    const difference = compareSnapshots(expected, found, model);
    if (difference) return difference;
  }
  const hashes = firstUnequal({ artefact: [sha256(expected), row.artefact] });
  if (hashes) return hashes;
  if (!existsSync(join(objects, name))) {
    return { where: 'snapshot', expected: `the file ${name}`, found: 'none' };
  }
  const { master, moments } = recomputed.model;
  return (
    compareMasters(master, row, model) ??
    firstUnequal({ 'moments of the strategy': [sha256(packMoments(moments)), sha256(row.moments)] })
  );
}

function readIfWhole(objects: string, hash: Uint8Array): Uint8Array | undefined {
  try {
    return readObject(objects, hash);
  } catch (error) {
    if (error instanceof LinnetError) return undefined;
    throw error;
  }
}

function compareMasters(
  expected: Int32Array,
  row: VersionRow,
  model: ModelInfo,
): Difference | undefined {
  const bytes = 4 * model.parameters;
  if (row.master.length !== bytes) {
    return firstUnequal({ 'length of the master': [bytes, row.master.length] });
  }
  const found = unpackMaster(row.master, model.parameters);
  const at = expected.findIndex((value, i) => value !== found[i]);
  if (at < 0) return undefined;
  return firstUnequal({ [`${nameOf(at, model)} of the master`]: [expected[at], found[at]] });
}

/** The difference nodes fetch: what the announcement says of it, then its file. */
function compareDifferences({ row, published, objects }: Comparison): Difference | undefined {
  const { difference: found } = decodeWire('Announcement', row.announcement);
  const { difference: expected } = published;
  const announced = firstUnequal({
    'codec of the difference': [expected?.codec, found?.codec],
    'base of the difference': [expected?.base, found?.base],
    'length of the difference': [expected?.bytes, found?.bytes],
    difference: [expected?.hash, found?.hash],
  });
  if (announced || !found) return announced;
  const name = toHex(found.hash);
  if (!existsSync(join(objects, name))) {
    return { where: 'difference', expected: `the file ${name}`, found: 'none' };
  }
  if (readIfWhole(objects, found.hash)) return undefined;
  return { where: 'difference', expected: `bytes of ${name}`, found: 'other bytes' };
}

/** The words of the seed that was announced. */
function compareInitialWords({ row, published, model }: Comparison): Difference | undefined {
  const { initialSeed } = decodeWire('Announcement', row.announcement);
  if (initialSeed === undefined) return undefined;
  const words = initialWordsOf(model.descriptor, initialSeed);
  const [expected, found] = [words, published.words].map((each) => packSnapshot(model.hash, each));
  return compareSnapshots(expected, found, model);
}

/** What the uploads and the seed of version 0 decide. */
export function findDifference(comparison: Comparison): Difference | undefined {
  return (
    compareCounts(comparison) ??
    compareDifferences(comparison) ??
    compareInitialWords(comparison) ??
    compareModels(comparison)
  );
}

/** An upload to this version that is marked retracted and should not be, or the other way round. */
export function findMarkDifference(ledger: Ledger, version: number): Difference | undefined {
  const retractions = ledger.retractions();
  const marks = ledger.marksOf(version).map(({ node, openVersion, retractedBy }) => {
    const expected = expectedMark(retractions, { openVersion, node });
    return [`retraction of the upload of ${node}`, [expected, retractedBy]] as const;
  });
  return firstUnequal(Object.fromEntries(marks));
}
