/** Payloads of uploads (SPEC, section 9) back to deltas. */
import { codec, constant } from '../contract/contract.gen.js';

/** A payload -> delta [P] in ±DELTA_LIMIT; undefined if it is no payload of this codec. */
export type DeltaDecoder = (payload: Uint8Array, parameters: number) => Int16Array | undefined;

function decodeRawInt16(payload: Uint8Array, parameters: number): Int16Array | undefined {
  if (payload.length !== 2 * parameters) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const delta = Int16Array.from({ length: parameters }, (_, i) => view.getInt16(2 * i, true));
  return delta.some((word) => word < -constant.DELTA_LIMIT) ? undefined : delta;
}

function decodeNone(payload: Uint8Array, parameters: number): Int16Array | undefined {
  return payload.length === 0 ? new Int16Array(parameters) : undefined;
}

/** By CODEC of the contract. */
export const deltaDecoders: ReadonlyMap<number, DeltaDecoder> = new Map([
  [codec.RAW_INT16, decodeRawInt16],
  [codec.NONE, decodeNone],
]);
