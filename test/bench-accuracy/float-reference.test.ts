import { describe, expect, it } from 'vitest';
import { buildDescriptor, parseDescriptor } from '../../host/model/descriptor.js';
import { FloatMlp } from '../../bench/accuracy/float-reference.js';

const model = parseDescriptor(
  buildDescriptor({
    input: { width: 6, exponent: -5 },
    layers: [
      { op: 'dense', outputs: 5, activation: 'relu' },
      { op: 'dense', outputs: 3 },
    ],
    loss: 'softmax-cross-entropy',
  }),
);
const x = Int8Array.of(12, -127, 90, 3, -44, 70);
const label = 1;

/** Words of unlike weights and biases. */
function makeWords(): Int16Array {
  return Int16Array.from({ length: model.parameters }, (_, i) => ((i * 7919) % 12_001) - 6000);
}

/** Cross-entropy in double, written from the definition. */
function lossOf(parameters: ArrayLike<number>): number {
  let values = Array.from(x, (v) => v / 32);
  model.layers.forEach((layer) => {
    values = Array.from({ length: layer.outputs }, (_, o) => {
      const row = layer.weightOffset + o * layer.inputs;
      const sum = values.reduce(
        (total, value, i) => total + value * parameters[row + i],
        parameters[layer.biasOffset + o],
      );
      return layer.activation === 'relu' && sum < 0 ? 0 : sum;
    });
  });
  const total = values.reduce((sum, z) => sum + Math.exp(z), 0);
  return Math.log(total) - values[label];
}

describe('FloatMlp', () => {
  it('takes kernel words as what they are worth', () => {
    const mlp = new FloatMlp(model);
    const words = makeWords();
    mlp.loadWords(words);
    const [hidden] = model.layers;
    const operand = 2 ** hidden.weightExponent;
    // The high byte of the stored word, an int8, is the weight to half an operand.
    mlp.parameters.subarray(0, hidden.biasOffset).forEach((weight, i) => {
      expect(Math.abs(weight - (words[i] >> 8) * operand)).toBeLessThanOrEqual(operand / 2);
    });
    expect(mlp.parameters[hidden.biasOffset]).toBe(words[hidden.biasOffset] / 4096);
  });

  it.each([0, 2])('descends along the gradient, times 2^%i', (exponent) => {
    const mlp = new FloatMlp(model);
    mlp.loadWords(makeWords());
    const before = Float64Array.from(mlp.parameters);
    const rate = 2 ** -10;
    mlp.train(x, label, rate, 2 ** exponent);
    let largest = 0;
    before.forEach((value, i) => {
      const h = 1e-5;
      const [up, down] = [before.slice(), before.slice()];
      up[i] += h;
      down[i] -= h;
      const gradient = (lossOf(up) - lossOf(down)) / (2 * h);
      largest = Math.max(largest, Math.abs(gradient));
      expect(mlp.parameters[i]).toBeCloseTo(value - rate * 2 ** exponent * gradient, 6);
    });
    expect(largest).toBeGreaterThan(0.1);
  });

  it('predicts the first of equal logits', () => {
    const mlp = new FloatMlp(model);
    expect(mlp.predict(x)).toBe(0);
  });
});
