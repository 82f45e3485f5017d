/**
 * Recomputes every published version from the ledger: the proof that each model is the exact
 * average of the uploads its version received, whether or not the nodes still exist.
 */
import { equalBytes, sha256, toHex } from '../contract/hash.js';
import { decodeWire } from '../contract/wire.js';
import type { ModelInfo } from '../model/descriptor.js';
import { packSnapshot } from '../model/snapshot.js';
import { fedAvg } from './fed-avg.js';
import { Ledger, type VersionRow } from './ledger.js';
import { readUpload } from './lineage.js';
import { masterOf, packMaster, publishedWords, unpackMaster } from './master.js';
import { OpenVersion } from './open-version.js';
import { storeError } from './store-database.js';
import type { Strategy } from './strategy.js';

export interface ReplayedVersion {
  readonly version: number;
  readonly contributions: number;
  readonly isDegraded: boolean;
  /** Hash of the snapshot as announced, hex. */
  readonly published: string;
  /** Hash of the snapshot as recomputed, hex. */
  readonly recomputed: string;
  /** The same, and the ledger's master is too. */
  readonly isEqual: boolean;
}

const strategies: ReadonlyMap<string, Strategy> = new Map([[fedAvg.name, fedAvg]]);

/** The master a version must have: of its parent and the uploads to the parent. */
function recompute(ledger: Ledger, model: ModelInfo, row: VersionRow): Int32Array {
  const { parameters } = model;
  const own = unpackMaster(row.master, parameters);
  // Version 0 comes from outside; what can be checked is that its master is whole words.
  if (row.parent === undefined) return masterOf(publishedWords(own));
  const strategy = strategies.get(row.strategy);
  if (!strategy) throw storeError(`version ${row.version} was made by "${row.strategy}"`);
  const parent = ledger.findVersion(row.parent);
  if (!parent) throw storeError(`version ${row.parent} is missing`);
  const announcement = decodeWire('Announcement', parent.announcement);
  const open = new OpenVersion(announcement, parameters, strategy);
  for (const upload of ledger.uploadsOf(row.parent)) open.add(readUpload(upload, model));
  return open.finish(unpackMaster(parent.master, parameters));
}

/**
 * Replays the ledger in `folder`, oldest version first. Throws ERR_STORE if it is in use, damaged
 * or of another model; a version that does not come out equal is a result, not an error.
 */
export function* replayStore(
  folder: string,
  federation: string,
  model: ModelInfo,
): Generator<ReplayedVersion> {
  const ledger = Ledger.open(folder, { federation, model: model.hash });
  try {
    const newest = ledger.newestVersion() ?? -1;
    for (let version = 0; version <= newest; version++) {
      const row = ledger.findVersion(version);
      if (!row) throw storeError(`version ${version} is missing`);
      const master = recompute(ledger, model, row);
      const recomputed = sha256(packSnapshot(model.hash, publishedWords(master)));
      const isEqual =
        equalBytes(recomputed, row.artefact) && equalBytes(packMaster(master), row.master);
      yield {
        version,
        contributions: row.contributions,
        isDegraded: row.isDegraded,
        published: toHex(row.artefact),
        recomputed: toHex(recomputed),
        isEqual,
      };
    }
  } finally {
    ledger.close();
  }
}
