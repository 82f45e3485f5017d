/**
 * What made each version, walked backwards (SPEC, 8.1). A round and a retraction take in the uploads accepted
 * while the version before was open; a retraction also leaves out a node's uploads from there on back; a rollback goes on
 * with the master of an older version, so what lies between is not on the way.
 */
import type { Announcement } from '../contract/contract.gen.js';
import { decodeWire } from '../contract/wire.js';
import type { ModelInfo } from '../model/descriptor.js';
import type { Ledger, Retraction, UploadRow, VersionRow } from './ledger.js';
import { masterOf, publishedWords, unpackMaster, unpackMoments } from './master.js';
import { OpenVersion } from './open-version.js';
import { storeError } from './store-database.js';
import { readUpload } from './stored-upload.js';
import { parseStrategy } from './strategies/strategies.js';
import type { ServerModel, Strategy } from './strategies/strategy.js';

/** The part of a row that says how a version was made. */
export type Making = Pick<
  VersionRow,
  'version' | 'parent' | 'event' | 'base' | 'retraction' | 'strategy'
>;

/** Uploads accepted while one version was open, which became part of the next; that was made so. */
interface Fold extends Pick<VersionRow, 'version' | 'event' | 'base' | 'strategy'> {
  readonly uploadsTo: number;
  /** Retractions made later. */
  readonly retractions: readonly Retraction[];
}

function rowOf(ledger: Ledger, version: number): VersionRow {
  const row = ledger.findVersion(version);
  if (!row) throw storeError(`version ${version} is missing`);
  return row;
}

/** Whether one of the retractions leaves out what a node uploaded while a version was open. */
function isLeftOut(retractions: readonly Retraction[], version: number, node: string): boolean {
  return retractions.some((entry) => entry.node === node && version >= entry.from);
}

/** The folds on the way to a version, newest first, back to version `end` or where the way ends. */
function* walkBack(ledger: Ledger, making: Making, end: number): Generator<Fold> {
  let at: Making = making;
  let retractions: readonly Retraction[] = [];
  while (at.version !== end && at.event !== 'start') {
    if (at.event !== 'rollback') {
      if (at.retraction) retractions = [...retractions, at.retraction];
      const { version, event, strategy } = at;
      const base = at.base === undefined ? {} : { base: at.base };
      yield { ...{ version, event, strategy, ...base }, uploadsTo: at.parent!, retractions };
    }
    const before = at.event === 'rollback' ? at.base! : at.parent!;
    if (before < end) return;
    at = rowOf(ledger, before);
  }
}

function strategyOf({ strategy, uploadsTo }: Fold): Strategy {
  try {
    return parseStrategy(strategy);
  } catch (error) {
    throw storeError(`version ${uploadsTo + 1} was made by "${strategy}"`, error);
  }
}

function announcementOf(ledger: Ledger, version: number): Announcement {
  return decodeWire('Announcement', rowOf(ledger, version).announcement);
}

function openFold(ledger: Ledger, model: ModelInfo, fold: Fold): OpenVersion {
  const announcement = announcementOf(ledger, fold.uploadsTo);
  const open = new OpenVersion(announcement, model.parameters, strategyOf(fold));
  for (const upload of ledger.uploadsOf(fold.uploadsTo)) {
    if (isLeftOut(fold.retractions, upload.openVersion, upload.node)) continue;
    const isFresh = upload.version === fold.uploadsTo;
    const { plan } = isFresh ? announcement : announcementOf(ledger, upload.version);
    open.add(readUpload(upload, model, plan));
  }
  return open;
}

export interface Recomputed {
  readonly model: ServerModel;
  /** Of the uploads while the parent was open. */
  readonly contributions: number;
  readonly weight: number;
  readonly uplinkBytes: number;
}

/**
 * A version from its base and the uploads between. Version 0 comes from outside: what can be checked is
 * that its master is whole words. Throws ERR_STORE if something it needs is missing or damaged.
 */
export function recomputeVersion(ledger: Ledger, model: ModelInfo, making: Making): Recomputed {
  const base = making.base ?? making.version;
  const row = rowOf(ledger, base);
  const stored = unpackMaster(row.master, model.parameters);
  const master = making.event === 'start' ? masterOf(publishedWords(stored)) : stored;
  let at: ServerModel = { master, moments: unpackMoments(row.moments, model.parameters) };
  let { strategy } = row;
  let open: OpenVersion | undefined;
  for (const fold of [...walkBack(ledger, making, base)].reverse()) {
    open = openFold(ledger, model, fold);
    at = open.finish(fold.strategy === strategy ? at : { ...at, moments: [] });
    ({ strategy } = fold);
  }
  return {
    model: at,
    contributions: open?.sum.count ?? 0,
    weight: open?.sum.weight ?? 0,
    uplinkBytes: open?.uplinkBytes ?? 0,
  };
}

