/**
 * What stays on a node of its trainings, a word per parameter, for the next one: what SPARSE_TERNARY left out of uploads
 * (SPEC, section 7.3) and the words of personal layers (7.6).
 */
import { codec } from '../contract/contract.gen.js';
import type { Announcement } from '../contract/contract.gen.js';
import { equalBytes, sha256 } from '../contract/hash.js';
import type { NodeObjects } from './node-host.js';
import { isTaken } from './node-rules.js';

/** What a training is given of it. */
export interface LocalWords {
  /** [P]: the residual, or zeros; becomes what is kept of this training. */
  readonly words: Int16Array;
  /** [P]: the node's own words of the layers `ownLayers`; absent: it has none. */
  readonly own?: Int16Array;
  readonly ownLayers: number;
}

export interface StoredLocal {
  readonly federation: string;
  readonly descriptorHash: Uint8Array;
  /** Of a local fine-tuning: the one model it is of. */
  readonly artefactHash?: Uint8Array;
  /** Layers whose entries are words; all others are residual. */
  readonly personalLayers: number;
  readonly words: Int16Array;
}

/** One that counts as soon as an upload has been accepted. */
export interface PendingLocal extends StoredLocal {
  /** SHA-256 of the envelope. */
  readonly upload: Uint8Array;
}

/** Whether what is kept can serve the announced version. */
function belongsTo(local: StoredLocal, { federation, ...next }: Announcement): boolean {
  const { artefactHash = next.artefactHash } = local;
  return (
    local.federation === federation &&
    equalBytes(local.descriptorHash, next.descriptorHash) &&
    equalBytes(artefactHash, next.artefactHash)
  );
}

/** Copies of what is kept for an announced version; `accepted` is what counts now. */
export function localFor(
  accepted: StoredLocal | undefined,
  announcement: Announcement,
  parameters: number,
): LocalWords {
  const { personalLayers = 0 } = announcement.plan;
  if (!accepted || !belongsTo(accepted, announcement)) {
    return { words: new Int16Array(parameters), ownLayers: 0 };
  }
  // Entries of a layer that is personal in one of the two plans alone would be taken for what they are not.
  const isAlike = accepted.personalLayers === personalLayers;
  return {
    words: isAlike ? accepted.words.slice() : new Int16Array(parameters),
    own: accepted.words.slice(),
    ownLayers: (accepted.personalLayers & personalLayers) >>> 0,
  };
}

/** What a training leaves behind, if its upload counts. */
export function localOf(announcement: Announcement, words: Int16Array): StoredLocal {
  const { federation, descriptorHash, artefactHash, plan } = announcement;
  const { personalLayers = 0 } = plan;
  const tuned = plan.codec === codec.NONE ? { artefactHash } : {};
  return { federation, descriptorHash, ...tuned, personalLayers, words };
}

/** Keeps the new words until the envelope has its receipt. */
export function keepPending(
  objects: NodeObjects,
  announcement: Announcement,
  words: Int16Array,
  envelope: Uint8Array,
): void {
  objects.pendingLocal = { ...localOf(announcement, words), upload: sha256(envelope) };
}

/** Whether two announcements share what is kept. */
function isShared(a: Announcement, b: Announcement): boolean {
  return a.federation === b.federation && equalBytes(a.descriptorHash, b.descriptorHash);
}

/**
 * Whether an upload without a receipt has the words that the next announcement needs; its receipt
 * may have come while there was no power.
 */
export function mustSettle(
  { pendingLocal }: NodeObjects,
  announcement: Announcement,
  envelope: Uint8Array,
  next: Announcement,
): boolean {
  return (
    pendingLocal !== undefined &&
    isShared(announcement, next) &&
    equalBytes(pendingLocal.upload, sha256(envelope))
  );
}

/** The envelope has a definite receipt: what was kept with it counts, or does not. */
export function settleLocal(objects: NodeObjects, envelope: Uint8Array, code: number): void {
  const { pendingLocal } = objects;
  if (!pendingLocal || !equalBytes(pendingLocal.upload, sha256(envelope))) return;
  if (!isTaken(code)) return;
  const { upload: _, ...local } = pendingLocal;
  objects.local = local;
  delete objects.pendingLocal;
}
