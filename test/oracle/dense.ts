import { constant, purpose } from '../../host/contract/contract.gen.js';
import type { DenseLayer } from './descriptor.js';
import {
  clampSymmetric,
  expectInt32,
  requantise,
  roundShift,
  shiftRight,
  type Tensor,
} from './fixed-point.js';
import { mix, RandomStream } from './random.js';

/** Dense layer of the specification: 2.3 forward, 2.6 backward, 2.7 update. */

/** int8 operand of weight [o][i]: the high byte of its word. May be −128. */
export function operand(layer: DenseLayer, words: Int16Array, o: number, i: number): number {
  return shiftRight(words[layer.weightOffset + o * layer.inputs + i], 8);
}

/** A bias in units of the accumulator, whose LSB is 2^(shift − 12). */
export function alignBias(bias: number, shift: number): number {
  if (shift > 24) return 0;
  return shift > 0 ? roundShift(bias, shift) : expectInt32(bias * 2 ** Math.min(14, -shift));
}

/** Accumulators [O] before requantisation, ReLU applied; exponent x.exponent + ew. */
export function denseAccumulate(layer: DenseLayer, words: Int16Array, x: Tensor): Int32Array {
  const shift = x.exponent + layer.weightExponent + 12;
  return Int32Array.from({ length: layer.outputs }, (_, o) => {
    let sum = alignBias(words[layer.biasOffset + o], shift);
    for (let i = 0; i < layer.inputs; i++) sum += operand(layer, words, o, i) * x.values[i];
    return layer.relu ? Math.max(0, expectInt32(sum)) : expectInt32(sum);
  });
}

/** Σ_o hi[o][i] · e[o] for every input, before masking and requantisation. */
export function denseBackwardSums(layer: DenseLayer, words: Int16Array, e: Tensor): Int32Array {
  return Int32Array.from({ length: layer.inputs }, (_, i) => {
    let sum = 0;
    for (let o = 0; o < layer.outputs; o++) sum += operand(layer, words, o, i) * e.values[o];
    return expectInt32(sum);
  });
}

/**
 * Error of the input: the sums, zero where a ReLU made a zero, in int8.
 * `maker` is the layer that made x.
 */
export function denseBackward(
  layer: DenseLayer,
  maker: DenseLayer,
  sums: Int32Array,
  x: Tensor,
  errorExponent: number,
): Tensor {
  const masked = sums.map((sum, i) => (maker.relu && x.values[i] === 0 ? 0 : sum));
  return requantise(masked, errorExponent + layer.weightExponent);
}

/** How far a word moves down: g / 2^s, stochastically rounded. Takes one draw in any case. */
export function updateStep(g: number, s: number, stream: RandomStream): number {
  const limit = constant.UPDATE_LIMIT;
  if (s >= 1 && s <= 30) return clampSymmetric(shiftRight(g + stream.draw(s), s), limit);
  stream.draw(1);
  if (s > 30) return 0;
  return clampSymmetric(clampSymmetric(g, limit) * 2 ** Math.min(12, -s), limit);
}

/** Where an update draws its randomness from and how large it is. */
export interface UpdatePlace {
  readonly nodeSeed: number;
  /** Number of the layer among the layers with parameters. */
  readonly layerIndex: number;
  /** Training step since begin. */
  readonly step: number;
  /** L: the learning rate is 2^−L. */
  readonly learningShift: number;
}

/** Changes the words of one layer in place; returns how many of them were clamped. */
export function denseUpdate(
  layer: DenseLayer,
  words: Int16Array,
  x: Tensor,
  e: Tensor,
  place: UpdatePlace,
): number {
  const { nodeSeed, layerIndex, step, learningShift } = place;
  let saturations = 0;
  const move = (at: number, g: number, s: number, low: number, stream: RandomStream): void => {
    const target = words[at] - updateStep(g, s, stream);
    const clamped = Math.min(32767, Math.max(low, target));
    if (clamped !== target) saturations++;
    words[at] = clamped;
  };
  const biasShift = learningShift - e.exponent - 12;
  const weightShift = learningShift - e.exponent - x.exponent + layer.weightExponent - 8;
  for (let o = 0; o < layer.outputs; o++) {
    if (e.values[o] === 0) continue;
    const stream = new RandomStream(mix(nodeSeed, purpose.UPDATE, layerIndex, step, o));
    move(layer.biasOffset + o, e.values[o], biasShift, -32767, stream);
    for (let i = 0; i < layer.inputs; i++) {
      const at = layer.weightOffset + o * layer.inputs + i;
      move(at, e.values[o] * x.values[i], weightShift, -32768, stream);
    }
  }
  return saturations;
}
