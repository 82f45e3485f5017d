/** Every kind of layer and loss through the importer and the kernel; and files that are broken. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinnetError } from '../../host/contract/error.js';
import { createDataset, type Dataset } from '../../host/data/dataset.js';
import { modelForward } from '../../host/model/float.js';
import { describeSpec, type FloatModel } from '../../host/model/import/float-model.js';
import { quantiseImport } from '../../host/model/import/import.js';
import { readNpz } from '../../host/model/import/npy.js';
import { importOnnx } from '../../host/model/import/onnx.js';
import type { InputSpec, LayerSpec, Loss } from '../../host/model/spec.js';
import { writeNpy } from '../../host/model/export/npz.js';
import { zipSync } from 'fflate';
import { OnnxWriter } from './onnx-writer.js';

class Draws {
  private state = 5;
  next(): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return this.state / 2 ** 32;
  }
  list(count: number, size: number): Float64Array {
    return Float64Array.from({ length: count }, () => (2 * this.next() - 1) * size);
  }
}

function scaleOf(inputs: number, scale: number, offset: number) {
  return {
    scale: new Float64Array(inputs).fill(scale),
    offset: new Float64Array(inputs).fill(offset),
  };
}

/** Random samples, labelled with what the float model says of them. */
function selfLabelled(
  model: FloatModel,
  scale: ReturnType<typeof scaleOf>,
  kind: 'tokens' | 'values',
  classes: number,
): Dataset {
  const draws = new Draws();
  const info = describeSpec(model.spec);
  const count = 120;
  const x = Int8Array.from(
    { length: count * info.inputs },
    () => Math.floor(draws.next() * 255) - 127,
  );
  const label = Uint8Array.from({ length: count }, (_, n) => {
    if (classes === 1) return 0;
    const sample = x.subarray(n * info.inputs, (n + 1) * info.inputs);
    const input = Float64Array.from(sample, (value, i) =>
      kind === 'tokens' ? value & 0xff : value * scale.scale[i] + scale.offset[i],
    );
    const logits = modelForward(info, model.parameters, input);
    return logits.indexOf(Math.max(...logits));
  });
  return createDataset({
    name: 'self-labelled',
    steps: info.inputs,
    channels: 1,
    classNames: Array.from({ length: classes }, (_, i) => `c${i}`),
    x,
    label,
    subject: new Uint16Array(count),
    split: new Uint8Array(count),
    extra: new Uint16Array(),
    extraCount: 0,
  });
}

function randomModel(input: InputSpec, layers: readonly LayerSpec[], loss: Loss): FloatModel {
  const spec = { input, layers, loss };
  const info = describeSpec(spec);
  const parameters = new Float64Array(info.parameters);
  const draws = new Draws();
  for (const layer of info.layers) {
    const fanIn = layer.op === 'embedding' ? 1 : layer.rowLength;
    const weights = draws.list(layer.rows * layer.rowLength, Math.sqrt(3 / fanIn));
    parameters.set(weights, layer.weightOffset);
    parameters.set(draws.list(layer.biases, 0.2), layer.biasOffset);
  }
  return { spec, parameters };
}

const softmax = 'softmax-cross-entropy';
const options = { loss: softmax, headroom: 0, calibration: 32 } as const;

