/** What an operator makes of a federation while its aggregator is stopped (SPEC, 8.1). */
import { join } from 'node:path';
import { LinnetError } from '../contract/error.js';
import { equalBytes, toHex } from '../contract/hash.js';
import { decodeWire } from '../contract/wire.js';
import { parseDescriptor } from '../model/descriptor.js';
import { noFaults, type FaultPoint } from './fault-point.js';
import { holdsUploadsOf, planRetraction, recomputeVersion, uploadsSince } from './history.js';
import { Ledger, type Retraction, type VersionRow } from './ledger.js';
import { publishedWords, unpackMoments } from './master.js';
import { ObjectStore } from './objects.js';
import { packAnnouncement } from './plan.js';
import {
  masterOfRow,
  publishVersion,
  wordsOf,
  type NewVersion,
  type Press,
} from './publication.js';
import { storeError } from './store-database.js';
import type { ServerModel } from './strategies/strategy.js';

/** The version that was published, to be announced by the aggregator when it starts. */
interface Outcome {
  readonly version: number;
  /** SHA-256 of the snapshot, hex. */
  readonly modelHash: string;
}

export interface Retracted extends Outcome {
  /** Versions that the uploads which are out now were made to, oldest first. */
  readonly uploadsTo: readonly number[];
  /** Version from which the ledger was replayed. */
  readonly base: number;
  /** Uploads of others that were trained on models which held what is out now. */
  readonly trainedOnIt: number;
}

export interface RolledBack extends Outcome {
  /** Accepted uploads that are not in the model any more. */
  readonly abandoned: number;
  /** Nodes whose retraction came after the version, so that the model holds their uploads again. */
  readonly returning: readonly string[];
}

interface OpenStore extends Press {
  readonly head: VersionRow;
}

/** Opens a store that nobody uses, works on it and closes it. */
function onStore<T>(folder: string, faultPoint: FaultPoint, work: (store: OpenStore) => T): T {
  const ledger = Ledger.openExisting(folder, 'change');
  try {
    const objects = new ObjectStore(join(folder, 'objects'), faultPoint);
    const model = parseDescriptor(objects.read(ledger.identity.model));
    const newest = ledger.newestVersion();
    if (newest === undefined) throw storeError(`${folder} has no version yet`);
    return work({ ledger, objects, model, faultPoint, head: ledger.readWhole(newest) });
  } finally {
    ledger.close();
  }
}

/** Nodes go on with the plan they had: an operator's version is no round. */
function publish(
  store: OpenStore,
  model: ServerModel,
  words: Int16Array,
  making: Omit<NewVersion, 'version' | 'parent'>,
): Outcome {
  const { head } = store;
  const version = head.version + 1;
  const announced = decodeWire('Announcement', head.announcement);
  const { federation, epoch, descriptorHash, descriptorBytes, kernels, plan } = announced;
  const unchanged = { federation, epoch, descriptorHash, descriptorBytes, kernels, plan };
  const row = { ...making, version, parent: head.version };
  const bytes = publishVersion(store, model, { words }, row, (artefact) =>
    packAnnouncement({ ...unchanged, version, ...artefact }),
  );
  return { version, modelHash: toHex(decodeWire('Announcement', bytes).artefactHash) };
}

function checkHorizon(ledger: Ledger, { node, from }: Retraction): void {
  const oldest = ledger.oldestMaster();
  if (from < oldest) {
    throw storeError(
      `the uploads to the versions before ${oldest} were pruned, so what ${node} did to them cannot be undone`,
      undefined,
      `retract what is left with --from ${oldest + 1}, or roll back to version ${oldest}`,
    );
  }
  if (!ledger.knowsNode(node)) {
    throw new LinnetError('ERR_NOT_FOUND', `the ledger has no upload of ${node}`);
  }
}

/**
 * Publishes the ledger replayed without a node's uploads to version `from` and later ones. undefined if
 * none of them is in the model, as when it was done before. Throws ERR_STORE if the store is in use or the
 * uploads are beyond the horizon, ERR_NOT_FOUND for a node that has never contributed.
 */
export function retractNode(
  folder: string,
  retraction: Retraction,
  faultPoint: FaultPoint = noFaults,
): Retracted | undefined {
  return onStore(folder, faultPoint, (store) => {
    const { ledger, model, head } = store;
    checkHorizon(ledger, retraction);
    masterOfRow(head, store);
    const plan = planRetraction(ledger, head.version, retraction);
    if (!plan) return undefined;
    for (let version = plan.base; version <= head.version; version++) ledger.readWhole(version);
    const { strategy } = head;
    const making = { event: 'retract' as const, base: plan.base, retraction, strategy };
    const { model: replayed, ...counts } = recomputeVersion(ledger, model, {
      ...making,
      version: head.version + 1,
      parent: head.version,
    });
    const isDegraded = counts.contributions > 0;
    return {
      ...publish(store, replayed, publishedWords(replayed.master), {
        ...making,
        ...counts,
        isDegraded,
      }),
      uploadsTo: plan.uploadsTo,
      base: plan.base,
      trainedOnIt: plan.trainedOnIt,
    };
  });
}

function rowToRestore({ ledger, head }: OpenStore, version: number): VersionRow {
  const row = version > head.version ? undefined : ledger.findVersion(version);
  if (!row) {
    throw new LinnetError('ERR_NOT_FOUND', `there is no version ${version}`, {
      remedy: `the newest is ${head.version}`,
    });
  }
  if (row.master.length > 0) return ledger.readWhole(version);
  throw storeError(
    `version ${version} is beyond the horizon, its master was pruned`,
    undefined,
    `roll back to ${ledger.oldestMaster()} or a later version`,
  );
}

/**
 * Publishes an old version under a new number. undefined if the newest is it already. Throws ERR_STORE if
 * the store is in use or the version is beyond the horizon, ERR_NOT_FOUND if there is none.
 */
export function rollBack(
  folder: string,
  version: number,
  faultPoint: FaultPoint = noFaults,
): RolledBack | undefined {
  return onStore(folder, faultPoint, (store) => {
    const { ledger, head } = store;
    const row = rowToRestore(store, version);
    const { strategy } = row;
    const moments = unpackMoments(row.moments, store.model.parameters);
    const restored = { master: masterOfRow(row, store), moments };
    const abandoned = uploadsSince(ledger, head.version, version);
    const isHead = equalBytes(row.master, head.master) && equalBytes(row.artefact, head.artefact);
    if (abandoned === 0 && isHead) return undefined;
    const returning = ledger
      .retractions()
      .filter((entry) => entry.version > version && holdsUploadsOf(ledger, row, entry))
      .map(({ node }) => node);
    const counts = { contributions: 0, weight: 0, uplinkBytes: 0, isDegraded: false };
    return {
      ...publish(store, restored, wordsOf(store, row), {
        event: 'rollback',
        strategy,
        base: version,
        ...counts,
      }),
      abandoned,
      returning: [...new Set(returning)],
    };
  });
}
