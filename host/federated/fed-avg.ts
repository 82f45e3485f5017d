/**
 * Federated averaging: McMahan, Moore, Ramage, Hampson, Agüera y Arcas, "Communication-Efficient
 * Learning of Deep Networks from Decentralized Data", AISTATS 2017, algorithm 1. Differs in that
 * deltas instead of weights are averaged, that the weight n_k is min(15, ⌈samples / unit⌉), and
 * that every number is an exact integer (SPEC, 2.8).
 *
 * All sums live in float64, which is exact for integers up to 2^53. With Σ n_k ≤ 2^35, which is
 * asserted, |Σ n_k · delta_k| ≤ 2^35 · 32767 < 2^51, and no intermediate of roundedRatioQ16()
 * exceeds 2^53.
 */
import { constant } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { MASTER_MAX, MASTER_MIN } from './master.js';
import type { Contribution, PartialSum, Strategy } from './strategy.js';

const MAX_TOTAL_WEIGHT = 2 ** 35;

/** n_k = min(15, ⌈samples / unit⌉); samples ≥ 0, unit ≥ 1. */
export function contributionWeight(samples: number, weightUnit: number): number {
  const whole = (samples - (samples % weightUnit)) / weightUnit;
  return Math.min(constant.MAX_CONTRIBUTION_WEIGHT, whole + (samples % weightUnit === 0 ? 0 : 1));
}

function checkTotal(weight: number): number {
  if (weight <= MAX_TOTAL_WEIGHT) return weight;
  throw new LinnetError('ERR_INTERNAL', `a total weight of ${weight} would make sums inexact`);
}

/**
 * sum · 2^16 / weight to nearest, halves away from zero: one word of a sum -> Q16.16.
 * |sum| ≤ 32767 · weight, 1 ≤ weight ≤ 2^35. Exact: the whole part first, so that only a remainder
 * below the weight is scaled, and every division is of a multiple of its divisor.
 */
function roundedRatioQ16(sum: number, weight: number): number {
  const magnitude = Math.abs(sum);
  const remainder = magnitude % weight;
  const whole = (magnitude - remainder) / weight;
  const doubled = remainder * 2 ** 17 + weight;
  const fraction = (doubled - (doubled % (2 * weight))) / (2 * weight);
  return Math.sign(sum) * (whole * 2 ** 16 + fraction);
}

function add(sum: PartialSum, { weight, delta }: Contribution): PartialSum {
  const { words } = sum;
  for (let i = 0; i < words.length; i++) words[i] += weight * delta[i];
  return { count: sum.count + 1, weight: checkTotal(sum.weight + weight), words };
}

function merge(a: PartialSum, b: PartialSum): PartialSum {
  return {
    count: a.count + b.count,
    weight: checkTotal(a.weight + b.weight),
    words: a.words.map((word, i) => word + b.words[i]),
  };
}

/** With no weight at all, as after an evaluation, the master stays. */
function finish(master: Int32Array, { weight, words }: PartialSum): Int32Array {
  if (weight === 0) return master.slice();
  return master.map((value, i) =>
    Math.min(MASTER_MAX, Math.max(MASTER_MIN, value + roundedRatioQ16(words[i], weight))),
  );
}

export const fedAvg: Strategy = {
  name: 'fed-avg',
  start: (parameters) => ({ count: 0, weight: 0, words: new Float64Array(parameters) }),
  add,
  merge,
  finish,
};
