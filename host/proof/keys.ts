/** Ed25519 keys (RFC 8032) as files: PEM as openssl reads and writes it (RFC 8410). */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { LinnetError } from '../contract/error.js';

export type { KeyObject } from 'node:crypto';

/** In folders of credentials: the public root key of the fleet, and the aggregator's round key. */
export const rootFile = 'root.pub';
export const roundKeyFile = 'round.pem';

/** A new private key. */
export const createKey = (): KeyObject => generateKeyPairSync('ed25519').privateKey;

export function packPrivateKey(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }) as string;
}

/** Of a private key the public one. */
const publicPart = (key: KeyObject): KeyObject =>
  key.type === 'private' ? createPublicKey(key) : key;

export function packPublicKey(key: KeyObject): string {
  return publicPart(key).export({ format: 'pem', type: 'spki' }) as string;
}

function readKey(read: () => KeyObject, path: string, what: string): KeyObject {
  let cause = '';
  try {
    const key = read();
    if (key.asymmetricKeyType === 'ed25519') return key;
    cause = `it is for ${key.asymmetricKeyType}`;
  } catch (error) {
    cause = (error as Error).message;
  }
  throw new LinnetError('ERR_CONFIG', `${path} is no ${what} key: ${cause}`, {
    remedy: 'give the file that linnet fleet made',
  });
}

/** Throws ERR_CONFIG if the text is no private Ed25519 key. */
export function parsePrivateKey(pem: string, path: string): KeyObject {
  return readKey(() => createPrivateKey(pem), path, 'private Ed25519');
}

/** Throws ERR_CONFIG if the text is no public Ed25519 key; a private one would be in the wrong place. */
export function parsePublicKey(pem: string, path: string): KeyObject {
  const parse = (): KeyObject => {
    if (pem.includes('PRIVATE KEY')) throw new Error('it is a private one');
    return createPublicKey(pem);
  };
  return readKey(parse, path, 'public Ed25519');
}

/** The 32 bytes of a public key, or of a private one's. */
export function publicBytesOf(key: KeyObject): Uint8Array {
  const { x } = publicPart(key).export({ format: 'jwk' });
  return new Uint8Array(Buffer.from(x!, 'base64url'));
}

export function publicKeyOf(bytes: Uint8Array): KeyObject {
  const x = Buffer.from(bytes).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}
