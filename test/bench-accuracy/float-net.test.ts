import { describe, expect, it } from 'vitest';
import { buildDescriptor, parseDescriptor, type ModelSpec } from '../../host/model/descriptor.js';
import { FloatNet } from '../../bench/accuracy/float/net.js';
import { doubleForward, doubleLoss } from './double-forward.js';

const series = { width: 12, channels: 3, exponent: -5 };
const image = { height: 7, width: 6, channels: 2, exponent: -5 };
const loss = 'softmax-cross-entropy';

/** Every kind of layer, with odd shapes: strides that do not divide, pads on one side, channels not a multiple of 4. */
const models: Readonly<Record<string, ModelSpec>> = {
  dense: {
    input: { width: 6, exponent: -5 },
    layers: [
      { op: 'dense', outputs: 5, activation: 'relu' },
      { op: 'dense', outputs: 3 },
    ],
    loss,
  },
  conv1d: {
    input: series,
    layers: [
      { op: 'conv1d', filters: 5, kernel: 5, stride: 2, padding: 'same', activation: 'relu' },
      { op: 'conv1d', filters: 6, kernel: 3, padding: [0, 2], activation: 'relu' },
      { op: 'globalAveragePool' },
      { op: 'dense', outputs: 3 },
    ],
    loss,
  },
  conv2d: {
    input: image,
    layers: [
      { op: 'conv2d', filters: 4, kernel: 3, stride: 2, padding: 'same', activation: 'relu' },
      { op: 'conv2d', filters: 7, kernel: [2, 3], padding: 1, activation: 'relu' },
      { op: 'dense', outputs: 4 },
    ],
    loss,
  },
  depthwise: {
    input: image,
    layers: [
      { op: 'depthwise2d', kernel: 3, stride: 2, padding: 'same', activation: 'relu' },
      { op: 'conv2d', filters: 5, kernel: 1, activation: 'relu' },
      { op: 'depthwise2d', kernel: [1, 2] },
      { op: 'dense', outputs: 3 },
    ],
    loss,
  },
  'max-pool': {
    input: series,
    layers: [
      { op: 'conv1d', filters: 5, kernel: 3, activation: 'relu' },
      { op: 'maxPool1d', size: 3, stride: 2 },
      { op: 'dense', outputs: 3 },
    ],
    loss,
  },
  'average-pool': {
    input: image,
    layers: [
      { op: 'conv2d', filters: 3, kernel: 2, activation: 'relu' },
      { op: 'averagePool2d', size: 3, stride: 1 },
      { op: 'dense', outputs: 3 },
    ],
    loss,
  },
  autoencoder: {
    input: { width: 9, exponent: -6 },
    layers: [
      { op: 'dense', outputs: 4, activation: 'relu' },
      { op: 'dense', outputs: 9 },
    ],
    loss: 'squared-error',
  },
};

/** Words of unlike weights and biases, and a sample whose values differ. */
function prepare(spec: ModelSpec, frozenLayers = 0) {
  const model = parseDescriptor(buildDescriptor(spec));
  const net = new FloatNet(model, frozenLayers);
  net.loadWords(
    Int16Array.from({ length: model.parameters }, (_, i) => ((i * 7919) % 12_001) - 6000),
  );
  const x = Int8Array.from({ length: model.inputs }, (_, i) => ((i * 83) % 251) - 125);
  return { model, net, x, label: model.loss === 'squared-error' ? 0 : 1 };
}

describe.each(Object.entries(models))('FloatNet: %s', (_name, spec) => {
  it('computes what the definitions say', () => {
    const { model, net, x, label } = prepare(spec);
    const exact = doubleForward(model, Float64Array.from(net.parameters), x);
    const output = Array.from(net.forward(x));
    const largest = Math.max(...exact.map(Math.abs));
    expect(output.length).toBe(exact.length);
    expect(largest).toBeGreaterThan(0.1);
    output.forEach((value, i) => expect(Math.abs(value - exact[i])).toBeLessThan(1e-5 * largest));
    const expected = doubleLoss(model, Float64Array.from(net.parameters), x, label);
    expect(Math.abs(net.loss(x, label) / expected - 1)).toBeLessThan(1e-5);
  });

  it.each([0, 2])('descends along the gradient, times 2^%i', (exponent) => {
    const { model, net, x, label } = prepare(spec);
    const before = Float64Array.from(net.parameters);
    const rate = 2 ** -10;
    net.train(x, label, rate, 2 ** exponent);
    const gradients = Array.from(before, (_, i) => {
      const h = 1e-6;
      const [up, down] = [before.slice(), before.slice()];
      up[i] += h;
      down[i] -= h;
      return (doubleLoss(model, up, x, label) - doubleLoss(model, down, x, label)) / (2 * h);
    });
    const scale = Math.max(...gradients.map(Math.abs));
    expect(scale).toBeGreaterThan(0.01);
    gradients.forEach((gradient, i) => {
      const moved = (before[i] - net.parameters[i]) / (rate * 2 ** exponent);
      expect(Math.abs(moved - gradient), `parameter ${i}`).toBeLessThan(2e-3 * scale);
    });
  });
});

describe('FloatNet', () => {
  it('takes kernel words as what they are worth', () => {
    const { model, net } = prepare(models['conv1d']);
    const words = Int16Array.from({ length: model.parameters }, (_, i) => 300 * i - 32_768);
    net.loadWords(words);
    const [conv] = model.layers;
    const operand = 2 ** conv.weightExponent;
    // The high byte of the stored word, an int8, is the weight to half an operand.
    net.parameters.subarray(0, conv.biasOffset).forEach((weight, i) => {
      expect(Math.abs(weight - (words[i] >> 8) * operand)).toBeLessThanOrEqual(operand / 2);
    });
    expect(net.parameters[conv.biasOffset]).toBe(words[conv.biasOffset] / 4096);
  });

  it('leaves frozen layers alone and trains the others as before', () => {
    const whole = prepare(models['conv1d']);
    const last = prepare(models['conv1d'], 0b011);
    const before = Float32Array.from(last.net.parameters);
    whole.net.train(whole.x, 1, 2 ** -6, 1);
    last.net.train(last.x, 1, 2 ** -6, 1);
    const dense = last.model.layers[3];
    const cut = dense.weightOffset;
    expect(last.net.parameters.subarray(0, cut)).toEqual(before.subarray(0, cut));
    expect(last.net.parameters.subarray(cut)).toEqual(whole.net.parameters.subarray(cut));
    expect(last.net.parameters.subarray(cut)).not.toEqual(before.subarray(cut));
  });

  it('trains nothing when every layer is frozen', () => {
    const { net, x } = prepare(models['dense'], 0b11);
    const before = Float32Array.from(net.parameters);
    expect(net.train(x, 1, 1, 1)).toBeGreaterThan(0);
    expect(net.parameters).toEqual(before);
  });

  it('predicts the first of equal logits', () => {
    const model = parseDescriptor(buildDescriptor(models['dense']));
    expect(new FloatNet(model).predict(new Int8Array(6))).toBe(0);
  });
});
