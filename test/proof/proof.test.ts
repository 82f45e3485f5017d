/** Proofs of announcements: whatever differs in a bit from what was signed is refused. */
import { createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { version as versions, type Proof } from '../../host/contract/contract.gen.js';
import { sha256 } from '../../host/contract/hash.js';
import { decodeWire, encodeWire } from '../../host/contract/wire.js';
import {
  checkDelegation,
  packRoundKey,
  parseRoundKey,
  type RoundKey,
} from '../../host/proof/delegation.js';
import {
  createKey,
  packPrivateKey,
  packPublicKey,
  parsePrivateKey,
  parsePublicKey,
  publicBytesOf,
  publicKeyOf,
} from '../../host/proof/keys.js';
import { checkProof, openProof, signProof, type Trust } from '../../host/proof/proof.js';
import { codeOf, hostileBytes } from '../contract/hostile.js';
import { announce, federation, root, roundKeyOf } from './fixture.js';

const roundKey = roundKeyOf(3);
const trust: Trust = { roots: [publicKeyOf(publicBytesOf(root))], federation };
const announced = announce(5);
const parent = announce(4);
const proof = signProof(roundKey, announced, parent);

const refused = (message: RegExp): unknown =>
  expect.objectContaining({ code: 'ERR_AUTH', message: expect.stringMatching(message) as string });

/** As SPEC 8.3 has it, written anew. */
function signed(domain: string, bytes: Uint8Array, key: KeyObject): Uint8Array {
  const body = bytes.slice(0, bytes.length - 64);
  const message = Buffer.concat([Buffer.from(domain), Buffer.of(0), body]);
  return new Uint8Array(Buffer.concat([body, sign(null, message, key)]));
}

describe('a proof', () => {
  it('holds for what was signed, and is a function of it', () => {
    const checked = checkProof(proof, announced, trust);
    expect(checked.announcement.version).toBe(5);
    expect(checked.delegation.serial).toBe(3);
    expect(checked.proof.parent).toEqual(sha256(parent));
    expect(signProof(roundKey, announced, parent)).toEqual(proof);
  });

  it('is signed as the specification says', () => {
    const { delegation } = decodeWire('Proof', proof);
    for (const [domain, bytes, key] of [
      ['linnet-1 proof', proof, roundKey.key],
      ['linnet-1 delegation', delegation, root],
    ] as const) {
      expect(signed(domain, bytes, key)).toEqual(bytes);
      const body = Buffer.concat([Buffer.from(`${domain}\0`), bytes.slice(0, -64)]);
      expect(verify(null, body, createPublicKey(key), bytes.slice(-64))).toBe(true);
    }
  });

  it('is refused after any flip of a bit, in it or in the announcement', () => {
    const whole = Buffer.concat([proof, announced]);
    fc.assert(
      fc.property(fc.nat(8 * whole.length - 1), (bit) => {
        const bytes = new Uint8Array(whole);
        bytes[bit >> 3] ^= 1 << (bit & 7);
        const [a, b] = [bytes.slice(0, proof.length), bytes.slice(proof.length)];
        expect(() => checkProof(a, b, trust)).toThrow(refused(/./));
      }),
      { numRuns: 1000 },
    );
  });

  it('is refused as any other bytes, and never more than that', () => {
    const cut = fc.nat(proof.length - 1).map((length) => proof.slice(0, length));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), cut), (bytes) => {
        expect(() => checkProof(bytes, announced, trust)).toThrow(refused(/./));
      }),
    );
  });

  const foreign = roundKeyOf(3, createKey());
  const other = roundKeyOf(3);
  const fields: [string, Partial<Proof>, RegExp][] = [
    ['format', { format: versions.WIRE_FORMAT + 1 }, /has the format/],
    ['announcement', { announcement: sha256(parent) }, /not signed by the round key/],
    ['parent', { parent: sha256(announced) }, /not signed by the round key/],
    ['delegation', { delegation: other.bytes }, /not signed by the round key/],
    ['signature', { signature: new Uint8Array(64) }, /not signed by the round key/],
    ['signature, too short', { signature: new Uint8Array(63) }, /signature of 63 bytes/],
    ['delegation, no CBOR', { delegation: new Uint8Array([1, 2]) }, /a delegation cannot be read/],
  ];
  it.each(fields)('is refused with another %s', (_, change, message) => {
    const changed = encodeWire('Proof', { ...decodeWire('Proof', proof), ...change });
    expect(() => checkProof(changed, announced, trust)).toThrow(refused(message));
  });

  it.each(['format', 'federation', 'serial', 'key', 'signature'] as const)(
    'is refused with another %s of the delegation, though the round key signs it',
    (field) => {
      const delegation = decodeWire('Delegation', roundKey.bytes);
      const values = {
        format: versions.WIRE_FORMAT + 1,
        federation: 'another',
        serial: 4,
        key: publicBytesOf(other.key),
        signature: new Uint8Array(64),
      };
      const bytes = encodeWire('Delegation', { ...delegation, [field]: values[field] });
      const key = field === 'key' ? other.key : roundKey.key;
      const changed = signProof({ key, delegation, bytes }, announced, parent);
      const message = field === 'format' ? /delegation has the format/ : /not signed by the root/;
      expect(() => checkProof(changed, announced, trust)).toThrow(refused(message));
    },
  );

  it('holds under the root keys that are given and no other', () => {
    const made = signProof(foreign, announced, parent);
    expect(() => checkProof(made, announced, trust)).toThrow(refused(/not signed by the root key/));
    expect(() => checkProof(proof, announced, { ...trust, roots: [] })).toThrow(refused(/root/));
    const roots = [...trust.roots, createKey()];
    expect(checkProof(proof, announced, { ...trust, roots })).toBeDefined();
    // Without a root key, that the delegated key signed it is all that is known.
    expect(openProof(made).delegation.serial).toBe(3);
  });

  it('holds for one federation', () => {
    const elsewhere = roundKeyOf(1, root, 'elsewhere');
    const wrongKey = signProof(elsewhere, announced, parent);
    expect(() => checkProof(wrongKey, announced, trust)).toThrow(refused(/federation elsewhere/));
    const strange = announce(5, { federation: 'elsewhere' });
    const wrongName = signProof(roundKey, strange, parent);
    expect(() => checkProof(wrongName, strange, trust)).toThrow(refused(/federation elsewhere/));
    expect(() => checkProof(proof, announced, { ...trust, federation: 'mine' })).toThrow(
      refused(/not for mine/),
    );
  });

  it('says what came before, unless there was nothing', () => {
    const orphan = signProof(roundKey, announced);
    expect(() => checkProof(orphan, announced, trust)).toThrow(refused(/what came before/));
    const first = announce(0);
    expect(checkProof(signProof(roundKey, first), first, trust).proof.parent).toBeUndefined();
    const adopted = signProof(roundKey, first, parent);
    expect(() => checkProof(adopted, first, trust)).toThrow(refused(/what came before/));
  });

  it('does not stand for a signature of another domain', () => {
    const changed = signed('linnet-1 delegation', proof, roundKey.key);
    expect(() => checkProof(changed, announced, trust)).toThrow(refused(/not signed by the round/));
    const bare = signed('linnet-1 proof', roundKey.bytes, root);
    expect(() => checkDelegation(bare, trust.roots)).toThrow(refused(/not signed by the root/));
  });

  it('with keys it does not know is not read', () => {
    const map = new Map(Object.entries({ ...decodeWire('Proof', proof) }));
    expect(map.size).toBe(5);
    // A sixth key, in the place of the sixth.
    const more = new Uint8Array([...proof, 6, 1]);
    more[0]++;
    expect(() => checkProof(more, announced, trust)).toThrow(refused(/unknown key 6/));
  });
});

