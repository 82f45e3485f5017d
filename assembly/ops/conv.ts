/**
 * Convolution in one or two dimensions, forward and backward (SPEC 2.3, 2.6).
 * Shapes: x [H][W][C] with its padding around it, w [O][KH][KW][C], y [OH][OW][O].
 *
 * Filters are worked on in blocks, so that scratch memory stays small: their operands (or their weight
 * gradients) are spread once and every window of the input passes by.
 *
 *     scratch -> | CONV_BLOCK rows of pairs | one window of pairs | four sums |
 */
import { Layer, LAYER_FLAG_PROPAGATE } from '../contract.gen';
import { nextState } from '../math/random';
import {
  addScaledPairs,
  dotFourPairs,
  separatePairs,
  spreadInputs,
  spreadOperands,
  spreadSwapped,
} from '../math/swar';
import {
  hasFlag,
  isTrained,
  paddedElements,
  rowLength,
  xStride,
} from '../memory/layer';
import { updateRow } from '../optim/row';
import { biasShift, firstDraw, layerStream, updateBias, weightShift } from '../optim/sgd';
import { accumulators, addBiases, finishBackward, finishForward } from './requantise';

/** Filters worked on together. */
export const CONV_BLOCK: i32 = 16;

/** Bytes of a row of pairs. */
// @ts-ignore: decorator
@inline
function pairBytes(layer: Layer): usize {
  return (<usize>layer.rowWords) << 2;
}

/**
 * Spreads the window whose first element is at `x`, row by row of the kernel.
 *
 * Several rows are first put side by side at the end of `target`: the pairs grow from the front four times
 * as fast as the bytes are read, and just do not catch up with them.
 */
function spreadWindow(layer: Layer, x: usize, target: usize, swapped: bool): void {
  const rows = <i32>layer.kernelHeight;
  const words = <i32>layer.rowWords;
  if (rows > 1) {
    const length = <usize>layer.kernelWidth * <usize>layer.channels;
    const bytes = target + 3 * <usize>words;
    const stride = <usize>xStride(layer);
    for (let row = 0; row < rows; row++) {
      memory.copy(bytes + <usize>row * length, x, length);
      x += stride;
    }
    x = bytes;
  }
  if (swapped) spreadSwapped(x, words, target);
  else spreadInputs(x, words, target);
}

/** Spreads the operands of filters [first, first + count) into rows of pairs. */
function spreadFilters(layer: Layer, first: i32, count: i32): void {
  const words = <i32>layer.rowWords;
  const bytes = pairBytes(layer);
  let w = <usize>layer.weights + ((<usize>(first * words)) << 1);
  let pairs = <usize>layer.scratch;
  for (let f = 0; f < count; f++) {
    spreadOperands(w, words, pairs);
    w += (<usize>words) << 1;
    pairs += bytes;
  }
}

/** Where windows are spread, behind the rows of pairs: a multiple of four, for they are multiplied so. */
function windowOf(layer: Layer): usize {
  const rows = min(CONV_BLOCK, (<i32>layer.outputs + 3) & ~3);
  return <usize>layer.scratch + <usize>rows * pairBytes(layer);
}

/**
 * acc [count] int32: sums of the spread filters at one position, without the bias. Four are multiplied at a
 * time; where fewer are left they go by `spare`.
 */
function multiplyFilters(layer: Layer, acc: usize, count: i32, window: usize, spare: usize): void {
  const bytes = pairBytes(layer);
  let pairs = <usize>layer.scratch;
  for (; count >= 4; count -= 4) {
    dotFourPairs(pairs, bytes, window, acc);
    pairs += bytes << 2;
    acc += 16;
  }
  if (count == 0) return;
  dotFourPairs(pairs, bytes, window, spare);
  memory.copy(acc, spare, (<usize>count) << 2);
}

/**
 * Convolution, forward.
 *
 * acc [OH][OW][O] int32, unit 2^(ex + ew), then y int8 or the logits. Rounding: of the bias, and of y.
 * Scratch: 4 bytes per padded weight of CONV_BLOCK filters and of one window, and four sums.
 */
export function convForward(layer: Layer): void {
  const outputs = <i32>layer.outputs;
  const window = windowOf(layer);
  const spare = window + pairBytes(layer);
  const rowStep = <usize>(<i32>layer.strideHeight * xStride(layer));
  const columnStep = <usize>(<i32>layer.strideWidth * <i32>layer.channels);
  for (let first = 0; first < outputs; first += CONV_BLOCK) {
    const count = min(CONV_BLOCK, outputs - first);
    spreadFilters(layer, first, count);
    let acc = accumulators(layer) + ((<usize>first) << 2);
    let row = <usize>layer.x;
    for (let r = <i32>layer.outputHeight; r > 0; r--) {
      let x = row;
      for (let c = <i32>layer.outputWidth; c > 0; c--) {
        spreadWindow(layer, x, window, true);
        multiplyFilters(layer, acc, count, window, spare);
        acc += (<usize>outputs) << 2;
        x += columnStep;
      }
      row += rowStep;
    }
  }
  finishForward(layer, addBiases(layer, 0), layer.inputExponent + <i32>layer.weightExponent);
}

/** All `count` errors at `e` are 0. */
function allZero(e: usize, count: i32): bool {
  const end = e + <usize>count;
  for (; e < end; e++) {
    if (load<i8>(e) != 0) return false;
  }
  return true;
}

