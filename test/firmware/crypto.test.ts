import { execFileSync } from 'node:child_process';
import { createHash, createHmac, hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { askLines, compileProgram, hasCompiler, hexWord, supports } from './native.js';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const repeated = (byte: number, length: number): Uint8Array => new Uint8Array(length).fill(byte);
const counting = (from: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => from + i);

/** FIPS 180-4: the examples NIST publishes with it. */
const hashVectors: readonly (readonly [Uint8Array, string])[] = [
  [ascii('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [ascii(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  [
    ascii('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'),
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
  [
    ascii(
      'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu',
    ),
    'cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1',
  ],
];

/** RFC 4231, section 4; case 5 is cut to 16 bytes there. */
const macVectors: readonly (readonly [Uint8Array, Uint8Array, string])[] = [
  [
    repeated(0x0b, 20),
    ascii('Hi There'),
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  ],
  [
    ascii('Jefe'),
    ascii('what do ya want for nothing?'),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [
    repeated(0xaa, 20),
    repeated(0xdd, 50),
    '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
  ],
  [
    counting(1, 25),
    repeated(0xcd, 50),
    '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
  ],
  [repeated(0x0c, 20), ascii('Test With Truncation'), 'a3b6167473100ee06e0c796c2955552b'],
  [
    repeated(0xaa, 131),
    ascii('Test Using Larger Than Block-Size Key - Hash Key First'),
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
  [
    repeated(0xaa, 131),
    ascii(
      'This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.',
    ),
    '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
  ],
];

/** RFC 5869, appendix A: secret, salt, info and the first 32 bytes of the key. */
const derivationVectors: readonly (readonly [Uint8Array, Uint8Array, Uint8Array, string])[] = [
  [
    repeated(0x0b, 22),
    counting(0, 13),
    counting(0xf0, 10),
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf',
  ],
  [
    counting(0, 80),
    counting(0x60, 80),
    counting(0xb0, 80),
    'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c',
  ],
  [
    repeated(0x0b, 22),
    new Uint8Array(),
    new Uint8Array(),
    '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d',
  ],
];

const keys = fc.uint8Array({ minLength: 32, maxLength: 32 });
const messages = fc.uint8Array({ maxLength: 700, size: 'max' });
const pieces = fc.integer({ min: 1, max: 200 });
const sampled = <T>(values: fc.Arbitrary<T>, seed: number): T[] =>
  fc.sample(values, { numRuns: 300, seed });

/** Random lengths and split points, against node:crypto. */
function describeAgainstNode(program: () => string): void {
  it('hashes like node:crypto, in one piece and in many', () => {
    const cases = sampled(fc.tuple(messages, pieces), 1);
    const asked = cases.map(([bytes, piece]) => `hash ${hexWord(bytes)} ${piece}`);
    const expected = cases.map(([bytes]) => createHash('sha256').update(bytes).digest('hex'));
    expect(askLines(program(), asked)).toEqual(expected);
  });

  it('authenticates like node:crypto, in one piece and in many', () => {
    const cases = sampled(fc.tuple(keys, messages, pieces), 2);
    const asked = cases.map(
      ([key, bytes, piece]) => `mac ${hexWord(key)} ${hexWord(bytes)} ${piece}`,
    );
    const expected = cases.map(([key, bytes]) =>
      createHmac('sha256', key).update(bytes).digest('hex'),
    );
    expect(askLines(program(), asked)).toEqual(expected);
  });

  it('derives keys like node:crypto', () => {
    const cases = sampled(fc.tuple(keys, fc.uint8Array({ maxLength: 120 })), 3);
    const asked = cases.map(([secret, info]) => `derive ${hexWord(secret)} ${hexWord(info)}`);
    const expected = cases.map(([secret, info]) =>
      Buffer.from(hkdfSync('sha256', secret, new Uint8Array(), info, 32)).toString('hex'),
    );
    expect(askLines(program(), asked)).toEqual(expected);
  });

  it('hashes the examples of FIPS 180-4', () => {
    const asked = hashVectors.map(([bytes]) => `hash ${hexWord(bytes)} 7`);
    expect(askLines(program(), asked)).toEqual(hashVectors.map(([, digest]) => digest));
  });
}

describe.skipIf(!hasCompiler)('cryptography in C', () => {
  let program: string;
  beforeAll(() => {
    program = compileProgram('crypto_lines', ['crypto', 'hmac', 'sha256']);
  });
  describeAgainstNode(() => program);

  it('gives the MACs of RFC 4231', () => {
    const asked = macVectors.map(([key, bytes]) => `hmac ${hexWord(key)} ${hexWord(bytes)}`);
    const answers = askLines(program, asked);
    expect(answers.map((mac, i) => mac.slice(0, macVectors[i][2].length))).toEqual(
      macVectors.map(([, , mac]) => mac),
    );
  });

  it('derives the keys of RFC 5869', () => {
    const asked = derivationVectors.map(
      ([secret, salt, info]) => `hkdf ${hexWord(secret)} ${hexWord(salt)} ${hexWord(info)}`,
    );
    expect(askLines(program, asked)).toEqual(derivationVectors.map(([, , , key]) => key));
  });

  it('compares whole tags', () => {
    const tag = counting(1, 16);
    const others = [...tag.keys()].flatMap((at) =>
      [1, 0x80].map((flip) => tag.map((byte, i) => (i === at ? byte ^ flip : byte))),
    );
    const ask = (other: Uint8Array): string => `equal ${hexWord(tag)} ${hexWord(other)}`;
    expect(askLines(program, [tag, ...others].map(ask))).toEqual(['1', ...others.map(() => '0')]);
  });
});

/** mbedTLS of Debian, as boards have it. */
const hasPsa = hasCompiler && supports('psa/crypto.h', 'libmbedtls-dev');

describe.skipIf(!hasPsa)('cryptography of PSA Crypto', () => {
  let program: string;
  beforeAll(() => {
    const sources = ['crypto', 'hmac', 'sha256', '../ports/psa/psa_crypto'];
    program = compileProgram('crypto_lines', sources, {
      output: 'crypto_lines_psa',
      flags: ['-DWITH_PSA', '-lmbedcrypto'],
    });
  });
  describeAgainstNode(() => program);

  it('is mbedTLS and not the built-in code', () => {
    const symbols = execFileSync('nm', [program], { encoding: 'utf8' });
    expect(symbols).toMatch(/ U psa_mac_sign_setup/);
    expect(symbols).toMatch(/ U psa_key_derivation_setup/);
  });
});