export interface RetractionPlan {
  /** Version from whose master the ledger is replayed: it holds nothing of what goes. */
  readonly base: number;
  /** Versions that the node's uploads were made to, oldest first. */
  readonly uploadsTo: readonly number[];
  /** Uploads of others that were trained on models which hold some of that. */
  readonly trainedOnIt: number;
}

/** Nodes whose uploads a fold takes in, not counting retractions that `skip` of its list. */
function nodesIn(ledger: Ledger, { uploadsTo, retractions }: Fold, skip = 0): string[] {
  const nodes = ledger.marksOf(uploadsTo).map(({ node }) => node);
  return nodes.filter((node) => !isLeftOut(retractions.slice(skip), uploadsTo, node));
}

/** What a retraction on top of version `head` would undo; undefined if nothing of it is in the model. */
export function planRetraction(
  ledger: Ledger,
  head: number,
  retraction: Retraction,
): RetractionPlan | undefined {
  const { node, from } = retraction;
  const making = { event: 'retract', retraction, strategy: '' } as const;
  const top: Making = { ...making, version: head + 1, parent: head };
  const uploadsTo: number[] = [];
  const earlier: Fold[] = [];
  let trainedOnIt = 0;
  let others = 0;
  for (const fold of walkBack(ledger, top, ledger.oldestMaster())) {
    if (fold.event === 'retract' && fold.version <= head) earlier.push(fold);
    const nodes = nodesIn(ledger, fold, 1);
    if (fold.uploadsTo >= from && nodes.includes(node)) {
      uploadsTo.unshift(fold.uploadsTo);
      // Whoever contributed later on this way had the upload in the base.
      trainedOnIt = others;
    }
    others += nodes.filter((name) => name !== node).length;
  }
  if (uploadsTo.length === 0) return undefined;
  // An earlier retraction after the base left out uploads before it, which the base's master still holds.
  const base = earlier.reduce(
    (least, { version, base: older }) => (version > least ? Math.min(least, older!) : least),
    uploadsTo[0],
  );
  return { base, uploadsTo, trainedOnIt };
}

/** Whether a version holds uploads that a retraction leaves out. */
export function holdsUploadsOf(
  ledger: Ledger,
  making: Making,
  { node, from }: Retraction,
): boolean {
  for (const fold of walkBack(ledger, making, ledger.oldestMaster()))
    if (fold.uploadsTo >= from && nodesIn(ledger, fold).includes(node)) return true;
  return false;
}

/** Uploads on the way back from version `head`, those to it included, that version `end` does not hold. */
export function uploadsSince(ledger: Ledger, head: number, end: number): number {
  const top: Making = { version: head + 1, parent: head, event: 'round', strategy: '' };
  let uploads = 0;
  for (const fold of walkBack(ledger, top, end))
    if (fold.uploadsTo >= end) uploads += nodesIn(ledger, fold).length;
  return uploads;
}

/** Versions whose uploads are pruned when one is published: what a smaller horizon frees, bit by bit. */
const PRUNE_LIMIT = 64;

/**
 * The checkpoint when version `newest` is published and `keep` versions shall stay replayable: everything
 * that made the versions after it is kept, so a retraction or rollback among them holds it at its base.
 */
export function horizonOf(ledger: Ledger, newest: number, keep: number): number {
  const oldest = ledger.oldestMaster();
  const horizon = Math.max(oldest, Math.min(newest - keep, oldest + PRUNE_LIMIT));
  return ledger
    .operatorVersions()
    .reduce(
      (least, { version, base }) => (version > least ? Math.min(least, base) : least),
      horizon,
    );
}

/** The mark an upload must have: the first retraction of its node that reaches it. */
export function expectedMark(
  retractions: readonly (Retraction & { readonly version: number })[],
  { openVersion, node }: Pick<UploadRow, 'openVersion' | 'node'>,
): number | undefined {
  return retractions.find(
    (entry) => entry.node === node && openVersion >= entry.from && openVersion < entry.version,
  )?.version;
}
