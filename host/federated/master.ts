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
