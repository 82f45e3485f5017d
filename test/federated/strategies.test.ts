import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MASTER_MAX, MASTER_MIN, publishedWords } from '../../host/federated/master.js';
import { fedAvg } from '../../host/federated/strategies/fed-avg.js';
import { parseStrategy, strategyNames } from '../../host/federated/strategies/strategies.js';
import type { ServerModel, Strategy, Tally } from '../../host/federated/strategies/strategy.js';
import {
  contributionWeight,
  stalenessDiscount,
  meanSums,
} from '../../host/federated/strategies/weighted-mean.js';
import * as aggregate from '../oracle/aggregate.js';
import * as oracle from '../oracle/strategies.js';

const PARAMETERS = 5;
const word = fc.oneof(
  fc.integer({ min: -32767, max: 32767 }),
  fc.integer({ min: -40, max: 40 }),
  fc.constantFrom(-32767, -1, 0, 1, 32767),
);
const delta = fc
  .array(word, { minLength: PARAMETERS, maxLength: PARAMETERS })
  .map((words) => Int16Array.from(words));
const small = fc
  .array(fc.integer({ min: -3, max: 3 }), { minLength: PARAMETERS, maxLength: PARAMETERS })
  .map((words) => Int16Array.from(words));
const staleness = fc.integer({ min: 0, max: 255 });
const contributionOf = (hasStale: boolean) =>
  fc.record({
    samples: fc.integer({ min: 0, max: 400 }),
    delta: fc.oneof(delta, small),
    staleness: hasStale ? staleness : fc.constant(0),
  });
const unit = fc.integer({ min: 1, max: 60 });
const master = fc
  .array(
    fc.oneof(
      fc.integer({ min: MASTER_MIN, max: MASTER_MAX }),
      fc.constantFrom(MASTER_MIN, MASTER_MAX, -0x8000, 0x7fff, 0x8000),
    ),
    { minLength: PARAMETERS, maxLength: PARAMETERS },
  )
  .map((words) => Int32Array.from(words));

function sumOf(
  strategy: Strategy,
  list: readonly aggregate.Contribution[],
  weightUnit: number,
): Tally {
  return list.reduce(
    (sum, { samples, delta: words, staleness: age = 0 }) =>
      strategy.add(sum, {
        weight: contributionWeight(samples, weightUnit),
        delta: words,
        staleness: age,
      }),
    strategy.start(PARAMETERS),
  );
}

const inBigInt = ({ master: words, moments }: ServerModel): oracle.Model => ({
  master: Array.from(words, BigInt),
  moments: moments.map((moment) => Array.from(moment, BigInt)),
});

const oracles: readonly (readonly [string, oracle.Oracle])[] = [
  ['fed-avg', oracle.fedAvg],
  ['fed-buff', oracle.fedAvg],
  ['fed-avg-m', oracle.fedAvgM(0.9, 0.125)],
  ['fed-avg-m:momentum=0.5,rate=16', oracle.fedAvgM(0.5, 16)],
  ['fed-adam', oracle.fedAdam(256, 0.9, 0.99, 1)],
  ['fed-adam:rate=4096,beta1=0,beta2=0.992,tau=0.01', oracle.fedAdam(4096, 0, 0.992, 0.01)],
  ['median', oracle.median],
  ['trimmed-mean', oracle.trimmedMean(0.2)],
  ['trimmed-mean:trim=0.49', oracle.trimmedMean(0.49)],
  ['trimmed-mean:trim=0.01', oracle.trimmedMean(0.01)],
];

it('has an oracle for every strategy', () => {
  const named = oracles.map(([text]) => text.split(':')[0]);
  expect([...new Set(named)].sort()).toEqual([...strategyNames].sort());
});

