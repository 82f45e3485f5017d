/**
 * Deltas of one codec word each (SPEC 9): exact, or rounded stochastically to multiples of a power of two. A segment of narrow
 * words of which most are 0 is written by runs, any other word by word.
 */
import { DELTA_LIMIT, ERR_RANGE } from '../contract.gen';
import { draw, nextState } from '../math/random';
import { putBits, putRice, riceParameter, takeBits, takeRices } from './bits';
import { openRuns, putRun, takeRuns } from './runs';

/** Rice parameters of word by word; from RUNS on less that, of runs; that of a segment of zeros, which has no words. */
const MAX_RICE: i32 = 14;
const RUNS: i32 = 8;
const ALL_ZERO: i32 = 15;
/** Of the widest words and the largest parameter that go by runs a slice still fits behind its words: 32 times 1 + 7 · 6 bits. */
const RUNS_WIDTH: i32 = 4;
const MAX_RUNS_RICE: i32 = 5;

@unmanaged
class Scaled {
  /** Bits of a word, sign included; 0: exact. */
  width: i32;
  /** Largest magnitude of a word. */
  most: i32;
  /** Whether a segment may go by runs, and whether the one at hand does. */
  mayRun: bool;
  byRuns: bool;
  /** Scale 2^shift, Rice parameter, random stream. */
  shift: i32;
  k: i32;
  state: i32;
  /** Of the words seen: the largest magnitude, and the sum of what would be coded without a scale. */
  largest: i32;
  sum: i64;
}

const scaled = changetype<Scaled>(memory.data(offsetof<Scaled>(), 8));

/** `width` is 0 of exact deltas. */
export function openScaled(width: i32): void {
  scaled.width = width;
  scaled.mayRun = width != 0 && width <= RUNS_WIDTH;
  scaled.most = width == 0 ? DELTA_LIMIT : (1 << (width - 1)) - 1;
}

export function openScaledSegment(state: i32): void {
  scaled.state = state;
  scaled.largest = 0;
  scaled.sum = 0;
}

/** Signed to unsigned, small magnitudes first. */
function zigzag(v: i32): i32 {
  return (v << 1) ^ (v >> 31);
}

export function measureScaled(words: usize, count: i32): void {
  for (const end = words + ((<usize>count) << 1); words < end; words += 2) {
    const d = <i32>load<i16>(words);
    scaled.largest = max(scaled.largest, abs(d));
    scaled.sum += scaled.width == 0 ? <i64>zigzag(d) : (<i64>abs(d)) << 1;
  }
}

/** The parameter that codes `words` words in the fewest bits on average, twice the sum of their magnitudes being `sum`. */
function chooseRice(words: i64, sum: i64): i32 {
  const k = scaled.mayRun ? riceParameter(2 * words - sum, sum, MAX_RUNS_RICE) : 0;
  return k > 0 ? RUNS + k : riceParameter(sum, words, MAX_RICE);
}

/** Scale and Rice parameter follow from what was measured, and begin the segment of `words` words. */
export function chooseScaled(words: i32): void {
  let shift = 0;
  while (scaled.most << shift < scaled.largest) shift++;
  const k = scaled.largest == 0 ? ALL_ZERO : chooseRice(words, scaled.sum >> (<i64>shift));
  scaled.shift = shift;
  scaled.k = k;
  scaled.byRuns = scaled.mayRun && k >= RUNS;
  openRuns(k - RUNS, scaled.most, 0);
  putBits(<u64>k, 4);
  if (scaled.width > 0 && k != ALL_ZERO) putBits(<u64>shift, 4);
}

export function writeScaled(words: usize, count: i32): void {
  if (scaled.k == ALL_ZERO) return;
  const shift = scaled.shift;
  const k = scaled.k;
  const byRuns = scaled.byRuns;
  let state = scaled.state;
  for (const end = words + ((<usize>count) << 1); words < end; words += 2) {
    let q = <i32>load<i16>(words);
    if (shift > 0) {
      state = nextState(state);
      q = (q + draw(state, shift)) >> shift;
    }
    if (byRuns) putRun(q);
    else putRice(zigzag(q), k);
  }
  scaled.state = state;
}

/** Reads how a segment begins: the factor of its words, 0 if all are 0, ERR_RANGE if it is none. */
export function readScaledHead(): i32 {
  const k = takeBits(4);
  scaled.k = k;
  if (k < 0 || k == ALL_ZERO) return k < 0 ? ERR_RANGE : 0;
  const shift = scaled.width > 0 ? takeBits(4) : 0;
  scaled.byRuns = scaled.mayRun && k >= RUNS;
  if (scaled.byRuns) {
    if (k - RUNS > MAX_RUNS_RICE) return ERR_RANGE;
    openRuns(k - RUNS, scaled.most, -1);
  }
  return shift < 0 ? ERR_RANGE : 1 << shift;
}

/** The next `count` words of the `left` that are left of a segment, to int16 at `to`; ERR_RANGE if one is none. */
export function readScaled(to: usize, count: i32, left: i32, factor: i32): i32 {
  if (scaled.byRuns) return takeRuns(to, count, left, left, factor);
  return takeRices(to, count, scaled.k, 2 * scaled.most, factor);
}
