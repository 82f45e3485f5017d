/**
 * The master: one Q16.16 number per parameter, an int16 word and 16 bits below it (SPEC, 2.8), so
 * that averages smaller than a word add up over the versions instead of being rounded away.
 */
import { LinnetError } from '../contract/error.js';

const HALF = 2 ** 15;
const MAX_WORD = 32767;
export const MASTER_MIN = -32768 * 2 ** 16;
export const MASTER_MAX = MAX_WORD * 2 ** 16;

/** Master of version 0: int16 words [P] -> Q16.16 [P]. */
export function masterOf(words: Int16Array): Int32Array {
  return Int32Array.from(words, (word) => word * 2 ** 16);
}

/** Q16.16 [P] -> the published int16 words [P], to nearest, halves up. */
export function publishedWords(master: Int32Array): Int16Array {
  return Int16Array.from(master, (value) => Math.min(MAX_WORD, (value + HALF) >> 16));
}

/** Little-endian int32 [P], as the ledger keeps a master. */
export function packMaster(master: Int32Array): Uint8Array {
  const bytes = new Uint8Array(4 * master.length);
  const view = new DataView(bytes.buffer);
  master.forEach((value, i) => view.setInt32(4 * i, value, true));
  return bytes;
}

/** Little-endian int64 [P] each, as the ledger keeps what a strategy remembers; integers below 2^53. */
export function packMoments(moments: readonly Float64Array[]): Uint8Array {
  const words = moments.flatMap((moment) => Array.from(moment, BigInt));
  return new Uint8Array(BigInt64Array.from(words).buffer);
}

/** Throws ERR_STORE unless the bytes are moments of P parameters. */
export function unpackMoments(bytes: Uint8Array, parameters: number): Float64Array[] {
  if (bytes.length % (8 * parameters) !== 0) {
    throw new LinnetError(
      'ERR_STORE',
      `moments of ${bytes.length} bytes do not belong to ${parameters} parameters`,
    );
  }
  const words = Float64Array.from(new BigInt64Array(bytes.slice().buffer), Number);
  return Array.from({ length: words.length / parameters }, (_, i) =>
    words.slice(i * parameters, (i + 1) * parameters),
  );
}

/** Throws ERR_STORE unless the bytes are a master of P parameters. */
export function unpackMaster(bytes: Uint8Array, parameters: number): Int32Array {
  if (bytes.length !== 4 * parameters) {
    throw new LinnetError(
      'ERR_STORE',
      `a master of ${bytes.length} bytes does not belong to ${parameters} parameters`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int32Array.from({ length: parameters }, (_, i) => view.getInt32(4 * i, true));
}
