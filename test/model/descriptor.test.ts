import { describe, expect, it } from 'vitest';
import { record } from '../../host/contract/contract.gen.js';
import {
  buildDescriptor,
  parseDescriptor,
  weightScale,
  type LayerSpec,
  type Loss,
} from '../../host/model/descriptor.js';
import { readRecords } from '../../host/model/records.js';

function read(layers: readonly LayerSpec[], input = { width: 128, channels: 3 }, loss?: Loss) {
  return parseDescriptor(
    buildDescriptor({
      input: { ...input, exponent: -6 },
      layers,
      loss: loss ?? 'softmax-cross-entropy',
    }),
  );
}

/** Zeros before and behind W, and the positions there, of one padded layer. */
function padded(width: number, kernel: number, stride: number): number[] {
  const [layer] = read(
    [
      { op: 'conv1d', filters: 2, kernel, stride, padding: 'same' },
      { op: 'dense', outputs: 2 },
    ],
    { width, channels: 1 },
  ).layers;
  return [layer.pads.left, layer.pads.right, layer.outputShape[1]];
}

describe('descriptors of convolutional models', () => {
  const har: readonly LayerSpec[] = [
    { op: 'conv1d', filters: 8, kernel: 5, stride: 2, padding: 'same', activation: 'relu' },
    { op: 'conv1d', filters: 16, kernel: 5, stride: 2, padding: 'same', activation: 'relu' },
    { op: 'globalAveragePool' },
    { op: 'dense', outputs: 6 },
  ];

  it('number the parameters and know every shape of the HAR net', () => {
    const model = read(har, { width: 128, channels: 9 });
    expect(model).toMatchObject({ inputs: 1152, classes: 6, outputs: 6, parameters: 1126 });
    expect(model.layers.map((layer) => layer.outputShape)).toEqual([
      [1, 64, 8],
      [1, 32, 16],
      [1, 1, 16],
      [1, 1, 6],
    ]);
    expect(model.layers.map((layer) => layer.index)).toEqual([0, 1, -1, 2]);
    expect(model.layers.map((layer) => [layer.weightOffset, layer.biasOffset])).toEqual([
      [0, 360],
      [368, 1008],
      [1024, 1024],
      [1024, 1120],
    ]);
    expect(model.macs).toBe(64 * 8 * 45 + 32 * 16 * 40 + 16 * 6);
    const { exponent, bound } = weightScale(45, 'relu');
    expect(model.layers[0]).toMatchObject({ weightExponent: exponent, initBound: bound });
  });

  it('have as many parameters as the MNIST net of the recipe', () => {
    const square = { kernel: 3, stride: 2, padding: 'same', activation: 'relu' } as const;
    const layers: LayerSpec[] = [
      { op: 'conv2d', filters: 8, ...square },
      { op: 'conv2d', filters: 16, ...square },
      { op: 'flatten' },
      { op: 'dense', outputs: 10 },
    ];
    const image = { height: 28, width: 28, channels: 1 };
    const model = read(layers, image);
    expect(model.parameters).toBe(80 + 1168 + 7850);
    expect(model.layers[0].pads).toEqual({ top: 0, left: 0, bottom: 1, right: 1 });
    expect(model.layers).toHaveLength(3);
  });

  it.each([
    [8, 3, 1, [1, 1, 8]],
    [8, 4, 1, [1, 2, 8]],
    [8, 3, 2, [0, 1, 4]],
    [9, 3, 2, [1, 1, 5]],
    [10, 2, 3, [0, 1, 4]],
    [12, 2, 3, [0, 0, 4]],
  ])('pad %d elements for kernel %d and stride %d', (width, kernel, stride, expected) => {
    expect(padded(width, kernel, stride)).toEqual(expected);
  });

  it('hold depthwise layers, pools and an embedding', () => {
    const model = read(
      [
        { op: 'embedding', vocabulary: 30, channels: 4 },
        { op: 'depthwise1d', kernel: 3, padding: 1, activation: 'relu' },
        { op: 'averagePool1d', size: 4 },
        { op: 'conv1d', filters: 6, kernel: 1 },
        { op: 'maxPool1d', size: 2, stride: 1 },
        { op: 'dense', outputs: 2 },
      ],
      { width: 16, channels: 1 },
    );
    expect(model.layers.map(({ op, outputShape }) => [op, outputShape.join('×')])).toEqual([
      ['embedding', '1×16×4'],
      ['depthwise', '1×16×4'],
      ['averagePool', '1×4×4'],
      ['conv', '1×4×6'],
      ['maxPool', '1×3×6'],
      ['dense', '1×1×2'],
    ]);
    expect(model.parameters).toBe(30 * 4 + (4 * 3 + 4) + (24 + 6) + (36 + 2));
    expect(model.layers[0].biases).toBe(0);
  });

  it('end in a reconstruction for squared error', () => {
    const layers: LayerSpec[] = [
      { op: 'dense', outputs: 8, activation: 'relu' },
      { op: 'dense', outputs: 32 },
    ];
    const model = read(layers, { width: 32, channels: 1 }, 'squared-error');
    expect(model).toMatchObject({ loss: 'squared-error', classes: 1, outputs: 32 });
  });

  it('fuse a relu of its own into the layer before, also through a max-pool', () => {
    const apart = read([
      { op: 'conv1d', filters: 4, kernel: 3 },
      { op: 'maxPool1d', size: 2 },
      { op: 'relu' },
      { op: 'flatten' },
      { op: 'dense', outputs: 3 },
    ]);
    const fused = read([
      { op: 'conv1d', filters: 4, kernel: 3, activation: 'relu' },
      { op: 'maxPool1d', size: 2 },
      { op: 'dense', outputs: 3 },
    ]);
    expect(apart).toEqual(fused);
  });

  it('refuse a relu that cannot be fused and a window that does not fit, by layer', () => {
    expect(() => read([{ op: 'relu' }, { op: 'dense', outputs: 2 }])).toThrow(/layers\.0/);
    const narrow: LayerSpec[] = [
      { op: 'maxPool1d', size: 64 },
      { op: 'conv1d', filters: 4, kernel: 3 },
      { op: 'dense', outputs: 2 },
    ];
    expect(() => read(narrow)).toThrow(/layers\.1 \(conv1d, input 1×2×3\).*does not fit/);
  });

  it('carry given weight scales and number tensors in a chain', () => {
    const descriptor = buildDescriptor({
      input: { width: 4, exponent: 0 },
      layers: [{ op: 'dense', outputs: 2, weights: { exponent: -3, bound: 77 } }],
      loss: 'softmax-cross-entropy',
    });
    expect(parseDescriptor(descriptor).layers[0]).toMatchObject({
      weightExponent: -3,
      initBound: 77,
    });
    expect([...readRecords(descriptor)].map(({ tag }) => tag)).toEqual([
      record.INPUT,
      record.DENSE,
      record.SOFTMAX_CROSS_ENTROPY,
    ]);
  });

  it('are refused where a layer reads another tensor than the one before it', () => {
    const descriptor = buildDescriptor({
      input: { width: 4, exponent: 0 },
      layers: [{ op: 'dense', outputs: 2 }],
      loss: 'softmax-cross-entropy',
    });
    const second = [...readRecords(descriptor)][1].payload;
    second[0] = 5;
    expect(() => parseDescriptor(descriptor)).toThrow(/tensor/);
  });
});
