/** What a segment of SPARSE_TERNARY costs: the figures of docs/DESIGN.md. */
import { describe, expect, it } from 'vitest';
import { TestRandom } from '../vectors/fill.js';
import { encodeSparseSegment } from './sparse.js';

/** Weights and biases of the layers of the convolutional HAR net. */
const layers = [
  [360, 8],
  [640, 16],
  [96, 6],
] as const;
const draws = 200;

/** Laplace-distributed, as deltas are. */
function drawSums(random: TestRandom, count: number): number[] {
  return Array.from({ length: count }, () => {
    const magnitude = -40 * Math.log(random.next() / 2 ** 32);
    return Math.round(random.below(2) === 0 ? magnitude : -magnitude);
  });
}

/** Bytes of a payload on average: biases in segments of their own, and what it would be with their weights. */
function meanBytes(density: number): { together: number; apart: number } {
  const random = new TestRandom(density);
  const bitsOf = (sums: readonly number[]): number =>
    encodeSparseSegment(sums, density).bits.length;
  let together = 0;
  let apart = 0;
  for (let draw = 0; draw < draws; draw++) {
    for (const [weights, biases] of layers) {
      const sums = drawSums(random, weights + biases);
      together += bitsOf(sums);
      apart += bitsOf(sums.slice(0, weights)) + bitsOf(sums.slice(weights));
    }
  }
  return { together: together / draws / 8, apart: apart / draws / 8 };
}

describe('a sparse payload of the convolutional HAR net', () => {
  it.each([
    [50, 59, 54],
    [100, 92, 87],
  ])('at %d ‰ has %d bytes, and %d with biases among the weights', (density, apart, together) => {
    const mean = meanBytes(density);
    expect(Math.abs(mean.together - together)).toBeLessThan(1);
    expect(Math.abs(mean.apart - apart)).toBeLessThan(1);
  });
});
