import { correctIn } from '../contract/confusion.js';
import type { Counters, Score } from '../contract/contract.gen.js';

/**
 * Samples whose class was predicted; undefined without any, for one class alone, as of an autoencoder, and for a matrix
 * that is not square or does not add up: the aggregator will refuse it.
 */
export function scoreOf(counters: Counters | undefined): Score | undefined {
  const { samples = 0, confusion = [] } = counters ?? {};
  const classes = Math.sqrt(confusion.length);
  const sum = confusion.reduce((total, count) => total + count, 0);
  if (!Number.isInteger(classes) || classes < 2 || samples === 0 || sum !== samples)
    return undefined;
  return { samples, correct: correctIn(confusion) };
}
