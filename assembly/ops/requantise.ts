/**
 * From int32 sums to int8 tensors (SPEC 2.3, 2.6): the largest magnitude of a tensor decides one shift for
 * all of it. "bits" below is the OR of all magnitudes, whose bit length is that of the largest.
 */
import { EXPONENT_BIAS, Layer, LAYER_FLAG_GATED, LAYER_FLAG_LOGITS } from '../contract.gen';
import {
  bitLength,
  clampExponent,
  clampSymmetric,
  INT8_LIMIT,
  requantiseShift,
  roundShift,
} from '../math/fixed';
import { hasFlag, interiorOffset, xStride } from '../memory/layer';

/** source [n] int32 -> target [n] int8, rounded to nearest, halves up, saturated to ±127. */
export function requantise(source: usize, n: i32, shift: i32, target: usize): void {
  const end = source + ((<usize>n) << 2);
  while (source < end) {
    store<i8>(target, <i8>clampSymmetric(roundShift(load<i32>(source), shift), INT8_LIMIT));
    source += 4;
    target += 1;
  }
}

/** Where a layer with weights leaves its sums: the logits, or the wide buffer. */
// @ts-ignore: decorator
@inline
export function accumulators(layer: Layer): usize {
  return <usize>(hasFlag(layer, LAYER_FLAG_LOGITS) ? layer.y : layer.wide);
}

/**
 * Ends a forward pass: sums [OH][OW][O] int32 of unit 2^exponent at accumulators(layer) become y, unless they
 * are the logits. Sets layer.outputExponent.
 */
export function finishForward(layer: Layer, bits: i32, exponent: i32): void {
  if (hasFlag(layer, LAYER_FLAG_LOGITS)) {
    layer.outputExponent = clampExponent(exponent);
    return;
  }
  const shift = requantiseShift(bitLength(bits));
  const length = <i32>layer.outputWidth * <i32>layer.outputs;
  let source = <usize>layer.wide;
  let target = <usize>layer.y;
  for (let row = <i32>layer.outputHeight; row > 0; row--) {
    requantise(source, length, shift, target);
    source += (<usize>length) << 2;
    target += <usize>layer.yStride;
  }
  layer.outputExponent = clampExponent(exponent + shift);
}

/** Closes the gate of a row: dx is 0 where x is. Returns the bits of what is left. */
function gateRow(dx: usize, x: usize, n: i32, gated: bool): i32 {
  const end = x + <usize>n;
  let bits = 0;
  while (x < end) {
    const value = load<i32>(dx);
    if (gated && load<i8>(x) == 0) store<i32>(dx, 0);
    else bits |= abs(value);
    dx += 4;
    x += 1;
  }
  return bits;
}

/**
 * Ends a backward pass: dx int32 of unit 2^exponent in the wide buffer, laid out like x with its padding,
 * becomes layer.error [H][W][C] int8. Returns its exponent + EXPONENT_BIAS.
 */
export function finishBackward(layer: Layer, exponent: i32): i32 {
  const gated = hasFlag(layer, LAYER_FLAG_GATED);
  const length = <i32>layer.width * <i32>layer.channels;
  const stride = <usize>xStride(layer);
  const offset = <usize>interiorOffset(layer);
  let dx = <usize>layer.wide + (offset << 2);
  let x = <usize>layer.x + offset;
  let bits = 0;
  for (let row = <i32>layer.height; row > 0; row--) {
    bits |= gateRow(dx, x, length, gated);
    dx += stride << 2;
    x += stride;
  }
  const shift = requantiseShift(bitLength(bits));
  let target = <usize>layer.error;
  dx = <usize>layer.wide + (offset << 2);
  for (let row = <i32>layer.height; row > 0; row--) {
    requantise(dx, length, shift, target);
    dx += stride << 2;
    target += <usize>length;
  }
  return clampExponent(exponent + shift) + EXPONENT_BIAS;
}
