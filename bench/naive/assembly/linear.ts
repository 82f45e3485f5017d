/**
 * Dense layers and convolutions as one writes them first: the loops of the specification over int8 operands,
 * nothing spread, blocked, unrolled or left out. Same bits as the kernel's.
 */
import { Layer, LAYER_FLAG_PROPAGATE } from '../contract.gen';
import { nextState } from '../math/random';
import { hasFlag, isTrained, paddedElements, rowLength, xStride } from '../memory/layer';
import { updateRow } from '../optim/row';
import { biasShift, firstDraw, layerStream, updateBias, weightShift } from '../optim/sgd';
import { accumulators, addBiases, finishBackward, finishForward } from './requantise';

/** Filters that share scratch memory: all that the arena has room for. */
export const CONV_BLOCK: i32 = 16;

/** Address of the operand of weight k of filter o. */
function operandAt(layer: Layer, o: i32, k: i32): usize {
  return <usize>(layer.weights + ((<u32>o * layer.rowWords + <u32>k) << 1)) + 1;
}

/** Index in the padded input of the first element that kernel row `kernelRow` sees at a position. */
function inputIndex(layer: Layer, row: i32, column: i32, kernelRow: i32): i32 {
  const y = row * <i32>layer.strideHeight + kernelRow;
  return y * xStride(layer) + column * <i32>layer.strideWidth * <i32>layer.channels;
}

function errorAt(layer: Layer, row: i32, column: i32, o: i32): i32 {
  const position = row * <i32>layer.outputWidth + column;
  return <i32>load<i8>(<usize>layer.error + <usize>(position * <i32>layer.outputs + o));
}

/** One output at one position. */
function dot(layer: Layer, row: i32, column: i32, o: i32): i32 {
  const length = <i32>layer.kernelWidth * <i32>layer.channels;
  let sum = 0;
  for (let kernelRow = 0; kernelRow < <i32>layer.kernelHeight; kernelRow++) {
    const w = operandAt(layer, o, kernelRow * length);
    const x = <usize>layer.x + <usize>inputIndex(layer, row, column, kernelRow);
    for (let k = 0; k < length; k++) {
      sum += <i32>load<i8>(w + ((<usize>k) << 1)) * <i32>load<i8>(x + <usize>k);
    }
  }
  return sum;
}

export function convForward(layer: Layer): void {
  let acc = accumulators(layer);
  for (let row = 0; row < <i32>layer.outputHeight; row++) {
    for (let column = 0; column < <i32>layer.outputWidth; column++) {
      for (let o = 0; o < <i32>layer.outputs; o++) {
        store<i32>(acc, dot(layer, row, column, o));
        acc += 4;
      }
    }
  }
  finishForward(layer, addBiases(layer, 0), layer.inputExponent + <i32>layer.weightExponent);
}

/** dx of one window += hi · error. */
function scatter(layer: Layer, row: i32, column: i32, o: i32, error: i32): void {
  const length = <i32>layer.kernelWidth * <i32>layer.channels;
  for (let kernelRow = 0; kernelRow < <i32>layer.kernelHeight; kernelRow++) {
    const w = operandAt(layer, o, kernelRow * length);
    const dx = <usize>layer.wide + ((<usize>inputIndex(layer, row, column, kernelRow)) << 2);
    for (let k = 0; k < length; k++) {
      const at = dx + ((<usize>k) << 2);
      store<i32>(at, load<i32>(at) + <i32>load<i8>(w + ((<usize>k) << 1)) * error);
    }
  }
}

function inputGradient(layer: Layer): void {
  memory.fill(<usize>layer.wide, 0, (<usize>paddedElements(layer)) << 2);
  for (let row = 0; row < <i32>layer.outputHeight; row++) {
    for (let column = 0; column < <i32>layer.outputWidth; column++) {
      for (let o = 0; o < <i32>layer.outputs; o++) {
        scatter(layer, row, column, o, errorAt(layer, row, column, o));
      }
    }
  }
}

/** Sum of the errors of one output over all positions. */
export function biasGradient(layer: Layer, output: i32): i32 {
  let sum = 0;
  for (let row = 0; row < <i32>layer.outputHeight; row++) {
    for (let column = 0; column < <i32>layer.outputWidth; column++) {
      sum += errorAt(layer, row, column, output);
    }
  }
  return sum;
}

/** g of one filter += error · x over one window. */
function gather(layer: Layer, row: i32, column: i32, error: i32): void {
  const length = <i32>layer.kernelWidth * <i32>layer.channels;
  for (let kernelRow = 0; kernelRow < <i32>layer.kernelHeight; kernelRow++) {
    const g = <usize>layer.scratch + ((<usize>(kernelRow * length)) << 2);
    const x = <usize>layer.x + <usize>inputIndex(layer, row, column, kernelRow);
    for (let k = 0; k < length; k++) {
      const at = g + ((<usize>k) << 2);
      store<i32>(at, load<i32>(at) + error * <i32>load<i8>(x + <usize>k));
    }
  }
}

function weightGradient(layer: Layer, o: i32): void {
  memory.fill(<usize>layer.scratch, 0, (<usize>rowLength(layer)) << 2);
  for (let row = 0; row < <i32>layer.outputHeight; row++) {
    for (let column = 0; column < <i32>layer.outputWidth; column++) {
      gather(layer, row, column, errorAt(layer, row, column, o));
    }
  }
}

function update(layer: Layer, errorExponent: i32, stepSeed: i32, lrShift: i32): void {
  const shift = weightShift(layer, errorExponent, lrShift);
  const seed = layerStream(layer, stepSeed);
  for (let o = 0; o < <i32>layer.outputs; o++) {
    weightGradient(layer, o);
    const state = firstDraw(seed, o);
    const bias = <usize>layer.bias + ((<usize>o) << 1);
    updateBias(bias, biasGradient(layer, o), biasShift(errorExponent, lrShift), state);
    const w = <usize>(layer.weights + ((<u32>o * layer.rowWords) << 1));
    updateRow(w, <usize>layer.scratch, rowLength(layer), shift, nextState(state));
  }
}

export function convBackward(layer: Layer, errorExponent: i32, stepSeed: i32, lrShift: i32): i32 {
  const propagates = hasFlag(layer, LAYER_FLAG_PROPAGATE);
  if (propagates) inputGradient(layer);
  if (isTrained(layer)) update(layer, errorExponent, stepSeed, lrShift);
  return propagates ? finishBackward(layer, errorExponent + <i32>layer.weightExponent) : 0;
}

export function denseForward(layer: Layer): void {
  convForward(layer);
}

export function denseBackward(layer: Layer, errorExponent: i32, stepSeed: i32, lrShift: i32): i32 {
  return convBackward(layer, errorExponent, stepSeed, lrShift);
}
