/** Inference and one training step over the planned layers. */
import {
  ACTIVATION_RELU,
  BLOCK_LOGITS_EXPONENT,
  BLOCK_LOSS_HIGH,
  BLOCK_LOSS_LOW,
  BLOCK_SAMPLES,
  BLOCK_SKIPPED,
  BLOCK_STEP,
  BLOCK_WEIGHT_SATURATIONS,
  DECAY_STEPS,
} from '../contract.gen';
import { bitLength, clampExponent, requantise, requantiseShift } from '../math/fixed';
import { BLOCK, readUnsigned, readWord, writeWord } from '../memory/block';
import { Layer, layerAt } from '../memory/layer';
import { denseBackward, denseForward } from '../ops/dense';
import { argmax, largestMagnitude, softmaxCrossEntropy } from '../ops/softmax';
import { updateDense } from '../optim/sgd';
import { model } from './model';

/** Exponent of the softmax error. */
const LOSS_EXPONENT: i32 = -15;

function addToWord(offset: i32, amount: i32): void {
  writeWord(offset, readWord(offset) + amount);
}

/** All layers on the sample at the input; returns the predicted class. */
export function forward(): i32 {
  const last = model.layers - 1;
  let exponent = model.inputExponent;
  for (let i = 0; i < last; i++) {
    const layer = layerAt(model.layerTable, i);
    layer.inputExponent = exponent;
    const shift = requantiseShift(
      bitLength(denseForward(layer, model.accumulators, model.scratch)),
    );
    requantise(model.accumulators, layer.outputs, shift, layer.output);
    exponent = clampExponent(exponent + layer.weightExponent + shift);
  }
  const layer = layerAt(model.layerTable, last);
  layer.inputExponent = exponent;
  denseForward(layer, model.logits, model.scratch);
  model.logitsExponent = clampExponent(exponent + layer.weightExponent);
  writeWord(BLOCK_LOGITS_EXPONENT, model.logitsExponent);
  return argmax(model.logits, model.classes);
}

/** Inference, loss and error of the loss, counted; returns the predicted class. */
export function score(label: i32): i32 {
  const best = forward();
  const loss = softmaxCrossEntropy(
    model.logits,
    model.classes,
    model.logitsExponent,
    best,
    label,
    model.lossError,
  );
  const cell = model.confusion + ((<usize>(label * model.classes + best)) << 2);
  store<i32>(cell, load<i32>(cell) + 1);
  addLoss(loss);
  addToWord(BLOCK_SAMPLES, 1);
  return best;
}

function addLoss(loss: i32): void {
  const low = readUnsigned(BLOCK_LOSS_LOW) + <u64>loss;
  writeWord(BLOCK_LOSS_LOW, <i32>low);
  addToWord(BLOCK_LOSS_HIGH, <i32>(low >> 32));
}

/** Learning-rate shift of step `step`. */
function scheduledShift(step: i32): i32 {
  if (model.lrDecay != DECAY_STEPS) return model.lrShift;
  const t = <u64>step;
  const n = model.totalSteps;
  return model.lrShift + i32(2 * t >= n) + i32(4 * t >= 3 * n) + i32(10 * t >= 9 * n);
}

/** Error of the layer's input, requantised into model.error; returns its exponent. */
function propagate(layer: Layer, exponent: i32, bits: i32): i32 {
  const shift = requantiseShift(bitLength(bits));
  requantise(model.scratch, layer.inputs, shift, model.error);
  return clampExponent(exponent + layer.weightExponent + shift);
}

/** Backward pass and update, last layer to first; dx is taken before the weights change. */
function backward(exponent: i32, step: i32): void {
  const lrShift = scheduledShift(step);
  for (let i = model.layers - 1; i >= 0; i--) {
    const layer = layerAt(model.layerTable, i);
    let bits = 0;
    if (i > 0) {
      const relu = layerAt(model.layerTable, i - 1).activation == ACTIVATION_RELU;
      bits = denseBackward(layer, model.error, relu, model.scratch);
    }
    const saturations = updateDense(layer, i, model.error, exponent, lrShift, model.nodeSeed, step);
    addToWord(BLOCK_WEIGHT_SATURATIONS, saturations);
    if (i > 0) exponent = propagate(layer, exponent, bits);
  }
}

/** One training step on the sample at the input; returns 1 if its backward pass was skipped. */
export function trainStep(label: i32): i32 {
  const step = readWord(BLOCK_STEP);
  score(label);
  writeWord(BLOCK_STEP, step + 1);
  const largest = largestMagnitude(model.lossError, model.classes);
  if (largest <= model.skipThreshold) {
    addToWord(BLOCK_SKIPPED, 1);
    return 1;
  }
  const shift = requantiseShift(bitLength(largest));
  requantise(model.lossError, model.classes, shift, model.error);
  const weight = <i32>load<i8>(model.classWeights + <usize>label);
  backward(clampExponent(LOSS_EXPONENT + shift + weight), step);
  return 0;
}

/** Counters of the block and the confusion matrix to 0. */
export function clearCounters(): void {
  memory.fill(BLOCK + BLOCK_STEP, 0, BLOCK_LOSS_HIGH + 4 - BLOCK_STEP);
  memory.fill(model.confusion, 0, (<usize>(model.classes * model.classes)) << 2);
}
