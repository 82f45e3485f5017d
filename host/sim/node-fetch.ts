import type { Announcement, StatusName } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { equalBytes, idOf, sha256, toHex } from '../contract/hash.js';
import type { Kernel } from '../kernel/kernel.js';
import { packSnapshot, unpackSnapshot } from '../model/snapshot.js';
import type { NodeHost, StoredObject } from './node-host.js';

/** Bytes of an OBJECT response that are not data: message header, status, offset. */
const overheadBytes = 4 + 2 + 4;
/** A V8 node has no slots; this bounds what an announcement can make it allocate. */
const maxObjectBytes = 64 * 1024 * 1024;
/** Fetches of an object that turned out wrong, until the work is given up. */
const fetchTries = 3;

export interface WantedObject {
  readonly hash: Uint8Array;
  readonly bytes: number;
}

/** All bytes the host has of the object, at most as many as announced. */
async function download(
  host: NodeHost,
  wanted: WantedObject,
  signal: AbortSignal,
  decisive?: StatusName,
): Promise<Uint8Array> {
  const data = new Uint8Array(wanted.bytes);
  let offset = 0;
  while (offset < wanted.bytes) {
    const length = Math.min(wanted.bytes - offset, host.maxPayload - overheadBytes);
    const slice = await host.ask('OBJECT', { hash: wanted.hash, offset, length }, signal, decisive);
    const isSlice = slice.offset === offset && slice.data.length <= length;
    if (!isSlice || slice.data.length === 0) break;
    data.set(slice.data, offset);
    offset += slice.data.length;
  }
  return data.subarray(0, offset);
}

/** The stored object if it is the wanted one, else fetched and verified. */
export async function fetchObject(
  host: NodeHost,
  stored: StoredObject | undefined,
  wanted: WantedObject,
  signal: AbortSignal,
): Promise<StoredObject> {
  if (stored && equalBytes(stored.hash, wanted.hash)) return stored;
  if (wanted.bytes > maxObjectBytes) {
    throw new LinnetError('ERR_FULL', `an object of ${wanted.bytes} bytes was announced`);
  }
  for (let attempt = 0; attempt < fetchTries; attempt++) {
    const bytes = await download(host, wanted, signal);
    if (bytes.length === wanted.bytes && equalBytes(sha256(bytes), wanted.hash)) {
      return { hash: wanted.hash, bytes };
    }
  }
  throw new LinnetError('ERR_HASH', `object ${toHex(wanted.hash)} came wrong each time`);
}

/** The descriptor of the announced version; it stays on the node. */
export async function fetchDescriptor(
  host: NodeHost,
  { descriptorHash: hash, descriptorBytes: bytes }: Announcement,
  signal: AbortSignal,
): Promise<StoredObject> {
  const { objects } = host;
  objects.descriptor = await fetchObject(host, objects.descriptor, { hash, bytes }, signal);
  return objects.descriptor;
}

/** The snapshot of the announced version, made here or fetched whole; it stays on the node. `kernel` holds the model. */
export async function fetchSnapshot(
  host: NodeHost,
  announcement: Announcement,
  kernel: Kernel,
  signal: AbortSignal,
): Promise<StoredObject> {
  const { objects } = host;
  const { artefactHash: hash, artefactBytes: bytes } = announcement;
  const isThere = objects.snapshot !== undefined && equalBytes(objects.snapshot.hash, hash);
  const made = isThere ? undefined : await makeSnapshot(host, announcement, kernel, signal);
  objects.snapshot = made ?? (await fetchObject(host, objects.snapshot, { hash, bytes }, signal));
  return objects.snapshot;
}

/** The snapshot from its seed or the one before (SPEC, section 7.4); undefined if that does not give it. */
async function makeSnapshot(
  host: NodeHost,
  announcement: Announcement,
  kernel: Kernel,
  signal: AbortSignal,
): Promise<StoredObject | undefined> {
  const { artefactHash, descriptorHash, difference, initialSeed } = announcement;
  const isSeeded = initialSeed !== undefined && !difference;
  const words = isSeeded
    ? makeInitialWords(kernel, initialSeed)
    : await renewWords(host, announcement, kernel, signal);
  const bytes = words && packSnapshot(descriptorHash, words);
  return bytes && equalBytes(sha256(bytes), artefactHash)
    ? { hash: artefactHash, bytes }
    : undefined;
}

function makeInitialWords(kernel: Kernel, seed: number): Int16Array | undefined {
  try {
    kernel.initialise(seed);
    return kernel.storeParameters();
  } catch (error) {
    if (error instanceof LinnetError) return undefined;
    throw error;
  }
}

/** The words of the snapshot before with the difference added. */
async function renewWords(
  host: NodeHost,
  { difference, artefactBytes, descriptorHash }: Announcement,
  kernel: Kernel,
  signal: AbortSignal,
): Promise<Int16Array | undefined> {
  const base = host.objects.snapshot;
  const isBase = difference && base && equalBytes(idOf(base.hash), difference.base);
  if (!isBase || base.bytes.length !== artefactBytes || !kernel.canDecode(difference.codec))
    return undefined;
  if (difference.bytes < 1 || difference.bytes >= artefactBytes) return undefined;
  const payload = await downloadDifference(host, difference, signal);
  const delta =
    payload.length === difference.bytes ? kernel.decodeDelta(difference.codec, payload) : undefined;
  return delta && addDelta(base.bytes, descriptorHash, delta);
}

/** Nothing if the host does not have it. */
async function downloadDifference(
  host: NodeHost,
  wanted: WantedObject,
  signal: AbortSignal,
): Promise<Uint8Array> {
  try {
    return await download(host, wanted, signal, 'ERR_NOT_FOUND');
  } catch (error) {
    if (error instanceof LinnetError && error.code === 'ERR_NOT_FOUND') return new Uint8Array();
    throw error;
  }
}

/** Saturated; undefined if the base is none of this model. */
function addDelta(
  base: Uint8Array,
  descriptorHash: Uint8Array,
  delta: Int16Array,
): Int16Array | undefined {
  try {
    const words = unpackSnapshot(base, descriptorHash);
    if (words.length !== delta.length) return undefined;
    return words.map((word, i) => Math.max(-32768, Math.min(32767, word + delta[i])));
  } catch (error) {
    if (error instanceof LinnetError) return undefined;
    throw error;
  }
}
