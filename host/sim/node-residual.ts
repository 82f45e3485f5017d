/** What SPARSE_TERNARY left out of a node's uploads, for the next one (SPEC, section 7.3). */
import { receipt } from '../contract/contract.gen.js';
import type { Announcement } from '../contract/contract.gen.js';
import { equalBytes, sha256 } from '../contract/hash.js';
import type { NodeObjects } from './node-host.js';

export interface StoredResidual {
  readonly federation: string;
  readonly descriptorHash: Uint8Array;
  readonly words: Int16Array;
}

/** One that is the residual as soon as an upload has been accepted. */
export interface PendingResidual extends StoredResidual {
  /** SHA-256 of the envelope. */
  readonly upload: Uint8Array;
}

/** Receipts that say the delta counts. */
const taken: readonly number[] = [receipt.ACCEPTED, receipt.DUPLICATE, receipt.CLIPPED];

/** A copy of the residual for an announced model, zeros if there is none. */
export function residualFor(
  { residual }: NodeObjects,
  { federation, descriptorHash }: Announcement,
  parameters: number,
): Int16Array {
  const isIts =
    residual?.federation === federation && equalBytes(residual.descriptorHash, descriptorHash);
  return isIts ? residual.words.slice() : new Int16Array(parameters);
}

/** Keeps the new residual until the envelope has its receipt. */
export function keepPending(
  objects: NodeObjects,
  { federation, descriptorHash }: Announcement,
  words: Int16Array,
  envelope: Uint8Array,
): void {
  objects.pendingResidual = { federation, descriptorHash, words, upload: sha256(envelope) };
}

/** Whether two announcements share a residual. */
function isShared(a: Announcement, b: Announcement): boolean {
  return a.federation === b.federation && equalBytes(a.descriptorHash, b.descriptorHash);
}

/**
 * Whether an upload without a receipt has the residual that the next announcement needs; its receipt
 * may have come while there was no power.
 */
export function mustSettle(
  { pendingResidual }: NodeObjects,
  announcement: Announcement,
  envelope: Uint8Array,
  next: Announcement,
): boolean {
  return (
    pendingResidual !== undefined &&
    isShared(announcement, next) &&
    equalBytes(pendingResidual.upload, sha256(envelope))
  );
}

/** The envelope has a definite receipt: its residual counts, or does not. */
export function settleResidual(objects: NodeObjects, envelope: Uint8Array, code: number): void {
  const { pendingResidual } = objects;
  if (!pendingResidual || !equalBytes(pendingResidual.upload, sha256(envelope))) return;
  const { federation, descriptorHash, words } = pendingResidual;
  if (!taken.includes(code)) return;
  objects.residual = { federation, descriptorHash, words };
  delete objects.pendingResidual;
}
