/** The dense layer, forward and backward (SPEC 2.3, 2.6). Shapes: x [I], w [O][I], y [O]. */
import { ACTIVATION_RELU } from '../contract.gen';
import { roundShift } from '../math/fixed';
import {
  dotProduct,
  evenOperands,
  highField,
  loadOperands,
  lowField,
  oddOperands,
  OPERAND_OFFSET_SHIFT,
  packInputs,
} from '../math/swar';
import { Layer } from '../memory/layer';

/** Bias in units of the accumulator: `bias · 2^−shift`, rounded; 0 once it is below any weight. */
function alignBias(bias: i32, shift: i32): i32 {
  if (shift > 24) return 0;
  return shift > 0 ? roundShift(bias, shift) : bias << min(14, -shift);
}

/**
 * Dense layer, forward.
 *
 * x [I] int8 at layer.input, w [O][I] int16 -> acc [O] int32, unit 2^(ex + ew)
 * Rounding: only of the bias. |acc| < 2^31 for I ≤ 32768.
 * scratch: 4 bytes per padded input, 8-byte aligned; may not overlap acc.
 * Returns the OR of all |acc|, whose bit length is that of the maximum.
 */
export function denseForward(layer: Layer, acc: usize, scratch: usize): i32 {
  const surplus = packInputs(layer.input, layer.stride, scratch) << OPERAND_OFFSET_SHIFT;
  const end = scratch + (<usize>layer.stride << 2);
  const rowBytes = <usize>layer.stride << 1;
  const biasShift = layer.inputExponent + layer.weightExponent + 12;
  const relu = layer.activation == ACTIVATION_RELU;
  const last = acc + (<usize>layer.outputs << 2);
  let w = layer.weights;
  let bias = layer.bias;
  let bits = 0;
  while (acc < last) {
    let sum = dotProduct(w, scratch, end) - surplus + alignBias(<i32>load<i16>(bias), biasShift);
    if (relu) sum = max(0, sum);
    store<i32>(acc, sum);
    bits |= abs(sum);
    w += rowBytes;
    bias += 2;
    acc += 4;
  }
  return bits;
}

function sumOf(e: usize, count: i32): i32 {
  const end = e + <usize>count;
  let sum = 0;
  while (e < end) sum += <i32>load<i8>(e++);
  return sum;
}

/** Stores one element of dx, 0 where the gate is closed; returns its magnitude. */
// @ts-ignore: decorator
@inline
function storeGated(dx: usize, value: i32, open: bool): i32 {
  const gated = select(value, 0, open);
  store<i32>(dx, gated);
  return abs(gated);
}

/**
 * Dense layer, backward to its input, with the weights before the update.
 *
 * e [O] int8, w [O][I] int16 -> dx [I] int32, unit 2^(ee + ew)
 * dx is 0 where the layer before has ReLU (`relu`) and its output x is 0.
 * Exact. dx is padded like x. Returns the OR of all |dx|.
 */
export function denseBackward(layer: Layer, e: usize, relu: bool, dx: usize): i32 {
  const surplus = sumOf(e, layer.outputs) << OPERAND_OFFSET_SHIFT;
  const rowBytes = <usize>layer.stride << 1;
  const end = e + <usize>layer.outputs;
  const last = dx + (<usize>layer.stride << 2);
  let column = layer.weights;
  let x = layer.input;
  let bits = 0;
  while (dx < last) {
    let even: i64 = 0;
    let odd: i64 = 0;
    let w = column;
    let row = e;
    do {
      const error = load<i8>(row) as i64;
      if (error != 0) {
        const operands = loadOperands(w);
        even += evenOperands(operands) * error;
        odd += oddOperands(operands) * error;
      }
      w += rowBytes;
      row += 1;
    } while (row < end);
    bits |= storeGated(dx, lowField(even) - surplus, !relu || load<i8>(x) != 0);
    bits |= storeGated(dx + 4, lowField(odd) - surplus, !relu || load<i8>(x, 1) != 0);
    bits |= storeGated(dx + 8, highField(even) - surplus, !relu || load<i8>(x, 2) != 0);
    bits |= storeGated(dx + 12, highField(odd) - surplus, !relu || load<i8>(x, 3) != 0);
    column += 8;
    x += 4;
    dx += 16;
  }
  return bits;
}
