/**
 * Coordinate-wise median: Yin, Chen, Kannan, Bartlett, "Byzantine-Robust Distributed Learning: Towards Optimal
 * Statistical Rates", ICML 2018, definition 1: the trimmed mean of which one contribution is left, or two.
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
import type { Strategy } from './strategy.js';

export const coordinateMedian: Strategy<CountSum> = {
  name: 'median',
  moments: 0,
  takesStale: false,
  codecs: fineCodecs,
  start: startCounts,
  add: addToCounts,
  merge: mergeCounts,
  finish: ({ master }, sum) => {
    const steps = trimmedMeans(sum, Math.max(0, Math.floor((sum.weight - 1) / 2)));
    return { master: stepMaster(master, steps), moments: [] };
  },
};
