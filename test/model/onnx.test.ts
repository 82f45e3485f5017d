import { describe, expect, it } from 'vitest';
import { modelForward } from '../../host/model/float.js';
import { describeSpec } from '../../host/model/import/float-model.js';
import { importOnnx } from '../../host/model/import/onnx.js';
import { evaluateGraph } from './onnx-reference.js';
import { OnnxWriter } from './onnx-writer.js';

/** Repeatable numbers in ±1. */
function numbers(count: number, seed = 1): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * 0.9;
  });
}

/** [C][space] -> [space][C]. */
function channelsLast(x: readonly number[], channels: number): number[] {
  const positions = x.length / channels;
  return x.map((_, i) => x[(i % channels) * positions + Math.floor(i / channels)]);
}

/** A graph under construction with weights of its own. */
class Net extends OnnxWriter {
  private seed = 7;

  weights(...dims: number[]): string {
    return this.constant(
      numbers(
        dims.reduce((a, b) => a * b, 1),
        this.seed++,
      ),
      dims,
    );
  }

  conv(outputs: number, channels: number, kernel: number[], attributes = {}): this {
    const inputs = [this.weights(outputs, channels, ...kernel), this.weights(outputs)];
    return this.add('Conv', inputs, attributes);
  }

  gemm(outputs: number, inputs: number): this {
    const values = [this.weights(outputs, inputs), this.weights(outputs)];
    return this.add('Gemm', values, { transB: 1 });
  }

  batchNorm(channels: number): this {
    const variance = this.constant(numbers(channels, this.seed++).map((v) => 1.5 + v));
    const others = [this.weights(channels), this.weights(channels), this.weights(channels)];
    return this.add('BatchNormalization', [...others, variance], { epsilon: { float: 0.01 } });
  }
}

/** Import and reference agree on a few samples. `channels` of an input that lies channels first. */
function expectSame(net: Net, channels: number, tokens = 0): ReturnType<typeof describeSpec> {
  const model = importOnnx(net.encode());
  const info = describeSpec(model.spec);
  for (let seed = 1; seed <= 3; seed++) {
    const drawn = numbers(
      net.dims.reduce((a, b) => a * b, 1),
      seed,
    );
    const x = tokens ? drawn.map((v) => Math.floor(((v + 1) / 2) * tokens)) : drawn;
    const expected = evaluateGraph(net, x);
    const got = modelForward(info, model.parameters, Float64Array.from(channelsLast(x, channels)));
    // The loss reads [H][W][C]; the graph's output may lie channels first, so outputs here are flat.
    expect(got).toHaveLength(expected.length);
    expected.forEach((value, i) => expect(got[i]).toBeCloseTo(value, 6));
  }
  return info;
}

describe('an imported graph computes what the graph computes', () => {
  it('series: convolutions, batch norm, pools, dense', () => {
    const net = new Net([3, 32]);
    net
      .conv(4, 3, [5], { strides: [2], pads: [2, 2] })
      .batchNorm(4)
      .add('Relu');
    net
      .conv(6, 4, [3], { pads: [1, 0] })
      .add('Relu')
      .add('MaxPool', [], { kernel_shape: [3], strides: [2] });
    net.add('Flatten').gemm(5, 42).add('Relu').add('Dropout').gemm(3, 5);
    const info = expectSame(net, 3);
    expect(info.layers.map(({ op }) => op)).toEqual(['conv', 'conv', 'maxPool', 'dense', 'dense']);
  });

  it('images: strides, uneven pads, depthwise, average pool, flatten in channel order', () => {
    const net = new Net([2, 9, 7]);
    net.conv(4, 2, [3, 2], { strides: [2, 1], pads: [1, 0, 1, 1] }).add('Relu');
    net
      .conv(4, 1, [3, 3], { group: 4, pads: [1, 1, 1, 1] })
      .batchNorm(4)
      .add('Relu');
    net
      .add('AveragePool', [], { kernel_shape: [2, 3], strides: [1, 2] })
      .add('Flatten')
      .gemm(3, 48);
    const info = expectSame(net, 2);
    expect(info.layers.map(({ op }) => op)).toEqual(['conv', 'depthwise', 'averagePool', 'dense']);
  });

  it('batch norm behind relu and pools goes into the layer after it', () => {
    const net = new Net([3, 12]);
    net.batchNorm(3).conv(4, 3, [3]).add('Relu').batchNorm(4);
    net
      .conv(5, 4, [1])
      .add('Relu')
      .add('AveragePool', [], { kernel_shape: [2], strides: [2] })
      .batchNorm(5);
    net.add('GlobalAveragePool').add('Flatten').gemm(2, 5);
    expectSame(net, 3);
  });

  it('Keras: channels last with transposes, MatMul and Add, a mean, a series as an image', () => {
    const net = new Net([16, 3]);
    net.add('Unsqueeze', [], { axes: [2] }).add('Transpose', [], { perm: [0, 3, 2, 1] });
    net.conv(4, 3, [1, 3], { strides: [1, 2], pads: [0, 1, 0, 1] }).add('Relu');
    net.add('Squeeze', [], { axes: [2] }).add('Transpose', [], { perm: [0, 2, 1] });
    net
      .add('MatMul', [net.weights(4, 6)])
      .add('Add', [net.weights(6)])
      .add('Relu');
    net.add('ReduceMean', [], { axes: [1], keepdims: 0 });
    net.add('MatMul', [net.weights(6, 3)]).add('Add', [net.weights(3)]);
    const model = importOnnx(net.encode(), 'channels-last');
    const info = describeSpec(model.spec);
    expect(info.layers.map((l) => l.outputShape.join('×'))).toEqual([
      '1×8×4',
      '1×8×6',
      '1×1×6',
      '1×1×3',
    ]);
    const x = numbers(48);
    const got = modelForward(info, model.parameters, Float64Array.from(x));
    evaluateGraph(net, x).forEach((value, i) => expect(got[i]).toBeCloseTo(value, 6));
  });

  it('a flat input that is scaled, reshaped to an image and flattened again', () => {
    const net = new Net([24]);
    net.add('Sub', [net.constant([0.25])]).add('Mul', [net.constant([4])]);
    net
      .add('Reshape', [net.integerConstant([-1, 24])])
      .gemm(6, 24)
      .add('Relu')
      .gemm(2, 6);
    expectSame(net, 1);
    const image = new Net([30]);
    image
      .add('Reshape', [image.integerConstant([-1, 1, 5, 6])])
      .conv(2, 1, [3, 3])
      .add('Relu');
    image.add('Reshape', [image.integerConstant([0, -1])]).gemm(2, 24);
    expectSame(image, 1);
  });

  it('per-feature scaling before a dense layer, constants on the left', () => {
    const net = new Net([6]);
    net
      .add('Sub', [net.weights(6), '_'])
      .add('Mul', [net.weights(6)])
      .gemm(3, 6);
    expectSame(net, 1);
  });

  it('tokens through an embedding', () => {
    const net = new Net([10]);
    net.add('Gather', [net.weights(12, 4), '_']).add('Transpose', [], { perm: [0, 2, 1] });
    net.conv(5, 4, [3]).add('Relu').add('GlobalAveragePool').add('Flatten').gemm(2, 5);
    const info = expectSame(net, 1, 12);
    expect(info.layers[0]).toMatchObject({ op: 'embedding', rows: 12, rowLength: 4 });
  });

  it('shapes that the graph computes itself', () => {
    const net = new Net([2, 8]);
    net.conv(3, 2, [3], { pads: [1, 1] });
    const kept = net.value;
    net.add('Shape').add('Gather', [net.integerConstant([0])]);
    net.add('Concat', ['_', net.integerConstant([-1])], { axis: 0 });
    const shape = net.value;
    net.value = kept;
    net.add('Reshape', [shape]).gemm(2, 24);
    const model = importOnnx(net.encode());
    expect(describeSpec(model.spec).layers.map(({ op }) => op)).toEqual(['conv', 'dense']);
  });
});

