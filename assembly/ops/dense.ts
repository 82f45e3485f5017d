/** The dense layer, forward and backward (SPEC 2.3, 2.6). Shapes: x [I], w [O][I], y [O]. */
import { ACTIVATION_RELU } from '../contract.gen';
import { roundShift } from '../math/fixed';
import { Layer } from '../memory/layer';

/** Bias in units of the accumulator: `bias · 2^−shift`, rounded; 0 once it is below any weight. */
function alignBias(bias: i32, shift: i32): i32 {
  if (shift > 24) return 0;
  return shift > 0 ? roundShift(bias, shift) : bias << min(14, -shift);
}

/** Σ hi(w) · x over `end − x` inputs, a multiple of 4. */
// @ts-ignore: decorator
@inline
function dotProduct(w: usize, x: usize, end: usize): i32 {
  let sum = 0;
  do {
    sum +=
      <i32>load<i8>(w, 1) * <i32>load<i8>(x) +
      <i32>load<i8>(w, 3) * <i32>load<i8>(x, 1) +
      <i32>load<i8>(w, 5) * <i32>load<i8>(x, 2) +
      <i32>load<i8>(w, 7) * <i32>load<i8>(x, 3);
    w += 8;
    x += 4;
  } while (x < end);
  return sum;
}

/**
 * Dense layer, forward.
 *
 * x [I] int8 at layer.input, w [O][I] int16 -> acc [O] int32, unit 2^(ex + ew)
 * Rounding: only of the bias. |acc| < 2^31 for I ≤ 32768.
 * Returns the OR of all |acc|, whose bit length is that of the maximum.
 */
export function denseForward(layer: Layer, acc: usize): i32 {
  const x = layer.input;
  const end = x + <usize>layer.stride;
  const rowBytes = <usize>layer.stride << 1;
  const biasShift = layer.inputExponent + layer.weightExponent + 12;
  const relu = layer.activation == ACTIVATION_RELU;
  const last = acc + (<usize>layer.outputs << 2);
  let w = layer.weights;
  let bias = layer.bias;
  let bits = 0;
  while (acc < last) {
    let sum = dotProduct(w, x, end) + alignBias(<i32>load<i16>(bias), biasShift);
    if (relu) sum = max(0, sum);
    store<i32>(acc, sum);
    bits |= abs(sum);
    w += rowBytes;
    bias += 2;
    acc += 4;
  }
  return bits;
}

/**
 * Dense layer, backward to its input, with the weights before the update.
 *
 * e [O] int8, w [O][I] int16 -> dx [I] int32, unit 2^(ee + ew)
 * dx is 0 where the layer before has ReLU (`relu`) and its output x is 0.
 * Exact. Returns the OR of all |dx|.
 */
export function denseBackward(layer: Layer, e: usize, relu: bool, dx: usize): i32 {
  const rowBytes = <usize>layer.stride << 1;
  const end = e + <usize>layer.outputs;
  const last = dx + (<usize>layer.inputs << 2);
  let column = layer.weights;
  let x = layer.input;
  let bits = 0;
  // Four columns at a time: dx is padded like x, and so are the rows.
  while (dx < last) {
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    let w = column;
    let row = e;
    do {
      const error = <i32>load<i8>(row);
      if (error != 0) {
        sum0 += <i32>load<i8>(w, 1) * error;
        sum1 += <i32>load<i8>(w, 3) * error;
        sum2 += <i32>load<i8>(w, 5) * error;
        sum3 += <i32>load<i8>(w, 7) * error;
      }
      w += rowBytes;
      row += 1;
    } while (row < end);
    if (relu) {
      sum0 = select(sum0, 0, load<i8>(x) != 0);
      sum1 = select(sum1, 0, load<i8>(x, 1) != 0);
      sum2 = select(sum2, 0, load<i8>(x, 2) != 0);
      sum3 = select(sum3, 0, load<i8>(x, 3) != 0);
    }
    store<i32>(dx, sum0);
    store<i32>(dx, sum1, 4);
    store<i32>(dx, sum2, 8);
    store<i32>(dx, sum3, 12);
    bits |= abs(sum0) | abs(sum1) | abs(sum2) | abs(sum3);
    column += 8;
    x += 4;
    dx += 16;
  }
  return bits;
}
