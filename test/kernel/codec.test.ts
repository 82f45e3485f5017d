/** Payloads of the kernel: nothing lost by the exact one, nothing on average by the others. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codec, constant } from '../../host/contract/contract.gen.js';
import { evaluationSettings, Kernel } from '../../host/kernel/kernel.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { openV8Engine } from '../../host/kernel/v8-engine.js';
import { buildDescriptor } from '../../host/model/descriptor.js';
import { hostileBytes } from '../contract/hostile.js';

const descriptor = buildDescriptor({
  input: { width: 14, channels: 2, exponent: -5 },
  layers: [
    { op: 'conv1d', filters: 4, kernel: 3, activation: 'relu' },
    { op: 'dense', outputs: 3 },
  ],
  loss: 'softmax-cross-entropy',
});
const dense = Array.from({ length: 7 }, (_, i) => ({ bits: i + 2, id: codec.DENSE_2 + i }));
const known = [codec.RICE_INT16, ...dense.map(({ id }) => id), codec.SPARSE_TERNARY];
const density = 100;

let kernel: Kernel;
let parameters: number;
beforeAll(async () => {
  kernel = new Kernel(await openV8Engine(loadKernelBytes()));
  kernel.plan(descriptor);
  parameters = kernel.word('parameters');
});
afterAll(() => kernel.close());

function encode(id: number, delta: Int16Array, nodeKey = 0): Uint8Array {
  const base = new Int16Array(parameters);
  kernel.loadParameters(delta);
  kernel.begin({ ...evaluationSettings, nodeKey });
  return kernel.encodeDelta(id, base, { density });
}

const limit = constant.DELTA_LIMIT;
const arbitraryDelta = fc
  .integer({ min: 0, max: 15 })
  .chain((bits) =>
    fc.array(fc.integer({ min: -(2 ** bits) + 1, max: 2 ** bits - 1 }), {
      minLength: 175,
      maxLength: 175,
    }),
  )
  .map((values) => Int16Array.from(values));

describe('payloads', () => {
  it('of RICE_INT16 lose nothing', () => {
    expect(parameters).toBe(175);
    fc.assert(
      fc.property(arbitraryDelta, (delta) => {
        expect(kernel.decodeDelta(codec.RICE_INT16, encode(codec.RICE_INT16, delta))).toEqual(
          delta,
        );
      }),
    );
  });

  it.each(dense)(
    'of DENSE_$bits are within a step, and read by every other node',
    ({ bits, id }) => {
      fc.assert(
        fc.property(arbitraryDelta, fc.nat(), (delta, nodeKey) => {
          const payload = encode(id, delta, nodeKey);
          const read = kernel.decodeDelta(id, payload)!;
          const most = 2 ** (bits - 1) - 1;
          // Weights and biases of two layers.
          for (const [start, end] of [
            [0, 24],
            [24, 28],
            [28, 172],
            [172, 175],
          ]) {
            const largest = Math.max(...delta.slice(start, end).map(Math.abs));
            const step = 2 ** Math.max(0, Math.ceil(Math.log2(largest / most)));
            for (let i = start; i < end; i++) {
              expect(Math.abs(read[i] - delta[i])).toBeLessThan(step);
              expect(Math.abs(read[i])).toBeLessThanOrEqual(limit);
            }
          }
        }),
      );
    },
  );

  it.each(dense)('of DENSE_$bits have the mean of what they code', ({ id }) => {
    const delta = Int16Array.from({ length: parameters }, (_, i) => ((i * 37) % 201) - 100);
    const sums = new Float64Array(parameters);
    const draws = 400;
    let step = 0;
    for (let nodeKey = 0; nodeKey < draws; nodeKey++) {
      const read = kernel.decodeDelta(id, encode(id, delta, nodeKey))!;
      read.forEach((word, i) => {
        sums[i] += word;
        step = Math.max(step, Math.abs(word - delta[i]));
      });
    }
    // Five standard deviations of a mean of numbers that are off by less than a step.
    const tolerance = (5 * (step + 1)) / 2 / Math.sqrt(draws);
    sums.forEach((sum, i) => {
      expect(Math.abs(sum / draws - delta[i])).toBeLessThanOrEqual(tolerance);
    });
  });

  it.each([1, 40, 100, 500, 1000])('of SPARSE_TERNARY keep what they leave, at %d ‰', (most) => {
    // Nothing is lost within half of the range: sums and what is left of them fit an int16.
    const half = arbitraryDelta.map((words) => words.map((word) => word >> 1));
    fc.assert(
      fc.property(half, half, (delta, residual) => {
        const after = residual.slice();
        kernel.loadParameters(delta);
        kernel.begin(evaluationSettings);
        const base = new Int16Array(parameters);
        const sparse = { density: most, residual: after };
        const payload = kernel.encodeDelta(codec.SPARSE_TERNARY, base, sparse);
        const read = kernel.decodeDelta(codec.SPARSE_TERNARY, payload)!;
        delta.forEach((d, i) => expect(read[i] + after[i]).toBe(d + residual[i]));
        expect(kernel.word('residualSaturations')).toBe(0);
        for (const [start, end] of [
          [0, 24],
          [24, 28],
          [28, 172],
          [172, 175],
        ]) {
          const coded = read.slice(start, end).filter((word) => word !== 0);
          const changed = delta.slice(start, end).filter((d, i) => d + residual[start + i] !== 0);
          const wanted = Math.ceil((most * (end - start)) / 1000);
          expect(coded).toHaveLength(Math.min(changed.length, wanted));
          expect(new Set(coded.map(Math.abs)).size).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('of SPARSE_TERNARY come to the whole delta in time', () => {
    const delta = Int16Array.from({ length: parameters }, (_, i) => ((i * 73) % 61) - 30);
    const residual = new Int16Array(parameters);
    const sums = new Float64Array(parameters);
    const rounds = 400;
    kernel.loadParameters(delta);
    kernel.begin(evaluationSettings);
    for (let round = 0; round < rounds; round++) {
      const sparse = { density: 100, residual };
      const payload = kernel.encodeDelta(codec.SPARSE_TERNARY, new Int16Array(parameters), sparse);
      kernel.decodeDelta(codec.SPARSE_TERNARY, payload)!.forEach((word, i) => (sums[i] += word));
    }
    sums.forEach((sum, i) => expect(sum + residual[i]).toBe(rounds * delta[i]));
    expect(Math.max(...residual.map(Math.abs))).toBeLessThan(20 * 61);
  });

  it('of SPARSE_TERNARY count the residuals that do not fit', () => {
    const top = new Int16Array(parameters).fill(32767);
    kernel.loadParameters(top);
    kernel.begin(evaluationSettings);
    const residual = top.slice();
    const base = new Int16Array(parameters);
    kernel.encodeDelta(codec.SPARSE_TERNARY, base, { density: 100, residual });
    expect(residual).toEqual(top);
    // A coded word leaves 65,534 − 30,720, which is too much too.
    expect(kernel.word('residualSaturations')).toBe(parameters);
  });

  it('of any bytes are refused or read, and never trap', () => {
    const good = fc
      .tuple(fc.constantFrom(...known), arbitraryDelta)
      .map(([id, delta]) => encode(id, delta));
    fc.assert(
      fc.property(fc.constantFrom(...known), hostileBytes(good, 400), (id, payload) => {
        const read = kernel.decodeDelta(id, payload);
        expect(read === undefined || read.length === parameters).toBe(true);
        kernel.check();
      }),
    );
  });

  it('with a byte more or less, or of another codec, are no payloads', () => {
    const delta = Int16Array.from({ length: parameters }, (_, i) => (i % 40) - 20);
    for (const id of known) {
      const payload = encode(id, delta);
      expect(kernel.decodeDelta(id, payload.subarray(0, -1))).toBeUndefined();
      expect(kernel.decodeDelta(id, Uint8Array.of(...payload, 0))).toBeUndefined();
    }
    for (const id of [codec.NONE, 17, 25, 31, 33]) {
      expect(kernel.decodeDelta(id, new Uint8Array(2 * parameters))).toBeUndefined();
      expect(() => encode(id, delta)).toThrowError(expect.objectContaining({ code: 'ERR_RANGE' }));
    }
  });

  it('are smaller than raw words', () => {
    const delta = Int16Array.from({ length: parameters }, (_, i) => ((i * 73) % 61) - 30);
    const lengths = [
      codec.SPARSE_TERNARY,
      codec.DENSE_2,
      codec.DENSE_3,
      codec.DENSE_5,
      codec.RICE_INT16,
    ].map((id) => encode(id, delta).length);
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
    expect(lengths[0]).toBeLessThan(parameters / 8);
    expect(lengths[2]).toBeLessThan((parameters * 3) / 8);
    expect(lengths[4]).toBeLessThan(parameters);
  });
});
