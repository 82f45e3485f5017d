import { clampSymmetric, roundShift, shiftRight, type Tensor } from './fixed-point.js';

/** Squared error of the specification (2.5). */

export interface SquaredErrorResult {
  /** Reconstruction − sample in 1/256 of the sample's unit. */
  readonly err: Int32Array;
  /** Mean square in 1/256 of the square of the unit. */
  readonly loss: number;
}

const limit = 2 ** 22;

/** A logit of exponent `el` in 1/256 of 2^ei, limited to ±2^22. */
export function inSampleUnits(z: number, el: number, ei: number): number {
  const s = ei - 8 - el;
  if (s > 30) return 0;
  if (s > 0) return clampSymmetric(roundShift(z, s), limit);
  // below 2^31 · 2^31: exact in a double
  return clampSymmetric(z * 2 ** Math.min(31, -s), limit);
}

export function squaredError(z: Int32Array, el: number, sample: Tensor): SquaredErrorResult {
  const err = z.map(
    (value, n) => inSampleUnits(value, el, sample.exponent) - 256 * sample.values[n],
  );
  const squares = Array.from(err, (value) => Math.min(4095, shiftRight(Math.abs(value), 4)) ** 2);
  return { err, loss: Math.floor(squares.reduce((a, b) => a + b) / err.length) };
}
