/** The dense layer, forward and backward (SPEC 2.3, 2.6). Shapes: x [I], w [O][I], y [O]. */
import { Layer, LAYER_FLAG_PROPAGATE } from '../contract.gen';
import { nextState } from '../math/random';
import {
  dotFourRows,
  dotRow,
  evenOperands,
  highField,
  loadOperands,
  lowField,
  oddOperands,
  OPERAND_OFFSET_SHIFT,
  packInputs,
} from '../math/swar';
import { hasFlag, isTrained, UNKNOWN_BOUND } from '../memory/layer';
import { largestStep, MAX_SHIFT, updateOuterRow, updateSafeRow } from '../optim/row';
import { biasShift, firstDraw, layerStream, updateBias, weightShift } from '../optim/sgd';
import { accumulators, addBiases, finishBackward, finishForward } from './requantise';

/** acc [O] int32 = Σ (hi + 128) · x over the packed inputs, four rows at a time. */
function multiplyRows(layer: Layer, acc: usize, packed: usize): void {
  const end = packed + (<usize>layer.rowWords << 2);
  const rowBytes = <usize>layer.rowWords << 1;
  let w = <usize>layer.weights;
  let rows = <i32>layer.outputs;
  for (; rows >= 4; rows -= 4) {
    dotFourRows(w, rowBytes, packed, end, acc);
    w += rowBytes << 2;
    acc += 16;
  }
  for (; rows > 0; rows--) {
    store<i32>(acc, dotRow(w, packed, end));
    w += rowBytes;
    acc += 4;
  }
}

/**
 * Dense layer, forward.
 *
 * x [I] int8, w [O][I] int16 -> acc [O] int32, unit 2^(ex + ew), then y [O] int8 or the logits
 * Rounding: of the bias, and of y. |acc| < 2^31 for I ≤ 32768.
 * Scratch: 4 bytes per padded input.
 */
export function denseForward(layer: Layer): void {
  const scratch = <usize>layer.scratch;
  const surplus = packInputs(<usize>layer.x, <i32>layer.rowWords, scratch) << OPERAND_OFFSET_SHIFT;
  multiplyRows(layer, accumulators(layer), scratch);
  const bits = addBiases(layer, surplus);
  finishForward(layer, bits, layer.inputExponent + <i32>layer.weightExponent);
}

function sumOf(e: usize, count: i32): i32 {
  const end = e + <usize>count;
  let sum = 0;
  while (e < end) sum += <i32>load<i8>(e++);
  return sum;
}

/** dx [I] int32 = Σ hi[o][i] · e[o], exact; four columns at a time. */
function inputGradient(layer: Layer): void {
  const e = <usize>layer.error;
  const surplus = sumOf(e, <i32>layer.outputs) << OPERAND_OFFSET_SHIFT;
  const rowBytes = <usize>layer.rowWords << 1;
  const end = e + <usize>layer.outputs;
  let column = <usize>layer.weights;
  const lastColumn = column + rowBytes;
  let dx = <usize>layer.wide;
  while (column < lastColumn) {
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
    store<i32>(dx, lowField(even) - surplus);
    store<i32>(dx, lowField(odd) - surplus, 4);
    store<i32>(dx, highField(even) - surplus, 8);
    store<i32>(dx, highField(odd) - surplus, 12);
    column += 8;
    dx += 16;
  }
}

const WORD_LIMIT: i32 = 32767;

/**
 * No weight will leave int16 in this step. layer.bound is at least the largest magnitude; it grows with every
 * step by what a step can move, and is counted anew when it has become too large to tell.
 */
function stepIsSafe(layer: Layer, shift: i32): bool {
  const step = shift < 2 || shift > MAX_SHIFT ? WORD_LIMIT : largestStep(shift);
  let bound = <i32>layer.bound + step;
  if (bound > WORD_LIMIT && step < WORD_LIMIT) {
    const words = <i32>layer.outputs * <i32>layer.rowWords;
    bound = step + largestMagnitude(<usize>layer.weights, words);
  }
  const isSafe = bound <= WORD_LIMIT;
  layer.bound = <u16>(isSafe ? bound : UNKNOWN_BOUND);
  return isSafe;
}

/** max |w| of n words. */
function largestMagnitude(w: usize, n: i32): i32 {
  const end = w + ((<usize>n) << 1);
  let largest = 0;
  for (; w < end; w += 2) largest = max(largest, abs(<i32>load<i16>(w)));
  return largest;
}

/** Rows whose error is 0 have nothing to learn and are left alone. */
function updateDense(layer: Layer, errorExponent: i32, stepSeed: i32, lrShift: i32): void {
  const shift = weightShift(layer, errorExponent, lrShift);
  const shiftOfBias = biasShift(errorExponent, lrShift);
  const seed = layerStream(layer, stepSeed);
  const rowBytes = <usize>layer.rowWords << 1;
  const isSafe = stepIsSafe(layer, shift);
  let w = <usize>layer.weights;
  for (let row = 0; row < <i32>layer.outputs; row++) {
    const error = <i32>load<i8>(<usize>layer.error + <usize>row);
    if (error != 0) {
      const state = firstDraw(seed, row);
      updateBias(<usize>layer.bias + (<usize>row << 1), error, shiftOfBias, state);
      if (isSafe) {
        updateSafeRow(w, <usize>layer.x, <i32>layer.rowWords, error, shift, nextState(state));
      } else {
        updateOuterRow(w, <usize>layer.x, <i32>layer.channels, error, shift, nextState(state));
      }
    }
    w += rowBytes;
  }
}

/**
 * Dense layer, backward: input gradient with the weights before the update, then the update.
 *
 * error [O] int8 -> error [I] int8 if the layer propagates; w, bias updated in place if it is trained
 * Returns the exponent of the new error + EXPONENT_BIAS.
 */
export function denseBackward(layer: Layer, errorExponent: i32, stepSeed: i32, lrShift: i32): i32 {
  const propagates = hasFlag(layer, LAYER_FLAG_PROPAGATE);
  if (propagates) inputGradient(layer);
  if (isTrained(layer)) updateDense(layer, errorExponent, stepSeed, lrShift);
  return propagates ? finishBackward(layer, errorExponent + <i32>layer.weightExponent) : 0;
}
