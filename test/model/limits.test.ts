/** What people are told about a model and what the kernel says of it are the same. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { LinnetError } from '../../host/contract/error.js';
import { Kernel } from '../../host/kernel/kernel.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { openV8Engine } from '../../host/kernel/v8-engine.js';
import {
  buildDescriptor,
  parseDescriptor,
  type LayerSpec,
  type ModelSpec,
} from '../../host/model/descriptor.js';
import { checkLimits } from '../../host/model/limits.js';

let kernel: Kernel;
beforeAll(async () => {
  kernel = new Kernel(await openV8Engine(loadKernelBytes()));
});
afterAll(() => kernel.close());

const small = fc.integer({ min: 1, max: 9 });
const filters = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 24 }) },
  { weight: 1, arbitrary: fc.constantFrom(300, 5000, 40000) },
);
const activation = fc.constantFrom('relu', 'none');
const padding = fc.oneof(fc.constantFrom('same', 'valid'), fc.integer({ min: 0, max: 4 }));

const layer: fc.Arbitrary<LayerSpec> = fc.oneof(
  fc.record({ op: fc.constant('dense' as const), outputs: filters, activation }),
  fc.record({
    op: fc.constantFrom('conv1d' as const, 'conv2d' as const),
    filters,
    kernel: small,
    stride: small,
    padding,
    activation,
  }),
  fc.record({
    op: fc.constantFrom('depthwise1d' as const, 'depthwise2d' as const),
    kernel: small,
    padding,
    activation,
  }),
  fc.record({
    op: fc.constantFrom('maxPool1d' as const, 'maxPool2d' as const, 'averagePool2d' as const),
    size: small,
  }),
  fc.constant({ op: 'globalAveragePool' as const }),
  fc.record({
    op: fc.constant('embedding' as const),
    vocabulary: fc.integer({ min: 2, max: 256 }),
    channels: small,
  }),
);

const model: fc.Arbitrary<ModelSpec> = fc.record({
  input: fc.record({
    height: fc.constantFrom(1, 1, 1, 12, 200),
    width: fc.constantFrom(1, 16, 130, 5000),
    channels: fc.constantFrom(1, 1, 3, 9),
    exponent: fc.constant(-6),
  }),
  layers: fc
    .tuple(fc.array(layer, { maxLength: 4 }), fc.option(filters))
    .map(([body, classes]) =>
      classes === null ? body : [...body, { op: 'dense' as const, outputs: classes }],
    )
    .filter((layers) => layers.length > 0),
  loss: fc.constantFrom('softmax-cross-entropy', 'squared-error'),
});

const isRefused = (work: () => void): boolean => {
  try {
    work();
    return false;
  } catch (error) {
    if (!(error instanceof LinnetError)) throw error;
    return true;
  }
};

/** Bytes of a spec; undefined where a window does not even give a shape. */
function tryBuild(spec: ModelSpec): Uint8Array | undefined {
  try {
    return buildDescriptor(spec);
  } catch (error) {
    if (!(error instanceof LinnetError)) throw error;
    return undefined;
  }
}

describe('the limits told to people', () => {
  it('are those of the kernel, and both count alike', () => {
    let accepted = 0;
    fc.assert(
      fc.property(model, (spec) => {
        const descriptor = tryBuild(spec);
        if (descriptor === undefined) return;
        const info = parseDescriptor(descriptor);
        const refused = isRefused(() => kernel.plan(descriptor));
        expect(isRefused(() => checkLimits(info))).toBe(refused);
        if (refused) return;
        accepted++;
        expect(kernel.word('parameters')).toBe(info.parameters);
        expect(kernel.word('classes')).toBe(info.classes);
        expect(kernel.word('inputBytes')).toBe(info.inputs);
        expect(kernel.word('layers')).toBe(info.layers.filter(({ index }) => index >= 0).length);
      }),
      { numRuns: 1500 },
    );
    expect(accepted).toBeGreaterThan(150);
  });
});
