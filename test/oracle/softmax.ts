import { bitLength, expectInt32, shiftRight } from './fixed-point.js';

/** Softmax and cross-entropy of the specification (2.4). */

export interface SoftmaxResult {
  /** Q15: probability − target, −32768…32767. */
  readonly err: Int32Array;
  /** Q10 bits, never negative. */
  readonly lossQ10: number;
  /** The first maximum. */
  readonly predicted: number;
}

/** LUT[i] = round(65535 · 2^−((i + ½)/16)). */
export const powerTable: readonly number[] = Array.from({ length: 16 }, (_, i) =>
  Math.round(65535 * 2 ** (-(i + 0.5) / 16)),
);

/** Q10 bits that a logit lies below the maximum; d = max − z, el the exponent of the logits. */
export function bitsBelowMaximum(d: number, el: number): number {
  const q = Math.min(16384, Math.floor(d * 2 ** (el + 10)));
  return shiftRight(q * 1477, 10);
}

/** Mitchell's logarithm of v ≥ 1 in Q10: exact at powers of two, linear between them. */
export function log2Q10(v: number): number {
  const b = bitLength(v);
  return 1024 * (b - 1) + Math.floor((v - 2 ** (b - 1)) / 2 ** (b - 1 - 10));
}

function exponential(d: number, t: number): number {
  if (d === 0) return 65535;
  return shiftRight(powerTable[Math.floor((t % 1024) / 64)], Math.floor(t / 1024));
}

/** Loss, predicted class and Q15 error of int32 logits with exponent `el`. */
export function softmaxCrossEntropy(z: Int32Array, el: number, label: number): SoftmaxResult {
  const top = Math.max(...z);
  const below = Array.from(z, (value) => bitsBelowMaximum(expectInt32(top - value), el));
  const powers = below.map((t, c) => exponential(top - z[c], t));
  const sum = powers.reduce((a, b) => a + b);
  const err = Int32Array.from(powers, (power, c) => {
    const probability = Math.floor((power * 2 ** 15) / sum);
    return probability - (c === label ? 32768 : 0);
  });
  const lossQ10 = Math.max(0, below[label] + log2Q10(sum) - 16384);
  return { err, lossQ10, predicted: z.indexOf(top) };
}
