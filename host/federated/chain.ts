/** The signed chain of a store's announcements (SPEC, 8.3). */
import { equalBytes, sha256 } from '../contract/hash.js';
import type { RoundKey } from '../proof/delegation.js';
import { openProof, signProof, type OpenedProof } from '../proof/proof.js';
import { refusal } from '../proof/seal.js';
import type { Ledger } from './ledger.js';
import { storeError } from './store-database.js';

function announcementOf(ledger: Ledger, version: number): Uint8Array {
  const row = ledger.findVersion(version);
  if (row) return row.announcement;
  throw storeError(`version ${version} is missing`);
}

/** The newest proof, if it is as it was signed: on a damaged one nothing is built. */
function readNewest(ledger: Ledger, version: number): OpenedProof {
  const damaged = (source?: unknown): never => {
    throw storeError(
      `the proof of version ${version} in the ledger is damaged`,
      source,
      'restore a copy of the store; `linnet audit` says what has changed',
    );
  };
  let opened: OpenedProof;
  try {
    opened = openProof(ledger.proofs.find(version)!);
  } catch (error) {
    return damaged(error);
  }
  const hash = sha256(announcementOf(ledger, version));
  return equalBytes(opened.proof.announcement, hash) ? opened : damaged();
}

function checkFederation(ledger: Ledger, { delegation }: RoundKey): void {
  const { federation } = ledger.identity;
  if (delegation.federation === federation) return;
  throw refusal(
    `the round key is for the federation ${delegation.federation}, the store of ${federation}`,
    'give the round key of this federation',
  );
}

/** The first version to sign: what has no proof, and the newest again if the delegation is newer. */
function firstToSign(ledger: Ledger, newest: number, { delegation }: RoundKey): number {
  const signed = ledger.proofs.newest();
  if (signed === undefined) return 0;
  const { serial } = readNewest(ledger, signed).delegation;
  if (serial > delegation.serial) {
    throw refusal(
      `the store was signed under delegation ${serial}, the round key is of delegation ${delegation.serial}`,
      'give the newest round key, or make another with linnet fleet delegate',
    );
  }
  return signed === newest && serial < delegation.serial ? newest : signed + 1;
}

/**
 * Signs what has no proof yet and returns the proof of the newest version; undefined without a key and without
 * proofs. Throws ERR_AUTH for a store that was signed and a key that is missing, older or of another
 * federation, ERR_STORE if the newest proof is damaged.
 */
export function proveVersions(
  ledger: Ledger,
  roundKey: RoundKey | undefined,
): Uint8Array | undefined {
  if (!roundKey) {
    if (ledger.proofs.newest() === undefined) return undefined;
    throw refusal(
      'the versions of this store are signed',
      'give the round key with --round-key or --credentials; linnet fleet delegate makes one',
    );
  }
  checkFederation(ledger, roundKey);
  const newest = ledger.newestVersion()!;
  for (let version = firstToSign(ledger, newest, roundKey); version <= newest; version++) {
    const parent = version > 0 ? announcementOf(ledger, version - 1) : undefined;
    const proof = signProof(roundKey, announcementOf(ledger, version), parent);
    ledger.proofs.put(version, proof);
  }
  return ledger.proofs.find(newest)!;
}
