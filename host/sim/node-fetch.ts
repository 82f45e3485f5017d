import type { Announcement } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { equalBytes, sha256, toHex } from '../contract/hash.js';
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
): Promise<Uint8Array> {
  const data = new Uint8Array(wanted.bytes);
  let offset = 0;
  while (offset < wanted.bytes) {
    const length = Math.min(wanted.bytes - offset, host.maxPayload - overheadBytes);
    const slice = await host.ask('OBJECT', { hash: wanted.hash, offset, length }, signal);
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

/** Descriptor and snapshot of the announced version; both stay on the node. */
export async function fetchSnapshot(
  host: NodeHost,
  announcement: Announcement,
  signal: AbortSignal,
): Promise<{ readonly descriptor: StoredObject; readonly snapshot: StoredObject }> {
  const { objects } = host;
  const { descriptorHash, descriptorBytes, artefactHash, artefactBytes } = announcement;
  const wantedDescriptor = { hash: descriptorHash, bytes: descriptorBytes };
  const wantedSnapshot = { hash: artefactHash, bytes: artefactBytes };
  const descriptor = await fetchObject(host, objects.descriptor, wantedDescriptor, signal);
  objects.descriptor = descriptor;
  const snapshot = await fetchObject(host, objects.snapshot, wantedSnapshot, signal);
  objects.snapshot = snapshot;
  return { descriptor, snapshot };
}
