/** A trained float net goes in as ONNX and as .npz and comes out as good as it was. */
import { zipSync } from 'fflate';
import { beforeAll, describe, expect, it } from 'vitest';
import { samplesOfSplit } from '../../host/data/dataset.js';
import { parseDescriptor, type LayerInfo } from '../../host/model/descriptor.js';
import { quantiseImport, type Imported } from '../../host/model/import/import.js';
import { importNpz } from '../../host/model/import/npz.js';
import { readNpy, readNpz } from '../../host/model/import/npy.js';
import { importOnnx } from '../../host/model/import/onnx.js';
import type { FloatModel } from '../../host/model/import/float-model.js';
import { scoreKernel } from '../../host/model/import/score.js';
import { exportNpz } from '../../host/model/export/npz.js';
import { packSnapshot, unpackSnapshot } from '../../host/model/snapshot.js';
import { spec, trainSmallNet, type Trained } from './trained.js';
import {
  weightedLayers,
  writeKerasNpz,
  writeNpy,
  writeOnnx,
  writeTorchNpz,
} from './trained-files.js';

let trained: Trained;
let layers: readonly LayerInfo[];
beforeAll(async () => {
  trained = await trainSmallNet();
  layers = weightedLayers(trained);
});

function quantise(model: FloatModel, step = 2 ** -6): Promise<Imported> {
  const scale = {
    scale: new Float64Array(128).fill(step),
    offset: new Float64Array(128),
  };
  return quantiseImport(model, {
    dataset: trained.dataset,
    scale,
    loss: 'softmax-cross-entropy',
    headroom: 0,
    calibration: 64,
  });
}

describe('a trained net, imported', () => {
  it('from ONNX is as accurate as in float and as the model it came from', async () => {
    const imported = await quantise(importOnnx(writeOnnx(trained)));
    const { dataset, descriptor, words } = trained;
    const test = samplesOfSplit(dataset, 1);
    const original = await scoreKernel(descriptor, words, dataset, test, false);
    expect(original.accuracy).toBeGreaterThan(0.8);
    expect(imported.float.accuracy).toBeGreaterThan(original.accuracy! - 0.02);
    expect(imported.quantised.accuracy).toBeGreaterThan(imported.float.accuracy! - 0.01);
    expect(imported).toMatchObject({ samples: test.length, isHeldOut: true, inputExponent: -6 });
    for (const layer of imported.layers) {
      expect(layer.relativeError).toBeGreaterThan(0);
      expect(layer.relativeError).toBeLessThan(0.03);
      expect(layer.clippedBiases).toBe(0);
    }
    const { hash } = parseDescriptor(imported.descriptor);
    expect(unpackSnapshot(imported.snapshot, hash)).toEqual(imported.words);
  });

  it('from .npz in the conventions of PyTorch and Keras is the same model', async () => {
    const torch = importNpz(spec, readNpz(writeTorchNpz(trained)));
    const keras = importNpz(spec, readNpz(writeKerasNpz(trained)));
    const onnx = importOnnx(writeOnnx(trained));
    expect(torch.parameters.length).toBe(onnx.parameters.length);
    for (const other of [torch, keras]) {
      other.parameters.forEach((value, i) => expect(value).toBeCloseTo(onnx.parameters[i], 6));
    }
    const [a, b] = [await quantise(keras), await quantise(onnx)];
    expect(a.words).toEqual(b.words);
  });

  it('at another input scale has another exponent and nearly the same answers', async () => {
    const model = importOnnx(writeOnnx(trained));
    const imported = await quantise(model, 0.03);
    expect(imported.inputExponent).toBe(-5);
    expect(imported.quantised.accuracy).toBeGreaterThan(imported.float.accuracy! - 0.01);
  });

  it('from its own float export is the same words again', async () => {
    const { descriptor, words } = trained;
    const arrays = exportNpz(descriptor, packSnapshot(parseDescriptor(descriptor).hash, words));
    const model = importNpz(spec, readNpz(arrays));
    model.parameters.forEach((value, i) => expect(value).toBeCloseTo(trained.parameters[i], 6));
    const again = await quantise(model);
    const exponents = parseDescriptor(descriptor).layers.map((layer) => layer.weightExponent);
    for (const [i, layer] of parseDescriptor(again.descriptor).layers.entries()) {
      if (layer.index < 0) continue;
      const finer = exponents[i] - layer.weightExponent;
      // The pool's factor is 4/3 in the weights behind it, and back.
      expect(again.words[layer.weightOffset] - 128).toBe(
        Math.round((words[layer.weightOffset] - 128) * 2 ** finer),
      );
    }
    expect(again.quantised.accuracy).toBeCloseTo(again.float.accuracy!, 1);
  });

  it('tells clipped numbers from exact ones', async () => {
    const model = importOnnx(writeOnnx(trained));
    const last = layers[2];
    model.parameters[last.biasOffset] = 100;
    const imported = await quantise(model);
    expect(imported.layers.map(({ clippedBiases }) => clippedBiases)).toEqual([0, 0, 1]);
  });
});

describe('arrays that do not fit', () => {
  it.each<[string, () => Uint8Array, RegExp]>([
    ['too few', () => zipSync({ 'a.npy': writeNpy([1], [1]) }), /a \(1\) does not fit|no array/],
    ['no zip', () => new Uint8Array(40), /no \.npz/],
    ['no array', () => zipSync({ 'a.npy': new Uint8Array(20) }), /a is no NumPy array/],
  ])('are refused: %s', (_, make, expected) => {
    expect(() => importNpz(spec, readNpz(make()))).toThrow(expected);
  });

  it('are refused when one is left over or their order is ambiguous', () => {
    const arrays = readNpz(writeTorchNpz(trained));
    expect(() => importNpz(spec, [...arrays, arrays[0]])).toThrow(/belongs to no layer/);
    expect(() => importNpz(spec, arrays, 'keras')).toThrow(/should be 7×1×6 \(keras\)/);
    const square = {
      input: { width: 4, exponent: 0 },
      layers: [
        { op: 'dense', outputs: 4 },
        { op: 'dense', outputs: 4 },
      ],
      loss: 'softmax-cross-entropy',
    } as const;
    const matrix = readNpy(writeNpy([...Array(16).keys()], [4, 4]), 'm');
    expect(() => importNpz(square, [matrix, matrix])).toThrow(/say which with --convention/);
    expect(importNpz(square, [matrix, matrix], 'keras').parameters[1]).toBe(4);
  });

  it('may lie in Fortran order', () => {
    const bytes = writeNpy([1, 2, 3, 4, 5, 6], [2, 3]);
    const text = new TextDecoder('latin1').decode(bytes).replace('False', 'True ');
    const fortran = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    expect([...readNpy(fortran, 'f').values]).toEqual([1, 3, 5, 2, 4, 6]);
  });
});
