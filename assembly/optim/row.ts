/**
 * One row of weights, updated in place (SPEC 2.7).
 *
 * The step is g · 2^−shift. What its rounding leaves over is carried to the next weight of the row, and the
 * row starts from a random remainder, so every step has the expectation of its gradient. One draw serves a
 * whole row; a draw per weight cost a fifth of a training step (docs/ACCURACY.md compares the accuracies).
 *
 * Source: error diffusion (Floyd & Steinberg 1976) in place of the independent draws of Gupta et al. 2015,
 * Deep Learning with Limited Numerical Precision. Without either, steps below one unit are lost.
 */
import { UPDATE_LIMIT } from '../contract.gen';
import { clampSymmetric } from '../math/fixed';
import { draw } from '../math/random';

/** Steps this small have an expectation below 2^−4 of a unit even at the largest gradient. */
export const MAX_SHIFT: i32 = 30;

/** Largest product of an error and an input. */
const LARGEST_PRODUCT: i32 = 127 * 127;

/** The largest step of an outer product at this shift, 2 ≤ shift ≤ 30: below UPDATE_LIMIT. */
export function largestStep(shift: i32): i32 {
  return (LARGEST_PRODUCT >> shift) + 1;
}

/** A step of at least one unit per gradient unit, shift ≤ 0. */
export function leap(g: i32, shift: i32): i32 {
  return limitStep(clampSymmetric(g, UPDATE_LIMIT) << min(12, -shift));
}

// @ts-ignore: decorator
@inline
export function limitStep(step: i32): i32 {
  return max(-UPDATE_LIMIT, min(UPDATE_LIMIT - 1, step));
}

/** Moves a word down by `step`, saturated to int16. */
// @ts-ignore: decorator
@inline
export function lower(w: usize, step: i32): void {
  store<i16>(w, <i16>max(-32768, min(32767, <i32>load<i16>(w) - step)));
}

/** w [n] int16 −= steps of g [n] int32. */
export function updateRow(w: usize, g: usize, n: i32, shift: i32, state: i32): void {
  if (shift > MAX_SHIFT) return;
  const end = g + ((<usize>n) << 2);
  const mask = shift > 0 ? (1 << shift) - 1 : 0;
  let remainder = shift > 0 ? draw(state, shift) : 0;
  for (; g < end; g += 4, w += 2) {
    if (shift > 0) {
      const exact = load<i32>(g) + remainder;
      lower(w, limitStep(exact >> shift));
      remainder = exact & mask;
    } else lower(w, leap(load<i32>(g), shift));
  }
}

/** w [n] int16 −= steps of error · x [n] int8: updateRow() for one position. */
export function updateOuterRow(w: usize, x: usize, n: i32, error: i32, shift: i32, state: i32): void {
  if (shift > MAX_SHIFT) return;
  const end = x + <usize>n;
  const mask = shift > 0 ? (1 << shift) - 1 : 0;
  let remainder = shift > 0 ? draw(state, shift) : 0;
  for (; x < end; x++, w += 2) {
    const g = error * <i32>load<i8>(x);
    if (shift > 0) {
      const exact = g + remainder;
      lower(w, limitStep(exact >> shift));
      remainder = exact & mask;
    } else lower(w, leap(g, shift));
  }
}

/**
 * updateOuterRow() where nothing can saturate: for 2 ≤ shift ≤ 30, words that a step of this shift cannot
 * drive out of int16, and a count padded to a multiple of 4 with x = 0, which changes neither words nor
 * remainder.
 *
 * Carrying remainders is the same as summing up and taking differences of what is complete: the step of a
 * weight is (total >> shift) minus the one before. That saves a mask at every weight, and a row's total
 * stays inside int32.
 */
export function updateSafeRow(w: usize, x: usize, n: i32, error: i32, shift: i32, state: i32): void {
  const end = x + <usize>n;
  let total = draw(state, shift);
  if (n & 4) {
    total = lowerFour(w, x, error, shift, total);
    w += 8;
    x += 4;
  }
  for (; x < end; x += 8, w += 16) {
    total = lowerFour(w, x, error, shift, total);
    total = lowerFour(w + 8, x + 4, error, shift, total);
  }
}

/**
 * Four words of updateSafeRow(); returns the new total. Every step is ready before the word in front of it is
 * stored: in this order the interpreter need not keep anything aside.
 */
// @ts-ignore: decorator
@inline
function lowerFour(w: usize, x: usize, error: i32, shift: i32, total: i32): i32 {
  const before = total >> shift;
  total += error * <i32>load<i8>(x);
  const q0 = total >> shift;
  total += error * <i32>load<i8>(x, 1);
  const q1 = total >> shift;
  store<i16>(w, <i16>(<i32>load<i16>(w) + before - q0));
  total += error * <i32>load<i8>(x, 2);
  const q2 = total >> shift;
  store<i16>(w, <i16>(<i32>load<i16>(w, 2) + q0 - q1), 2);
  total += error * <i32>load<i8>(x, 3);
  const q3 = total >> shift;
  store<i16>(w, <i16>(<i32>load<i16>(w, 4) + q1 - q2), 4);
  store<i16>(w, <i16>(<i32>load<i16>(w, 6) + q2 - q3), 6);
  return total;
}
