import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { denseChain } from '../vectors/descriptor.js';
import { readModel } from './descriptor.js';
import { isWeighted } from './layers.js';
import { initialParameters } from './model.js';
import { fold, mix, nodeSeedOf, permute, RandomStream } from './random.js';

const anyInt32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

/** fold() with the 32-bit operators of JavaScript. */
function foldByOperators(h: number, v: number): number {
  let x = (Math.imul(h ^ v, 0x9e3779b1) + 0x7f4a7c15) | 0;
  x ^= x >>> 15;
  x = Math.imul(x, 0x85ebca77);
  return (x ^ (x >>> 13)) >>> 0;
}

describe('random streams of the oracle', () => {
  it('hashes as 32-bit operators do, signed or unsigned', () => {
    const property = fc.property(anyInt32, anyInt32, (h, v) => {
      expect(fold(h, v)).toBe(foldByOperators(h, v));
      expect(fold(h >>> 0, v >>> 0)).toBe(fold(h, v));
    });
    fc.assert(property);
    expect(mix(5)).toBe(5);
    expect(mix(5, 6, 7)).toBe(fold(fold(5, 6), 7));
  });

  it('draws the high bits of the linear congruential stream', () => {
    const property = fc.property(anyInt32, fc.integer({ min: 1, max: 30 }), (seed, bits) => {
      const stream = new RandomStream(seed >>> 0);
      let state = seed;
      for (let i = 0; i < 20; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) | 0;
        expect(stream.draw(bits)).toBe(state >>> (32 - bits));
      }
    });
    fc.assert(property);
  });

  it('permutes: every index once, for every count up to 130 and at powers of four', () => {
    for (const count of [...Array(131).keys(), 255, 256, 257, 1023, 1024, 1025].slice(1)) {
      const seen = new Set<number>();
      for (let i = 0; i < count; i++) seen.add(permute(99, 3, count, i));
      expect(seen.size).toBe(count);
      expect(Math.max(...seen)).toBe(count - 1);
    }
  });

  it('permutes differently for every node and stream', () => {
    const orders = [0, 1, 2].flatMap((node) =>
      [0, 1, 2].map((stream) => {
        const seed = nodeSeedOf(1, 0, node);
        return Array.from({ length: 50 }, (_, i) => permute(seed, stream, 50, i)).join();
      }),
    );
    expect(new Set(orders).size).toBe(9);
  });

  it('fills initial weights evenly over ±Bq and leaves biases at zero', () => {
    const model = readModel(denseChain(130, 32, 3));
    const words = initialParameters(model, 7);
    const [layer] = model.layers;
    if (!isWeighted(layer)) return expect.fail('the first layer is dense');
    const { weightOffset, biasOffset, initBound, rows } = layer;
    const weights = words.slice(weightOffset, biasOffset).map((word) => word - 128);
    expect(Math.max(...weights)).toBeLessThanOrEqual(initBound);
    expect(Math.min(...weights)).toBeGreaterThanOrEqual(-initBound);
    const mean = weights.reduce((a, b) => a + b) / weights.length;
    const deviation = initBound / Math.sqrt(3);
    expect(Math.abs(mean)).toBeLessThan((4 * deviation) / Math.sqrt(weights.length));
    const square = weights.reduce((sum, w) => sum + w * w, 0) / weights.length;
    expect(Math.sqrt(square) / deviation).toBeCloseTo(1, 1);
    expect([...words.slice(biasOffset, biasOffset + rows)]).toEqual(Array(rows).fill(0));
  });
});
