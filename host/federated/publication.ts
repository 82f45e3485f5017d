import type { Difference } from '../contract/contract.gen.js';
import type { LinnetError } from '../contract/error.js';
import { equalBytes, sha256, toHex } from '../contract/hash.js';
import { decodeWire } from '../contract/wire.js';
import type { ModelInfo } from '../model/descriptor.js';
import { packSnapshot, unpackSnapshot } from '../model/snapshot.js';
import { codeVersion, type Published } from './downlink.js';
import type { FaultPoint } from './fault-point.js';
import type { Ledger, VersionRow } from './ledger.js';
import { packMaster, packMoments, publishedWords, unpackMaster } from './master.js';
import { findObject, type ObjectStore } from './objects.js';
import { storeError } from './store-database.js';
import type { ServerModel } from './strategies/strategy.js';

/** Where versions are published to. */
export interface Press {
  readonly ledger: Ledger;
  readonly objects: ObjectStore;
  readonly model: ModelInfo;
  readonly faultPoint: FaultPoint;
}

/** Where published versions are read from. */
export interface Archive extends Pick<Press, 'ledger' | 'model'> {
  readonly objects: Pick<ObjectStore, 'read'>;
}

export type NewVersion = Omit<VersionRow, 'artefact' | 'master' | 'moments' | 'announcement'>;

/** The part of an announcement that says what to fetch. */
export interface Artefact {
  readonly artefactHash: Uint8Array;
  readonly artefactBytes: number;
  readonly difference?: Difference;
  readonly initialSeed?: number;
}

/**
 * Writes what a version publishes of its master and then, in one transaction, the version; the announcement is
 * packed by `announce` and returned. Uploads to versions before `horizon` go with the transaction. Durable on return, and before that as if never asked.
 */
export function publishVersion(
  { ledger, objects, model, faultPoint }: Press,
  { master, moments }: ServerModel,
  { words, difference, payload, initialSeed }: Published,
  version: NewVersion,
  announce: (artefact: Artefact) => Uint8Array,
  horizon?: number,
): Uint8Array {
  const snapshot = packSnapshot(model.hash, words);
  const artefact = objects.put(snapshot);
  faultPoint('after-snapshot-file');
  if (payload) {
    objects.put(payload);
    faultPoint('after-difference-file');
  }
  const announcement = announce({
    artefactHash: artefact,
    artefactBytes: snapshot.length,
    ...(difference && { difference }),
    ...(initialSeed !== undefined && { initialSeed }),
  });
  faultPoint('before-version-commit');
  const state = { master: packMaster(master), moments: packMoments(moments) };
  ledger.addVersion({ ...version, artefact, ...state, announcement }, horizon);
  faultPoint('after-version-commit');
  return announcement;
}

function isSnapshotOf(row: VersionRow, words: Int16Array, model: ModelInfo): boolean {
  return equalBytes(sha256(packSnapshot(model.hash, words)), row.artefact);
}

function rowOf(ledger: Ledger, version: number): VersionRow {
  const row = ledger.findVersion(version);
  if (!row) throw storeError(`version ${version} is missing`);
  return row;
}

/** The version whose words a version was published with, or from; undefined if its master says it all. */
export function wordsBase(row: VersionRow): number | undefined {
  if (row.event === 'rollback') return row.base;
  return decodeWire('Announcement', row.announcement).difference ? row.parent : undefined;
}

/**
 * What a version must have published, by its master and the words it refers to. undefined if it should have
 * been in full. Throws ERR_STORE if these cannot be had.
 */
export function republish(
  archive: Archive,
  row: VersionRow,
  master: Int32Array,
): Published | undefined {
  const base = wordsBase(row);
  if (base === undefined) return { words: publishedWords(master) };
  const older = rowOf(archive.ledger, base);
  return publishFrom(archive, row, master, older, wordsOf(archive, older));
}

function publishFrom(
  { model }: Archive,
  row: VersionRow,
  master: Int32Array,
  { version, artefact }: VersionRow,
  words: Int16Array,
): Published | undefined {
  const { plan, difference } = decodeWire('Announcement', row.announcement);
  if (!difference) return { words };
  return codeVersion(model, master, plan, { version, artefact, words }, difference.codec);
}

function findWords({ objects, model }: Archive, row: VersionRow): Int16Array | undefined {
  const snapshot = findObject(objects, row.artefact);
  return snapshot && unpackSnapshot(snapshot, model.hash);
}

/**
 * The words [P] a version was published with: those of its snapshot, or where that is lost or damaged, made
 * again from the masters since the last version in full. Throws ERR_STORE if the ledger does not give them.
 */
export function wordsOf(archive: Archive, row: VersionRow): Int16Array {
  const { ledger, model } = archive;
  const lost: VersionRow[] = [];
  let at = row;
  let words = findWords(archive, at);
  for (; words === undefined; words = findWords(archive, at)) {
    lost.push(at);
    const base = wordsBase(at);
    if (base === undefined) break;
    at = rowOf(ledger, base);
  }
  for (const version of lost.reverse()) {
    if (version.master.length === 0)
      throw lostSnapshot(row, 'the masters it follows from are beyond the horizon');
    const master = unpackMaster(version.master, model.parameters);
    words = words
      ? publishFrom(archive, version, master, at, words)?.words
      : publishedWords(master);
    if (!words || !isSnapshotOf(version, words, model)) throw strangeMaster(version);
    at = version;
  }
  return words!;
}

function lostSnapshot(row: VersionRow, why: string): LinnetError {
  return storeError(
    `the snapshot of version ${row.version} is lost, and ${why}`,
    undefined,
    `restore objects/${toHex(row.artefact)} from a copy of the store`,
  );
}

function strangeMaster(row: VersionRow): LinnetError {
  return storeError(
    `the master of version ${row.version} does not give its snapshot`,
    undefined,
    'restore a copy of the store; `linnet replay --all` says what has changed',
  );
}

/** The master of a row. Throws ERR_STORE if it does not give the model that was announced. */
export function masterOfRow(row: VersionRow, archive: Archive): Int32Array {
  const master = unpackMaster(row.master, archive.model.parameters);
  const words = wordsBase(row) === undefined ? publishedWords(master) : wordsOf(archive, row);
  if (isSnapshotOf(row, words, archive.model)) return master;
  throw strangeMaster(row);
}

/** A version as it was published, its files made whole again if they are not. */
export function restoreVersion(press: Press, row: VersionRow): Published & { master: Int32Array } {
  const { objects, model } = press;
  const master = masterOfRow(row, press);
  const words = wordsOf(press, row);
  objects.put(packSnapshot(model.hash, words));
  const { difference } = decodeWire('Announcement', row.announcement);
  if (!difference) return { master, words };
  const payload = findObject(objects, difference.hash) ?? republish(press, row, master)?.payload;
  if (!payload || !equalBytes(objects.put(payload), difference.hash)) throw strangeMaster(row);
  return { master, words, difference, payload };
}
