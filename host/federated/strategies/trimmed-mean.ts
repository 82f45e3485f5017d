/**
 * Coordinate-wise trimmed mean: Yin, Chen, Kannan, Bartlett, "Byzantine-Robust Distributed Learning: Towards
 * Optimal Statistical Rates", ICML 2018, definition 2. Of every parameter the `trim` share of the contributions is
 * left out at either end. Differs in that order within an octave is not known ({@link trimming}), and in that of three
 * contributions or more one is left out at least: a mean of all would be what a single liar makes it.
 */
import { trimming, type CountSum } from './coordinate-counts.js';
import { share, type Parameters } from './parameters.js';
import type { Strategy } from './strategy.js';

/** 128ths. */
const ONE = 128;
/** A trim of 1/128. */
const LEAST = 0.01;

export const trimmedMeanParameters = {
  trim: {
    text: 'of the contributions left out at either end',
    least: LEAST,
    most: 0.49,
    default: 0.2,
  },
} as const;

export function trimmedMean(
  name: string,
  parameters: Parameters<typeof trimmedMeanParameters>,
): Strategy<CountSum> {
  const trim = share(parameters.trim, ONE);
  return trimming(name, (n) =>
    Math.max(0, Math.min(Math.floor((n - 1) / 2), Math.max(1, Math.floor((trim * n) / ONE)))),
  );
}
