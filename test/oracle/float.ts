import { operand } from './dense.js';
import type { Model } from './descriptor.js';

/**
 * The real-valued network that the integers approximate, in float64: operands, biases and inputs
 * taken at their real values, cross-entropy in nats. Only tests of the oracle use it.
 */

/** One real parameter per word: hi · 2^ew for weights, b · 2^−12 for biases. */
export function realParameters(model: Model, words: Int16Array): Float64Array {
  const real = new Float64Array(model.parameters);
  for (const layer of model.layers) {
    for (let o = 0; o < layer.outputs; o++) {
      real[layer.biasOffset + o] = words[layer.biasOffset + o] / 4096;
      for (let i = 0; i < layer.inputs; i++) {
        const at = layer.weightOffset + o * layer.inputs + i;
        real[at] = operand(layer, words, o, i) * 2 ** layer.weightExponent;
      }
    }
  }
  return real;
}

/** Outputs of every layer, after its ReLU if it has one; the last are the logits. */
export function realForward(model: Model, real: Float64Array, x: Float64Array): Float64Array[] {
  let input = x;
  return model.layers.map((layer) => {
    input = Float64Array.from({ length: layer.outputs }, (_, o) => {
      let sum = real[layer.biasOffset + o];
      const row = layer.weightOffset + o * layer.inputs;
      for (let i = 0; i < layer.inputs; i++) sum += real[row + i] * input[i];
      return layer.relu ? Math.max(0, sum) : sum;
    });
    return input;
  });
}

/** Softmax probabilities. */
export function realSoftmax(logits: Float64Array): Float64Array {
  const top = Math.max(...logits);
  const powers = logits.map((z) => Math.exp(z - top));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

/** Cross-entropy of one sample in nats. */
export function realLoss(model: Model, real: Float64Array, x: Float64Array, label: number): number {
  const logits = realForward(model, real, x).at(-1)!;
  return -Math.log(realSoftmax(logits)[label]);
}

/** Central differences of the loss over every parameter: needs no derivative of anything. */
export function finiteDifferences(
  model: Model,
  real: Float64Array,
  x: Float64Array,
  label: number,
  epsilon = 1e-6,
): Float64Array {
  const probe = real.slice();
  return real.map((value, p) => {
    probe[p] = value + epsilon;
    const above = realLoss(model, probe, x, label);
    probe[p] = value - epsilon;
    const below = realLoss(model, probe, x, label);
    probe[p] = value;
    return (above - below) / (2 * epsilon);
  });
}

/** Back-propagation in float64, to be checked against finiteDifferences. */
export function realGradient(
  model: Model,
  real: Float64Array,
  x: Float64Array,
  label: number,
): Float64Array {
  const outputs = realForward(model, real, x);
  const gradient = new Float64Array(model.parameters);
  let error = realSoftmax(outputs.at(-1)!).map((p, c) => p - Number(c === label));
  for (let index = model.layers.length - 1; index >= 0; index--) {
    const layer = model.layers[index];
    const input = index > 0 ? outputs[index - 1] : x;
    const below = new Float64Array(layer.inputs);
    for (let o = 0; o < layer.outputs; o++) {
      gradient[layer.biasOffset + o] = error[o];
      for (let i = 0; i < layer.inputs; i++) {
        const at = layer.weightOffset + o * layer.inputs + i;
        gradient[at] = error[o] * input[i];
        below[i] += real[at] * error[o];
      }
    }
    const relu = index > 0 && model.layers[index - 1].relu;
    error = below.map((value, i) => (relu && input[i] === 0 ? 0 : value));
  }
  return gradient;
}
