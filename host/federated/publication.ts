import { equalBytes, sha256 } from '../contract/hash.js';
import type { ModelInfo } from '../model/descriptor.js';
import { packSnapshot } from '../model/snapshot.js';
import type { FaultPoint } from './fault-point.js';
import type { Ledger, VersionRow } from './ledger.js';
import { packMaster, publishedWords, unpackMaster } from './master.js';
import type { ObjectStore } from './objects.js';
import { storeError } from './store-database.js';

/** Where versions are published to. */
export interface Press {
  readonly ledger: Ledger;
  readonly objects: ObjectStore;
  readonly model: ModelInfo;
  readonly faultPoint: FaultPoint;
}

export type NewVersion = Omit<VersionRow, 'artefact' | 'master' | 'announcement'>;

/**
 * Writes the snapshot of a master and then, in one transaction, its version; the announcement is packed
 * by `announce` and returned. Uploads to versions before `horizon` go with the transaction. Durable on return, and before that as if never asked.
 */
export function publishVersion(
  { ledger, objects, model, faultPoint }: Press,
  master: Int32Array,
  version: NewVersion,
  announce: (artefactHash: Uint8Array, artefactBytes: number) => Uint8Array,
  horizon?: number,
): Uint8Array {
  const snapshot = packSnapshot(model.hash, publishedWords(master));
  const artefact = objects.put(snapshot);
  faultPoint('after-snapshot-file');
  const announcement = announce(artefact, snapshot.length);
  faultPoint('before-version-commit');
  ledger.addVersion({ ...version, artefact, master: packMaster(master), announcement }, horizon);
  faultPoint('after-version-commit');
  return announcement;
}

/** The master of a row. Throws ERR_STORE if it does not give the model that was announced. */
export function masterOfRow(row: VersionRow, model: ModelInfo): Int32Array {
  const master = unpackMaster(row.master, model.parameters);
  const snapshot = packSnapshot(model.hash, publishedWords(master));
  if (equalBytes(sha256(snapshot), row.artefact)) return master;
  throw storeError(
    `the master of version ${row.version} does not give its snapshot`,
    undefined,
    'restore a copy of the store; `linnet replay --all` says what has changed',
  );
}
