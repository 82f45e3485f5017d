/**
 * Stochastic gradient descent with a power-of-two rate, in place, on int16 words (SPEC 2.7).
 *
 * Rounding is stochastic: adding `shift` uniform bits before the shift makes the expected step
 * equal to the gradient (Gupta et al. 2015, Deep Learning with Limited Numerical Precision). Without
 * it steps below one unit are lost and training stalls.
 */
import { PURPOSE_UPDATE, UPDATE_LIMIT } from '../contract.gen';
import { clampSymmetric } from '../math/fixed';
import { draw, fold, mixLayer, nextState } from '../math/random';
import { Layer } from '../memory/layer';

/** Steps this small have an expectation below 2^−4 of a unit even at the largest gradient. */
const MAX_SHIFT: i32 = 30;
const BIAS_LIMIT: i32 = 32767;

/** The step for gradient `g`, in units of the word: g · 2^−shift with `state` as dither. */
// @ts-ignore: decorator
@inline
function stepOf(g: i32, shift: i32, state: i32): i32 {
  if (shift > MAX_SHIFT) return 0;
  if (shift >= 1) return clampSymmetric((g + draw(state, shift)) >> shift, UPDATE_LIMIT);
  return clampSymmetric(clampSymmetric(g, UPDATE_LIMIT) << min(12, -shift), UPDATE_LIMIT);
}

/** One bias word; returns 1 if it saturated. */
function updateBias(bias: usize, g: i32, shift: i32, state: i32): i32 {
  const exact = <i32>load<i16>(bias) - stepOf(g, shift, state);
  const value = clampSymmetric(exact, BIAS_LIMIT);
  store<i16>(bias, <i16>value);
  return i32(value != exact);
}

/** Stores `exact`, saturated to int16; returns 1 if it did not fit. */
function storeSaturated(w: usize, exact: i32): i32 {
  const value = max(-32768, min(32767, exact));
  store<i16>(w, <i16>value);
  return i32(value != exact);
}

/** One row: w[i] −= step(error · x[i]), for any shift up to 30; returns how many words saturated. */
function updateRow(w: usize, x: usize, count: i32, error: i32, shift: i32, state: i32): i32 {
  const end = x + <usize>count;
  let saturations = 0;
  do {
    state = nextState(state);
    const step = stepOf(error * <i32>load<i8>(x), shift, state);
    saturations += storeSaturated(w, <i32>load<i16>(w) - step);
    w += 2;
    x += 1;
  } while (x < end);
  return saturations;
}

/** The word minus its step, where no clamp of the step can fire. */
// @ts-ignore: decorator
@inline
function steppedWord(w: usize, x: usize, error: i32, shift: i32, dither: i32): i32 {
  return <i32>load<i16>(w) - ((error * <i32>load<i8>(x) + dither) >> shift);
}

/**
 * updateRow() for 2 ≤ shift ≤ 30 and a padded count: |error · x| ≤ 127 · 128 keeps every step below
 * the limit, and four words are tested for overflow at once. The pad stays 0, for its inputs are 0.
 */
function updateRowFast(w: usize, x: usize, count: i32, error: i32, shift: i32, state: i32): i32 {
  const end = x + <usize>count;
  const drawShift = 32 - shift;
  let saturations = 0;
  do {
    state = nextState(state);
    const w0 = steppedWord(w, x, error, shift, state >>> drawShift);
    state = nextState(state);
    const w1 = steppedWord(w + 2, x + 1, error, shift, state >>> drawShift);
    state = nextState(state);
    const w2 = steppedWord(w + 4, x + 2, error, shift, state >>> drawShift);
    state = nextState(state);
    const w3 = steppedWord(w + 6, x + 3, error, shift, state >>> drawShift);
    if (((w0 + 0x8000) | (w1 + 0x8000) | (w2 + 0x8000) | (w3 + 0x8000)) >>> 16 == 0) {
      store<i16>(w, <i16>w0);
      store<i16>(w, <i16>w1, 2);
      store<i16>(w, <i16>w2, 4);
      store<i16>(w, <i16>w3, 6);
    } else {
      saturations += storeSaturated(w, w0) + storeSaturated(w + 2, w1);
      saturations += storeSaturated(w + 4, w2) + storeSaturated(w + 6, w3);
    }
    w += 8;
    x += 4;
  } while (x < end);
  return saturations;
}

/**
 * Updates the weights and biases of a dense layer.
 *
 * e [O] int8 with exponent `errorExponent`, x [I] int8 at layer.input; w, bias updated in place
 * Rounding: stochastic, one stream per row. Rows without error are left alone.
 * Returns the number of words that saturated.
 */
export function updateDense(
  layer: Layer,
  index: i32,
  e: usize,
  errorExponent: i32,
  lrShift: i32,
  nodeSeed: i32,
  step: i32,
): i32 {
  const shift = lrShift - errorExponent - layer.inputExponent + layer.weightExponent - 8;
  const biasShift = lrShift - errorExponent - 12;
  const seed = mixLayer(nodeSeed, PURPOSE_UPDATE, index, step);
  const rowBytes = <usize>layer.stride << 1;
  let w = layer.weights;
  let saturations = 0;
  for (let row = 0; row < layer.outputs; row++) {
    const error = <i32>load<i8>(e + <usize>row);
    if (error != 0) {
      const state = nextState(fold(seed, row));
      saturations += updateBias(layer.bias + (<usize>row << 1), error, biasShift, state);
      if (shift >= 2 && shift <= MAX_SHIFT) {
        saturations += updateRowFast(w, layer.input, layer.stride, error, shift, state);
      } else if (shift <= MAX_SHIFT) {
        saturations += updateRow(w, layer.input, layer.inputs, error, shift, state);
      }
    }
    w += rowBytes;
  }
  return saturations;
}
