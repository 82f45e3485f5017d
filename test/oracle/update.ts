import { constant, purpose } from '../../host/contract/contract.gen.js';
import { tokensOf } from './embedding.js';
import { clampSymmetric, saturate16, shiftRight, type Tensor } from './fixed-point.js';
import type { EmbeddingLayer, WeightedLayer } from './layers.js';
import { mix, RandomStream } from './random.js';
import { weightedGradient } from './weighted.js';

/** Update and pull of the specification (2.7). */

/** Where an update draws its randomness from and how large it is. */
export interface UpdatePlace {
  readonly nodeSeed: number;
  /** Training step since begin. */
  readonly step: number;
  /** L: the learning rate is 2^−L. */
  readonly learningShift: number;
}

/** No word moves further than −4096…4095 in one update. */
function limitStep(d: number): number {
  return Math.min(constant.UPDATE_LIMIT - 1, Math.max(-constant.UPDATE_LIMIT, d));
}

/** A gradient as a step where there is nothing to round: s > 30 or s ≤ 0. */
function exactStep(g: number, s: number): number {
  if (s > 30) return 0;
  return limitStep(clampSymmetric(g, constant.UPDATE_LIMIT) * 2 ** Math.min(12, -s));
}

const rounds = (s: number): boolean => s >= 1 && s <= 30;

/** How far a bias moves down: g / 2^s, stochastically rounded. Takes one draw in any case. */
export function biasStep(g: number, s: number, stream: RandomStream): number {
  const drawn = stream.draw(rounds(s) ? s : 1);
  return rounds(s) ? limitStep(shiftRight(g + drawn, s)) : exactStep(g, s);
}

/**
 * How far the weights of a row move down, first to last: what the rounding leaves of one weight is
 * carried to the next. Takes one draw in any case.
 */
export function rowSteps(g: ArrayLike<number>, s: number, stream: RandomStream): number[] {
  let carried = stream.draw(rounds(s) ? s : 1);
  return Array.from(g, (gradient) => {
    if (!rounds(s)) return exactStep(gradient, s);
    const sum = gradient + carried;
    const quotient = shiftRight(sum, s);
    carried = sum - quotient * 2 ** s;
    return limitStep(quotient);
  });
}

function moveRow(words: Int16Array, from: number, steps: readonly number[]): void {
  for (const [k, step] of steps.entries()) words[from + k] = saturate16(words[from + k] - step);
}

function streamOf(place: UpdatePlace, layer: number, row: number): RandomStream {
  return new RandomStream(mix(place.nodeSeed, purpose.UPDATE, place.step, layer, row));
}

/** Changes the rows whose error is not zero everywhere, in place. */
export function updateWeighted(
  layer: WeightedLayer,
  words: Int16Array,
  x: Tensor,
  e: Tensor,
  place: UpdatePlace,
): void {
  const { rows, rowLength, weightOffset, biasOffset, weightExponent } = layer;
  const { weights, biases } = weightedGradient(layer, x, e);
  const biasShift = place.learningShift - e.exponent - 12;
  const weightShift = place.learningShift - e.exponent - x.exponent + weightExponent - 8;
  const activeRows = new Set<number>();
  e.values.forEach((error, y) => error !== 0 && activeRows.add(y % rows));
  for (let o = 0; o < rows; o++) {
    if (!activeRows.has(o)) continue;
    const stream = streamOf(place, layer.index, o);
    moveRow(words, biasOffset + o, [biasStep(biases[o], biasShift, stream)]);
    const g = weights.subarray(o * rowLength, (o + 1) * rowLength);
    moveRow(words, weightOffset + o * rowLength, rowSteps(g, weightShift, stream));
  }
}

/** Changes the rows that were looked up, position by position, in place. */
export function updateEmbedding(
  layer: EmbeddingLayer,
  words: Int16Array,
  x: Tensor,
  e: Tensor,
  place: UpdatePlace,
): void {
  const { rowLength, weightOffset, weightExponent } = layer;
  const shift = place.learningShift - e.exponent + weightExponent - 8;
  for (const [position, token] of tokensOf(layer, x.values).entries()) {
    const g = e.values.subarray(position * rowLength, (position + 1) * rowLength);
    if (g.every((error) => error === 0)) continue;
    const stream = streamOf(place, layer.index, position);
    // the draw of a bias, which the table does not have
    stream.draw(1);
    moveRow(words, weightOffset + token * rowLength, rowSteps(g, shift, stream));
  }
}

/** Parameter number `i` pulled toward its base after `step` steps; k = proximalShift ≥ 1. */
export function pullWord(
  word: number,
  base: number,
  k: number,
  i: number,
  { nodeSeed, step }: Pick<UpdatePlace, 'nodeSeed' | 'step'>,
): number {
  // the hash itself is the state that is drawn from: no stream advances
  const drawn = shiftRight(mix(nodeSeed, purpose.PROXIMAL, step, i), 32 - k);
  return word - shiftRight(word - base + drawn, k);
}