/** What a user reads. */
function complaint(build: (net: Net) => unknown, dims = [3, 16]): string {
  const net = new Net(dims);
  build(net);
  try {
    importOnnx(net.encode());
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing';
}

describe('a graph that cannot be taken over is refused by operator, shape and remedy', () => {
  it.each<[string, (net: Net) => unknown, RegExp]>([
    ['LSTM', (n) => n.add('LSTM'), /LSTM "node0" \(input 1×16×3\).*conv1d layers with stride 2/],
    [
      'Sigmoid',
      (n) => n.conv(2, 3, [3]).add('Sigmoid'),
      /Sigmoid "node1" \(input 1×14×2\).*use relu/,
    ],
    ['a shortcut', shortcut, /read by Conv node1 and Add node2: remove the shortcut/],
    ['dilation', (n) => n.conv(2, 3, [3], { dilations: [2] }), /dilated/],
    ['groups', (n) => n.conv(4, 1, [3], { group: 3 }), /3 groups for 3 channels and 4 filters/],
    [
      'padded pool',
      (n) => n.add('MaxPool', [], { kernel_shape: [3], pads: [1, 1] }),
      /pads.*without/,
    ],
    [
      'transposed conv',
      (n) => n.add('ConvTranspose', [n.weights(3, 2, 3)]),
      /end an autoencoder in/,
    ],
    ['quantised', (n) => n.add('QLinearConv'), /export the float model/],
    [
      'relu behind mean',
      (n) =>
        n
          .conv(2, 3, [1])
          .add('AveragePool', [], { kernel_shape: [2] })
          .add('Relu'),
      /relu stands behind/,
    ],
    [
      'softmax inside',
      (n) => n.add('Softmax').add('Flatten').gemm(2, 48),
      /leave it out: the loss/,
    ],
    [
      'relu6',
      (n) => n.conv(2, 3, [1]).add('Clip', [n.constant([0], []), n.constant([6], [])]),
      /clips to 0…6: use relu/,
    ],
    [
      'offset before pads',
      (n) => n.add('Add', [n.constant([1])]).conv(2, 3, [3], { pads: [1, 1] }),
      /offset before the padded conv/,
    ],
    ['logits of one', (n) => n.add('Flatten').gemm(1, 48), /1 classes/],
    ['no input', (n) => n.add('MatMul', [n.constant([1, 2, 3])]), /something other than a matrix/],
  ])('%s', (_, build, expected) => {
    expect(complaint(build)).toMatch(expected);
  });

  it('and bytes that are no ONNX file', () => {
    expect(() => importOnnx(new TextEncoder().encode('this is no model'))).toThrow(/ONNX/);
    expect(() => importOnnx(new Uint8Array())).toThrow(/ONNX/);
  });
});

function shortcut(net: Net): void {
  net.conv(3, 3, [1]);
  const kept = net.value;
  net.conv(3, 3, [1]).add('Add', ['_', kept]);
}