describe.each(oracles)('%s', (text, inExact) => {
  const strategy = parseStrategy(text);
  const contributions = fc.array(contributionOf(strategy.takesStale), { maxLength: 12 });

  it('equals its oracle in BigInt, round after round', () => {
    const rounds = fc.array(contributions, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(master, rounds, unit, (start, lists, weightUnit) => {
        let model: ServerModel = { master: start, moments: [] };
        let expected = inBigInt(model);
        for (const list of lists) {
          model = strategy.finish(model, sumOf(strategy, list, weightUnit));
          expected = inExact(expected, list, weightUnit);
          expect(inBigInt(model)).toEqual(expected);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('does not depend on order, on sharding or on merging', () => {
    const shuffled = contributions.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    const cutAt = fc.integer({ min: 0, max: 12 });
    fc.assert(
      fc.property(master, shuffled, unit, cutAt, (start, [list, other], weightUnit, cut) => {
        const model = { master: start, moments: [] };
        const flat = strategy.finish(model, sumOf(strategy, list, weightUnit));
        const left = sumOf(strategy, other.slice(0, cut), weightUnit);
        const right = sumOf(strategy, other.slice(cut), weightUnit);
        expect(strategy.finish(model, strategy.merge(left, right))).toEqual(flat);
        expect(strategy.finish(model, strategy.merge(right, left))).toEqual(flat);
        expect(strategy.merge(left, right).count).toBe(list.length);
        expect(strategy.merge(left, right).weight).toBe(strategy.merge(right, left).weight);
      }),
    );
  });

  it('keeps its moments where it says, and changes no argument', () => {
    const start = Int32Array.of(1, 2, 3, 4, 5);
    const list = [{ samples: 1, delta: new Int16Array(PARAMETERS).fill(9) }];
    const model = { master: start, moments: [] };
    const next = strategy.finish(model, sumOf(strategy, list, 1));
    expect(next.moments).toHaveLength(strategy.moments);
    const again = strategy.finish(next, strategy.start(PARAMETERS));
    expect(again).toEqual(next);
    again.master.fill(7);
    expect([...start]).toEqual([1, 2, 3, 4, 5]);
    expect(next.master).not.toEqual(again.master);
  });

  it('comes back from its name', () => {
    expect(parseStrategy(strategy.name).name).toBe(strategy.name);
  });
});

describe('the mean', () => {
  const finish = (list: readonly aggregate.Contribution[], weightUnit = 1): Int32Array => {
    const model = { master: new Int32Array(PARAMETERS), moments: [] };
    return fedAvg.finish(model, sumMean(list, weightUnit)).master;
  };
  const sumMean = (list: readonly aggregate.Contribution[], weightUnit = 1) =>
    list.reduce(
      (sum, { samples, delta: words, staleness: age = 0 }) =>
        fedAvg.add(sum, {
          weight: contributionWeight(samples, weightUnit),
          delta: words,
          staleness: age,
        }),
      fedAvg.start(PARAMETERS),
    );
  const fill = (value: number) => new Int16Array(PARAMETERS).fill(value);

  it('is that of FedBuff where nothing is stale', () => {
    const buff = parseStrategy('fed-buff');
    fc.assert(
      fc.property(master, fc.array(contributionOf(false)), unit, (start, list, weightUnit) => {
        const model = { master: start, moments: [] };
        expect(buff.finish(model, sumOf(buff, list, weightUnit))).toEqual(
          fedAvg.finish(model, sumMean(list, weightUnit)),
        );
      }),
    );
  });

  it('bounds a contribution that shouts', () => {
    const quiet = [1, 2, 3].map(() => ({ samples: 1, delta: fill(100) }));
    const honest = finish(quiet);
    const shouting = finish([...quiet, { samples: 1, delta: fill(30_000) }]);
    expect(meanSums.bounded(sumMean([...quiet, { samples: 1, delta: fill(30_000) }]))).toBe(1);
    expect(meanSums.bounded(sumMean(quiet))).toBe(0);
    // Less than four times the median's octave, of which the median has at least half.
    expect(shouting[0] / honest[0]).toBeLessThan(1 + 8 / 4);
    const unbounded = (3 * 100 + 30_000) / 4;
    expect(shouting[0] / 2 ** 16).toBeLessThan(unbounded / 10);
  });

  it('discounts what is stale by 1/√(1 + staleness), and not what it is divided by', () => {
    expect([0, 1, 3, 8, 15, 255].map(stalenessDiscount)).toEqual([256, 181, 128, 85, 64, 16]);
    const fresh = finish([{ samples: 1, delta: fill(100) }]);
    const stale = finish([{ samples: 1, delta: fill(100), staleness: 3 }]);
    expect(stale[0] * 2).toBe(fresh[0]);
  });

  it('refuses a total weight that could make sums inexact', () => {
    const half = { ...fedAvg.start(1), weight: 2 ** 26 + 1 };
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
    [32767 * 2 ** 27, 2 ** 27, MASTER_MAX],
  ])('rounds %i / %i halves away from zero', (numerator, weight, expected) => {
    const octaves = new Map([[3, { count: 1, words: Float64Array.of(256 * numerator) }]]);
    const sum = { count: 1, weight, parameters: 1, octaves };
    const model = { master: new Int32Array(1), moments: [] };
    expect(fedAvg.finish(model, sum).master[0]).toBe(expected);
  });

  it('clamps the master at both ends', () => {
    const list = [{ samples: 1, delta: Int16Array.of(32767, -32767, 1, -1, 0) }];
    const start = Int32Array.of(MASTER_MAX, MASTER_MIN, MASTER_MAX - 1, MASTER_MIN + 1, 0);
    const next = fedAvg.finish({ master: start, moments: [] }, sumMean(list)).master;
    expect([...next]).toEqual([MASTER_MAX, MASTER_MIN, MASTER_MAX, MASTER_MIN, 0]);
    expect([...publishedWords(next)]).toEqual([32767, -32768, 32767, -32768, 0]);
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
    expect(aggregate.contributionWeight(samples, weightUnit)).toBe(BigInt(expected));
  });
});

describe('robust strategies', () => {
  const honest = [90, 95, 100, 105, 110].map((value) => ({
    samples: 1,
    delta: new Int16Array(PARAMETERS).fill(value),
  }));
  const liars = [32767, -32767].map((value) => ({
    samples: 400,
    delta: new Int16Array(PARAMETERS).fill(value),
  }));

  it.each(['median', 'trimmed-mean:trim=0.3'])('%s does not hear a minority', (text) => {
    const strategy = parseStrategy(text);
    const model = { master: new Int32Array(PARAMETERS), moments: [] };
    const all = [...honest, liars[0], liars[0]];
    const [value] = strategy.finish(model, sumOf(strategy, all, 1)).master;
    expect(value / 2 ** 16).toBeGreaterThanOrEqual(90);
    expect(value / 2 ** 16).toBeLessThanOrEqual(110);
    const [both] = strategy.finish(model, sumOf(strategy, [...honest, ...liars], 1)).master;
    expect(both / 2 ** 16).toBeGreaterThanOrEqual(90);
    expect(both / 2 ** 16).toBeLessThanOrEqual(110);
  });

  it.each([3, 4, 5])('of %i contributions leave out the one that shouts', (n) => {
    for (const text of ['median', 'trimmed-mean', 'trimmed-mean:trim=0.01']) {
      const strategy = parseStrategy(text);
      const model = { master: new Int32Array(PARAMETERS), moments: [] };
      const all = [...honest.slice(0, n - 1), liars[0]];
      const [value] = strategy.finish(model, sumOf(strategy, all, 1)).master;
      expect(value / 2 ** 16).toBeLessThanOrEqual(110);
    }
  });

  it('refuse a version that their counts cannot hold', () => {
    const strategy = parseStrategy('median');
    const many = { ...strategy.start(1), weight: 40_000 };
    expect(() => strategy.merge(many, many)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG' }),
    );
  });
});

describe('names of strategies', () => {
  it.each([
    ['fed-sum', 'no strategy is called "fed-sum"'],
    ['fed-avg:rate=1', 'fed-avg has no "rate"'],
    ['fed-avg-m:rate', 'rate of fed-avg-m is ""'],
    ['fed-avg-m:rate=x', 'rate of fed-avg-m is "x"'],
    ['fed-avg-m:momentum=1.5', 'momentum of fed-avg-m is "1.5"'],
    ['fed-adam:rate=1=2', 'rate of fed-adam is "1"'],
    ['trimmed-mean:trim=0', 'trim of trimmed-mean is "0"'],
    ['trimmed-mean:__proto__=1', 'trimmed-mean has no "__proto__"'],
    ['toString', 'no strategy is called "toString"'],
  ])('refuses %s', (text, cause) => {
    expect(() => parseStrategy(text)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        message: expect.stringContaining(cause) as string,
      }),
    );
  });

  it('say every parameter, so that a default may change', () => {
    expect(parseStrategy('fed-avg-m:rate=0.50').name).toBe('fed-avg-m:momentum=0.9,rate=0.5');
  });
});
