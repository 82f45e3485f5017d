import { describe, expect, it } from 'vitest';
import { blockWord, constant, status, version } from '../../host/contract/contract.gen.js';
import { LinnetError } from '../../host/contract/error.js';
import { toHex } from '../../host/contract/hash.js';
import type { KernelEngine } from '../../host/kernel/engine.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { hashWords } from '../oracle/run-script.js';
import { decodeResult, decodeTape, encodeTape, type TapeRecord } from '../runtimes/tape.js';
import { interpretTape, v8Runtime } from '../runtimes/v8.js';
import { denseChain } from '../vectors/descriptor.js';

const everyRecord: readonly TapeRecord[] = [
  { op: 'SET_WORD', word: 3, value: 0xfffefdfc },
  { op: 'GET_WORD', word: 1 },
  { op: 'WRITE', word: 10, offset: 2, bytes: Uint8Array.of(1, 2, 3, 4, 5) },
  { op: 'READ', word: 12, offset: 4, length: 3 },
  { op: 'CALL', name: 'order', args: [-1, 5, 2] },
  { op: 'CALL', name: 'infer', args: [] },
  { op: 'HASH' },
  { op: 'COUNT' },
  { op: 'LOAD', words: Int16Array.of(-1, 2, -32768) },
];

describe('tapes', () => {
  it('have the bytes that the format promises', () => {
    const bytes = [
      '01030000 fcfdfeff',
      '02010000',
      '030a0000 02000000 05000000 01020304 05000000',
      '040c0000 04000000 03000000',
      '050a0000 ffffffff 05000000 02000000',
      '050d0000 00000000 00000000 00000000',
      '06000000',
      '07000000',
      '08000000 03000000 ffff0200 00800000',
      '00000000',
    ];
    expect(toHex(encodeTape(everyRecord))).toBe(bytes.join('').replaceAll(' ', ''));
  });

  it('decode to what was encoded', () => {
    expect(decodeTape(encodeTape(everyRecord))).toEqual(everyRecord);
  });

  it('are refused where they are no tape', () => {
    expect(() => decodeTape(Uint8Array.of(9, 0, 0, 0))).toThrow(RangeError);
    expect(() => decodeTape(Uint8Array.of(5, 99, 0, 0))).toThrow(RangeError);
    expect(() => decodeTape(encodeTape(everyRecord).slice(0, -4))).toThrow(RangeError);
  });

  it('give numbers and bytes in the order of their records', () => {
    const result = Uint8Array.from([
      ...[1, 0, 0, 0x80],
      ...[7, 8, 9, 0],
      ...[0xff, 0xff, 0xff, 0xff],
      ...[2, 0, 0, 0],
      ...Array<number>(32).fill(5),
      ...[0xff, 0xff, 0xff, 0xff],
      ...[0xfa, 0xff, 0xff, 0xff],
    ]);
    expect(decodeResult(everyRecord, result)).toEqual([
      0x80000001,
      Uint8Array.of(7, 8, 9),
      -1,
      2,
      new Uint8Array(32).fill(5),
      0xffffffff,
      -6,
    ]);
    expect(decodeResult(everyRecord, result.slice(0, 12))).toHaveLength(3);
    expect(() => decodeResult(everyRecord.slice(0, 2), result)).toThrow(RangeError);
  });
});

describe('the tape interpreter', () => {
  it('plans, loads, stores, hashes and counts', async () => {
    const descriptor = denseChain(9, 16, 3);
    const words = Int16Array.from({ length: 211 }, (_, i) => 300 * i - 31000);
    const records: readonly TapeRecord[] = [
      { op: 'SET_WORD', word: blockWord.memoryBytes, value: 65536 },
      { op: 'SET_WORD', word: blockWord.descriptorBytes, value: descriptor.length },
      { op: 'WRITE', word: blockWord.descriptorPtr, offset: 0, bytes: descriptor },
      { op: 'CALL', name: 'plan', args: [] },
      { op: 'GET_WORD', word: blockWord.numerics },
      { op: 'LOAD', words },
      { op: 'HASH' },
      { op: 'CALL', name: 'store', args: [200, 11] },
      { op: 'READ', word: blockWord.ioPtr, offset: 2, length: 2 },
      { op: 'LOAD', words: new Int16Array(212) },
      { op: 'COUNT' },
    ];
    const result = await v8Runtime.run(loadKernelBytes(), encodeTape(records));
    const [planned, numerics, loaded, hash, stored, word, tooMany, count] = decodeResult(
      records,
      result,
    );
    expect([planned, numerics, loaded, stored]).toEqual([0, version.NUMERICS, 0, 0]);
    expect(toHex(hash as Uint8Array)).toBe(hashWords(words));
    expect(new DataView((word as Uint8Array).buffer).getInt16(0, true)).toBe(words[201]);
    expect([tooMany, count]).toEqual([status.ERR_RANGE, 0]);
    expect(words.length).toBeGreaterThan(constant.IO_WORDS);
  });

  it('ends a tape at a trap', () => {
    const engine: KernelEngine = {
      name: 'one that traps',
      call(name) {
        if (name === 'infer') throw new LinnetError('ERR_TRAP', 'on purpose');
        return 16;
      },
      readBytes: (_, length) => new Uint8Array(length),
      readWords: () => undefined,
      readWord: () => 0,
      writeBytes: () => undefined,
      close: () => undefined,
    };
    const records: readonly TapeRecord[] = [
      { op: 'CALL', name: 'check', args: [] },
      { op: 'CALL', name: 'infer', args: [] },
      { op: 'CALL', name: 'check', args: [] },
    ];
    const values = decodeResult(records, interpretTape(engine, encodeTape(records)));
    expect(values).toEqual([16, status.ERR_TRAP]);
  });
});
