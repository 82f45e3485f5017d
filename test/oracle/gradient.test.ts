import { describe, expect, it } from 'vitest';
import { chainDescriptor, denseChain } from '../vectors/descriptor.js';
import { fillInput, fillWords, TestRandom } from '../vectors/fill.js';
import { updateStep } from './dense.js';
import { type Model, readModel } from './descriptor.js';
import { finiteDifferences, realForward, realGradient, realParameters } from './float.js';
import { initialParameters, type StepResult, trainStep } from './model.js';
import { RandomStream } from './random.js';

/**
 * Ladder (c): what the integer backward pass sends into the update is the gradient of the
 * real-valued network with the same operands, up to the quantisation of activations and errors.
 */

const models: readonly (readonly [string, Model])[] = [
  ['6-5', readModel(denseChain(6, 5))],
  ['20-12-4', readModel(denseChain(20, 12, 4))],
  ['12-9-7-5', readModel(denseChain(12, 9, 7, 5))],
  [
    '10-8-6-3 without ReLU',
    readModel(
      chainDescriptor({
        inputs: 10,
        layers: [{ outputs: 8, relu: false }, { outputs: 6, relu: false }, { outputs: 3 }],
      }),
    ),
  ],
];

const noLearning = {
  nodeSeed: 1,
  lrShift: 24,
  lrDecay: 0,
  totalSteps: 1,
  skipThreshold: 0,
};

/** Real value of e · x per weight and e per bias, before rates and rounding. */
function integerGradient(model: Model, { inputs, errors }: StepResult): Float64Array {
  const gradient = new Float64Array(model.parameters);
  for (const [index, layer] of model.layers.entries()) {
    const [e, x] = [errors[index], inputs[index]];
    for (let o = 0; o < layer.outputs; o++) {
      const error = e.values[o] * 2 ** e.exponent;
      gradient[layer.biasOffset + o] = error;
      for (let i = 0; i < layer.inputs; i++) {
        gradient[layer.weightOffset + o * layer.inputs + i] = error * x.values[i] * 2 ** x.exponent;
      }
    }
  }
  return gradient;
}

function norm(v: Float64Array): number {
  return Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i], 0);
}

/**
 * Whether the int8 activations are zero exactly where the real ReLUs are. A unit that the rounding
 * puts on the other side of the kink has another, equally right gradient.
 */
function sameUnitsActive(
  model: Model,
  { inputs }: StepResult,
  outputs: readonly Float64Array[],
): boolean {
  return model.layers.every(
    ({ relu }, index) =>
      !relu || outputs[index].every((y, i) => y > 0 === inputs[index + 1].values[i] > 0),
  );
}

interface Probe {
  readonly model: Model;
  readonly words: Int16Array;
  readonly x: Int8Array;
  readonly real: Float64Array;
  readonly realX: Float64Array;
  readonly label: number;
}

/** A network with initial weights and small random biases, and a sample. */
function makeProbe(model: Model, seed: number): Probe {
  const random = new TestRandom(seed);
  const words = initialParameters(model, seed);
  for (const { biasOffset, outputs } of model.layers) {
    for (let o = 0; o < outputs; o++) words[biasOffset + o] = random.within(1000);
  }
  const x = fillInput({ kind: 'uniform', seed }, model.inputs);
  const realX = Float64Array.from(x, (value) => value * 2 ** model.inputExponent);
  const label = random.below(model.classes);
  return { model, words, x, real: realParameters(model, words), realX, label };
}

const probesPerModel = 60;

