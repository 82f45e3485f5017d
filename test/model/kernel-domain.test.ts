import { describe, expect, it } from 'vitest';
import { modelForward } from '../../host/model/float.js';
import { describeSpec, type FloatModel } from '../../host/model/import/float-model.js';
import { toKernelDomain } from '../../host/model/import/kernel-domain.js';
import type { LayerSpec, Loss } from '../../host/model/spec.js';

function numbers(count: number, seed: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

function makeModel(layers: readonly LayerSpec[], loss: Loss = 'softmax-cross-entropy'): FloatModel {
  const spec = { input: { height: 1, width: 24, channels: 2, exponent: 0 }, layers, loss };
  const parameters = numbers(describeSpec(spec).parameters, 3);
  return { spec, parameters };
}

const scale = {
  scale: Float64Array.from({ length: 48 }, (_, i) => (i % 2 ? 0.011 : 0.004)),
  offset: Float64Array.from({ length: 48 }, (_, i) => (i % 2 ? -0.3 : 0.7)),
};

/** Both forms compute the same from the same int8 sample. */
function expectSame(model: FloatModel, loss: Loss = 'softmax-cross-entropy') {
  const kernel = toKernelDomain(model, scale, loss);
  const unit = 2 ** kernel.info.input.exponent;
  for (let seed = 1; seed < 4; seed++) {
    const x = numbers(48, seed).map((value) => Math.round(127 * value));
    const expected = modelForward(
      describeSpec({ ...model.spec, loss }),
      model.parameters,
      x.map((value, i) => value * scale.scale[i] + scale.offset[i]),
    );
    const got = modelForward(
      kernel.info,
      kernel.parameters,
      x.map((value) => value * unit),
      'power-of-two',
    );
    const back =
      loss === 'squared-error'
        ? got.map((value, i) => (value / unit) * scale.scale[i] + scale.offset[i])
        : got;
    expected.forEach((value, i) => expect(back[i]).toBeCloseTo(value, 8));
  }
  return kernel;
}

const dense: LayerSpec = { op: 'dense', outputs: 3 };

describe('a model in the kernel’s terms computes what it computed', () => {
  it('with the scale and offset of its input in the first convolution, and pools that divide by 2^n', () => {
    const kernel = expectSame(
      makeModel([
        { op: 'conv1d', filters: 4, kernel: 3, activation: 'relu' },
        { op: 'averagePool1d', size: 3 },
        { op: 'depthwise1d', kernel: 3, padding: 'same', activation: 'relu' },
        { op: 'globalAveragePool' },
        dense,
      ]),
    );
    expect(kernel.info.input.exponent).toBe(Math.round(Math.log2(0.011)));
  });

  it('with pools before the first weights', () => {
    expectSame(makeModel([{ op: 'maxPool1d', size: 2 }, { op: 'averagePool1d', size: 3 }, dense]));
  });

  it('with biases beyond the range of a word moved into the next layer', () => {
    const model = makeModel([
      { op: 'conv1d', filters: 4, kernel: 3, activation: 'relu' },
      { op: 'maxPool1d', size: 2 },
      dense,
    ]);
    const { layers } = describeSpec(model.spec);
    model.parameters[layers[0].biasOffset + 1] = 50;
    const kernel = expectSame(model);
    const { biasOffset, biases } = layers[0];
    const moved = kernel.parameters.subarray(biasOffset, biasOffset + biases);
    expect(Math.max(...moved.map(Math.abs))).toBeLessThan(8);
  });

  it('as an autoencoder, in the unit of its sample', () => {
    const layers: LayerSpec[] = [
      { op: 'dense', outputs: 5, activation: 'relu' },
      { op: 'dense', outputs: 48 },
    ];
    expectSame(makeModel(layers, 'squared-error'), 'squared-error');
  });

  it('but refuses an offset before a padded layer, a negative scale before a max-pool, a scale of 0', () => {
    const padded = makeModel([{ op: 'conv1d', filters: 2, kernel: 3, padding: 'same' }, dense]);
    expect(() => toKernelDomain(padded, scale, 'softmax-cross-entropy')).toThrow(/offset before/);
    const negative = { ...scale, scale: scale.scale.map((value) => -value) };
    const pooled = makeModel([{ op: 'maxPool1d', size: 2 }, dense]);
    expect(() => toKernelDomain(pooled, negative, 'softmax-cross-entropy')).toThrow(/negated/);
    const nothing = { ...scale, scale: new Float64Array(48) };
    expect(() => toKernelDomain(pooled, nothing, 'softmax-cross-entropy')).toThrow(/scale is 0/);
  });
});
