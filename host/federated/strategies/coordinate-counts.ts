/**
 * For each parameter, how many deltas lie in which of 31 bins: zero, and an octave of magnitudes each way, with
 * the sum of what lies there. Counts and sums add up, so trimmed means and medians merge as means do: a
 * coordinate's order statistics need no list of the contributions. A bin that is taken in part counts with its mean.
 */
import { codec } from '../../contract/contract.gen.js';
import { LinnetError } from '../../contract/error.js';
import { roundedRatio, roundedRatioQ16, stepMaster } from './exact.js';
import type { Contribution, Strategy, Tally } from './strategy.js';

/**
 * Coarser deltas are zero in most of the words that moved, right on average alone, and an order statistic of them is
 * zero as well.
 */
const fineCodecs: readonly number[] = [
  ...[codec.RAW_INT16, codec.RICE_INT16],
  ...[codec.DENSE_6, codec.DENSE_7, codec.DENSE_8],
  codec.NONE,
];

/** |word| has up to 15 bits, so its octave is 1…15; zero has the bin in the middle. */
const ZERO_BIN = 15;
const BINS = 31;
/** Counts are 16 bits, and sums of this many words 31. */
const MAX_COUNT = 65_535;

export interface CountSum extends Tally {
  /** [P][BINS]. */
  readonly counts: Uint16Array;
  readonly sums: Int32Array;
}

function binOf(word: number): number {
  const octave = 32 - Math.clz32(Math.abs(word));
  return word < 0 ? ZERO_BIN - octave : ZERO_BIN + octave;
}

function checkCount(count: number): number {
  if (count <= MAX_COUNT) return count;
  throw new LinnetError('ERR_CONFIG', `more than ${MAX_COUNT} contributions to one version`, {
    remedy: 'choose a smaller cohort, or a strategy that averages',
  });
}

function start(parameters: number): CountSum {
  const length = BINS * parameters;
  return { count: 0, weight: 0, counts: new Uint16Array(length), sums: new Int32Array(length) };
}

/** Every contribution counts once, whatever its weight: a weight is a node's own word. None without weight counts. */
function add(sum: CountSum, { weight, delta }: Contribution): CountSum {
  const { counts, sums } = sum;
  const tally = { count: sum.count + 1, weight: checkCount(sum.weight + Math.min(1, weight)) };
  if (weight > 0) {
    delta.forEach((word, i) => {
      const at = BINS * i + binOf(word);
      counts[at]++;
      sums[at] += word;
    });
  }
  return { ...tally, counts, sums };
}

function merge(a: CountSum, b: CountSum): CountSum {
  return {
    count: a.count + b.count,
    weight: checkCount(a.weight + b.weight),
    counts: a.counts.map((count, i) => count + b.counts[i]),
    sums: a.sums.map((sum, i) => sum + b.sums[i]),
  };
}

/** Of one parameter, the mean of what is left without the `trim` least and the `trim` greatest, Q16.16. */
function trimmedMean({ counts, sums, weight }: CountSum, parameter: number, trim: number): number {
  const [least, most] = [trim, weight - trim];
  let total = 0;
  let below = 0;
  for (let at = BINS * parameter; at < BINS * (parameter + 1); at++) {
    const count = counts[at];
    if (count === 0) continue;
    const taken = Math.min(most, below + count) - Math.max(least, below);
    if (taken === count) total += sums[at] * 2 ** 16;
    else if (taken > 0) total += taken * roundedRatioQ16(sums[at], count);
    below += count;
  }
  return roundedRatio(total, most - least);
}

/** Trimmed means [P], Q16.16; 2 · trim < the contributions. Zeros without any. */
function trimmedMeans(sum: CountSum, trim: number): Float64Array {
  const parameters = sum.counts.length / BINS;
  if (sum.weight === 0) return new Float64Array(parameters);
  return Float64Array.from({ length: parameters }, (_, i) => trimmedMean(sum, i, trim));
}

/** The strategy that leaves out `trimOf(n)` of n contributions at either end of every parameter. */
export function trimming(name: string, trimOf: (n: number) => number): Strategy<CountSum> {
  return {
    ...{ name, moments: 0, takesStale: false, codecs: fineCodecs },
    ...{ start, add, merge },
    finish: ({ master }, sum) => ({
      master: stepMaster(master, trimmedMeans(sum, trimOf(sum.weight))),
      moments: [],
    }),
  };
}
