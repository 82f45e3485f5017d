/**
 * Words of which most are 0, by runs (SPEC 9): the number of zeros before each other word, and its sign. Where words may be
 * larger than 1, the numbers behind one count one more, and a number 0 makes it larger by 1.
 */
import { DELTA_LIMIT, ERR_RANGE, OK } from '../contract.gen';
import { clampSymmetric } from '../math/fixed';
import { putBits, putGap, takeBits, takeGap } from './bits';

@unmanaged
class Runs {
  k: i32;
  /** Largest magnitude of a word. */
  most: i32;
  /** Written: the number to write before the next word that is not 0. Read: zeros before it, −1 = not known. */
  gap: i32;
}

const runs = changetype<Runs>(memory.data(offsetof<Runs>(), 4));

/** `gap` is 0 to write, −1 to read. */
export function openRuns(k: i32, most: i32, gap: i32): void {
  runs.k = k;
  runs.most = most;
  runs.gap = gap;
}

export function putRun(q: i32): void {
  if (q == 0) {
    runs.gap++;
    return;
  }
  putGap(runs.gap, runs.k);
  putBits(<u64>(q < 0), 1);
  for (let magnitude = abs(q); magnitude > 1; magnitude--) putGap(0, runs.k);
  runs.gap = <i32>(runs.most > 1);
}

/** The end of a segment is written as a word behind it would be; nothing if no word was. */
export function endRuns(): void {
  if (runs.gap > 0) putGap(runs.gap, runs.k);
  runs.gap = 0;
}

/** The word behind the zeros, with `left` words left; 0 if it is none. */
function takeNonzero(left: i32): i32 {
  const sign = takeBits(1);
  let magnitude = 1;
  if (runs.most > 1) {
    let number = takeGap(runs.k);
    for (; number == 0 && magnitude < runs.most; magnitude++) number = takeGap(runs.k);
    if (number <= 0 || number > left) return 0;
    runs.gap = number;
  }
  runs.gap--;
  if (sign < 0) return 0;
  return sign != 0 ? -magnitude : magnitude;
}

/**
 * The next `count` words of the `left` that are left, with at most `longest` zeros in a row, to int16 at `to`, each times
 * `factor` and cut to ±DELTA_LIMIT. OK, or ERR_RANGE if one is none.
 */
export function takeRuns(to: usize, count: i32, left: i32, longest: i32, factor: i32): i32 {
  while (count > 0) {
    if (runs.gap < 0) {
      const gap = takeGap(runs.k);
      if (gap < 0 || gap > min(left, longest)) return ERR_RANGE;
      runs.gap = gap;
    }
    const zeros = min(runs.gap, count);
    memory.fill(to, 0, (<usize>zeros) << 1);
    runs.gap -= zeros;
    to += (<usize>zeros) << 1;
    left -= zeros;
    count -= zeros;
    if (count == 0) break;
    const q = takeNonzero(left);
    if (q == 0) return ERR_RANGE;
    store<i16>(to, <i16>clampSymmetric(q * factor, DELTA_LIMIT));
    to += 2;
    left--;
    count--;
  }
  return OK;
}
