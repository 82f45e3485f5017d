/** Payload maps that end in a signature over all bytes before it (SPEC, 8.3). */
import { sign, verify, type KeyObject } from 'node:crypto';
import { constant, version, type WireMaps } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { decodeWire, encodeWire } from '../contract/wire.js';

type Sealed = 'Delegation' | 'Proof';

/** A signature for one purpose says nothing for another. */
const domains: Readonly<Record<Sealed, string>> = {
  Delegation: 'linnet-1 delegation\0',
  Proof: 'linnet-1 proof\0',
};

const bodyOf = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, -constant.SIGNATURE_BYTES);

function messageOf(name: Sealed, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([new TextEncoder().encode(domains[name]), bodyOf(bytes)]);
}

/** The map with its signature: the same key and map give the same bytes. */
export function seal<N extends Sealed>(
  name: N,
  map: Omit<WireMaps[N], 'format' | 'signature'>,
  key: KeyObject,
): Uint8Array {
  const unsigned = new Uint8Array(constant.SIGNATURE_BYTES);
  const whole = { format: version.WIRE_FORMAT, ...map, signature: unsigned };
  const bytes = encodeWire(name, whole as unknown as WireMaps[N]);
  bytes.set(sign(null, messageOf(name, bytes), key), bodyOf(bytes).length);
  return bytes;
}

/** Whether a key signed the map, which was read by unseal(). */
export function isSealedBy(name: Sealed, bytes: Uint8Array, key: KeyObject): boolean {
  try {
    const signature = bytes.subarray(bodyOf(bytes).length);
    return verify(null, messageOf(name, bytes), key, signature);
  } catch {
    // Bytes that are no point of the curve.
    return false;
  }
}

/** A signature or what it stands for does not hold. */
export function refusal(cause: string, remedy: string, source?: unknown): LinnetError {
  return new LinnetError('ERR_AUTH', cause, { remedy, ...(source !== undefined && { source }) });
}

/** The map without regard to who signed it. Throws ERR_AUTH if it is none of this format. */
export function unseal<N extends Sealed>(name: N, bytes: Uint8Array): WireMaps[N] {
  const what = `a ${name.toLowerCase()}`;
  let map: WireMaps[N];
  try {
    map = decodeWire(name, bytes);
  } catch (error) {
    const cause = `${what} cannot be read: ${(error as LinnetError).message}`;
    throw refusal(cause, 'use hosts of one release, and see who publishes', error);
  }
  if (map.format !== version.WIRE_FORMAT) {
    throw refusal(`${what} has the format ${map.format}`, 'use hosts of one release');
  }
  if (map.signature.length === constant.SIGNATURE_BYTES) return map;
  throw refusal(`${what} has a signature of ${map.signature.length} bytes`, 'see who publishes');
}
