/**
 * Other ways to round an update, in the place of assembly/optim/row.ts (bench/rounding/build.ts puts it there). The
 * constants of the build say which:
 *
 *   DRAWS = 1    a draw for every weight of the row, in order: d = (g + rnd(s)) >> s (Gupta et al. 2015)
 *   DRAWS = 0    no draw: d = g >> s, what is below one unit is lost
 *   LIMITED = 1  d is limited to one update's limit at any shift; 0: from shift 2 on only the word saturates
 */
import { UPDATE_LIMIT } from '../contract.gen';
import { clampSymmetric } from '../math/fixed';
import { draw, nextState } from '../math/random';

export const MAX_SHIFT: i32 = 30;
const UNLIMITED_SHIFT: i32 = 2;

/** As of the kernel: no rounding of an outer product steps further. */
export function largestStep(shift: i32): i32 {
  return ((127 * 127) >> shift) + 1;
}

export function leap(g: i32, shift: i32): i32 {
  return limitStep(clampSymmetric(g, UPDATE_LIMIT) << min(12, -shift));
}

export function limitStep(step: i32): i32 {
  return max(-UPDATE_LIMIT, min(UPDATE_LIMIT - 1, step));
}

export function lower(w: usize, step: i32): void {
  store<i16>(w, <i16>max(-32768, min(32767, <i32>load<i16>(w) - step)));
}

/** The step for gradient `g`; `state` is the draw of this weight. */
function stepOf(g: i32, shift: i32, state: i32): i32 {
  if (shift <= 0) return leap(g, shift);
  const step = (DRAWS ? g + draw(state, shift) : g) >> shift;
  return LIMITED || shift < UNLIMITED_SHIFT ? limitStep(step) : step;
}

/** w [n] int16 −= steps of g [n] int32. */
export function updateRow(w: usize, g: usize, n: i32, shift: i32, state: i32): void {
  if (shift > MAX_SHIFT) return;
  for (let i = 0; i < n; i++, w += 2, g += 4) {
    lower(w, stepOf(load<i32>(g), shift, state));
    state = nextState(state);
  }
}

/** w [n] int16 −= steps of error · x [n] int8. */
export function updateOuterRow(
  w: usize,
  x: usize,
  n: i32,
  error: i32,
  shift: i32,
  state: i32,
): void {
  if (shift > MAX_SHIFT) return;
  for (let i = 0; i < n; i++, w += 2, x++) {
    lower(w, stepOf(error * <i32>load<i8>(x), shift, state));
    state = nextState(state);
  }
}

/** updateOuterRow() for a count padded with x = 0, where a step of (0 + rnd(s)) >> s is 0. */
export function updateSafeRow(
  w: usize,
  x: usize,
  n: i32,
  error: i32,
  shift: i32,
  state: i32,
): void {
  updateOuterRow(w, x, n, error, shift, state);
}
