/** Proofs of announcements: signed by a round key that a root key vouches for (SPEC, 8.3). */
import type { Announcement, Delegation, Proof } from '../contract/contract.gen.js';
import type { LinnetError } from '../contract/error.js';
import { equalBytes, sha256 } from '../contract/hash.js';
import { decodeWire } from '../contract/wire.js';
import { checkDelegation, type RoundKey } from './delegation.js';
import { publicKeyOf, type KeyObject } from './keys.js';
import { isSealedBy, refusal, seal, unseal } from './seal.js';

/** What orders the announcements of one model: the anti-rollback counter. */
export interface Position {
  readonly epoch: number;
  readonly version: number;
}

export function positionOf({ epoch, version }: Announcement): Position {
  return { epoch, version };
}

/** Below 0 if `a` comes before `b`. */
export function comparePositions(a: Position, b: Position): number {
  return a.epoch - b.epoch || a.version - b.version;
}

/** Signs an announcement; `parent` is that of the version before, if there is one. */
export function signProof(
  { key, bytes }: RoundKey,
  announcement: Uint8Array,
  parent?: Uint8Array,
): Uint8Array {
  const map = {
    announcement: sha256(announcement),
    ...(parent && { parent: sha256(parent) }),
    delegation: bytes,
  };
  return seal('Proof', map, key);
}

export interface OpenedProof {
  readonly proof: Proof;
  readonly delegation: Delegation;
}

/** Reads a proof that the delegated key signed, whoever delegated. Throws ERR_AUTH. */
export function openProof(bytes: Uint8Array): OpenedProof {
  const proof = unseal('Proof', bytes);
  const delegation = unseal('Delegation', proof.delegation);
  const isSigned = (): boolean => isSealedBy('Proof', bytes, publicKeyOf(delegation.key));
  if (isSigned()) return { proof, delegation };
  throw refusal(
    'a proof was not signed by the round key of its delegation',
    'see who publishes: it was altered on its way or in the store',
  );
}

export interface Trust {
  /** One of these must have signed the delegation. */
  readonly roots: readonly KeyObject[];
  readonly federation: string;
}

export interface CheckedProof extends OpenedProof {
  readonly announcement: Announcement;
}

function readAnnouncement(bytes: Uint8Array): Announcement {
  try {
    return decodeWire('Announcement', bytes);
  } catch (error) {
    const cause = `an announcement cannot be read: ${(error as LinnetError).message}`;
    throw refusal(cause, 'see who publishes', error);
  }
}

/** Throws ERR_AUTH, naming what is wrong, unless the proof holds for the announcement. */
export function checkProof(bytes: Uint8Array, announced: Uint8Array, trust: Trust): CheckedProof {
  const opened = openProof(bytes);
  const { proof, delegation } = opened;
  checkDelegation(proof.delegation, trust.roots);
  const announcement = readAnnouncement(announced);
  const { federation, version } = announcement;
  for (const name of [federation, delegation.federation]) {
    if (name === trust.federation) continue;
    throw refusal(
      `version ${version} was signed for the federation ${name}, not for ${trust.federation}`,
      'give the root key of this federation, or see who publishes',
    );
  }
  if (!equalBytes(proof.announcement, sha256(announced))) {
    throw refusal(
      `version ${version} is not the announcement that was signed`,
      'see who publishes: it was altered on its way or in the store',
    );
  }
  if ((proof.parent === undefined) !== (announcement.parent === undefined)) {
    throw refusal(
      `the proof of version ${version} does not say what came before it`,
      'use an aggregator of this release',
    );
  }
  return { ...opened, announcement };
}
