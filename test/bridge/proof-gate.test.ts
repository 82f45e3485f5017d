/** What a bridge lets pass: announcements and proofs in any order, once and again, from friend and foe. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProofGate } from '../../host/bridge/proof-gate.js';
import { Seen } from '../../host/bridge/seen.js';
import { idOf, sha256, toHex } from '../../host/contract/hash.js';
import type { LinnetError } from '../../host/contract/error.js';
import { createKey } from '../../host/proof/keys.js';
import { signProof } from '../../host/proof/proof.js';
import { codeOf, hostileBytes } from '../contract/hostile.js';
import { announce, descriptorHash, federation, root, roundKeyOf } from '../proof/fixture.js';

const graceMs = 1000;
const model = toHex(idOf(descriptorHash));
const roundKey = roundKeyOf(1);
const versions = Array.from({ length: 5 }, (_, version) => announce(version));
const proofs = versions.map((bytes, i) => signProof(roundKey, bytes, versions[i - 1]));
/** Of the same version and parent, and another announcement. */
const twin = announce(2, { artefactBytes: 1 });

let folder: string;
let refusals: string[];
beforeEach(() => {
  vi.useFakeTimers();
  folder = mkdtempSync(join(tmpdir(), 'linnet-seen-'));
  refusals = [];
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const seen = (): Seen => new Seen(federation, folder);
const open = (memory = seen()): ProofGate => {
  const onRefusal = ({ code, message }: LinnetError): void =>
    void refusals.push(`${code} ${message}`);
  return new ProofGate({ root, federation, seen: memory }, graceMs, onRefusal);
};

/** Both parts, the proof first. Returns what passes. */
function bring(gate: ProofGate, bytes: Uint8Array, proof: Uint8Array): Uint8Array | undefined {
  const early = gate.take('proof', model, proof);
  return gate.take('announcement', model, bytes) ?? early;
}

const refused = (message: RegExp): unknown =>
  expect.objectContaining({ code: 'ERR_AUTH', message: expect.stringMatching(message) as string });

describe('a gate', () => {
  it('lets an announcement pass as soon as its proof is there, in whatever order both come', () => {
    const part = fc.record({
      part: fc.constantFrom('announcement' as const, 'proof' as const),
      repeat: fc.nat(2),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(part, part), { minLength: 5, maxLength: 5 }), (order) => {
        const gate = open(new Seen(federation));
        for (const [version, [{ part: first, repeat }, { repeat: again }]] of order.entries()) {
          const bytes = { announcement: versions[version], proof: proofs[version] };
          const second = first === 'proof' ? 'announcement' : 'proof';
          for (let i = 0; i <= repeat; i++)
            expect(gate.take(first, model, bytes[first])).toBeUndefined();
          for (let i = 0; i <= again; i++)
            expect(gate.take(second, model, bytes[second])).toEqual(bytes.announcement);
        }
        vi.advanceTimersByTime(2 * graceMs);
        expect(refusals).toEqual([]);
      }),
    );
  });

  it('says what waits in vain', () => {
    const gate = open();
    expect(gate.take('announcement', model, versions[0])).toBeUndefined();
    vi.advanceTimersByTime(graceMs - 1);
    expect(refusals).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(refusals).toEqual([expect.stringMatching(/^ERR_AUTH an announcement has no proof: /)]);
    expect(bring(gate, versions[0], proofs[1])).toBeUndefined();
    vi.advanceTimersByTime(graceMs);
    expect(refusals[1]).toMatch(/is not the one that was signed: see who publishes/);
    expect(gate.take('proof', model, proofs[0])).toEqual(versions[0]);
    gate.take('announcement', model, versions[1]);
    gate.close();
    vi.advanceTimersByTime(2 * graceMs);
    expect(refusals).toHaveLength(2);
  });

  it('stops every flip of a bit', () => {
    const whole = Buffer.concat([versions[2], proofs[2]]);
    fc.assert(
      fc.property(fc.nat(8 * whole.length - 1), (bit) => {
        const bytes = new Uint8Array(whole);
        bytes[bit >> 3] ^= 1 << (bit & 7);
        const gate = open(new Seen(federation));
        let passed: Uint8Array | undefined;
        let error: unknown;
        refusals = [];
        try {
          const length = versions[2].length;
          passed = bring(gate, bytes.slice(0, length), bytes.slice(length));
        } catch (thrown) {
          error = thrown;
        }
        vi.advanceTimersByTime(graceMs);
        expect(passed).toBeUndefined();
        expect(error === undefined ? refusals : [error]).toHaveLength(1);
        if (error !== undefined) expect(error).toEqual(refused(/./));
        // What is right passes afterwards.
        expect(bring(gate, versions[2], proofs[2])).toEqual(versions[2]);
      }),
      { numRuns: 300 },
    );
  });

  it('lets nothing pass that is older than what it has seen, after a restart neither', () => {
    bring(open(), versions[3], proofs[3]);
    for (const version of [0, 1, 2]) {
      expect(bring(open(), versions[version], proofs[version])).toBeUndefined();
    }
    vi.advanceTimersByTime(graceMs);
    expect(refusals).toHaveLength(3);
    for (const text of refusals) expect(text).toMatch(/comes after version 3 was seen/);
    expect(bring(open(), versions[3], proofs[3])).toEqual(versions[3]);
    // Without a folder a bridge that starts again believes the first it hears.
    expect(bring(open(new Seen(federation)), versions[0], proofs[0])).toEqual(versions[0]);
  });

  it('says nothing of an old one that a newer one follows: nodes of a bridge hear at different times', () => {
    const memory = seen();
    const [quick, slow] = [open(memory), open(memory)];
    bring(quick, versions[1], proofs[1]);
    bring(quick, versions[2], proofs[2]);
    expect(bring(slow, versions[1], proofs[1])).toBeUndefined();
    expect(bring(slow, versions[2], proofs[2])).toEqual(versions[2]);
    vi.advanceTimersByTime(2 * graceMs);
    expect(refusals).toEqual([]);
  });

  it('takes a newer delegation and then no older one', () => {
    const second = roundKeyOf(2);
    const gate = open();
    expect(bring(gate, versions[0], proofs[0])).toEqual(versions[0]);
    const again = signProof(second, versions[0]);
    expect(gate.take('proof', model, again)).toEqual(versions[0]);
    expect(bring(open(), versions[1], proofs[1])).toBeUndefined();
    vi.advanceTimersByTime(graceMs);
    expect(refusals[0]).toMatch(/signed under delegation 1, the newest seen is 2/);
    const next = signProof(second, versions[1], versions[0]);
    expect(bring(open(), versions[1], next)).toEqual(versions[1]);
  });

  it('does not take two versions of a number, a branch, or two keys of a serial', () => {
    bring(open(), versions[1], proofs[1]);
    bring(open(), versions[2], proofs[2]);
    const other = signProof(roundKey, twin, versions[1]);
    expect(() => bring(open(), twin, other)).toThrow(refused(/there are two versions 2/));
    const branch = signProof(roundKey, versions[3], twin);
    expect(() => bring(open(), versions[3], branch)).toThrow(refused(/another version 2 than was/));
    const double = signProof(roundKeyOf(1), versions[3], versions[2]);
    expect(() => bring(open(), versions[3], double)).toThrow(refused(/given to two round keys/));
    expect(bring(open(), versions[3], proofs[3])).toEqual(versions[3]);
  });

  it('does not take another root key, federation or model', () => {
    const foreign = signProof(roundKeyOf(1, createKey()), versions[0]);
    expect(() => bring(open(), versions[0], foreign)).toThrow(
      refused(/not signed by the root key/),
    );
    const elsewhere = signProof(roundKeyOf(1, root, 'elsewhere'), versions[0]);
    expect(() => bring(open(), versions[0], elsewhere)).toThrow(refused(/federation elsewhere/));
    const gate = open();
    gate.take('proof', 'ffff', proofs[0]);
    expect(() => gate.take('announcement', 'ffff', versions[0])).toThrow(refused(/another model/));
  });

  it('remembers models apart, and no more than a few that never prove anything', () => {
    const otherModel = announce(0, { descriptorHash: sha256(descriptorHash) });
    const name = toHex(idOf(sha256(descriptorHash)));
    const gate = open();
    bring(gate, versions[3], proofs[3]);
    gate.take('proof', name, signProof(roundKey, otherModel));
    expect(gate.take('announcement', name, otherModel)).toEqual(otherModel);
    for (let i = 0; i < 1000; i++) gate.take('announcement', `m${i}`, versions[0]);
    vi.advanceTimersByTime(graceMs);
    expect(refusals).toHaveLength(16);
  });

  it('ignores what was cleared', () => {
    const gate = open();
    for (const part of ['announcement', 'proof'] as const)
      expect(gate.take(part, model, new Uint8Array())).toBeUndefined();
    vi.advanceTimersByTime(graceMs);
    expect(refusals).toEqual([]);
  });
});

describe('the memory', () => {
  const file = (): string => join(folder, `seen-${federation}.json`);

  it('is written before anything passes', () => {
    bring(open(), versions[1], proofs[1]);
    expect(JSON.parse(readFileSync(file(), 'utf8'))).toEqual({
      serial: 1,
      roundKey: toHex(roundKey.delegation.key),
      models: { [model]: { epoch: 0, version: 1, announcement: toHex(sha256(versions[1])) } },
    });
    const gate = open();
    rmSync(folder, { recursive: true });
    expect(() => bring(gate, versions[2], proofs[2])).toThrow(
      expect.objectContaining({ code: 'ERR_STORE' }) as Error,
    );
  });

  it('is read from any text and any change of one, or said to be damaged', () => {
    bring(open(), versions[1], proofs[1]);
    const good = fc.constant(new Uint8Array(readFileSync(file())));
    const json = fc.json().map((text) => new Uint8Array(Buffer.from(text)));
    fc.assert(
      fc.property(fc.oneof(hostileBytes(good), json), (bytes) => {
        writeFileSync(file(), bytes);
        expect(['OK', 'ERR_CONFIG']).toContain(codeOf(seen));
      }),
      { numRuns: 300 },
    );
  });

  it.each(['', '{', '[]', '{"serial":-1,"roundKey":"","models":{}}', '{"serial":1,"models":{}}'])(
    'that is damaged is not forgotten: %s',
    (text) => {
      writeFileSync(file(), text);
      expect(() => seen()).toThrow(
        expect.objectContaining({
          code: 'ERR_CONFIG',
          message: expect.stringMatching(/damaged/) as string,
        }) as Error,
      );
    },
  );
});
