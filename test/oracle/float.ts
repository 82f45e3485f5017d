import { tokensOf } from './embedding.js';
import {
  type AnyLayer,
  elementsOf,
  hasParameters,
  isWeighted,
  type Model,
  type PoolLayer,
  type WeightedLayer,
} from './layers.js';

/**
 * The real-valued network that the integers approximate, in float64: operands, biases and inputs
 * taken at their real values, cross-entropy in nats, half the square of the error. It pads for real
 * and shares no loop with the integer layers. Only tests of the oracle use it.
 */

/** One real parameter per word: hi · 2^ew for weights, b · 2^−12 for biases. */
export function realParameters(model: Model, words: Int16Array): Float64Array {
  const real = Float64Array.from(words, (word) => word / 4096);
  for (const layer of model.layers.filter(hasParameters)) {
    const { weightOffset, rows, rowLength, weightExponent } = layer;
    for (let at = weightOffset; at < weightOffset + rows * rowLength; at++) {
      real[at] = (words[at] >> 8) * 2 ** weightExponent;
    }
  }
  return real;
}

/** A tensor with its padding, as rows of pixels of channels. */
function padded(layer: WeightedLayer | PoolLayer, x: Float64Array): number[][][] {
  const { height, width, channels } = layer.input;
  const { padTop, padLeft, padBottom, padRight } = layer.window;
  const zero = (): number[] => new Array<number>(channels).fill(0);
  const blank = (): number[][] => Array.from({ length: padLeft + width + padRight }, zero);
  const rows = Array.from({ length: height }, (_, r) => [
    ...Array.from({ length: padLeft }, zero),
    ...Array.from({ length: width }, (_, c) => [
      ...x.slice((r * width + c) * channels, (r * width + c + 1) * channels),
    ]),
    ...Array.from({ length: padRight }, zero),
  ]);
  const above = Array.from({ length: padTop }, blank);
  return [...above, ...rows, ...Array.from({ length: padBottom }, blank)];
}

/** The pixels under the window at every position. */
function patches(layer: WeightedLayer | PoolLayer, x: Float64Array): number[][][] {
  const { kernelHeight, kernelWidth, strideHeight, strideWidth } = layer.window;
  const image = padded(layer, x);
  const found: number[][][] = [];
  for (let r = 0; r + kernelHeight <= image.length; r += strideHeight) {
    for (let c = 0; c + kernelWidth <= image[0].length; c += strideWidth) {
      const rows = image.slice(r, r + kernelHeight);
      found.push(rows.flatMap((row) => row.slice(c, c + kernelWidth)));
    }
  }
  return found;
}

function realWeighted(layer: WeightedLayer, real: Float64Array, x: Float64Array): number[] {
  const { rows, rowLength, weightOffset, biasOffset } = layer;
  return patches(layer, x).flatMap((pixels) =>
    Array.from({ length: rows }, (_, o) => {
      const seen = layer.kind === 'DEPTHWISE' ? pixels.map((pixel) => pixel[o]) : pixels.flat();
      const row = weightOffset + o * rowLength;
      const sum = seen.reduce((total, value, k) => total + real[row + k] * value, 0);
      return layer.relu ? Math.max(0, sum + real[biasOffset + o]) : sum + real[biasOffset + o];
    }),
  );
}

/** Means are divided by the power of two that the specification takes. */
function realPool(layer: PoolLayer, x: Float64Array): number[] {
  return patches(layer, x).flatMap((pixels) =>
    pixels[0].map((_, c) => {
      const seen = pixels.map((pixel) => pixel[c]);
      if (layer.kind === 'MAX_POOL') return Math.max(...seen);
      const divisor = 2 ** Math.ceil(Math.log2(seen.length));
      return seen.reduce((a, b) => a + b) / divisor;
    }),
  );
}

function realLayer(
  layer: AnyLayer,
  real: Float64Array,
  x: Float64Array,
  sample: Int8Array,
): Float64Array {
  if (isWeighted(layer)) return Float64Array.from(realWeighted(layer, real, x));
  if (layer.kind !== 'EMBEDDING') return Float64Array.from(realPool(layer, x));
  const { weightOffset, rowLength } = layer;
  const table = tokensOf(layer, sample).map((v) => weightOffset + v * rowLength);
  return Float64Array.from(table.flatMap((from) => [...real.slice(from, from + rowLength)]));
}

/** The sample at its real values. */
export function realSample(model: Model, sample: Int8Array): Float64Array {
  return Float64Array.from(sample, (value) => value * 2 ** model.inputExponent);
}

/** Outputs of every layer, after its ReLU if it has one; the last are the logits. */
export function realForward(model: Model, real: Float64Array, sample: Int8Array): Float64Array[] {
  let x = realSample(model, sample);
  return model.layers.map((layer) => {
    x = realLayer(layer, real, x, sample);
    if (x.length !== elementsOf(layer.output)) throw new Error('another shape than the oracle');
    return x;
  });
}

/** Softmax probabilities. */
export function realSoftmax(logits: Float64Array): Float64Array {
  const top = Math.max(...logits);
  const powers = logits.map((z) => Math.exp(z - top));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

/** Cross-entropy of one sample in nats, or half the squared error summed over its elements. */
export function realLoss(
  model: Model,
  real: Float64Array,
  sample: Int8Array,
  label: number,
): number {
  const logits = realForward(model, real, sample).at(-1)!;
  if (model.loss === 'SOFTMAX_CROSS_ENTROPY') return -Math.log(realSoftmax(logits)[label]);
  const x = realSample(model, sample);
  return logits.reduce((sum, z, n) => sum + (z - x[n]) ** 2 / 2, 0);
}

/** Central differences of the loss over the parameters named: needs no derivative of anything. */
export function finiteDifferences(
  model: Model,
  real: Float64Array,
  sample: Int8Array,
  label: number,
  parameters: readonly number[],
  epsilon = 1e-6,
): Float64Array {
  const lossAt = (p: number, value: number): number => {
    const probe = real.slice();
    probe[p] = value;
    return realLoss(model, probe, sample, label);
  };
  return Float64Array.from(parameters, (p) => {
    const difference = lossAt(p, real[p] + epsilon) - lossAt(p, real[p] - epsilon);
    return difference / (2 * epsilon);
  });
}
