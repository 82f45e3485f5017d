import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  aggregate,
  type Contribution,
  contributionWeight,
  deltaOf,
  divideRounded,
  masterOf,
  publishedWords,
} from './aggregate.js';

const int16 = fc.integer({ min: -32768, max: 32767 });
const delta = fc.integer({ min: -32767, max: 32767 });
const words = 5;

const contribution: fc.Arbitrary<Contribution> = fc.record({
  samples: fc.integer({ min: 1, max: 1000 }),
  delta: fc.array(delta, { minLength: words, maxLength: words }).map((d) => Int16Array.from(d)),
});

describe('aggregation of the oracle', () => {
  it('rounds halves away from zero', () => {
    expect([5n, 3n, 1n, -1n, -3n, -5n].map((n) => divideRounded(n, 2n))).toEqual([
      3n,
      2n,
      1n,
      -1n,
      -2n,
      -3n,
    ]);
    expect([4n, 5n, 7n, -4n, -5n, -7n].map((n) => divideRounded(n, 3n))).toEqual([
      1n,
      2n,
      2n,
      -1n,
      -2n,
      -2n,
    ]);
  });

  it('weighs by units of samples, rounded up and capped at 15', () => {
    expect([1, 10, 11, 149, 150, 151, 1e9].map((n) => contributionWeight(n, 10))).toEqual([
      1n,
      1n,
      2n,
      15n,
      15n,
      15n,
      15n,
    ]);
  });

  it('saturates deltas to ±32767', () => {
    const [top, bottom] = [Int16Array.of(32767, -32768, 5), Int16Array.of(-32768, 32767, 7)];
    expect([...deltaOf(top, bottom)]).toEqual([32767, -32767, -2]);
  });

  it('does not depend on the order of contributions', () => {
    const property = fc.property(
      fc.array(int16, { minLength: words, maxLength: words }),
      fc.array(contribution, { minLength: 1, maxLength: 6 }),
      (base, contributions) => {
        const master = masterOf(Int16Array.from(base));
        const forwards = aggregate(master, contributions, 10);
        expect(aggregate(master, [...contributions].reverse(), 10)).toEqual(forwards);
      },
    );
    fc.assert(property);
  });

  it('adds the weighted mean within half an LSB of Q16.16 where nothing is clamped or bounded', () => {
    const moved = fc
      .tuple(fc.integer({ min: 1000, max: 1999 }), fc.boolean())
      .map(([magnitude, isDown]) => (isDown ? -magnitude : magnitude));
    const alike = fc.record({
      samples: fc.integer({ min: 1, max: 400 }),
      delta: fc
        .array(moved, { minLength: words, maxLength: words })
        .map((list) => Int16Array.from(list)),
    });
    const property = fc.property(
      fc.array(alike, { minLength: 1, maxLength: 6 }),
      (contributions) => {
        const master = aggregate(masterOf(new Int16Array(words)), contributions, 10);
        const weights = contributions.map(({ samples }) => Math.min(15, Math.ceil(samples / 10)));
        const total = weights.reduce((a, b) => a + b);
        master.forEach((value, i) => {
          const mean = contributions.reduce((s, c, k) => s + weights[k] * c.delta[i], 0) / total;
          expect(Math.abs(Number(value) / 65536 - mean)).toBeLessThanOrEqual(0.5 / 65536 + 1e-9);
        });
      },
    );
    fc.assert(property);
  });

  it('clamps the master to int16 and publishes to nearest', () => {
    const up = [{ samples: 1, delta: Int16Array.of(32767, -32767) }];
    const master = aggregate(masterOf(Int16Array.of(32767, -32768)), up, 1);
    expect(master).toEqual([32767n << 16n, -32768n << 16n]);
    expect([...publishedWords(master)]).toEqual([32767, -32768]);
    const halves = [98304n, 98303n, -98304n, -98305n, (32767n << 16n) + 65535n];
    expect([...publishedWords(halves)]).toEqual([2, 1, -1, -2, 32767]);
  });

  it('gives a model back unchanged if nobody moved', () => {
    const base = Int16Array.of(-32768, -1, 0, 1, 32767);
    const still = [{ samples: 3, delta: new Int16Array(5) }];
    expect(publishedWords(aggregate(masterOf(base), still, 1))).toEqual(base);
  });
});
