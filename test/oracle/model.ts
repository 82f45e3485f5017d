import { decay, purpose } from '../../host/contract/contract.gen.js';
import { denseAccumulate, denseBackward, denseBackwardSums, denseUpdate } from './dense.js';
import type { Model } from './descriptor.js';
import { clampExponent, requantise, type Tensor } from './fixed-point.js';
import { mix, RandomStream } from './random.js';
import { softmaxCrossEntropy, type SoftmaxResult } from './softmax.js';

/** What training depends on besides weights and samples. */
export interface Plan {
  readonly nodeSeed: number;
  readonly lrShift: number;
  readonly lrDecay: number;
  readonly totalSteps: number;
  readonly skipThreshold: number;
  /** int8 exponent per class. */
  readonly classWeights: Int8Array;
}

export interface ForwardResult {
  /** Input of every layer, first to last. */
  readonly inputs: readonly Tensor[];
  readonly logits: Int32Array;
  readonly logitsExponent: number;
}

export interface StepResult extends ForwardResult, SoftmaxResult {
  readonly skipped: boolean;
  readonly saturations: number;
  /** Error at the output of every layer, first to last; empty if the step was skipped. */
  readonly errors: readonly Tensor[];
}

/** Parameters of a new model: uniform weights from the INIT streams, biases 0. */
export function initialParameters(model: Model, seed: number): Int16Array {
  const words = new Int16Array(model.parameters);
  for (const [index, layer] of model.layers.entries()) {
    const span = 2 * layer.initBound + 1;
    for (let o = 0; o < layer.outputs; o++) {
      const stream = new RandomStream(mix(seed, purpose.INIT, index, 0, o));
      for (let i = 0; i < layer.inputs; i++) {
        const value = Math.floor((stream.draw(16) * span) / 2 ** 16) - layer.initBound + 128;
        words[layer.weightOffset + o * layer.inputs + i] = value;
      }
    }
  }
  return words;
}

/** All layers on one sample of int8 inputs. */
export function forward(model: Model, words: Int16Array, x: Int8Array): ForwardResult {
  const inputs: Tensor[] = [{ values: x, exponent: model.inputExponent }];
  for (const [index, layer] of model.layers.entries()) {
    const acc = denseAccumulate(layer, words, inputs[index]);
    const exponent = inputs[index].exponent + layer.weightExponent;
    if (index === model.layers.length - 1) {
      return { inputs, logits: acc, logitsExponent: clampExponent(exponent) };
    }
    inputs.push(requantise(acc, exponent));
  }
  throw new Error('a model has at least one layer');
}

/** L at training step t: lrShift, and with DECAY STEPS one more at 50, 75 and 90 % of the steps. */
export function learningShift(plan: Plan, t: number): number {
  if (plan.lrDecay !== decay.STEPS) return plan.lrShift;
  const n = plan.totalSteps;
  return plan.lrShift + Number(2 * t >= n) + Number(4 * t >= 3 * n) + Number(10 * t >= 9 * n);
}

/** Largest |err|: what the skip threshold is compared with. */
export function largestError(err: Int32Array): number {
  return Math.max(...err.map(Math.abs));
}

/** One training step; changes `words` in place unless it is skipped. */
export function trainStep(
  model: Model,
  words: Int16Array,
  x: Int8Array,
  label: number,
  plan: Plan,
  step: number,
): StepResult {
  const passed = forward(model, words, x);
  const softmax = softmaxCrossEntropy(passed.logits, passed.logitsExponent, label);
  const counted = { ...passed, ...softmax };
  if (largestError(softmax.err) <= plan.skipThreshold) {
    return { ...counted, skipped: true, saturations: 0, errors: [] };
  }
  let e = requantise(softmax.err, -15);
  e = { values: e.values, exponent: clampExponent(e.exponent + plan.classWeights[label]) };
  const shift = learningShift(plan, step);
  const errors: Tensor[] = [];
  let saturations = 0;
  for (let index = model.layers.length - 1; index >= 0; index--) {
    const layer = model.layers[index];
    const place = { nodeSeed: plan.nodeSeed, layerIndex: index, step, learningShift: shift };
    errors.unshift(e);
    const sums = index > 0 ? denseBackwardSums(layer, words, e) : undefined;
    const x = passed.inputs[index];
    saturations += denseUpdate(layer, words, x, e, place);
    if (sums) e = denseBackward(layer, model.layers[index - 1], sums, x, e.exponent);
  }
  return { ...counted, skipped: false, saturations, errors };
}
