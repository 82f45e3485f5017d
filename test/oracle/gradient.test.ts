import { describe, expect, it } from 'vitest';
import { chainDescriptor, denseChain } from '../vectors/descriptor.js';
import { drawSample, TestRandom } from '../vectors/fill.js';
import { type Net, netDescriptor } from '../vectors/net.js';
import { readModel } from './descriptor.js';
import { tokensOf } from './embedding.js';
import { finiteDifferences, realForward, realParameters, realSample } from './float.js';
import { type AnyLayer, hasParameters, hasRelu, isWeighted, type Model } from './layers.js';
import { initialParameters, type Plan, type StepResult, trainStep } from './model.js';
import { forEachWindow, winnerOf } from './pool.js';
import { weightedGradient } from './weighted.js';

/**
 * Ladder (c): what the integer backward pass sends into the update is the gradient of the
 * real-valued network with the same operands, up to the quantisation of activations and errors.
 */

const nets: Readonly<Record<string, Net>> = {
  'conv, stride 2, padded': {
    input: [1, 13, 3],
    layers: [{ conv: 4, kernel: 5, stride: 2, pad: 'same' }, { dense: 4 }],
  },
  'conv in two dimensions, asymmetric pads': {
    input: [5, 4, 2],
    layers: [
      { conv: 3, kernel: [3, 2], stride: [2, 1], pad: [2, 0, 1, 1] },
      { conv: 4, kernel: [2, 3], pad: [0, 2, 1, 0] },
      { dense: 3 },
    ],
  },
  'conv as the last layer': {
    input: [1, 7, 2],
    layers: [
      { conv: 3, kernel: 3 },
      { conv: 2, kernel: 3, stride: 2 },
    ],
  },
  depthwise: {
    input: [5, 6, 3],
    layers: [
      { depthwise: true, kernel: [3, 3], pad: 'same' },
      { conv: 4, kernel: 1 },
      { depthwise: true, kernel: [2, 3], stride: [1, 2], relu: false },
      { dense: 3 },
    ],
  },
  'max pool of overlapping windows': {
    input: [1, 16, 2],
    layers: [{ conv: 4, kernel: 3 }, { pool: 'max', kernel: 3, stride: 2 }, { dense: 3 }],
  },
  'average pool': {
    input: [6, 6, 2],
    layers: [
      { conv: 3, kernel: [3, 3], pad: 'same' },
      { pool: 'average', kernel: [3, 2], stride: [1, 2] },
      { dense: 3 },
    ],
  },
  'global average pool': {
    input: [1, 11, 3],
    layers: [{ conv: 6, kernel: 3, pad: 'same' }, { pool: 'global' }, { dense: 4 }],
  },
  embedding: {
    input: [1, 9, 1],
    layers: [
      { embedding: 7, channels: 4 },
      { conv: 5, kernel: 3 },
      { pool: 'global' },
      { dense: 3 },
    ],
  },
  'autoencoder, dense': {
    input: [1, 12, 1],
    layers: [{ dense: 5 }, { dense: 12 }],
    loss: 'squared error',
  },
  'autoencoder, conv': {
    input: [1, 8, 2],
    inputExponent: -5,
    layers: [
      { conv: 4, kernel: 3, pad: 'same' },
      { conv: 2, kernel: 3, pad: 'same' },
    ],
    loss: 'squared error',
  },
};

const linear = chainDescriptor({
  inputs: 10,
  layers: [{ outputs: 8, relu: false }, { outputs: 6, relu: false }, { outputs: 3 }],
});

const models: readonly (readonly [string, Model])[] = [
  ['6-5', readModel(denseChain(6, 5))],
  ['9-6-4', readModel(denseChain(9, 6, 4))],
  ['12-9-7-5', readModel(denseChain(12, 9, 7, 5))],
  ['10-8-6-3 without ReLU', readModel(linear)],
  ...Object.entries(nets).map(([name, net]) => [name, readModel(netDescriptor(net))] as const),
];

function planFor(model: Model, changes: Partial<Plan> = {}): Plan {
  const classWeights = new Int8Array(model.classes);
  const still = { nodeSeed: 1, lrShift: 24, lrDecay: 0, totalSteps: 1, skipThreshold: 0 };
  return { ...still, proximalShift: 0, frozenLayers: 0, classWeights, ...changes };
}

