/**
 * Coordinate-wise trimmed mean: Yin, Chen, Kannan, Bartlett, "Byzantine-Robust Distributed Learning: Towards
 * Optimal Statistical Rates", ICML 2018, definition 2. Of every parameter the `trim` share of the contributions is
 * left out at either end. Differs in that order within an octave is not known ({@link trimming}).
 */
import { trimming, type CountSum } from './coordinate-counts.js';
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
  return trimming(name, (n) => Math.floor((trim * n) / ONE));
}
