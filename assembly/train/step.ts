/** Inference and one training step over the planned layers. */
import {
  BLOCK_LOGITS_EXPONENT,
  BLOCK_LOSS_HIGH,
  BLOCK_LOSS_LOW,
  BLOCK_SAMPLES,
  BLOCK_SCORE,
  BLOCK_SKIPPED,
  BLOCK_STEP,
  DECAY_STEPS,
  EXPONENT_BIAS,
  Layer,
  LOSS_SKIPPED,
  NO_LABEL,
  OK,
  RECORD_EMBEDDING,
} from '../contract.gen';
import { fold } from '../math/random';
import { embeddingForward } from '../ops/embedding';
import { BLOCK, readWord, writeWord } from '../memory/block';
import { LAYER_BYTES, layerAt } from '../memory/layer';
import { layerBackward, layerForward, lossOf } from './backend';
import { head, model } from './model';
import { inputBytes } from './plan';

/** A threshold no error exceeds: a loss without a backward pass. */
const NEVER: i32 = i32.MAX_VALUE;

function addToWord(offset: i32, amount: i32): void {
  writeWord(offset, readWord(offset) + amount);
}

/** The sample's rows go between the padding of the first layer's input. */
function placeSample(first: Layer): void {
  const length = <usize>first.width * <usize>first.channels;
  const stride = length + <usize>(first.padLeft + first.padRight) * <usize>first.channels;
  let target =
    <usize>first.x + <usize>first.padTop * stride + <usize>first.padLeft * <usize>first.channels;
  let source = model.sample;
  for (let row = <i32>first.height; row > 0; row--) {
    memory.copy(target, source, length);
    source += length;
    target += stride;
  }
}

/** Empties a layer's input, whose memory another one has used since. */
function clearInput(layer: Layer): void {
  memory.fill(<usize>layer.x, 0, <usize>inputBytes(layer));
}

/** Makes the sample the input of the first layer that computes. */
function stageSample(): void {
  const first = layerAt(model.layerTable, 0);
  if (first.kind != RECORD_EMBEDDING) return placeSample(first);
  if (model.lowestTrained > 1) clearInput(layerAt(model.layerTable, 1));
  embeddingForward(first);
}

/** All layers on the sample; OK or the status of an intrinsic. */
function forward(): i32 {
  let exponent = model.firstExponent;
  let at = model.firstLayer;
  let shared = model.sharedLayers;
  const end = model.layerEnd;
  do {
    const layer = changetype<Layer>(at);
    at += LAYER_BYTES;
    layer.inputExponent = exponent;
    if (shared-- > 0) clearInput(changetype<Layer>(at));
    const status = layerForward(layer);
    if (status < 0) return status;
    exponent = layer.outputExponent;
  } while (at < end);
  head.logitsExponent = exponent;
  writeWord(BLOCK_LOGITS_EXPONENT, exponent);
  return OK;
}

/** Inference and loss; the answer of the loss, or a status. */
function assess(label: i32, skipThreshold: i32): i32 {
  const status = forward();
  if (status < 0) return status;
  return lossOf(label, skipThreshold);
}

/** Takes the sample into loss and confusion matrix. */
function count(label: i32): void {
  const loss = head.loss;
  writeWord(BLOCK_SCORE, loss);
  const low = readWord(BLOCK_LOSS_LOW) + loss;
  writeWord(BLOCK_LOSS_LOW, low);
  if (<u32>low < <u32>loss) addToWord(BLOCK_LOSS_HIGH, 1);
  const cell = model.confusion + ((<usize>(label * model.classes + head.predicted)) << 2);
  store<i32>(cell, load<i32>(cell) + 1);
  addToWord(BLOCK_SAMPLES, 1);
}

/** Inference alone; returns the class. Its score is the loss of a reconstruction, which needs no label, or 0. */
export function infer(): i32 {
  if (model.isStaged) stageSample();
  const status = assess(NO_LABEL, NEVER);
  if (status < 0) return status;
  writeWord(BLOCK_SCORE, head.loss);
  return head.predicted;
}

/** Inference, counted; returns the class. */
export function score(label: i32): i32 {
  if (model.isStaged) stageSample();
  const status = assess(label, NEVER);
  if (status < 0) return status;
  count(label);
  return head.predicted;
}

/** Learning-rate shift of step `step`. */
function scheduledShift(step: i32): i32 {
  if (model.lrDecay != DECAY_STEPS) return model.lrShift;
  const t = <u64>step;
  const n = model.totalSteps;
  return model.lrShift + i32(2 * t >= n) + i32(4 * t >= 3 * n) + i32(10 * t >= 9 * n);
}

/** Backward pass and updates, last layer to the lowest trained one. */
function backward(exponent: i32, step: i32): i32 {
  const lrShift = scheduledShift(step);
  const stepSeed = fold(model.updateSeed, step);
  const lowest = model.lowestLayer;
  let at = model.layerEnd;
  do {
    at -= LAYER_BYTES;
    const biased = layerBackward(changetype<Layer>(at), exponent, stepSeed, lrShift);
    if (biased < 0) return biased;
    exponent = biased - EXPONENT_BIAS;
  } while (at > lowest);
  return OK;
}

/** One training step on the sample at the input; returns 1 if its backward pass was skipped. */
export function trainStep(label: i32): i32 {
  if (model.isStaged) stageSample();
  const answer = assess(label, model.skipThreshold);
  if (answer < 0) return answer;
  const step = readWord(BLOCK_STEP);
  writeWord(BLOCK_STEP, step + 1);
  count(label);
  if (answer == LOSS_SKIPPED) {
    addToWord(BLOCK_SKIPPED, 1);
    return 1;
  }
  return backward(answer - EXPONENT_BIAS, step);
}

/** Counters of the block and the confusion matrix to 0. */
export function clearCounters(): void {
  memory.fill(BLOCK + BLOCK_STEP, 0, BLOCK_SCORE + 4 - BLOCK_STEP);
  memory.fill(model.confusion, 0, (<usize>(model.classes * model.classes)) << 2);
}