/** Real value of Σ e · x per weight and Σ e per bias, before rates and rounding. */
function integerGradient(model: Model, { inputs, errors }: StepResult): Float64Array {
  const gradient = new Float64Array(model.parameters);
  for (const [n, layer] of model.layers.entries()) {
    const [e, x] = [errors[n]!, inputs[n]];
    if (isWeighted(layer)) {
      const { weights, biases } = weightedGradient(layer, x, e);
      weights.forEach(
        (g, k) => (gradient[layer.weightOffset + k] = g * 2 ** (e.exponent + x.exponent)),
      );
      biases.forEach((g, o) => (gradient[layer.biasOffset + o] = g * 2 ** e.exponent));
    } else if (layer.kind === 'EMBEDDING') {
      const tokens = tokensOf(layer, x.values);
      e.values.forEach((error, at) => {
        const [position, c] = [Math.floor(at / layer.rowLength), at % layer.rowLength];
        const word = layer.weightOffset + tokens[position] * layer.rowLength + c;
        gradient[word] += error * 2 ** e.exponent;
      });
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

/** Which ReLUs are open and which elements won their windows. */
function decisions(layer: AnyLayer, x: ArrayLike<number>, y: ArrayLike<number>): string {
  const chosen: unknown[] = hasRelu(layer) ? Array.from(y, (value) => value > 0) : [];
  if (layer.kind === 'MAX_POOL') {
    forEachWindow(layer, (_, elements) => chosen.push(winnerOf(elements, x)));
  }
  return chosen.join();
}

/**
 * Whether the int8 network takes the same decisions as the real one. A unit that the rounding puts on
 * the other side of a kink has another, equally right gradient.
 */
function decidesAlike(
  model: Model,
  { inputs }: StepResult,
  sample: Int8Array,
  outputs: readonly Float64Array[],
): boolean {
  return model.layers.slice(0, -1).every((layer, n) => {
    const realX = n > 0 ? outputs[n - 1] : realSample(model, sample);
    const integer = decisions(layer, inputs[n].values, inputs[n + 1].values);
    return integer === decisions(layer, realX, outputs[n]);
  });
}

interface Probe {
  readonly words: Int16Array;
  readonly x: Int8Array;
  readonly real: Float64Array;
  readonly label: number;
}

/** A network with initial weights and small random biases, and a sample. */
function makeProbe(model: Model, seed: number): Probe {
  const random = new TestRandom(seed);
  const words = initialParameters(model, seed);
  for (const layer of model.layers.filter(isWeighted)) {
    for (let o = 0; o < layer.rows; o++) words[layer.biasOffset + o] = random.within(1000);
  }
  const { x, label } = drawSample(model, seed, 0);
  return { words, x, real: realParameters(model, words), label };
}

const probesPerModel = 10;
const parametersPerProbe = 60;

/** Parameters spread over all layers, others in every probe. */
function chooseParameters({ parameters }: Model, seed: number): number[] {
  const stride = Math.ceil(parameters / parametersPerProbe);
  return Array.from({ length: parameters }, (_, p) => p).filter((p) => (p + seed) % stride === 0);
}

describe('gradients', () => {
  it.each(models)('%s: integer back-propagation is the finite difference', (_, model) => {
    let compared = 0;
    for (let seed = 1; seed <= probesPerModel; seed++) {
      const { words, x, real, label } = makeProbe(model, seed);
      const result = trainStep(model, words.slice(), x, label, planFor(model), 0);
      if (!decidesAlike(model, result, x, realForward(model, real, x))) continue;
      const chosen = chooseParameters(model, seed);
      const gradient = integerGradient(model, result);
      const integer = Float64Array.from(chosen, (p) => gradient[p]);
      const numeric = finiteDifferences(model, real, x, label, chosen);
      expect(dot(integer, numeric) / (norm(integer) * norm(numeric))).toBeGreaterThan(0.998);
      expect(Math.abs(norm(integer) / norm(numeric) - 1)).toBeLessThan(0.04);
      compared++;
    }
    expect(compared).toBeGreaterThan(0.25 * probesPerModel);
  });
});

describe('a step', () => {
  const moving: readonly (readonly [string, Model])[] = [
    ['dense', readModel(denseChain(6, 5, 3))],
    ['conv', readModel(netDescriptor(nets['conv, stride 2, padded']))],
    ['depthwise', readModel(netDescriptor(nets['depthwise']))],
    ['embedding', readModel(netDescriptor(nets['embedding']))],
  ];

  it.each(moving)(
    '%s: moves words by rate and gradient, on average over the streams',
    (_, model) => {
      const { words, x, label } = makeProbe(model, 4);
      const lrShift = 7;
      const runs = 250;
      const moved = new Float64Array(model.parameters);
      let result: StepResult | undefined;
      for (let nodeSeed = 0; nodeSeed < runs; nodeSeed++) {
        const after = words.slice();
        result = trainStep(model, after, x, label, planFor(model, { nodeSeed, lrShift }), 0);
        after.forEach((word, p) => (moved[p] += (word - words[p]) / runs));
      }
      const gradient = integerGradient(model, result!);
      for (const layer of model.layers.filter(hasParameters)) {
        const biases = isWeighted(layer) ? layer.biasOffset : Infinity;
        const end = layer.weightOffset + layer.rows * (layer.rowLength + Number(isWeighted(layer)));
        for (let p = layer.weightOffset; p < end; p++) {
          const unit = p < biases ? 2 ** (layer.weightExponent - 8) : 2 ** -12;
          const expected = (-(2 ** -lrShift) * gradient[p]) / unit;
          // one rounding error is below 1 and its variance at most 1/4; a token may occur nine times
          const roundings = layer.kind === 'EMBEDDING' ? 9 : 1;
          const tolerance = 5 * 0.5 * Math.sqrt(roundings / runs);
          expect(Math.abs(moved[p] - expected)).toBeLessThan(tolerance);
        }
      }
    },
  );
});
