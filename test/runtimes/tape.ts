import { type blockWord, constant } from '../../host/contract/contract.gen.js';
import { kernelExports } from '../../host/contract/schema.js';
import type { KernelFunction } from '../../host/kernel/engine.js';
import type { KernelBuild } from '../../host/kernel/load.js';

/**
 * A tape drives a kernel in any runtime: a sequence of little-endian records, each a multiple of
 * four bytes. firmware/tools/vector_runner.c interprets the same bytes.
 *
 *     SET_WORD  01 word 0 0 | u32 value
 *     GET_WORD  02 word 0 0                                        emits u32
 *     WRITE     03 word 0 0 | u32 offset | u32 length | bytes, zero-padded to 4
 *     READ      04 word 0 0 | u32 offset | u32 length              emits bytes, zero-padded to 4
 *     CALL      05 function 0 0 | i32 a | i32 b | i32 c            emits i32
 *     HASH      06 0 0 0                                           emits SHA-256 of all parameters
 *     COUNT     07 0 0 0                                           emits u32 instructions
 *     LOAD      08 0 0 0 | u32 count | int16 words, padded to 4    emits i32 first negative status or 0
 *     END       00 0 0 0
 *
 * COUNT gives the instructions spent in calls of the kernel since the last COUNT, 0 where they are
 * not counted. `word` is a word of the parameter block; WRITE and READ address memory relative to
 * the pointer it holds. `function` is the index in kernelExports. A trap emits ERR_TRAP and ends the
 * tape. The result is what was emitted and nothing else: its shape follows from the tape.
 */
export const tapeOp = {
  END: 0,
  SET_WORD: 1,
  GET_WORD: 2,
  WRITE: 3,
  READ: 4,
  CALL: 5,
  HASH: 6,
  COUNT: 7,
  LOAD: 8,
} as const;

export type BlockWord = keyof typeof blockWord;

export type TapeRecord =
  | { readonly op: 'SET_WORD'; readonly word: number; readonly value: number }
  | { readonly op: 'GET_WORD'; readonly word: number }
  | {
      readonly op: 'WRITE';
      readonly word: number;
      readonly offset: number;
      readonly bytes: Uint8Array;
    }
  | { readonly op: 'READ'; readonly word: number; readonly offset: number; readonly length: number }
  | { readonly op: 'CALL'; readonly name: KernelFunction; readonly args: readonly number[] }
  | { readonly op: 'HASH' | 'COUNT' }
  | { readonly op: 'LOAD'; readonly words: Int16Array };

/** What a record emitted: a number for GET_WORD, CALL, COUNT and LOAD, bytes for READ and HASH. */
export type TapeValue = number | Uint8Array;

/** What can run tapes. */
export interface TapeRuntime {
  /** Such as `v8 11.3` or `wasm3 on QEMU Cortex-M4`. */
  readonly name: string;
  /** Builds of the kernel that it can run; the portable one if absent. */
  readonly builds?: readonly KernelBuild[];
  /** Why it cannot run here, or undefined if it can. */
  available(): string | undefined;
  /** Runs a tape on a fresh kernel; `memoryBytes` is the linear memory the tape counts on. */
  run(
    kernelWasm: Uint8Array,
    tape: Uint8Array,
    options?: { memoryBytes?: number },
  ): Promise<Uint8Array>;
}

const pad4 = (length: number): number => 4 * Math.ceil(length / 4);
const functionNames = kernelExports.map(({ name }) => name as KernelFunction);
const maxArguments = 3;

function* encodeBody(record: TapeRecord): Generator<number | Uint8Array> {
  switch (record.op) {
    case 'SET_WORD':
      yield record.value;
      break;
    case 'WRITE':
      yield record.offset;
      yield record.bytes.length;
      yield record.bytes;
      break;
    case 'READ':
      yield record.offset;
      yield record.length;
      break;
    case 'CALL':
      for (let i = 0; i < maxArguments; i++) yield record.args[i] ?? 0;
      break;
    case 'LOAD':
      yield record.words.length;
      yield new Uint8Array(record.words.buffer, record.words.byteOffset, record.words.byteLength);
      break;
    case 'GET_WORD':
    case 'HASH':
    case 'COUNT':
      break;
  }
}

