/**
 * Coordinate-wise trimmed mean: Yin, Chen, Kannan, Bartlett, "Byzantine-Robust Distributed Learning: Towards
 * Optimal Statistical Rates", ICML 2018, definition 2. Of every parameter the `trim` share of the contributions is
 * left out at either end. Differs in that order within an octave is not known ({@link trimmedMeans}).
 */
import {
  addToCounts,
  fineCodecs,
  mergeCounts,
  startCounts,
  trimmedMeans,
  type CountSum,
} from './coordinate-counts.js';
import { stepMaster } from './exact.js';
import { share, type Parameters } from './parameters.js';
import type { Strategy } from './strategy.js';

/** 128ths. */
const ONE = 128;

export const trimmedMeanParameters = {
  trim: { text: 'of the contributions left out at either end', least: 0, most: 0.49, default: 0.2 },
} as const;

export function trimmedMean(
  name: string,
  parameters: Parameters<typeof trimmedMeanParameters>,
): Strategy<CountSum> {
  const trim = share(parameters.trim, ONE);
  return {
    ...{ name, moments: 0, takesStale: false, codecs: fineCodecs },
    start: startCounts,
    add: addToCounts,
    merge: mergeCounts,
    finish: ({ master }, sum) => {
      const steps = trimmedMeans(sum, Math.floor((trim * sum.weight) / ONE));
      return { master: stepMaster(master, steps), moments: [] };
    },
  };
}
