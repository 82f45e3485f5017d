/**
 * FedAvgM, server momentum: Hsu, Qi, Brown, "Measuring the Effects of Non-Identical Data Distribution for
 * Federated Visual Classification", 2019, section 4.1. In fixed point: v ← round(β · v) + mean delta in
 * Q16.16, master ← master + round(rate · v); β and rate are multiples of 1/128.
 */
import { roundedRatio, stepMaster } from './exact.js';
import { share, type Parameters } from './parameters.js';
import type { ServerModel, Strategy } from './strategy.js';
import { meanDelta, meanSums, type MeanSum } from './weighted-mean.js';

/** 128ths. */
const ONE = 128;
/** Of a velocity: 2^7 times it is far below 2^53. */
const MAX_VELOCITY = 2 ** 40;

export const fedAvgMParameters = {
  momentum: { text: 'of the velocity that is kept', least: 0, most: 1, default: 0.9 },
  rate: { text: 'of the velocity that the model moves by', least: 0, most: 16, default: 0.125 },
} as const;

export function fedAvgM(
  name: string,
  parameters: Parameters<typeof fedAvgMParameters>,
): Strategy<MeanSum> {
  const beta = share(parameters.momentum, ONE);
  const rate = share(parameters.rate, ONE);
  const finish = ({ master, moments }: ServerModel, sum: MeanSum): ServerModel => {
    if (sum.weight === 0) return { master: master.slice(), moments };
    const [before] = moments;
    const velocity = meanDelta(sum).map((delta, i) => {
      const kept = before ? roundedRatio(beta * before[i], ONE) : 0;
      return Math.min(MAX_VELOCITY, Math.max(-MAX_VELOCITY, kept + delta));
    });
    const steps = velocity.map((value) => roundedRatio(rate * value, ONE));
    return { master: stepMaster(master, steps), moments: [velocity] };
  };
  return { name, moments: 1, takesStale: true, ...meanSums, finish };
}
