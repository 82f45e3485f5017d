/** Tags of uploads, announcements and receipts (SPEC, 8.2). */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { constant, macKind } from './contract.gen.js';
import { sha256 } from './hash.js';

const purpose = 'linnet-1 ';
const noSalt = new Uint8Array();

/** The key of a node in one federation: what all tags are made with. */
export function federationKey(nodeKey: Uint8Array, federation: string, node: string): Uint8Array {
  const info = new TextEncoder().encode(`${purpose}${federation}\0${node}`);
  return new Uint8Array(hkdfSync('sha256', nodeKey, noSalt, info, constant.KEY_BYTES));
}

function tag(key: Uint8Array, kind: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const hmac = createHmac('sha256', key).update(Uint8Array.of(kind));
  for (const part of parts) hmac.update(part);
  return new Uint8Array(hmac.digest().subarray(0, constant.MAC_BYTES));
}

export function announcementTag(key: Uint8Array, announcement: Uint8Array): Uint8Array {
  return tag(key, macKind.ANNOUNCEMENT, sha256(announcement));
}

type EndingKind = typeof macKind.UPLOAD | typeof macKind.RECEIPT;

/** The last bytes of an envelope or a receipt: its tag, if it has one. */
function split(bytes: Uint8Array): readonly [Uint8Array, Uint8Array] {
  const end = Math.max(0, bytes.length - constant.MAC_BYTES);
  return [bytes.subarray(0, end), bytes.subarray(end)];
}

/** `bytes`, an envelope or a receipt whose mac is of any value, with the right one in its place. */
export function seal(
  key: Uint8Array,
  kind: EndingKind,
  descriptorHash: Uint8Array,
  bytes: Uint8Array,
): Uint8Array {
  const sealed = new Uint8Array(bytes);
  const [covered, mac] = split(sealed);
  mac.set(tag(key, kind, descriptorHash, covered));
  return sealed;
}

/** Whether the last bytes of an envelope or a receipt are the tag of those before. */
export function isSealed(
  key: Uint8Array,
  kind: EndingKind,
  descriptorHash: Uint8Array,
  bytes: Uint8Array,
): boolean {
  const [covered, mac] = split(bytes);
  return isTag(tag(key, kind, descriptorHash, covered), mac);
}

/** Whether it is; how long that takes says nothing of where they differ. */
export function isTag(expected: Uint8Array, mac: Uint8Array): boolean {
  return mac.length === expected.length && timingSafeEqual(mac, expected);
}
