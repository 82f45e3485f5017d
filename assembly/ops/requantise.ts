/**
 * From int32 sums to int8 tensors (SPEC 2.3, 2.6): the largest magnitude of a tensor decides one shift for
 * all of it. "bits" below is the OR of all magnitudes, whose bit length is that of the largest.
 */
import { EXPONENT_BIAS, Layer, LAYER_FLAG_GATED, LAYER_FLAG_LOGITS } from '../contract.gen';
import { bitLength, clampExponent, clampInt8, halfOf, requantiseShift } from '../math/fixed';
import { hasFlag, interiorOffset, isRelu, positionsOf, xStride } from '../memory/layer';

/** source [n] int32 -> target [n] int8, rounded to nearest, halves up, saturated to ±127; 0 ≤ shift ≤ 24. */
export function requantise(source: usize, n: i32, shift: i32, target: usize): void {
  const end = source + ((<usize>n) << 2);
  const half = halfOf(shift);
  for (; source < end; source += 4, target++) {
    store<i8>(target, <i8>clampInt8((load<i32>(source) + half) >> shift));
  }
}

/** Where a layer with weights leaves its sums: the logits, or the wide buffer. */
// @ts-ignore: decorator
@inline
export function accumulators(layer: Layer): usize {
  return <usize>(hasFlag(layer, LAYER_FLAG_LOGITS) ? layer.y : layer.wide);
}

/**
 * Adds the biases to the sums [P][O] at accumulators(layer) and applies the ReLU; returns the bits.
 *
 * `surplus` comes off every sum. A bias of unit 2^−12 is aligned to the sums' unit: a right shift rounds to
 * nearest, and gives 0 from 17 on; a left shift stops at 14.
 */
export function addBiases(layer: Layer, surplus: i32): i32 {
  const outputs = (<usize>layer.outputs) << 2;
  const start = accumulators(layer);
  const end = start + <usize>positionsOf(layer) * outputs;
  const shift = layer.inputExponent + <i32>layer.weightExponent + 12;
  const left = min(14, max(0, -shift));
  const right = min(24, max(0, shift));
  const relu = isRelu(layer);
  let bias = <usize>layer.bias;
  let bits = 0;
  for (let first = start; first < start + outputs; first += 4, bias += 2) {
    const aligned = (((<i32>load<i16>(bias)) << left) + halfOf(right)) >> right;
    const addend = aligned - surplus;
    for (let acc = first; acc < end; acc += outputs) {
      let sum = load<i32>(acc) + addend;
      if (relu) sum = max(0, sum);
      store<i32>(acc, sum);
      bits |= abs(sum);
    }
  }
  return bits;
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

/** Bits of a row of dx. */
function bitsOf(dx: usize, n: i32): i32 {
  const end = dx + ((<usize>n) << 2);
  let bits = 0;
  for (; dx < end; dx += 4) bits |= abs(load<i32>(dx));
  return bits;
}

/** dx of a row becomes 0 where x is. */
function gateRow(dx: usize, x: usize, n: i32): void {
  const end = x + <usize>n;
  for (; x < end; x++, dx += 4) {
    if (load<i8>(x) == 0) store<i32>(dx, 0);
  }
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
    if (gated) gateRow(dx, x, length);
    bits |= bitsOf(dx, length);
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
