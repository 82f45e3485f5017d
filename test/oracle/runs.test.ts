/** What segments by runs cost: never much more than word by word, and little more than there is to tell. */
import { describe, expect, it } from 'vitest';
import { TestRandom } from '../vectors/fill.js';
import { encodeWords, roundSegment } from './codec.js';
import { fitRice } from './runs.js';

const random = new TestRandom(7);
const uniform = (): number => random.next() / 2 ** 32;
const signed = (magnitude: number): number => (random.below(2) === 0 ? magnitude : -magnitude);

/** One word of a delta; `share` of them are not 0 where that can be chosen. */
const shapes: Readonly<Record<string, (share: number) => number>> = {
  Laplace: () => Math.round(signed(-40 * Math.log(uniform()))),
  'sparse Laplace': (share) =>
    uniform() < share ? signed(Math.ceil(-30 * Math.log(uniform()))) : 0,
  'sparse of one magnitude': (share) => (uniform() < share ? signed(1) : 0),
  uniform: () => random.within(1000),
  'of heavy tails': () => Math.min(32767, Math.round(10 / Math.sqrt(uniform()))) * signed(1),
};
const widths = [2, 3, 4];
const shares = [0.01, 0.05, 0.1, 0.2, 0.3, 0.35, 0.4, 0.5];

interface Bits {
  readonly written: number;
  readonly byWord: number;
}

/** Of one segment, as it is written and word by word, without what stands in front. */
function costOf(deltas: readonly number[], width: number, seed: number): Bits {
  const { k, shift, words } = roundSegment(deltas, width, seed);
  if (words.length === 0) return { written: 0, byWord: 0 };
  const u = Math.floor(deltas.reduce((sum, d) => sum + 2 * Math.abs(d), 0) / 2 ** shift);
  const byWord = encodeWords(words, width, fitRice(u, words.length, 7));
  return { written: encodeWords(words, width, k).length, byWord: byWord.length };
}

function meanCost(draw: () => number, words: number, width: number): Bits {
  const draws = Math.max(10, Math.ceil(1500 / words));
  let written = 0;
  let byWord = 0;
  for (let i = 0; i < draws; i++) {
    const cost = costOf(Array.from({ length: words }, draw), width, i);
    written += cost.written / draws;
    byWord += cost.byWord / draws;
  }
  return { written, byWord };
}

describe('a segment', () => {
  it.each(Object.entries(shapes))(
    'that is %s takes at most two bits more than word by word, on average',
    (_, shape) => {
      for (const width of widths) {
        for (const words of [3, 8, 32, 300]) {
          for (const share of shares) {
            const { written, byWord } = meanCost(() => shape(share), words, width);
            expect(written - byWord).toBeLessThan(2);
          }
        }
      }
    },
  );

  it.each([0.02, 0.05, 0.1, 0.2])('of which %d are ±1 takes what there is to tell', (share) => {
    const words = 2000;
    const draw = (): number => shapes['sparse of one magnitude'](share);
    const entropy = -share * Math.log2(share / 2) - (1 - share) * Math.log2(1 - share);
    for (const width of widths) {
      const { written, byWord } = meanCost(draw, words, width);
      expect(written).toBeLessThan(1.1 * entropy * words);
      expect(byWord).toBeGreaterThan(words);
    }
  });
});
