import { constant } from '../../host/contract/contract.gen.js';

/** Deltas and exact averaging of the specification (2.8), in BigInt throughout. */

export interface Contribution {
  readonly samples: number;
  /** One int16 per parameter. */
  readonly delta: Int16Array;
  /** Versions since its base; absent: 0. */
  readonly staleness?: number;
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

/** The staleness discount of 256ths. */
function discount(staleness: number): bigint {
  let c = 256n;
  while ((2n * c - 1n) ** 2n * (1n + BigInt(staleness)) > 512n ** 2n) c--;
  return c;
}

/** The octave of the norm; undefined for zeros. */
function octaveOf(delta: Int16Array): number | undefined {
  const square = delta.reduce((sum, word) => sum + BigInt(word) ** 2n, 0n);
  if (square === 0n) return undefined;
  return Math.floor((square.toString(2).length - 1) / 2);
}

/** The mean of bounded deltas, Q16.16. */
export function meanDelta(
  contributions: readonly Contribution[],
  parameters: number,
  weightUnit: number,
): bigint[] {
  const items = contributions.map(({ samples, delta, staleness = 0 }) => ({
    weight: contributionWeight(samples, weightUnit),
    factor: contributionWeight(samples, weightUnit) * discount(staleness),
    delta,
    octave: octaveOf(delta),
  }));
  const total = items.reduce((sum, { weight }) => sum + weight, 0n);
  const octaves = items.flatMap(({ octave }) => octave ?? []).sort((a, b) => a - b);
  const bound = octaves.length === 0 ? 0 : 1 + octaves[Math.ceil(octaves.length / 2) - 1];
  return Array.from({ length: parameters }, (_, i) => {
    if (total === 0n) return 0n;
    const sum = [...new Set(octaves)].reduce((all, octave) => {
      const part = items
        .filter((item) => item.octave === octave)
        .reduce((some, { factor, delta }) => some + factor * BigInt(delta[i]), 0n);
      return all + divideRounded(part, 2n ** BigInt(Math.max(0, octave - bound)));
    }, 0n);
    return divideRounded(sum << 16n, 256n * total);
  });
}

/** Within what an int16 word can say. */
export function clampMaster(value: bigint): bigint {
  const low = -32768n << 16n;
  const high = 32767n << 16n;
  return value < low ? low : value > high ? high : value;
}

/** The master of fed-avg after a version closed on these contributions. */
export function aggregate(
  master: readonly bigint[],
  contributions: readonly Contribution[],
  weightUnit: number,
): bigint[] {
  const mean = meanDelta(contributions, master.length, weightUnit);
  return master.map((value, i) => clampMaster(value + mean[i]));
}

/** Words that are published: the master to nearest. */
export function publishedWords(master: readonly bigint[]): Int16Array {
  return Int16Array.from(master, (value) => {
    const rounded = (value + (1n << 15n)) >> 16n;
    return Number(rounded > 32767n ? 32767n : rounded);
  });
}
