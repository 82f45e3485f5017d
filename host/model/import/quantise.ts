/**
 * Post-training quantisation: one weight exponent per layer, chosen by what it does to the layer's output on
 * calibration samples; weights and biases rounded to the kernel's words.
 */
import { constant } from '../../contract/contract.gen.js';
import { layerForward } from '../float.js';
import type { LayerInfo } from '../info.js';
import type { LayerSpec, WeightScale } from '../spec.js';
import { weightScale } from '../build.js';
import type { KernelModel } from './kernel-domain.js';

/** What rounding did to one layer. */
export interface LayerQuantisation {
  /** Place among the layers of the descriptor. */
  readonly place: number;
  readonly op: LayerInfo['op'];
  readonly weightExponent: number;
  /** Words at the limits of an int16 because the number lies beyond. */
  readonly clippedWeights: number;
  readonly clippedBiases: number;
  /** Root mean square error of the output by the rounding of this layer, relative to the output's own. */
  readonly relativeError: number;
}

export interface Quantised {
  /** Layers with their weight scales: build the descriptor from these. */
  readonly layers: readonly LayerSpec[];
  /** [P] */
  readonly words: Int16Array;
  readonly report: readonly LayerQuantisation[];
}

const maxWord = 32767;
const minWord = -32768;
const wordOffset = 128;
const biasUnit = 2 ** -12;

/** Smallest exponent at which no weight is clipped: the operand reaches from −128 to 127. */
function coveringExponent(weights: Float64Array): number {
  const most = weights.reduce((largest, value) => Math.max(largest, value), 0);
  const least = weights.reduce((smallest, value) => Math.min(smallest, value), 0);
  const needed = Math.max(most / (maxWord - wordOffset), -least / (wordOffset - minWord)) * 256;
  if (needed === 0) return -constant.MAX_EXPONENT;
  const exponent = Math.ceil(Math.log2(needed));
  return Math.max(-constant.MAX_EXPONENT, Math.min(constant.MAX_EXPONENT, exponent));
}

interface Words {
  readonly words: Int16Array;
  readonly clipped: number;
}

/** round(value / unit) + offset as int16 words; halves away from zero. */
function toWords(values: Float64Array, unit: number, offset: number): Words {
  const words = new Int16Array(values.length);
  let clipped = 0;
  for (const [i, value] of values.entries()) {
    const rounded = Math.sign(value) * Math.round(Math.abs(value) / unit) + offset;
    words[i] = Math.max(minWord, Math.min(maxWord, rounded));
    if (words[i] !== rounded) clipped++;
  }
  return { words, clipped };
}

/** What the kernel multiplies by: the high byte of each word. */
function operands(words: Int16Array, exponent: number): Float64Array {
  return Float64Array.from(words, (word) => (word >> 8) * 2 ** exponent);
}

function weightsOf(layer: LayerInfo, parameters: Float64Array): Float64Array {
  return parameters.subarray(layer.weightOffset, layer.biasOffset);
}

function biasesOf(layer: LayerInfo, parameters: Float64Array): Float64Array {
  return parameters.subarray(layer.biasOffset, layer.biasOffset + layer.biases);
}

/** The layer alone, its weights being operands of `exponent` and its biases words. */
function roundedParameters(
  layer: LayerInfo,
  parameters: Float64Array,
  exponent: number,
): Float64Array {
  const rounded = parameters.slice();
  const { words } = toWords(weightsOf(layer, parameters), 2 ** (exponent - 8), wordOffset);
  rounded.set(operands(words, exponent), layer.weightOffset);
  const biases = toWords(biasesOf(layer, parameters), biasUnit, 0).words;
  rounded.set(
    Float64Array.from(biases, (word) => word * biasUnit),
    layer.biasOffset,
  );
  return rounded;
}

const power = (values: Float64Array): number => values.reduce((sum, v) => sum + v * v, 0);

