import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contributionWeight, fedAvg } from '../../host/federated/fed-avg.js';
import {
  MASTER_MAX,
  MASTER_MIN,
  masterOf,
  packMaster,
  publishedWords,
  unpackMaster,
} from '../../host/federated/master.js';
import type { PartialSum } from '../../host/federated/strategy.js';
import * as oracle from '../oracle/aggregate.js';

const PARAMETERS = 5;
const word = fc.oneof(
  fc.integer({ min: -32767, max: 32767 }),
  fc.constantFrom(-32767, -1, 0, 1, 32767),
);
const delta = fc
  .array(word, { minLength: PARAMETERS, maxLength: PARAMETERS })
  .map((words) => Int16Array.from(words));
const contribution = fc.record({ samples: fc.integer({ min: 1, max: 400 }), delta });
const contributions = fc.array(contribution, { minLength: 1, maxLength: 12 });
const unit = fc.integer({ min: 1, max: 60 });
const masterWord = fc.oneof(
  fc.integer({ min: MASTER_MIN, max: MASTER_MAX }),
  fc.constantFrom(MASTER_MIN, MASTER_MAX, 0x7fff_7fff, 0x7fff_8000, -0x8000, 0x7fff, 0x8000),
);
const master = fc
  .array(masterWord, { minLength: PARAMETERS, maxLength: PARAMETERS })
  .map((words) => Int32Array.from(words));

function sumOf(list: readonly oracle.Contribution[], weightUnit: number): PartialSum {
  return list.reduce(
    (sum, { samples, delta: words }) =>
      fedAvg.add(sum, { weight: contributionWeight(samples, weightUnit), delta: words }),
    fedAvg.start(PARAMETERS),
  );
}

describe('federated averaging', () => {
  it('equals the average in BigInt', () => {
    fc.assert(
      fc.property(master, contributions, unit, (start, list, weightUnit) => {
        const next = fedAvg.finish(start, sumOf(list, weightUnit));
        const expected = oracle.aggregate(Array.from(start, BigInt), list, weightUnit);
        expect(Array.from(next, BigInt)).toEqual(expected);
        expect(publishedWords(next)).toEqual(oracle.publishedWords(expected));
      }),
      { numRuns: 500 },
    );
  });

  it('does not depend on order, on sharding or on merging', () => {
    const shuffled = contributions.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    const cutAt = fc.integer({ min: 0, max: 12 });
    fc.assert(
      fc.property(master, shuffled, unit, cutAt, (start, [list, other], weightUnit, cut) => {
        const flat = fedAvg.finish(start, sumOf(list, weightUnit));
        const left = sumOf(other.slice(0, cut), weightUnit);
        const right = sumOf(other.slice(cut), weightUnit);
        expect(fedAvg.finish(start, fedAvg.merge(left, right))).toEqual(flat);
        expect(fedAvg.finish(start, fedAvg.merge(right, left))).toEqual(flat);
        expect(fedAvg.merge(left, right).count).toBe(list.length);
      }),
    );
  });

  it('stays exact at the largest total weight', () => {
    const weight = 2 ** 35;
    const numerators = [
      32767 * weight,
      -32767 * weight,
      32767 * weight - 1,
      1 - 32767 * weight,
      weight / 2,
      -weight / 2,
      weight / 2 ** 17,
      weight / 2 ** 17 - 1,
      -weight / 2 ** 17,
      1,
      -1,
      0,
    ];
    const sum = { count: 1, weight, words: Float64Array.from(numerators) };
    const next = fedAvg.finish(new Int32Array(numerators.length), sum);
    const expected = numerators.map((numerator) =>
      Number(oracle.divideRounded(BigInt(numerator) << 16n, BigInt(weight))),
    );
    expect([...next]).toEqual(expected.map((value) => value + 0));
  });

  it('refuses a total weight that could make sums inexact', () => {
    const half = { ...fedAvg.start(1), weight: 2 ** 34 + 1 };
    expect(() => fedAvg.merge(half, half)).toThrow(
      expect.objectContaining({ code: 'ERR_INTERNAL' }),
    );
  });

  it.each([
    // sum, weight, expected: 1/(2 · 2^16) of a word is the tie
    [1, 2 ** 17, 1],
    [-1, 2 ** 17, -1],
    [1, 2 ** 17 + 1, 0],
    [-1, 2 ** 17 + 1, 0],
    [3, 2 ** 17, 2],
    [-3, 2 ** 17, -2],
  ])('rounds %i / %i halves away from zero', (numerator, weight, expected) => {
    const sum = { count: 1, weight, words: Float64Array.of(numerator) };
    expect(fedAvg.finish(new Int32Array(1), sum)[0]).toBe(expected);
  });

  it('clamps the master at both ends', () => {
    const sum = sumOf([{ samples: 1, delta: Int16Array.of(32767, -32767, 1, -1, 0) }], 1);
    const start = Int32Array.of(MASTER_MAX, MASTER_MIN, MASTER_MAX - 1, MASTER_MIN + 1, 0);
    const next = fedAvg.finish(start, sum);
    expect([...next]).toEqual([MASTER_MAX, MASTER_MIN, MASTER_MAX, MASTER_MIN, 0]);
    expect([...publishedWords(next)]).toEqual([32767, -32768, 32767, -32768, 0]);
  });

  it('leaves the master alone without any weight, and never changes its arguments', () => {
    const start = Int32Array.of(1, 2, 3, 4, 5);
    const none = fedAvg.finish(start, fedAvg.start(PARAMETERS));
    expect([...none]).toEqual([...start]);
    none[0] = 99;
    fedAvg.finish(start, sumOf([{ samples: 1, delta: new Int16Array(PARAMETERS).fill(9) }], 1));
    expect([...start]).toEqual([1, 2, 3, 4, 5]);
  });

  it.each([
    [0, 10, 0],
    [1, 10, 1],
    [10, 10, 1],
    [11, 10, 2],
    [150, 10, 15],
    [151, 10, 15],
    [2 ** 30, 1, 15],
    [2 ** 30, 0xffff_ffff, 1],
  ])('gives %i samples in units of %i the weight %i', (samples, weightUnit, expected) => {
    expect(contributionWeight(samples, weightUnit)).toBe(expected);
    expect(oracle.contributionWeight(samples, weightUnit)).toBe(BigInt(expected));
  });
});

describe('master', () => {
  it('begins as the words and comes back from its bytes', () => {
    fc.assert(
      fc.property(delta, master, (words, values) => {
        expect(publishedWords(masterOf(words))).toEqual(words);
        expect(unpackMaster(packMaster(values), PARAMETERS)).toEqual(values);
      }),
    );
    expect([...masterOf(Int16Array.of(-32768, 32767))]).toEqual([MASTER_MIN, MASTER_MAX]);
  });

  it('refuses bytes of another model', () => {
    expect(() => unpackMaster(new Uint8Array(12), 4)).toThrow(
      expect.objectContaining({ code: 'ERR_STORE' }),
    );
  });
});
