/** Stochastic gradient descent with a power-of-two rate: streams, shifts and biases of a layer (SPEC 2.7). */
import { Layer } from '../contract.gen';
import { draw, fold, foldHere, nextState } from '../math/random';
import { leap, limitStep, lower, MAX_SHIFT } from './row';

/** Stream of a layer in a step; fold in the row to get the row's. */
export function layerStream(layer: Layer, stepSeed: i32): i32 {
  return fold(stepSeed, <i32>layer.index);
}

/** The row's first draw, which is the bias's. */
// @ts-ignore: decorator
@inline
export function firstDraw(layerSeed: i32, row: i32): i32 {
  return nextState(foldHere(layerSeed, row));
}

/** Shift from a weight gradient of unit 2^(ee + ex) to a step in weight words. */
export function weightShift(layer: Layer, errorExponent: i32, lrShift: i32): i32 {
  return lrShift - errorExponent - layer.inputExponent + <i32>layer.weightExponent - 8;
}

/** Shift from a bias gradient of unit 2^ee to a step in bias words. */
export function biasShift(errorExponent: i32, lrShift: i32): i32 {
  return lrShift - errorExponent - 12;
}

/** One bias word: stochastic rounding with its own draw. */
// @ts-ignore: decorator
@inline
export function updateBias(bias: usize, g: i32, shift: i32, state: i32): void {
  if (shift > MAX_SHIFT) return;
  const step = shift > 0 ? limitStep((g + draw(state, shift)) >> shift) : leap(g, shift);
  lower(bias, step);
}