/** Root of the squared error of a layer's outputs, relative to the outputs. */
function outputError(
  layer: LayerInfo,
  exact: Float64Array,
  rounded: Float64Array,
  inputs: readonly Float64Array[],
): number {
  let error = 0;
  let signal = 0;
  for (const x of inputs) {
    const y = layerForward(layer, exact, x, 'power-of-two');
    const z = layerForward(layer, rounded, x, 'power-of-two');
    error += power(y.map((value, i) => value - z[i]));
    signal += power(y);
  }
  return signal === 0 ? 0 : Math.sqrt(error / signal);
}

/** Clipping the largest weights may be worth a finer step for the rest: this many halvings are tried. */
const finerSteps = 2;

interface Choice {
  readonly exponent: number;
  readonly error: number;
}

function chooseExponent(
  layer: LayerInfo,
  parameters: Float64Array,
  inputs: readonly Float64Array[],
  headroom: number,
): Choice {
  const covering = coveringExponent(weightsOf(layer, parameters)) + headroom;
  const steps = headroom === 0 ? finerSteps : 0;
  const choices = Array.from({ length: steps + 1 }, (_, finer) => covering - finer)
    .filter((exponent) => Math.abs(exponent) <= constant.MAX_EXPONENT)
    .map((exponent): Choice => {
      const rounded = roundedParameters(layer, parameters, exponent);
      return { exponent, error: outputError(layer, parameters, rounded, inputs) };
    });
  return choices.reduce((best, choice) => (choice.error < best.error ? choice : best));
}

/** An activation as the kernel keeps it: int8 with a power of two per tensor. */
function requantise(y: Float64Array): Float64Array {
  const largest = y.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest === 0) return y;
  const unit = 2 ** (Math.floor(Math.log2(largest)) - 6);
  return y.map((value) => Math.max(-127, Math.min(127, Math.round(value / unit))) * unit);
}

/** Bound of a later re-initialisation: the shape's own, in the unit of the chosen exponent. */
function scaleFor(layer: LayerInfo, exponent: number): WeightScale {
  const fanIn = layer.op === 'embedding' ? 1 : layer.rowLength;
  const shape = weightScale(fanIn, layer.activation);
  const bound = Math.round(shape.bound * 2 ** (shape.exponent - exponent));
  return { exponent, bound: Math.max(1, Math.min(constant.MAX_INIT_BOUND, bound)) };
}

/**
 * Words and weight exponents of a model. `inputs` are calibration samples in the model's unit; every layer
 * is calibrated on what the rounded layers before it make of them. `headroom` leaves that many bits above
 * the largest weight, for training that goes on.
 */
export function quantiseModel(
  { spec, info, parameters }: KernelModel,
  inputs: readonly Float64Array[],
  headroom = 0,
): Quantised {
  const words = new Int16Array(info.parameters);
  const report: LayerQuantisation[] = [];
  const layers: LayerSpec[] = [];
  let tensors = inputs;
  for (const [place, layer] of info.layers.entries()) {
    let exponent = 0;
    let rounded = parameters;
    if (layer.index >= 0) {
      const choice = chooseExponent(layer, parameters, tensors, headroom);
      exponent = choice.exponent;
      rounded = roundedParameters(layer, parameters, exponent);
      const weights = toWords(weightsOf(layer, parameters), 2 ** (exponent - 8), wordOffset);
      const biases = toWords(biasesOf(layer, parameters), biasUnit, 0);
      words.set(weights.words, layer.weightOffset);
      words.set(biases.words, layer.biasOffset);
      report.push({
        place,
        op: layer.op,
        weightExponent: exponent,
        clippedWeights: weights.clipped,
        clippedBiases: biases.clipped,
        relativeError: choice.error,
      });
    }
    layers.push(withScale(spec.layers[place], layer, exponent));
    tensors = tensors.map((x) => requantise(layerForward(layer, rounded, x, 'power-of-two')));
  }
  return { layers, words, report };
}

function withScale(spec: LayerSpec, layer: LayerInfo, exponent: number): LayerSpec {
  return layer.index < 0 ? spec : ({ ...spec, weights: scaleFor(layer, exponent) } as LayerSpec);
}
