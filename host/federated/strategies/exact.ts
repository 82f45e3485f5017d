/**
 * Integer arithmetic in float64, which is exact below 2^53 and, unlike BigInt, fast. Every quotient
 * rounds to nearest, halves away from zero.
 */
import { MASTER_MAX, MASTER_MIN } from '../master.js';

/** numerator / denominator; |numerator| + denominator / 2 < 2^53, denominator ≥ 1. */
export function roundedRatio(numerator: number, denominator: number): number {
  const magnitude = Math.abs(numerator);
  const remainder = magnitude % denominator;
  const whole = (magnitude - remainder) / denominator;
  return Math.sign(numerator) * (whole + (2 * remainder >= denominator ? 1 : 0));
}

/**
 * sum · 2^16 / weight: a word -> Q16.16. |sum| ≤ 32767 · weight, 1 ≤ weight ≤ 2^35. The whole part first, so
 * that only a remainder below the weight is scaled.
 */
export function roundedRatioQ16(sum: number, weight: number): number {
  const magnitude = Math.abs(sum);
  const remainder = magnitude % weight;
  const whole = (magnitude - remainder) / weight;
  return Math.sign(sum) * (whole * 2 ** 16 + roundedRatio(remainder * 2 ** 16, weight));
}

/** ⌊√x⌋ of an integer 0 ≤ x < 2^53, whatever the last bit of the platform's root. */
export function floorRoot(x: number): number {
  let root = Math.floor(Math.sqrt(x));
  while (root * root > x) root--;
  while ((root + 1) * (root + 1) <= x) root++;
  return root;
}

/** Master and steps [P], both Q16.16: their sum, clamped to what int16 words can say. */
export function stepMaster(master: Int32Array, steps: ArrayLike<number>): Int32Array {
  return master.map((value, i) => Math.min(MASTER_MAX, Math.max(MASTER_MIN, value + steps[i])));
}
