/**
 * Federated averaging: McMahan, Moore, Ramage, Hampson, Agüera y Arcas, "Communication-Efficient
 * Learning of Deep Networks from Decentralized Data", AISTATS 2017, algorithm 1. Differs in that
 * deltas instead of weights are averaged, that the weight n_k is min(15, ⌈samples / unit⌉), that
 * norms are bounded, and that every number is an exact integer (SPEC, 2.8).
 */
import { stepMaster } from './exact.js';
import type { Strategy } from './strategy.js';
import { meanDelta, meanSums, type MeanSum } from './weighted-mean.js';

export const fedAvg: Strategy<MeanSum> = {
  name: 'fed-avg',
  moments: 0,
  takesStale: false,
  ...meanSums,
  finish: ({ master }, sum) => ({ master: stepMaster(master, meanDelta(sum)), moments: [] }),
};