function encodeRecord(record: TapeRecord): Uint8Array {
  const body = [...encodeBody(record)];
  const size = (part: number | Uint8Array): number =>
    typeof part === 'number' ? 4 : pad4(part.length);
  const out = new Uint8Array(4 + body.reduce<number>((sum, part) => sum + size(part), 0));
  const view = new DataView(out.buffer);
  out[0] = tapeOp[record.op];
  if ('word' in record) out[1] = record.word;
  if (record.op === 'CALL') out[1] = functionNames.indexOf(record.name);
  let at = 4;
  for (const part of body) {
    if (typeof part === 'number') view.setInt32(at, part, true);
    else out.set(part, at);
    at += size(part);
  }
  return out;
}

/** The bytes of a tape, END included. */
export function encodeTape(records: readonly TapeRecord[]): Uint8Array {
  const parts = records.map(encodeRecord);
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 4));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** One record at `at` and where the next one starts; undefined at END. */
function decodeRecord(view: DataView, at: number): [TapeRecord, number] | undefined {
  const word = view.getUint8(at + 1);
  const unsigned = (index: number): number => view.getUint32(at + 4 * index, true);
  const bytes = (from: number, length: number): Uint8Array =>
    new Uint8Array(view.buffer, view.byteOffset + from, length).slice();
  switch (view.getUint8(at)) {
    case tapeOp.END:
      return undefined;
    case tapeOp.SET_WORD:
      return [{ op: 'SET_WORD', word, value: unsigned(1) }, at + 8];
    case tapeOp.GET_WORD:
      return [{ op: 'GET_WORD', word }, at + 4];
    case tapeOp.WRITE: {
      const written = bytes(at + 12, unsigned(2));
      return [
        { op: 'WRITE', word, offset: unsigned(1), bytes: written },
        at + 12 + pad4(unsigned(2)),
      ];
    }
    case tapeOp.READ:
      return [{ op: 'READ', word, offset: unsigned(1), length: unsigned(2) }, at + 12];
    case tapeOp.CALL: {
      const name = functionNames[word];
      if (name === undefined) throw new RangeError(`the kernel has no function ${word}`);
      const all = [1, 2, 3].map((index) => unsigned(index) | 0);
      return [
        { op: 'CALL', name, args: all.slice(0, kernelExports[word].parameters.length) },
        at + 16,
      ];
    }
    case tapeOp.HASH:
      return [{ op: 'HASH' }, at + 4];
    case tapeOp.COUNT:
      return [{ op: 'COUNT' }, at + 4];
    case tapeOp.LOAD: {
      const length = 2 * unsigned(1);
      return [
        { op: 'LOAD', words: new Int16Array(bytes(at + 8, length).buffer) },
        at + 8 + pad4(length),
      ];
    }
    default:
      throw new RangeError(`byte ${at} of the tape is no operation: ${view.getUint8(at)}`);
  }
}

/** The records of a tape. Throws RangeError if the bytes are not a tape. */
export function decodeTape(tape: Uint8Array): TapeRecord[] {
  const view = new DataView(tape.buffer, tape.byteOffset, tape.byteLength);
  const records: TapeRecord[] = [];
  for (let at = 0; ;) {
    const decoded = decodeRecord(view, at);
    if (decoded === undefined) return records;
    records.push(decoded[0]);
    at = decoded[1];
  }
}

/** Bytes a record emits, padding excluded. */
function emittedBytes(record: TapeRecord): number {
  switch (record.op) {
    case 'SET_WORD':
    case 'WRITE':
      return 0;
    case 'READ':
      return record.length;
    case 'HASH':
      return constant.HASH_BYTES;
    case 'GET_WORD':
    case 'CALL':
    case 'COUNT':
    case 'LOAD':
      return 4;
  }
}

/**
 * What each emitting record of a tape gave, in order. Fewer values than emitting records means
 * that the last one is the ERR_TRAP of a CALL. Throws RangeError if the result has another length.
 */
export function decodeResult(records: readonly TapeRecord[], result: Uint8Array): TapeValue[] {
  const view = new DataView(result.buffer, result.byteOffset, result.byteLength);
  const values: TapeValue[] = [];
  let at = 0;
  for (const record of records) {
    const length = emittedBytes(record);
    if (length === 0) continue;
    if (at === result.length) return values;
    if (record.op === 'READ' || record.op === 'HASH') values.push(result.slice(at, at + length));
    else if (record.op === 'GET_WORD' || record.op === 'COUNT')
      values.push(view.getUint32(at, true));
    else values.push(view.getInt32(at, true));
    at += pad4(length);
  }
  if (at !== result.length) {
    throw new RangeError(`the tape emits ${at} bytes, the result has ${result.length}`);
  }
  return values;
}
