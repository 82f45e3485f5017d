import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cosTurns, expMinus, sinTurns } from '../../host/data/exact-math.js';
import { SeededRandom } from '../../host/data/random.js';

const draws = (random: SeededRandom, count: number): number[] =>
  Array.from({ length: count }, () => random.nextU32());

describe('SeededRandom', () => {
  it('repeats a stream and keeps streams of other seeds and paths apart', () => {
    const paths = [[1], [2], [1, 0], [1, 1], [1, 0, 0], [1, 0, 1], [0, 1], [-1]];
    const streams = paths.map(([seed, ...path]) => draws(new SeededRandom(seed, ...path), 4));
    expect(draws(new SeededRandom(1, 0), 4)).toEqual(streams[2]);
    expect(new Set(streams.flat()).size).toBe(4 * paths.length);
  });

  // Locks the stream itself: every partition and the synthetic ECG change with it.
  it('draws the same numbers as ever', () => {
    expect(draws(new SeededRandom(1, 2), 3)).toEqual([3801478050, 3161089982, 455005315]);
  });

  it('draws every value below a bound about equally often', () => {
    const random = new SeededRandom(5);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70000; i++) counts[random.below(7)]++;
    // Deviation of a count: sqrt(70000 · 6/49) = 93.
    for (const count of counts) expect(Math.abs(count - 10000)).toBeLessThan(5 * 93);
  });

  it('favours no value where the bound is near the range of a draw', () => {
    const random = new SeededRandom(8);
    const bound = 3 * 2 ** 30;
    const low = Array.from({ length: 10000 }, () => random.below(bound)).filter((v) => v < 2 ** 30);
    // Taking the remainder alone would give 5000.
    expect(Math.abs(low.length - 3333)).toBeLessThan(250);
  });

  it('stays within the bounds asked for', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, bound) => {
        const random = new SeededRandom(seed);
        expect(random.below(bound)).toBeLessThan(bound);
        expect(random.unit()).toBeLessThan(1);
        expect(Math.abs(random.normal())).toBeLessThanOrEqual(6);
      }),
    );
  });

  it('draws normal values of mean 0 and variance 1', () => {
    const random = new SeededRandom(6);
    const values = Array.from({ length: 40000 }, () => random.normal());
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((a, b) => a + b * b, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.025);
    expect(Math.abs(variance - 1)).toBeLessThan(0.035);
  });

  it('shuffles into a permutation, every item to every place', () => {
    const places = Array.from({ length: 5 }, () => new Set<number>());
    for (let seed = 0; seed < 100; seed++) {
      const shuffled = new SeededRandom(seed).shuffle([0, 1, 2, 3, 4]);
      expect([...shuffled].sort()).toEqual([0, 1, 2, 3, 4]);
      shuffled.forEach((item, place) => places[place].add(item));
    }
    for (const items of places) expect(items.size).toBe(5);
  });
});

describe('exact math', () => {
  it('is close to the engine’s sin, cos and exp', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1000, max: 1000 }), (turns) => {
        const angle = 2 * Math.PI * (turns - Math.floor(turns));
        expect(Math.abs(sinTurns(turns) - Math.sin(angle))).toBeLessThan(2e-9);
        expect(Math.abs(cosTurns(turns) - Math.cos(angle))).toBeLessThan(2e-9);
      }),
    );
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: 0, max: 32 }), (u) => {
        expect(Math.abs(expMinus(u) / Math.exp(-u) - 1)).toBeLessThan(1e-8);
      }),
    );
  });
});
