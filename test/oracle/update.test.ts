import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { netDescriptor } from '../vectors/net.js';
import { readModel } from './descriptor.js';
import { saturate16 } from './fixed-point.js';
import { isTrained } from './model.js';
import { RandomStream } from './random.js';
import { biasStep, pullWord, rowSteps, updateEmbedding } from './update.js';

const bias = (g: number, s: number, seed = 1): number => biasStep(g, s, new RandomStream(seed)) + 0;
const row = (g: number[], s: number, seed = 1): number[] =>
  rowSteps(g, s, new RandomStream(seed)).map((step) => step + 0);

describe('steps of biases', () => {
  it('round to one of the two neighbours', () => {
    for (let seed = 0; seed < 200; seed++) {
      expect([2, 3]).toContain(bias(5, 1, seed * 7919));
      expect([-3, -2]).toContain(bias(-5, 1, seed * 7919));
      expect(bias(6, 1, seed * 7919)).toBe(3);
    }
  });

  it('are nothing past 30, exact below 1, and within −4096…4095', () => {
    expect(bias(16129, 31)).toBe(0);
    expect([0, -1, -5, -12, -13].map((s) => bias(1, s))).toEqual([1, 2, 32, 4095, 4095]);
    expect([1, 0, -3].map((s) => bias(16129, s))).toEqual([4095, 4095, 4095]);
    expect([1, 0, -3].map((s) => bias(-16129, s))).toEqual([-4096, -4096, -4096]);
  });
});

describe('steps of a row', () => {
  it('carry the remainder on: their sum is that of the gradients, rounded once', () => {
    const property = fc.property(
      fc.array(fc.integer({ min: -4000, max: 4000 }), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 30 }),
      fc.nat(),
      (g, s, seed) => {
        const sum = g.reduce((a, b) => a + b);
        const steps = row(g, s, seed).reduce((a, b) => a + b);
        expect(Math.abs(steps - sum / 2 ** s)).toBeLessThan(1);
      },
    );
    fc.assert(property);
  });

  it('carry what was left before the limit', () => {
    // even: at s = 1 the quotient is far beyond the limit and leaves nothing but the draw
    expect(row([20002, 0, 0], 1)).toEqual([4095, 0, 0]);
    const starts = [0, 1].map((draw) => {
      const seed = Array.from({ length: 50 }, (_, i) => i * 2 ** 26).find(
        (candidate) => new RandomStream(candidate).draw(1) === draw,
      )!;
      return row([1, 1, 1, -1], 1, seed);
    });
    expect(starts).toEqual([
      [0, 1, 0, 0],
      [1, 0, 1, -1],
    ]);
  });

  it('take one draw in every case, as a bias does', () => {
    for (const s of [-20, 0, 1, 12, 30, 31, 60]) {
      const streams = [1, 2, 3].map(() => new RandomStream(77));
      rowSteps([100, -100, 3], s, streams[0]);
      biasStep(100, s, streams[1]);
      streams[2].draw(5);
      const [a, b, reference] = streams.map((stream) => stream.draw(30));
      expect([a, b]).toEqual([reference, reference]);
    }
  });
});

describe('words', () => {
  it('saturate to int16', () => {
    expect([32768, 32767, -32768, -32769].map(saturate16)).toEqual([32767, 32767, -32768, -32768]);
  });
});

describe('updates of an embedding', () => {
  it('change the rows that were looked up, one position after the other, and no others', () => {
    const layers = [{ embedding: 4, channels: 2, weightExponent: -6 }, { dense: 2 }];
    const [table] = readModel(netDescriptor({ input: [1, 3, 1], layers })).layers;
    if (table.kind !== 'EMBEDDING') return expect.fail('the first layer is an embedding');
    const words = new Int16Array(8);
    const x = { values: Int8Array.of(2, 0, 2), exponent: 0 };
    const e = { values: Int8Array.of(1, -2, 0, 0, 3, 4), exponent: 0 };
    // s = L − ee + ew − 8 = 14 − 0 − 6 − 8 = 0: nothing to round
    updateEmbedding(table, words, x, e, { nodeSeed: 1, step: 0, learningShift: 14 });
    expect([...words]).toEqual([0, 0, 0, 0, -4, -2, 0, 0]);
  });
});

describe('the pull', () => {
  const place = { nodeSeed: 5, step: 3 };

  it('ends between word and base, at most one from the part of the way it goes', () => {
    const int16 = fc.integer({ min: -32768, max: 32767 });
    const property = fc.property(
      int16,
      int16,
      fc.integer({ min: 1, max: 15 }),
      fc.nat(),
      (word, base, k, i) => {
        const pulled = pullWord(word, base, k, i, place);
        expect(pulled).toBeGreaterThanOrEqual(Math.min(word, base));
        expect(pulled).toBeLessThanOrEqual(Math.max(word, base));
        expect(Math.abs(pulled - (word - (word - base) / 2 ** k))).toBeLessThan(1);
      },
    );
    fc.assert(property);
  });

  it('is unbiased over the parameters', () => {
    const count = 4000;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += pullWord(1003, 1000, 4, i, place);
    expect(Math.abs(sum / count - (1003 - 3 / 16))).toBeLessThan((5 * 0.5) / Math.sqrt(count));
  });
});

describe('frozen layers', () => {
  it('are those whose bit is set, among the first 32', () => {
    const { layers } = readModel(
      netDescriptor({
        input: [1, 2, 1],
        layers: [
          { conv: 1, kernel: 1 },
          { pool: 'global' },
          ...Array.from({ length: 33 }, () => ({ dense: 2 })),
        ],
      }),
    );
    const trained = (mask: number): number[] =>
      layers.flatMap((layer) => ('index' in layer && isTrained(layer, mask) ? [layer.index] : []));
    expect(trained(0xffffffff)).toEqual([32, 33]);
    expect(trained(0xfffffffd)).toEqual([1, 32, 33]);
    expect(trained(0x80000000)).not.toContain(31);
    expect(trained(0)).toHaveLength(34);
  });
});
