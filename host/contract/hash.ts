import { createHash } from 'node:crypto';
import { constant } from './contract.gen.js';

/** SHA-256, 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** Leading bytes of a hash that serve as an id on the wire. */
export function idOf(hash: Uint8Array): Uint8Array {
  return hash.slice(0, constant.ID_BYTES);
}

/** In the place of a tag: none. */
export const noMac: Uint8Array = new Uint8Array(constant.MAC_BYTES);

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Logical node index: little-endian u32 at the start of SHA-256 of the node's name. */
export function nodeKeyOf(node: string): number {
  const hash = sha256(new TextEncoder().encode(node));
  return new DataView(hash.buffer).getUint32(0, true);
}
