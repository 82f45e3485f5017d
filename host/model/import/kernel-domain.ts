/**
 * Moves everything the kernel does by itself, or not at all, into weights and biases, exactly: the scale and
 * offset of the input, the true divisor of average pools, the unit of a reconstruction, and biases beyond
 * the range of an int16 in units of 2^−12.
 */
import { constant } from '../../contract/contract.gen.js';
import { poolPower } from '../float.js';
import type { LayerInfo, ModelInfo } from '../info.js';
import type { Loss, ModelSpec } from '../spec.js';
import {
  affineOfChannels,
  foldAfter,
  foldBefore,
  identityAffine,
  spreadChannels,
  type Affine,
} from './affine.js';
import { describeSpec, importError, type FloatModel } from './float-model.js';

/** Largest bias word, as a real number. */
const maxBias = 32767 * 2 ** -12;

/** How the float model's input comes from a sample's int8: scale · x + offset per element. */
export type InputScale = Affine;

/** A model whose float parameters mean what the kernel's words mean. */
export interface KernelModel {
  readonly spec: ModelSpec;
  readonly info: ModelInfo;
  readonly parameters: Float64Array;
}

/** The power of two next to the largest scale: then weights change by less than a factor of √2. */
export function inputExponentOf({ scale }: InputScale): number {
  const largest = scale.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (!(largest > 0 && Number.isFinite(largest))) {
    throw importError('the input scale is 0 or no number', 'give --input-scale a positive number');
  }
  const limit = constant.MAX_EXPONENT;
  return Math.max(-limit, Math.min(limit, Math.round(Math.log2(largest))));
}

function foldInput(info: ModelInfo, parameters: Float64Array, scale: InputScale): void {
  const [first] = info.layers;
  if (first.op === 'embedding') return;
  const unit = 2 ** info.input.exponent;
  // The kernel's input is x·unit; the model wants scale·x + offset.
  const affine = { scale: scale.scale.map((value) => value / unit), offset: scale.offset };
  const weighted = info.layers.find(({ index }) => index >= 0)!;
  if (first === weighted) return foldBefore(weighted, parameters, affine);
  // Pools stand between: they let a positive scale and an offset through, channel by channel.
  const { scale: byChannel, offset } = affineOfChannels(affine, first.inputShape, first.op);
  if (first.op === 'maxPool' && byChannel.some((value) => value < 0)) {
    throw importError('a max-pool reads a negated input', 'give a positive --input-scale');
  }
  foldBefore(weighted, parameters, spreadChannels(weighted.inputShape, byChannel, offset));
}

/** Multiplies the weights of a layer, so that it computes f(factor·x). */
function scaleInput(layer: LayerInfo, parameters: Float64Array, factor: number): void {
  const { scale, offset } = identityAffine(layer.inputShape);
  foldBefore(layer, parameters, { scale: scale.fill(factor), offset });
}

/** Average pools divide by a power of two in the kernel: the layer behind them makes up for it. */
function foldPools(info: ModelInfo, parameters: Float64Array): void {
  let factor = 1;
  for (const layer of info.layers) {
    if (layer.op === 'averagePool' || layer.op === 'globalAveragePool') {
      const count = layer.kernel[0] * layer.kernel[1];
      factor *= poolPower(count) / count;
    } else if (layer.index >= 0) {
      if (factor !== 1) scaleInput(layer, parameters, factor);
      factor = 1;
    }
  }
}

/** An autoencoder's output is compared with the sample itself, in the kernel's unit. */
function foldReconstruction(info: ModelInfo, parameters: Float64Array, scale: InputScale): void {
  const last = info.layers.at(-1)!;
  const unit = 2 ** info.input.exponent;
  const back = {
    scale: scale.scale.map((value) => unit / value),
    offset: scale.offset.map((value, i) => (-value * unit) / scale.scale[i]),
  };
  const perRow = last.op === 'dense' ? back : affineOfChannels(back, last.outputShape, last.op);
  foldAfter(last, parameters, perRow.scale, perRow.offset);
}

/** The largest bias of a layer, as a magnitude. */
function largestBias({ biasOffset, biases }: LayerInfo, parameters: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < biases; i++) {
    largest = Math.max(largest, Math.abs(parameters[biasOffset + i]));
  }
  return largest;
}

/**
 * Halves the weights and biases of a layer whose biases are too large, as often as needed, and doubles the
 * weights of the next one: relu and pools let a positive factor through. Logits keep their scale.
 */
function shrinkBiases(info: ModelInfo, parameters: Float64Array): void {
  const weighted = info.layers.filter(({ index }) => index >= 0);
  for (const [i, layer] of weighted.slice(0, -1).entries()) {
    const halvings = Math.ceil(Math.log2(largestBias(layer, parameters) / maxBias));
    if (!(halvings > 0)) continue;
    const factor = new Float64Array(layer.rows).fill(2 ** -halvings);
    foldAfter(layer, parameters, factor, new Float64Array(layer.rows));
    scaleInput(weighted[i + 1], parameters, 2 ** halvings);
  }
}

/** The model in the kernel's terms; what it computes is unchanged but for rounding of doubles. */
export function toKernelDomain(model: FloatModel, scale: InputScale, loss: Loss): KernelModel {
  const exponent = inputExponentOf(scale);
  const spec = { ...model.spec, input: { ...model.spec.input, exponent }, loss };
  const info = describeSpec(spec);
  const parameters = model.parameters.slice();
  foldInput(info, parameters, scale);
  foldPools(info, parameters);
  if (loss === 'squared-error') foldReconstruction(info, parameters, scale);
  shrinkBiases(info, parameters);
  return { spec, info, parameters };
}