describe('gradients', () => {
  it.each(models)('%s: float64 back-propagation is the finite difference', (_, model) => {
    for (let seed = 1; seed <= 10; seed++) {
      const { real, realX, label } = makeProbe(model, seed);
      const numeric = finiteDifferences(model, real, realX, label);
      const analytic = realGradient(model, real, realX, label);
      expect(norm(numeric.map((g, p) => g - analytic[p]))).toBeLessThan(1e-6 * norm(numeric));
    }
  });

  it.each(models)('%s: integer back-propagation points the same way, and as far', (_, model) => {
    let compared = 0;
    for (let seed = 1; seed <= probesPerModel; seed++) {
      const { words, x, real, realX, label } = makeProbe(model, seed);
      const settings = { ...noLearning, classWeights: new Int8Array(model.classes) };
      const result = trainStep(model, words.slice(), x, label, settings, 0);
      const outputs = realForward(model, real, realX);
      if (!sameUnitsActive(model, result, outputs)) continue;
      const integer = integerGradient(model, result);
      const numeric = finiteDifferences(model, real, realX, label);
      expect(dot(integer, numeric) / (norm(integer) * norm(numeric))).toBeGreaterThan(0.999);
      expect(Math.abs(norm(integer) / norm(numeric) - 1)).toBeLessThan(0.03);
      compared++;
    }
    expect(compared).toBeGreaterThan(0.85 * probesPerModel);
  });

  it('a step moves weights by the rate times the gradient, on average over the streams', () => {
    const model = readModel(denseChain(6, 5, 3));
    const { words, x, label } = makeProbe(model, 4);
    const lrShift = 7;
    const runs = 400;
    const moved = new Float64Array(model.parameters);
    let result: StepResult | undefined;
    for (let nodeSeed = 0; nodeSeed < runs; nodeSeed++) {
      const after = words.slice();
      const settings = { ...noLearning, nodeSeed, lrShift, classWeights: new Int8Array(3) };
      result = trainStep(model, after, x, label, settings, 0);
      after.forEach((word, p) => (moved[p] += (word - words[p]) / runs));
    }
    const gradient = integerGradient(model, result!);
    for (const layer of model.layers) {
      for (let p = layer.weightOffset; p < layer.biasOffset + layer.outputs; p++) {
        const unit = p < layer.biasOffset ? 2 ** (layer.weightExponent - 8) : 2 ** -12;
        const expected = (-(2 ** -lrShift) * gradient[p]) / unit;
        // the rounding error of one step is below 1 and its variance at most 1/4
        expect(Math.abs(moved[p] - expected)).toBeLessThan((5 * 0.5) / Math.sqrt(runs));
      }
    }
  });
});

describe('updateStep', () => {
  const step = (g: number, s: number, seed = 1): number =>
    updateStep(g, s, new RandomStream(seed)) + 0;

  it('rounds to one of the two neighbours', () => {
    for (let seed = 0; seed < 200; seed++) {
      expect([2, 3]).toContain(step(5, 1, seed * 7919));
      expect([-3, -2]).toContain(step(-5, 1, seed * 7919));
      expect(step(6, 1, seed * 7919)).toBe(3);
    }
  });

  it('does nothing past 30, shifts up below 1, and never moves more than 4096', () => {
    expect(step(16129, 31)).toBe(0);
    expect([0, -1, -5, -12, -13].map((s) => step(1, s))).toEqual([1, 2, 32, 4096, 4096]);
    expect([1, 0, -3].map((s) => step(16129, s))).toEqual([4096, 4096, 4096]);
    expect([1, 0, -3].map((s) => step(-16129, s))).toEqual([-4096, -4096, -4096]);
  });

  it('takes exactly one draw in every case', () => {
    for (const s of [-20, 0, 1, 12, 30, 31, 60]) {
      const [used, reference] = [new RandomStream(77), new RandomStream(77)];
      updateStep(100, s, used);
      reference.draw(5);
      expect(used.draw(30)).toBe(reference.draw(30));
    }
  });
});

describe('fillWords', () => {
  it('keeps biases in the range of the specification', () => {
    const model = readModel(denseChain(3, 4, 2));
    const words = fillWords({ kind: 'bottom' }, model);
    for (const { weightOffset, biasOffset } of model.layers) {
      expect([words[weightOffset], words[biasOffset]]).toEqual([-32768, -32767]);
    }
  });
});
