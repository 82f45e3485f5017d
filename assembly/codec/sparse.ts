/**
 * Sparse ternary deltas with error feedback (Sattler et al. 2019, Sparse Ternary Compression; SPEC 9). Of the
 * sums v = delta + residual of a segment the largest are coded, all with one magnitude, and what is
 * left of v is the new residual. Which are the largest a histogram says, so that nothing is sorted;
 * it has a bucket for every three leading bits of a magnitude.
 */
import {
  BLOCK_RESIDUAL_SATURATIONS,
  CODEC_WORDS,
  DELTA_LIMIT,
  ERR_RANGE,
  IO_WORDS,
  MAX_DENSITY,
  OK,
} from '../contract.gen';
import { bucketOf, middleOf } from '../math/bucket';
import { clampSymmetric } from '../math/fixed';
import { readWord, writeWord } from '../memory/block';
import { putBits, riceParameter, takeBits } from './bits';
import { openRuns, putRun } from './runs';

const BUCKETS: i32 = 60;
/** The last bucket whose middle is a delta. */
const LAST_CODE: i32 = 55;
const MAX_RICE: i32 = 15;

@unmanaged
class Sparse {
  /** Words of each segment that are coded, per mille. */
  density: i32;
  /** Bucket of the smallest that are coded, and how many of it still are. */
  threshold: i32;
  left: u32;
  /** The one magnitude; 0: nothing is coded. */
  magnitude: i32;
}

const sparse = changetype<Sparse>(memory.data(offsetof<Sparse>(), 4));
const histogram: usize = memory.data(BUCKETS * 4, 4);

function countAt(bucket: i32): usize {
  return histogram + ((<usize>bucket) << 2);
}

/** ERR_RANGE if nothing or more than everything is to be coded. */
export function openSparse(density: i32): i32 {
  if (density < 1 || density > MAX_DENSITY) return ERR_RANGE;
  sparse.density = density;
  writeWord(BLOCK_RESIDUAL_SATURATIONS, 0);
  return OK;
}

export function clearHistogram(): void {
  memory.fill(histogram, 0, BUCKETS * 4);
}

/** Where the residual of the word at `at` lies in the transfer buffer. */
function residualOf(at: usize): usize {
  return at + 2 * <usize>(IO_WORDS - CODEC_WORDS);
}

function sumAt(at: usize): i32 {
  return <i32>load<i16>(at) + <i32>load<i16>(residualOf(at));
}

export function measureSparse(words: usize, count: i32): void {
  for (const end = words + ((<usize>count) << 1); words < end; words += 2) {
    const entry = countAt(bucketOf(abs(sumAt(words))));
    store<u32>(entry, load<u32>(entry) + 1);
  }
}

/** Threshold and magnitude follow from the histogram of `words` words, and begin the segment. */
export function chooseSparse(words: i32): void {
  const wanted = (<u64>words * <u64>sparse.density + 999) / 1000;
  let taken: u64 = 0;
  let sum: u64 = 0;
  let bucket = BUCKETS;
  let part: u64 = 0;
  while (taken < wanted && --bucket > 0) {
    part = min(<u64>load<u32>(countAt(bucket)), wanted - taken);
    taken += part;
    sum += part * <u64>middleOf(bucket);
  }
  const code = taken == 0 ? 0 : min(bucketOf(<i32>(sum / taken)), LAST_CODE);
  sparse.threshold = bucket;
  sparse.left = <u32>part;
  sparse.magnitude = middleOf(code);
  const k = riceParameter(<i64>(<u64>words - taken), <i64>taken, MAX_RICE);
  openRuns(k, 1, 0);
  putBits(<u64>code, 6);
  if (code != 0) putBits(<u64>k, 4);
}

/** Whether a word with this sum is coded. */
function isChosen(v: i32): bool {
  const bucket = bucketOf(abs(v));
  if (sparse.magnitude == 0 || bucket < sparse.threshold || bucket == 0) return false;
  if (bucket > sparse.threshold) return true;
  if (sparse.left == 0) return false;
  sparse.left--;
  return true;
}

/** Codes a slice; its residuals become those that are left. */
export function writeSparse(words: usize, count: i32): void {
  let saturated = 0;
  for (const end = words + ((<usize>count) << 1); words < end; words += 2) {
    let v = sumAt(words);
    const sign = isChosen(v) ? (v >> 31) | 1 : 0;
    if (sparse.magnitude != 0) putRun(sign);
    v -= sign * sparse.magnitude;
    const residual = clampSymmetric(v, DELTA_LIMIT);
    saturated += <i32>(residual != v);
    store<i16>(residualOf(words), <i16>residual);
  }
  writeWord(BLOCK_RESIDUAL_SATURATIONS, readWord(BLOCK_RESIDUAL_SATURATIONS) + saturated);
}

/** Reads how a segment begins: the magnitude of its words, 0 if all are 0, ERR_RANGE if it is none. */
export function readSparseHead(): i32 {
  const code = takeBits(6);
  if (code <= 0 || code > LAST_CODE) return code == 0 ? 0 : ERR_RANGE;
  const k = takeBits(4);
  openRuns(k, 1, -1);
  return k < 0 ? ERR_RANGE : middleOf(code);
}
