/**
 * Depthwise convolution, forward and backward (SPEC 2.3, 2.6): every channel has a kernel of its own.
 * Shapes: x [H][W][C] with its padding around it, w [C][KH][KW], y [OH][OW][C].
 */
import { Layer, LAYER_FLAG_PROPAGATE } from '../contract.gen';
import { nextState } from '../math/random';
import { hasFlag, isTrained, paddedElements, rowLength, xStride } from '../memory/layer';
import { updateRow } from '../optim/row';
import { biasShift, firstDraw, layerStream, updateBias, weightShift } from '../optim/sgd';
import { biasGradient } from './conv';
import { accumulators, addBiases, finishBackward, finishForward } from './requantise';

/** Σ hi[k] · x[k] over one channel's window at `x`. */
function dotWindow(layer: Layer, w: usize, x: usize): i32 {
  const columns = <i32>layer.kernelWidth;
  const channels = <usize>layer.channels;
  const back = <usize>xStride(layer) - <usize>columns * channels;
  let sum = 0;
  for (let row = <i32>layer.kernelHeight; row > 0; row--) {
    for (let column = columns; column > 0; column--) {
      sum += <i32>load<i8>(w, 1) * <i32>load<i8>(x);
      w += 2;
      x += channels;
    }
    x += back;
  }
  return sum;
}

/** All channels of the position whose window begins at `x`. */
function sumPosition(layer: Layer, acc: usize, x: usize): void {
  let w = <usize>layer.weights;
  for (let c = <i32>layer.channels; c > 0; c--) {
    store<i32>(acc, dotWindow(layer, w, x));
    acc += 4;
    x += 1;
    w += (<usize>layer.rowWords) << 1;
  }
}

/**
 * Depthwise convolution, forward.
 *
 * acc [OH][OW][C] int32, unit 2^(ex + ew), then y int8. Rounding: of the bias, and of y. No scratch.
 */
export function depthwiseForward(layer: Layer): void {
  const rowStep = <usize>(<i32>layer.strideHeight * xStride(layer));
  const columnStep = <usize>(<i32>layer.strideWidth * <i32>layer.channels);
  let acc = accumulators(layer);
  let row = <usize>layer.x;
  for (let r = <i32>layer.outputHeight; r > 0; r--) {
    let x = row;
    for (let c = <i32>layer.outputWidth; c > 0; c--) {
      sumPosition(layer, acc, x);
      acc += (<usize>layer.channels) << 2;
      x += columnStep;
    }
    row += rowStep;
  }
  finishForward(layer, addBiases(layer, 0), layer.inputExponent + <i32>layer.weightExponent);
}

/** dx of one channel's window += hi[k] · error. */
function scatterWindow(layer: Layer, w: usize, dx: usize, error: i32): void {
  const channelBytes = (<usize>layer.channels) << 2;
  const columns = <i32>layer.kernelWidth;
  const back = ((<usize>xStride(layer)) << 2) - <usize>columns * channelBytes;
  for (let row = <i32>layer.kernelHeight; row > 0; row--) {
    for (let column = columns; column > 0; column--) {
      store<i32>(dx, load<i32>(dx) + <i32>load<i8>(w, 1) * error);
      w += 2;
      dx += channelBytes;
    }
    dx += back;
  }
}

/** g[k] += error · x[k] over one channel's window. */
function gatherWindow(layer: Layer, g: usize, x: usize, error: i32): void {
  const columns = <i32>layer.kernelWidth;
  const channels = <usize>layer.channels;
  const back = <usize>xStride(layer) - <usize>columns * channels;
  for (let row = <i32>layer.kernelHeight; row > 0; row--) {
    for (let column = columns; column > 0; column--) {
      store<i32>(g, load<i32>(g) + error * <i32>load<i8>(x));
      g += 4;
      x += channels;
    }
    x += back;
  }
}

/** Input gradient into the wide buffer, laid out like x with its padding. Exact. */
function inputGradient(layer: Layer): void {
  const rowStep = (<usize>(<i32>layer.strideHeight * xStride(layer))) << 2;
  const columnStep = (<usize>(<i32>layer.strideWidth * <i32>layer.channels)) << 2;
  memory.fill(<usize>layer.wide, 0, (<usize>paddedElements(layer)) << 2);
  let e = <usize>layer.error;
  let row = <usize>layer.wide;
  for (let r = <i32>layer.outputHeight; r > 0; r--) {
    let dx = row;
    for (let c = <i32>layer.outputWidth; c > 0; c--) {
      let w = <usize>layer.weights;
      for (let channel = 0; channel < <i32>layer.channels; channel++) {
        const error = <i32>load<i8>(e++);
        if (error != 0) scatterWindow(layer, w, dx + ((<usize>channel) << 2), error);
        w += (<usize>layer.rowWords) << 1;
      }
      dx += columnStep;
    }
    row += rowStep;
  }
}

/** Weight gradient of one channel in scratch. Exact. */
function weightGradient(layer: Layer, channel: i32): void {
  const channels = <usize>layer.channels;
  const rowStep = <usize>(<i32>layer.strideHeight * xStride(layer));
  const columnStep = <usize>layer.strideWidth * channels;
  memory.fill(<usize>layer.scratch, 0, (<usize>layer.rowWords) << 2);
  let e = <usize>layer.error + <usize>channel;
  let row = <usize>layer.x + <usize>channel;
  for (let r = <i32>layer.outputHeight; r > 0; r--) {
    let x = row;
    for (let c = <i32>layer.outputWidth; c > 0; c--) {
      const error = <i32>load<i8>(e);
      if (error != 0) gatherWindow(layer, <usize>layer.scratch, x, error);
      e += channels;
      x += columnStep;
    }
    row += rowStep;
  }
}

function updateDepthwise(layer: Layer, errorExponent: i32, stepSeed: i32, lrShift: i32): void {
  const shift = weightShift(layer, errorExponent, lrShift);
  const shiftOfBias = biasShift(errorExponent, lrShift);
  const seed = layerStream(layer, stepSeed);
  let w = <usize>layer.weights;
  for (let channel = 0; channel < <i32>layer.channels; channel++) {
    weightGradient(layer, channel);
    const state = firstDraw(seed, channel);
    const bias = <usize>layer.bias + ((<usize>channel) << 1);
    updateBias(bias, biasGradient(layer, channel), shiftOfBias, state);
    updateRow(w, <usize>layer.scratch, rowLength(layer), shift, nextState(state));
    w += (<usize>layer.rowWords) << 1;
  }
}

/**
 * Depthwise convolution, backward: input gradient with the weights before the update, then the update.
 *
 * error [OH][OW][C] int8 -> error [H][W][C] int8 if the layer propagates; w, bias updated in place if it
 * is trained. Scratch: 4 bytes per padded weight of a channel.
 * Returns the exponent of the new error + EXPONENT_BIAS.
 */
export function depthwiseBackward(
  layer: Layer,
  errorExponent: i32,
  stepSeed: i32,
  lrShift: i32,
): i32 {
  const propagates = hasFlag(layer, LAYER_FLAG_PROPAGATE);
  if (propagates) inputGradient(layer);
  if (isTrained(layer)) updateDepthwise(layer, errorExponent, stepSeed, lrShift);
  return propagates ? finishBackward(layer, errorExponent + <i32>layer.weightExponent) : 0;
}