describe('keys as files', () => {
  it('come back as they were', () => {
    const key = createKey();
    expect(publicBytesOf(parsePrivateKey(packPrivateKey(key), 'k'))).toEqual(publicBytesOf(key));
    const pem = packPublicKey(key);
    expect(publicBytesOf(parsePublicKey(pem, 'k'))).toEqual(publicBytesOf(key));
    expect(packPublicKey(publicKeyOf(publicBytesOf(key)))).toBe(pem);
    const again = parseRoundKey(packRoundKey(roundKey), 'round.pem');
    expect(signProof(again, announced, parent)).toEqual(proof);
  });

  it('are read from any text and any change of one, or refused', () => {
    const good = fc.constantFrom(packPrivateKey(root), packPublicKey(root), packRoundKey(roundKey));
    const text = hostileBytes(good.map((pem) => Uint8Array.from(Buffer.from(pem))));
    fc.assert(
      fc.property(text, (bytes) => {
        const pem = Buffer.from(bytes).toString('latin1');
        for (const parse of [parsePrivateKey, parsePublicKey, parseRoundKey])
          expect(['OK', 'ERR_CONFIG', 'ERR_AUTH']).toContain(codeOf(() => parse(pem, 'f')));
      }),
      { numRuns: 500 },
    );
  });

  it('say what they are not', () => {
    const config = (message: RegExp): unknown =>
      expect.objectContaining({
        code: 'ERR_CONFIG',
        message: expect.stringMatching(message) as string,
      });
    const pem = packPrivateKey(createKey());
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const curve = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    expect(() => parsePublicKey(pem, 'f')).toThrow(config(/f is no public .*it is a private one/));
    expect(() => parsePublicKey('x', 'f')).toThrow(config(/f is no public/));
    expect(() => parsePrivateKey(curve, 'f')).toThrow(config(/f is no private .*it is for ec/));
    expect(() => parseRoundKey(pem, 'f')).toThrow(config(/f has no delegation/));
    const mixed = packRoundKey({ ...roundKey, bytes: roundKeyOf(4).bytes });
    expect(() => parseRoundKey(mixed, 'f')).toThrow(refused(/delegation is for another key/));
    const torn: RoundKey = { ...roundKey, bytes: roundKey.bytes.slice(3) };
    expect(() => parseRoundKey(packRoundKey(torn), 'f')).toThrow(refused(/cannot be read/));
  });
});
