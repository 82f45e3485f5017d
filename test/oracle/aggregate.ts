import { constant } from '../../host/contract/contract.gen.js';

/** Deltas and exact averaging of the specification (2.8), in BigInt throughout. */

export interface Contribution {
  readonly samples: number;
  /** One int16 per parameter. */
  readonly delta: Int16Array;
}

/** current − base per word, saturated to ±32767. */
export function deltaOf(current: Int16Array, base: Int16Array): Int16Array {
  const limit = constant.DELTA_LIMIT;
  return current.map((word, i) => Math.min(limit, Math.max(-limit, word - base[i])));
}

/** min(15, ⌈samples / unit⌉). */
export function contributionWeight(samples: number, weightUnit: number): bigint {
  const units = (BigInt(samples) + BigInt(weightUnit) - 1n) / BigInt(weightUnit);
  const cap = BigInt(constant.MAX_CONTRIBUTION_WEIGHT);
  return units < cap ? units : cap;
}

/** The quotient to nearest, halves away from zero; denominator > 0. */
export function divideRounded(numerator: bigint, denominator: bigint): bigint {
  const magnitude = numerator < 0n ? -numerator : numerator;
  const rounded = (2n * magnitude + denominator) / (2n * denominator);
  return numerator < 0n ? -rounded : rounded;
}

/** The Q16.16 master of version 0. */
export function masterOf(words: Int16Array): bigint[] {
  return Array.from(words, (word) => BigInt(word) << 16n);
}

/** The master after a version closed on these contributions. */
export function aggregate(
  master: readonly bigint[],
  contributions: readonly Contribution[],
  weightUnit: number,
): bigint[] {
  const weights = contributions.map(({ samples }) => contributionWeight(samples, weightUnit));
  const total = weights.reduce((a, b) => a + b, 0n);
  return master.map((value, i) => {
    const sum = contributions.reduce((s, { delta }, k) => s + weights[k] * BigInt(delta[i]), 0n);
    const next = value + divideRounded(sum << 16n, total);
    const low = -32768n << 16n;
    const high = 32767n << 16n;
    return next < low ? low : next > high ? high : next;
  });
}

/** Words that are published: the master to nearest. */
export function publishedWords(master: readonly bigint[]): Int16Array {
  return Int16Array.from(master, (value) => {
    const rounded = (value + (1n << 15n)) >> 16n;
    return Number(rounded > 32767n ? 32767n : rounded);
  });
}
