/** Payloads of uploads (SPEC, section 9) back to deltas. */
import { codec } from '../contract/contract.gen.js';
import { unpackRawDelta } from '../kernel/raw-delta.js';

/** A payload -> delta [P] in ±DELTA_LIMIT; undefined if it is no payload of this codec. */
export type DeltaDecoder = (payload: Uint8Array, parameters: number) => Int16Array | undefined;

function decodeNone(payload: Uint8Array, parameters: number): Int16Array | undefined {
  return payload.length === 0 ? new Int16Array(parameters) : undefined;
}

/** By CODEC of the contract. */
export const deltaDecoders: ReadonlyMap<number, DeltaDecoder> = new Map([
  [codec.RAW_INT16, unpackRawDelta],
  [codec.NONE, decodeNone],
]);
