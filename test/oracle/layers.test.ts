import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Net, netDescriptor } from '../vectors/net.js';
import { readModel } from './descriptor.js';
import { embeddingForward, tokensOf } from './embedding.js';
import type { AnyLayer, EmbeddingLayer, PoolLayer } from './layers.js';
import { windowsOf } from './layers.js';
import { poolBackward, poolErrorExponent, poolForward } from './pool.js';
import { inSampleUnits, squaredError } from './squared-error.js';

const tensor = (exponent: number, ...values: number[]) => ({
  values: Int8Array.from(values),
  exponent,
});

function layersOf(net: Net): readonly AnyLayer[] {
  return readModel(netDescriptor(net)).layers;
}

function poolOf(width: number, kernel: number, stride: number, pool: 'max' | 'average'): PoolLayer {
  const layers = layersOf({
    input: [1, width, 1],
    layers: [{ pool, kernel, stride }, { dense: 2 }],
  });
  return layers[0] as PoolLayer;
}

describe('windows', () => {
  it('stand where strides and pads put them; padding is left out', () => {
    const [conv] = layersOf({
      input: [2, 3, 1],
      layers: [{ conv: 1, kernel: [2, 2], stride: [2, 2], pad: [1, 0, 1, 1] }, { dense: 2 }],
    });
    if (conv.kind !== 'CONV') return expect.fail('the first layer is a convolution');
    const seen = windowsOf(conv).map((pixels) => pixels.map((p) => [p.inWindow, p.inInput]));
    expect(conv.output).toEqual({ height: 2, width: 2, channels: 1 });
    expect(seen).toEqual([
      [
        [2, 0],
        [3, 1],
      ],
      [[2, 2]],
      [
        [0, 3],
        [1, 4],
      ],
      [[0, 5]],
    ]);
  });

  it('leave out what no stride reaches', () => {
    const inputs = windowsOf(poolOf(8, 2, 3, 'max')).map((pixels) => pixels.map((p) => p.inInput));
    expect(inputs).toEqual([
      [0, 1],
      [3, 4],
      [6, 7],
    ]);
  });
});

describe('shapes of a model', () => {
  it('follow from layer to layer, and parameters are numbered in between', () => {
    const model = readModel(
      netDescriptor({
        input: [5, 6, 2],
        layers: [
          { conv: 4, kernel: [3, 3], pad: 'same' },
          { pool: 'max', kernel: [2, 2], stride: [2, 2] },
          { depthwise: true, kernel: [1, 3] },
          { pool: 'global' },
          { dense: 3 },
        ],
      }),
    );
    const shapes = model.layers.map(({ output }) => Object.values(output).join('x'));
    expect(shapes).toEqual(['5x6x4', '2x3x4', '2x1x4', '1x1x4', '1x1x3']);
    const places = model.layers.flatMap((layer) =>
      'index' in layer ? [[layer.index, layer.weightOffset, layer.rows, layer.rowLength]] : [],
    );
    expect(places).toEqual([
      [0, 0, 4, 18],
      [1, 76, 4, 3],
      [2, 92, 3, 4],
    ]);
    expect([model.parameters, model.outputs, model.classes]).toEqual([107, 3, 3]);
  });
});

describe('pools of the oracle', () => {
  it('take the largest as it is, and send the error to the first that holds it', () => {
    const pool = poolOf(5, 3, 2, 'max');
    const x = tensor(-3, 7, 9, 9, -128, -128);
    expect(poolForward(pool, x)).toEqual(tensor(-3, 9, 9));
    const e = tensor(-9, 4, -6);
    expect([...poolBackward(pool, x, e)]).toEqual([0, 4, -6, 0, 0]);
    expect(poolErrorExponent(pool, e)).toBe(-9);
  });

  it('divide a mean by the power of two next to the window', () => {
    const pool = poolOf(5, 3, 2, 'average');
    const x = tensor(-3, 100, 90, 80, -5, -5);
    // 270 and 70, shifted by 2; blen(3 − 1) = 2
    expect(poolForward(pool, x)).toEqual(tensor(-3, 68, 18));
    const e = tensor(-9, 4, -6);
    expect([...poolBackward(pool, x, e)]).toEqual([4, 4, -2, -6, -6]);
    expect(poolErrorExponent(pool, e)).toBe(-11);
    expect(poolErrorExponent(poolOf(4, 1, 1, 'average'), e)).toBe(-9);
  });
});

describe('embeddings of the oracle', () => {
  const [layer] = layersOf({
    input: [1, 4, 1],
    layers: [{ embedding: 3, channels: 2, weightExponent: -5 }, { dense: 2 }],
  }) as [EmbeddingLayer, AnyLayer];

  it('take bytes for tokens and what is beyond the vocabulary for the last one', () => {
    expect(tokensOf(layer, Int8Array.of(0, 2, 3, -1))).toEqual([0, 2, 2, 2]);
  });

  it('give high bytes, not below −127', () => {
    const words = Int16Array.of(256, -256, 511, -257, -32768, 32767);
    expect(embeddingForward(layer, words, Int8Array.of(0, 1, 2, -128))).toEqual(
      tensor(-5, 1, -1, 1, -2, -127, 127, -127, 127),
    );
  });
});

describe('squared error of the oracle', () => {
  it('brings logits to 1/256 of the sample’s unit, to nearest, within ±2^22', () => {
    expect(inSampleUnits(5, -20, -12)).toBe(5);
    expect(inSampleUnits(5, -21, -12)).toBe(3);
    expect(inSampleUnits(-5, -21, -12) + 0).toBe(-2);
    expect(inSampleUnits(2 ** 30, -51, -12)).toBe(0);
    expect(inSampleUnits(-3, 0, -12)).toBe(-3 * 2 ** 20);
    expect(inSampleUnits(-3, 63, -64)).toBe(-(2 ** 22));
    expect(inSampleUnits(0, 63, -64) + 0).toBe(0);
  });

  it('is within rounding of the real difference, and its mean square', () => {
    const property = fc.property(
      fc.array(
        fc.tuple(fc.integer({ min: -30000, max: 30000 }), fc.integer({ min: -127, max: 127 })),
        {
          minLength: 1,
          maxLength: 30,
        },
      ),
      fc.integer({ min: -20, max: -14 }),
      (pairs, el) => {
        const ei = -7;
        const z = Int32Array.from(pairs, ([logit]) => logit);
        const { err, loss } = squaredError(z, el, tensor(ei, ...pairs.map(([, x]) => x)));
        const real = pairs.map(([logit, x]) => logit * 2 ** (el - ei) - x);
        real.forEach((r, n) => expect(Math.abs(err[n] / 256 - r)).toBeLessThanOrEqual(0.5 / 256));
        // every |err| is cut to 1/16 of the unit and limited to 4095 of them
        const cut = real.map((r) => Math.min(4095 / 16, Math.abs(r)));
        const mean = cut.reduce((sum, r) => sum + r * r, 0) / real.length;
        const largest = Math.max(...cut);
        const slack = (2 * largest + 1) / 16 + 1 / 256;
        expect(Math.abs(loss / 256 - mean)).toBeLessThanOrEqual(slack);
      },
    );
    fc.assert(property);
  });

  it('sums squares beyond 32 bits exactly', () => {
    const n = 32768;
    const z = new Int32Array(n).fill(2 ** 30);
    const { loss } = squaredError(z, 0, { values: new Int8Array(n), exponent: 0 });
    expect(loss).toBe(4095 ** 2);
  });
});
