import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { crc32 } from '../../host/frame/crc32.js';
import { askLines, compileProgram, hasCompiler, hexWord } from './native.js';

const message = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 167 + length * 31) & 0xff);

describe.skipIf(!hasCompiler)('hashes in C', () => {
  let program: string;
  beforeAll(() => {
    program = compileProgram('hash_lines', ['sha256', 'crc32']);
  });

  it('SHA-256 is that of node:crypto for every length over five blocks, in any pieces', () => {
    const cases = [...Array(321).keys(), 1000, 4096, 20000].map((length) => ({
      bytes: message(length),
      piece: 1 + ((length * 7) % 131),
    }));
    const asked = cases.map(({ bytes, piece }) => `sha256 ${hexWord(bytes)} ${piece}`);
    const expected = cases.map(({ bytes }) => createHash('sha256').update(bytes).digest('hex'));
    expect(askLines(program, asked)).toEqual(expected);
  });

  it('CRC-32 is that of IEEE 802.3 and of the host', () => {
    const digits = new TextEncoder().encode('123456789');
    expect(askLines(program, [`crc32 ${hexWord(digits)}`, 'crc32 -'])).toEqual([
      String(0xcbf43926),
      '0',
    ]);
    const cases = [...Array(300).keys()].map(message);
    const asked = cases.map((bytes) => `crc32 ${hexWord(bytes)}`);
    expect(askLines(program, asked)).toEqual(cases.map((bytes) => String(crc32(bytes))));
  });
});
