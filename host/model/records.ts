/** Framing of a descriptor: header and records (SPEC, section 3), and the unit packed into a word. */
import { constant, record, version } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { packRecord } from '../contract/pack.js';

export type RecordTag = keyof typeof record;

export interface RawRecord {
  readonly tag: number;
  readonly payload: Uint8Array;
}

/** One record with its header. Integers that do not fit their field throw ERR_MESSAGE. */
export function frameRecord(tag: RecordTag, values: Readonly<Record<string, number>>): Uint8Array {
  const payload = packRecord(tag, values);
  const out = new Uint8Array(constant.RECORD_HEADER_BYTES + payload.length);
  const view = new DataView(out.buffer);
  view.setUint16(0, record[tag], true);
  view.setUint16(2, payload.length, true);
  out.set(payload, constant.RECORD_HEADER_BYTES);
  return out;
}

export function assembleDescriptor(parts: readonly Uint8Array[]): Uint8Array {
  const total = parts.reduce<number>(
    (sum, part) => sum + part.length,
    constant.DESCRIPTOR_HEADER_BYTES,
  );
  const out = new Uint8Array(total);
  const view = new DataView(out.buffer);
  view.setUint32(0, constant.DESCRIPTOR_MAGIC, true);
  view.setUint16(4, version.DESCRIPTOR_FORMAT, true);
  view.setUint16(6, parts.length, true);
  view.setUint32(8, total, true);
  let offset: number = constant.DESCRIPTOR_HEADER_BYTES;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** Records in order. Throws ERR_DESCRIPTOR if the framing is broken. */
export function* readRecords(bytes: Uint8Array): Generator<RawRecord> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = constant.DESCRIPTOR_HEADER_BYTES;
  const sound =
    bytes.length >= header &&
    view.getUint32(0, true) === constant.DESCRIPTOR_MAGIC &&
    view.getUint16(4, true) === version.DESCRIPTOR_FORMAT &&
    view.getUint32(8, true) === bytes.length;
  if (!sound) throw new LinnetError('ERR_DESCRIPTOR', 'the bytes are not a model descriptor');
  let offset: number = header;
  for (let i = 0; i < view.getUint16(6, true); i++) {
    const start = offset + constant.RECORD_HEADER_BYTES;
    const end = start <= bytes.length ? start + view.getUint16(offset + 2, true) : Infinity;
    if (end > bytes.length) throw new LinnetError('ERR_DESCRIPTOR', `record ${i} is cut off`);
    yield { tag: view.getUint16(offset, true), payload: bytes.subarray(start, end) };
    offset = end;
  }
}

export function unitToWord(unit: string): number {
  if (!/^[\x21-\x7e]{0,4}$/.test(unit)) {
    throw new LinnetError('ERR_CONFIG', `unit "${unit}" is not up to four ASCII characters`);
  }
  return [...unit].reduce((word, letter, i) => word + letter.charCodeAt(0) * 2 ** (8 * i), 0);
}

export function wordToUnit(word: number): string {
  const letters = [0, 8, 16, 24]
    .map((shift) => (word >>> shift) & 0xff)
    .filter((code) => code !== 0);
  return String.fromCharCode(...letters);
}
