import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { doublingsUntil, drawOf, everybody } from '../../host/contract/participation.js';

const u32 = fc.nat({ max: everybody });
const names = fc.stringMatching(/^[A-Za-z0-9_.-]{1,32}$/);

/** SPEC 7.5, in other words. */
function hashOf(seed: number, version: number, node: string): Buffer {
  const input = Buffer.alloc(8 + node.length);
  input.writeUInt32LE(seed, 0);
  input.writeUInt32LE(version, 4);
  input.write(node, 8, 'latin1');
  return createHash('sha256').update(input).digest();
}

describe('the draw', () => {
  it('is the beginning of a hash of seed, version and name', () => {
    fc.assert(
      fc.property(u32, u32, names, (seed, version, node) => {
        const hash = hashOf(seed, version, node);
        expect(drawOf(seed, version, node)).toEqual({
          draw: hash.readUInt32LE(0),
          pace: hash.readUInt32LE(4),
        });
      }),
    );
  });

  it('is uniform over nodes and over versions', () => {
    const bins = 16;
    const draws = 32_000;
    const series: ((i: number) => number)[] = [
      (i) => drawOf(7, 3, `node-${i}`).draw,
      (i) => drawOf(7, i, 'node-1').draw,
      (i) => drawOf(7, 3, `node-${i}`).pace,
    ];
    for (const at of series) {
      const counts = new Array<number>(bins).fill(0);
      for (let i = 0; i < draws; i++) counts[Math.floor((at(i) / 2 ** 32) * bins)]++;
      const expected = draws / bins;
      const chi2 = counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
      // 99.9 % of uniform series with 15 degrees of freedom.
      expect(chi2).toBeLessThan(37.7);
    }
  });

  it('is in after as many doublings of the limit as it takes, at most 32', () => {
    fc.assert(
      fc.property(u32, fc.integer({ min: 1, max: everybody }), (draw, limit) => {
        const doublings = doublingsUntil(draw, limit);
        const isIn = (k: number): boolean => {
          const doubled = BigInt(limit) << BigInt(k);
          return doubled >= BigInt(everybody) || BigInt(draw) < doubled;
        };
        expect(isIn(doublings)).toBe(true);
        expect(doublings === 0 || !isIn(doublings - 1)).toBe(true);
        expect(doublings).toBeLessThanOrEqual(32);
      }),
    );
    expect(doublingsUntil(everybody)).toBe(0);
    expect(doublingsUntil(everybody, 1)).toBe(32);
  });
});
