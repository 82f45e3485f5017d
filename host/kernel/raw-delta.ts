/** RAW_INT16 (SPEC, section 9): little-endian words, which need no kernel. */
import { constant } from '../contract/contract.gen.js';

export function packRawDelta(delta: Int16Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * delta.length));
  delta.forEach((word, i) => view.setInt16(2 * i, word, true));
  return new Uint8Array(view.buffer);
}

/** A payload -> delta [P] in ±DELTA_LIMIT; undefined if it is none. */
export function unpackRawDelta(payload: Uint8Array, parameters: number): Int16Array | undefined {
  if (payload.length !== 2 * parameters) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const delta = Int16Array.from({ length: parameters }, (_, i) => view.getInt16(2 * i, true));
  return delta.some((word) => word < -constant.DELTA_LIMIT) ? undefined : delta;
}