/** dx of one window += Σ e[f] · operands of filter f, for the spread filters. */
function scatterWindow(layer: Layer, dx: usize, e: usize, count: i32, window: usize): void {
  const bytes = pairBytes(layer);
  memory.fill(window, 0, bytes);
  let pairs = <usize>layer.scratch;
  for (let f = 0; f < count; f++) {
    const error = load<i8>(e + <usize>f) as i64;
    if (error != 0) addScaledPairs(window, pairs, pairs + bytes, error);
    pairs += bytes;
  }
  separatePairs(window, window + bytes);
  const length = (<usize>layer.kernelWidth * <usize>layer.channels) << 2;
  const stride = (<usize>xStride(layer)) << 2;
  for (let row = <i32>layer.kernelHeight; row > 0; row--) {
    for (let i: usize = 0; i < length; i += 4) {
      store<i32>(dx + i, load<i32>(dx + i) + load<i32>(window + i));
    }
    window += length;
    dx += stride;
  }
}

/** Input gradient into the wide buffer, laid out like x with its padding. Exact. */
function inputGradient(layer: Layer): void {
  const outputs = <i32>layer.outputs;
  const window = windowOf(layer);
  const rowStep = (<usize>(<i32>layer.strideHeight * xStride(layer))) << 2;
  const columnStep = (<usize>(<i32>layer.strideWidth * <i32>layer.channels)) << 2;
  memory.fill(<usize>layer.wide, 0, (<usize>paddedElements(layer)) << 2);
  for (let first = 0; first < outputs; first += CONV_BLOCK) {
    const count = min(CONV_BLOCK, outputs - first);
    spreadFilters(layer, first, count);
    let e = <usize>layer.error + <usize>first;
    let row = <usize>layer.wide;
    for (let r = <i32>layer.outputHeight; r > 0; r--) {
      let dx = row;
      for (let c = <i32>layer.outputWidth; c > 0; c--) {
        if (!allZero(e, count)) scatterWindow(layer, dx, e, count, window);
        e += <usize>outputs;
        dx += columnStep;
      }
      row += rowStep;
    }
  }
}

/** Weight gradients of filters [first, first + count), as pairs in the scratch rows. Exact. */
function weightGradients(layer: Layer, first: i32, count: i32, window: usize): void {
  const bytes = pairBytes(layer);
  const rowStep = <usize>(<i32>layer.strideHeight * xStride(layer));
  const columnStep = <usize>(<i32>layer.strideWidth * <i32>layer.channels);
  memory.fill(<usize>layer.scratch, 0, <usize>count * bytes);
  let e = <usize>layer.error + <usize>first;
  let row = <usize>layer.x;
  for (let r = <i32>layer.outputHeight; r > 0; r--) {
    let x = row;
    for (let c = <i32>layer.outputWidth; c > 0; c--) {
      if (!allZero(e, count)) {
        spreadWindow(layer, x, window, false);
        let sums = <usize>layer.scratch;
        for (let f = 0; f < count; f++) {
          const error = load<i8>(e + <usize>f) as i64;
          if (error != 0) addScaledPairs(sums, window, window + bytes, error);
          sums += bytes;
        }
      }
      e += <usize>layer.outputs;
      x += columnStep;
    }
    row += rowStep;
  }
}

/** Sum of the errors of one output over all positions. */
export function biasGradient(layer: Layer, output: i32): i32 {
  const outputs = <usize>layer.outputs;
  const end = <usize>layer.error + <usize>layer.outputHeight * <usize>layer.outputWidth * outputs;
  let sum = 0;
  for (let e = <usize>layer.error + <usize>output; e < end; e += outputs) sum += <i32>load<i8>(e);
  return sum;
}

/** Gradients of 0 move nothing, so filters without error need no special case. */
function updateConv(layer: Layer, errorExponent: i32, stepSeed: i32, lrShift: i32): void {
  const outputs = <i32>layer.outputs;
  const bytes = pairBytes(layer);
  const window = windowOf(layer);
  const shift = weightShift(layer, errorExponent, lrShift);
  const shiftOfBias = biasShift(errorExponent, lrShift);
  const seed = layerStream(layer, stepSeed);
  let w = <usize>layer.weights;
  for (let first = 0; first < outputs; first += CONV_BLOCK) {
    const count = min(CONV_BLOCK, outputs - first);
    weightGradients(layer, first, count, window);
    let sums = <usize>layer.scratch;
    for (let output = first; output < first + count; output++) {
      separatePairs(sums, sums + bytes);
      const state = firstDraw(seed, output);
      const bias = <usize>layer.bias + ((<usize>output) << 1);
      updateBias(bias, biasGradient(layer, output), shiftOfBias, state);
      updateRow(w, sums, rowLength(layer), shift, nextState(state));
      w += (<usize>layer.rowWords) << 1;
      sums += bytes;
    }
  }
}

/**
 * Convolution, backward: input gradient with the weights before the update, then the update.
 *
 * error [OH][OW][O] int8 -> error [H][W][C] int8 if the layer propagates; w, bias updated in place if it
 * is trained. Returns the exponent of the new error + EXPONENT_BIAS.
 */
export function convBackward(layer: Layer, errorExponent: i32, stepSeed: i32, lrShift: i32): i32 {
  const propagates = hasFlag(layer, LAYER_FLAG_PROPAGATE);
  if (propagates) inputGradient(layer);
  if (isTrained(layer)) updateConv(layer, errorExponent, stepSeed, lrShift);
  return propagates ? finishBackward(layer, errorExponent + <i32>layer.weightExponent) : 0;
}
