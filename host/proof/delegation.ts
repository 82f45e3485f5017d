/** By a delegation a root key lets a round key sign announcements. */
import { LinnetError } from '../contract/error.js';
import type { Delegation } from '../contract/contract.gen.js';
import { equalBytes, toHex } from '../contract/hash.js';
import { packPrivateKey, parsePrivateKey, publicBytesOf, type KeyObject } from './keys.js';
import { isSealedBy, refusal, seal, unseal } from './seal.js';

/** What an aggregator signs with. */
export interface RoundKey {
  readonly key: KeyObject;
  readonly delegation: Delegation;
  /** The delegation byte for byte. */
  readonly bytes: Uint8Array;
}

/** Lets a new key sign the announcements of a federation. */
export function delegate(
  root: KeyObject,
  { federation, serial, key }: { federation: string; serial: number; key: KeyObject },
): RoundKey {
  const bytes = seal('Delegation', { federation, serial, key: publicBytesOf(key) }, root);
  return { key, delegation: unseal('Delegation', bytes), bytes };
}

/** Throws ERR_AUTH if none of the root keys signed the delegation. */
export function checkDelegation(bytes: Uint8Array, roots: readonly KeyObject[]): void {
  if (roots.some((root) => isSealedBy('Delegation', bytes, root))) return;
  const known = roots.map((root) => toHex(publicBytesOf(root)).slice(0, 16)).join(', ');
  throw refusal(
    `the delegation of the round key was not signed by the root key ${known}`,
    'give the root key of this fleet, or see who publishes',
  );
}

const label = 'LINNET DELEGATION';
const block = new RegExp(`-----BEGIN ${label}-----\\s+([A-Za-z0-9+/=\\s]+)-----END ${label}-----`);

/** One file with both, so that neither is ever there without the other. */
export function packRoundKey({ key, bytes }: RoundKey): string {
  const lines = Buffer.from(bytes)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n');
  return `${packPrivateKey(key)}-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

/** Throws ERR_CONFIG if the text is no round key with its delegation, ERR_AUTH if they do not match. */
export function parseRoundKey(text: string, path: string): RoundKey {
  const key = parsePrivateKey(text, path);
  const base64 = block.exec(text)?.[1];
  if (base64 === undefined) {
    throw new LinnetError('ERR_CONFIG', `${path} has no delegation`, {
      remedy: 'give the file round.pem that linnet fleet delegate made',
    });
  }
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
  const delegation = unseal('Delegation', bytes);
  if (equalBytes(delegation.key, publicBytesOf(key))) return { key, delegation, bytes };
  throw refusal(
    `${path}: the delegation is for another key`,
    'give the file as linnet fleet delegate made it, or make another',
  );
}