describe('imported models answer as they did in float', () => {
  it.each<[string, InputSpec, LayerSpec[]]>([
    [
      'image, depthwise, average pool',
      { height: 10, width: 10, exponent: 0 },
      [
        { op: 'conv2d', filters: 4, kernel: 3, activation: 'relu' },
        { op: 'depthwise2d', kernel: 3, activation: 'relu' },
        { op: 'averagePool2d', size: [3, 2] },
        { op: 'dense', outputs: 5 },
      ],
    ],
    [
      'tokens',
      { width: 12, exponent: 0 },
      [
        { op: 'embedding', vocabulary: 200, channels: 6 },
        { op: 'conv1d', filters: 8, kernel: 3, activation: 'relu' },
        { op: 'maxPool1d', size: 2 },
        { op: 'dense', outputs: 4 },
      ],
    ],
  ])('%s', async (name, input, layers) => {
    const model = randomModel(input, layers, softmax);
    const { inputs } = describeSpec(model.spec);
    const scale = scaleOf(inputs, 0.013, 0.4);
    const kind = name === 'tokens' ? 'tokens' : 'values';
    const classes = describeSpec(model.spec).classes;
    const dataset = selfLabelled(model, scale, kind, classes);
    const imported = await quantiseImport(model, { dataset, scale, ...options });
    expect(imported.float.accuracy).toBe(1);
    expect(imported.quantised.accuracy).toBeGreaterThan(0.93);
  });

  it('an autoencoder that copies, in the unit of its data', async () => {
    const width = 12;
    const layers: LayerSpec[] = [
      { op: 'dense', outputs: 2 * width, activation: 'relu' },
      { op: 'dense', outputs: width },
    ];
    const spec = { input: { width, exponent: 0 }, layers, loss: 'squared-error' } as const;
    const info = describeSpec(spec);
    const parameters = new Float64Array(info.parameters);
    const [, decoder] = info.layers;
    for (let i = 0; i < width; i++) {
      parameters[i * width + i] = 1;
      parameters[(width + i) * width + i] = -1;
      parameters[decoder.weightOffset + i * 2 * width + i] = 1;
      parameters[decoder.weightOffset + i * 2 * width + width + i] = -1;
    }
    const model = { spec, parameters };
    const scale = scaleOf(width, 0.03, -0.5);
    const dataset = selfLabelled(model, scale, 'values', 1);
    const imported = await quantiseImport(model, {
      ...options,
      dataset,
      scale,
      loss: 'squared-error',
    });
    expect(imported.float.rmse).toBeLessThan(1e-9);
    expect(imported.quantised.rmse).toBeLessThan(1.5);
  });

  it('but not if they diverged', () => {
    const net = new OnnxWriter([4]);
    const inputs = [net.constant([1, 2, NaN, 4, 5, 6, 7, 8], [2, 4]), net.constant([0, 0])];
    net.add('Gemm', inputs, { transB: 1 });
    expect(() => importOnnx(net.encode())).toThrow(/no numbers.*diverged/);
  });
});

/** Some bytes of a file replaced, or its end cut off. */
const damage = fc.record({
  edits: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
  keep: fc.double({ min: 0.2, max: 1, noNaN: true }),
});

function damaged(bytes: Uint8Array, { edits, keep }: { edits: [number, number][]; keep: number }) {
  const copy = bytes.slice(0, keep > 0.7 ? bytes.length : Math.floor(keep * bytes.length));
  for (const [at, value] of edits) copy[at % copy.length] = value;
  return copy;
}

function expectRefusalOrModel(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof LinnetError)) throw error;
  }
}

describe('a broken file', () => {
  it('of ONNX gives a model or a refusal', () => {
    const net = new OnnxWriter([2, 12]);
    const draws = new Draws();
    const weights = (dims: number[]): string =>
      net.constant(
        [
          ...draws.list(
            dims.reduce((a, b) => a * b, 1),
            1,
          ),
        ],
        dims,
      );
    net.add('Conv', [weights([3, 2, 3]), weights([3])], { pads: [1, 1], strides: [2] });
    net.add('Relu').add('MaxPool', [], { kernel_shape: [2], strides: [2] });
    net.add('Transpose', [], { perm: [0, 2, 1] }).add('Reshape', [net.integerConstant([-1, 9])]);
    net.add('Gemm', [weights([2, 9]), weights([2])], { transB: 1 }).add('Softmax');
    const whole = net.encode();
    expect(importOnnx(whole).parameters).toHaveLength(21 + 20);
    fc.assert(
      fc.property(damage, (how) => expectRefusalOrModel(() => importOnnx(damaged(whole, how)))),
      { numRuns: 1500 },
    );
  });

  it('of NumPy gives arrays or a refusal', () => {
    const whole = zipSync({ 'a.npy': writeNpy(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]) });
    fc.assert(
      fc.property(damage, (how) => expectRefusalOrModel(() => readNpz(damaged(whole, how)))),
      { numRuns: 500 },
    );
  });
});
