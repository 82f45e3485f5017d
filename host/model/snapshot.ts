import { constant, version } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { equalBytes } from '../contract/hash.js';

/** Snapshot of a model version (SPEC, section 4): header, descriptor hash, int16 words. */
export function packSnapshot(descriptorHash: Uint8Array, words: Int16Array): Uint8Array {
  const header = constant.SNAPSHOT_HEADER_BYTES;
  const out = new Uint8Array(header + 2 * words.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, constant.SNAPSHOT_MAGIC, true);
  view.setUint16(4, version.SNAPSHOT_FORMAT, true);
  view.setUint32(8, words.length, true);
  out.set(descriptorHash, header - constant.HASH_BYTES);
  words.forEach((word, i) => view.setInt16(header + 2 * i, word, true));
  return out;
}

/** The model that a snapshot is of. */
export function descriptorHashOf(snapshot: Uint8Array): Uint8Array {
  const header = constant.SNAPSHOT_HEADER_BYTES;
  return snapshot.subarray(header - constant.HASH_BYTES, header);
}

/**
 * Parameter words of a snapshot. Throws ERR_VERSION for another format, ERR_DATA if the bytes are
 * not a snapshot or belong to another descriptor.
 */
export function unpackSnapshot(bytes: Uint8Array, descriptorHash?: Uint8Array): Int16Array {
  const header = constant.SNAPSHOT_HEADER_BYTES;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < header || view.getUint32(0, true) !== constant.SNAPSHOT_MAGIC) {
    throw new LinnetError('ERR_DATA', 'the bytes are not a model snapshot');
  }
  if (view.getUint16(4, true) !== version.SNAPSHOT_FORMAT) {
    throw new LinnetError('ERR_VERSION', `snapshot format ${view.getUint16(4, true)} is not known`);
  }
  const count = view.getUint32(8, true);
  if (bytes.length !== header + 2 * count) {
    throw new LinnetError(
      'ERR_DATA',
      `the snapshot promises ${count} parameters and is cut off or too long`,
    );
  }
  if (descriptorHash && !equalBytes(descriptorHashOf(bytes), descriptorHash)) {
    throw new LinnetError('ERR_DATA', 'the snapshot belongs to another model descriptor');
  }
  return Int16Array.from({ length: count }, (_, i) => view.getInt16(header + 2 * i, true));
}
