/**
 * Buffered asynchronous aggregation: Nguyen, Malik, Zhan, Yousefpour, Rabbat, Malek, Huba, "Federated
 * Learning with Buffered Asynchronous Aggregation", AISTATS 2022, algorithm 1. A version closes when its
 * buffer is full, whichever versions the deltas in it were trained from; a stale one is discounted. Where
 * none is stale this is {@link fedAvg}, so a synchronous round is the case of a buffer as large as the cohort.
 * Differs in that deltas are weighted by their samples and norms are bounded.
 */
import { fedAvg } from './fed-avg.js';
import type { Strategy } from './strategy.js';
import type { MeanSum } from './weighted-mean.js';

export const fedBuff: Strategy<MeanSum> = { ...fedAvg, name: 'fed-buff', takesStale: true };
