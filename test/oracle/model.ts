import { decay, purpose } from '../../host/contract/contract.gen.js';
import { embeddingForward } from './embedding.js';
import { clampExponent, requantise, type Tensor } from './fixed-point.js';
import { type AnyLayer, hasParameters, hasRelu, isWeighted, type Model } from './layers.js';
import { poolBackward, poolErrorExponent, poolForward } from './pool.js';
import { mix, RandomStream } from './random.js';
import { softmaxCrossEntropy } from './softmax.js';
import { squaredError } from './squared-error.js';
import { updateEmbedding, type UpdatePlace, updateWeighted } from './update.js';
import { weightedBackward, weightedExponent, weightedForward, weightedOutput } from './weighted.js';

/** What training depends on besides weights and samples. */
export interface Plan {
  readonly nodeSeed: number;
  readonly lrShift: number;
  readonly lrDecay: number;
  readonly totalSteps: number;
  readonly skipThreshold: number;
  readonly proximalShift: number;
  /** int8 exponent per class. */
  readonly classWeights: Int8Array;
  /** Bit l: layer l is not trained. */
  readonly frozenLayers: number;
}

export interface ForwardResult {
  /** Input of every layer, first to last. */
  readonly inputs: readonly Tensor[];
  readonly logits: Int32Array;
  readonly logitsExponent: number;
}

export interface LossResult {
  readonly err: Int32Array;
  readonly loss: number;
  readonly predicted: number;
  /** Exponent of err. */
  readonly exponent: number;
}

export interface StepResult extends ForwardResult, LossResult {
  readonly skipped: boolean;
  /** Error at the output of every layer, first to last, as far down as it was needed. */
  readonly errors: readonly (Tensor | undefined)[];
}

/** Parameters of a new model: uniform weights from the INIT streams, biases 0. */
export function initialParameters(model: Model, seed: number): Int16Array {
  const words = new Int16Array(model.parameters);
  for (const layer of model.layers.filter(hasParameters)) {
    const span = 2 * layer.initBound + 1;
    for (let o = 0; o < layer.rows; o++) {
      const stream = new RandomStream(mix(seed, purpose.INIT, layer.index, 0, o));
      for (let k = 0; k < layer.rowLength; k++) {
        const value = Math.floor((stream.draw(16) * span) / 2 ** 16) - layer.initBound + 128;
        words[layer.weightOffset + o * layer.rowLength + k] = value;
      }
    }
  }
  return words;
}

function layerForward(layer: AnyLayer, words: Int16Array, x: Tensor): Tensor {
  if (layer.kind === 'EMBEDDING') return embeddingForward(layer, words, x.values);
  return isWeighted(layer) ? weightedOutput(layer, words, x) : poolForward(layer, x);
}

/** All layers on one sample of int8 inputs. */
export function forward(model: Model, words: Int16Array, x: Int8Array): ForwardResult {
  const inputs: Tensor[] = [{ values: x, exponent: model.inputExponent }];
  for (const layer of model.layers.slice(0, -1)) {
    inputs.push(layerForward(layer, words, inputs.at(-1)!));
  }
  const last = model.layers.at(-1);
  if (!last || !isWeighted(last)) throw new Error('the logits come from a layer with weights');
  const logits = weightedForward(last, words, inputs.at(-1)!);
  return { inputs, logits, logitsExponent: clampExponent(weightedExponent(last, inputs.at(-1)!)) };
}

/** Loss of a sample that went forward. */
export function lossOf(model: Model, passed: ForwardResult, label: number): LossResult {
  const { logits, logitsExponent, inputs } = passed;
  if (model.loss === 'SQUARED_ERROR') {
    const exponent = model.inputExponent - 8;
    return { ...squaredError(logits, logitsExponent, inputs[0]), predicted: 0, exponent };
  }
  const { err, lossQ10, predicted } = softmaxCrossEntropy(logits, logitsExponent, label);
  return { err, loss: lossQ10, predicted, exponent: -15 };
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

/** Whether the plan leaves the layer's parameters alone; bits exist for the first 32 only. */
export function isTrained(layer: AnyLayer, frozenLayers: number): boolean {
  if (!hasParameters(layer)) return false;
  return layer.index >= 32 || Math.floor(frozenLayers / 2 ** layer.index) % 2 === 0;
}

/** Error of the loss in int8, ee clamped once after the class weight is added. */
function outputError({ err, exponent }: LossResult, classWeight: number): Tensor {
  const { values, exponent: unweighted } = requantise(err, exponent);
  return { values, exponent: clampExponent(unweighted + classWeight) };
}

/** Error of the input in int8, zero where a ReLU of the layer that made it left a zero. */
function layerBackward(
  layer: AnyLayer,
  maker: AnyLayer,
  words: Int16Array,
  x: Tensor,
  e: Tensor,
): Tensor {
  if (layer.kind === 'EMBEDDING') throw new Error('an embedding is the first layer');
  const [sums, exponent] = isWeighted(layer)
    ? [weightedBackward(layer, words, e), e.exponent + layer.weightExponent]
    : [poolBackward(layer, x, e), poolErrorExponent(layer, e)];
  const gated = sums.map((sum, at) => (hasRelu(maker) && x.values[at] === 0 ? 0 : sum));
  return requantise(gated, exponent);
}

function updateLayer(
  layer: AnyLayer,
  words: Int16Array,
  x: Tensor,
  e: Tensor,
  place: UpdatePlace,
): void {
  if (layer.kind === 'EMBEDDING') updateEmbedding(layer, words, x, e, place);
  else if (isWeighted(layer)) updateWeighted(layer, words, x, e, place);
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
  const { layers } = model;
  const passed = forward(model, words, x);
  const loss = lossOf(model, passed, label);
  const errors = new Array<Tensor | undefined>(layers.length).fill(undefined);
  const result = { ...passed, ...loss, errors };
  if (largestError(loss.err) <= plan.skipThreshold) return { ...result, skipped: true };

  const place = { nodeSeed: plan.nodeSeed, step, learningShift: learningShift(plan, step) };
  const lowest = layers.findIndex((layer) => isTrained(layer, plan.frozenLayers));
  if (lowest < 0) throw new Error('every layer is frozen');
  let e = outputError(loss, plan.classWeights[label]);
  for (let n = layers.length - 1; n >= lowest; n--) {
    const [layer, input] = [layers[n], passed.inputs[n]];
    errors[n] = e;
    // with the weights before the update
    const below = n > lowest ? layerBackward(layer, layers[n - 1], words, input, e) : e;
    if (isTrained(layer, plan.frozenLayers)) updateLayer(layer, words, input, e, place);
    e = below;
  }
  return { ...result, skipped: false };
}
