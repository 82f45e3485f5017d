/** Models the cost of a step is fitted to, and models it is checked on. */
import type { LayerSpec, ModelSpec } from '../host/model/descriptor.js';

export interface CostModel {
  readonly name: string;
  readonly spec: ModelSpec;
}

const relu = { activation: 'relu' } as const;

function dense(...outputs: number[]): LayerSpec[] {
  return outputs.map((size, i) => ({
    op: 'dense',
    outputs: size,
    ...(i < outputs.length - 1 && relu),
  }));
}

/** Fields of a one-dimensional convolution, padded to keep its length over the stride. */
function conv(filters: number, kernel: number, stride = 1): LayerSpec {
  return { op: 'conv1d', filters, kernel, stride, padding: 'same', ...relu };
}

function conv2(filters: number, kernel: number, stride = 1): LayerSpec {
  return { op: 'conv2d', filters, kernel, stride, padding: 'same', ...relu };
}

function depthwise(kernel: number, stride = 1): LayerSpec {
  return { op: 'depthwise1d', kernel, stride, padding: 'same', ...relu };
}

const mean: LayerSpec = { op: 'globalAveragePool' };

function series(width: number, channels: number, ...layers: LayerSpec[]): CostModel {
  const spec: ModelSpec = {
    input: { width, channels, exponent: -5 },
    layers,
    loss: 'softmax-cross-entropy',
  };
  return { name: `${width}×${channels} ${layers.map(({ op }) => op).join(' ')}`, spec };
}

function image(size: number, channels: number, ...layers: LayerSpec[]): CostModel {
  const { name, spec } = series(size, channels, ...layers);
  return { name: `${size}×${name}`, spec: { ...spec, input: { ...spec.input, height: size } } };
}

function coder(width: number, ...outputs: number[]): CostModel {
  const { name, spec } = series(width, 1, ...dense(...outputs, width));
  return { name: `coder ${name}`, spec: { ...spec, loss: 'squared-error' } };
}

const max = (size: number): LayerSpec => ({ op: 'maxPool1d', size });
const average = (size: number): LayerSpec => ({ op: 'averagePool1d', size });

export const fittedModels: readonly CostModel[] = [
  series(16, 1, ...dense(8, 3)),
  series(40, 1, ...dense(48, 2)),
  series(100, 1, ...dense(16, 10)),
  series(200, 1, ...dense(12, 12, 4)),
  series(24, 1, ...dense(30, 20, 10, 5)),
  series(333, 1, ...dense(7)),
  series(64, 1, ...dense(50)),
  series(128, 1, ...dense(32, 4)),
  series(256, 1, ...dense(24, 8)),
  series(160, 1, ...dense(40, 16, 3)),
  series(500, 1, ...dense(20, 10)),
  series(72, 1, ...dense(28, 6)),
  series(64, 1, conv(4, 3), mean, ...dense(3)),
  series(128, 6, conv(10, 5, 2), conv(12, 5, 2), mean, ...dense(5)),
  series(100, 3, conv(12, 7, 2), conv(20, 3, 2), max(5), ...dense(4)),
  series(96, 9, conv(16, 3), max(2), conv(16, 3), mean, ...dense(6)),
  image(20, 1, conv2(6, 3, 2), conv2(12, 3, 2), ...dense(10)),
  image(24, 1, conv2(10, 5, 2), { op: 'maxPool2d', size: 2 }, conv2(12, 3), ...dense(8)),
  series(64, 2, conv(8, 5, 2), mean, ...dense(4)),
  series(48, 6, conv(12, 3), max(4), ...dense(3)),
  series(96, 1, conv(8, 7, 2), conv(8, 3, 2), mean, ...dense(5)),
  series(32, 3, conv(6, 9), average(2), conv(10, 3), max(2), ...dense(4)),
  series(80, 4, conv(16, 1), conv(4, 5, 4), ...dense(3)),
  series(128, 2, conv(4, 11, 4), conv(16, 3), mean, ...dense(6)),
  series(20, 8, conv(16, 5), conv(16, 5), mean, ...dense(3)),
  series(64, 1, max(2), conv(5, 5), mean, ...dense(3)),
  series(60, 3, average(3), conv(6, 3), max(5), ...dense(3)),
  image(10, 1, conv2(4, 3), ...dense(4)),
  image(12, 2, conv2(6, 3, 2), conv2(8, 3), mean, ...dense(3)),
  image(16, 1, conv2(4, 5, 2), { op: 'maxPool2d', size: 2 }, ...dense(5)),
  image(9, 3, conv2(8, 3), { op: 'averagePool2d', size: 3 }, ...dense(3)),
  series(90, 3, conv(9, 3), conv(7, 5, 2), mean, ...dense(4)),
  series(70, 5, conv(6, 7, 3), max(2), ...dense(3)),
  series(128, 7, conv(8, 3, 2), conv(8, 3, 2), mean, ...dense(6)),
  series(110, 2, conv(16, 9, 2), average(5), ...dense(4)),
  image(14, 3, conv2(5, 3), { op: 'maxPool2d', size: 2 }, ...dense(4)),
  image(18, 1, conv2(8, 5), mean, ...dense(4)),
  series(64, 7, depthwise(3), conv(9, 1), mean, ...dense(3)),
  series(50, 5, depthwise(7, 2), max(5), ...dense(3)),
  series(70, 1, conv(11, 5), depthwise(5), mean, ...dense(3)),
  series(64, 4, depthwise(5), conv(8, 1), mean, ...dense(3)),
  series(48, 2, conv(8, 5, 2), depthwise(3), conv(12, 1), mean, ...dense(4)),
  series(40, 6, depthwise(9, 2), depthwise(3), max(4), ...dense(3)),
  image(
    10,
    2,
    conv2(6, 3),
    { op: 'depthwise2d', kernel: 3, padding: 1, ...relu },
    mean,
    ...dense(3),
  ),
  series(20, 1, { op: 'embedding', vocabulary: 30, channels: 8 }, conv(8, 3), mean, ...dense(3)),
  series(40, 1, { op: 'embedding', vocabulary: 64, channels: 4 }, mean, ...dense(2)),
  series(12, 1, { op: 'embedding', vocabulary: 10, channels: 16 }, ...dense(6, 2)),
  coder(32, 6),
  coder(100, 12),
  coder(60, 24, 8, 24),
];

/** The reference nets of the project, and two shapes unlike those above. */
export const heldOutModels: readonly CostModel[] = [
  { ...series(64, 1, ...dense(32, 6)), name: 'A 64-32-6' },
  { ...series(187, 1, ...dense(32, 5)), name: 'B 187-32-5' },
  { ...series(128, 9, conv(8, 5, 2), conv(16, 5, 2), mean, ...dense(6)), name: 'HAR net' },
  {
    ...series(128, 3, conv(8, 7, 2), conv(16, 5, 2), max(4), ...dense(3)),
    name: 'ECG net',
  },
  { ...image(28, 1, conv2(8, 3, 2), conv2(16, 3, 2), ...dense(10)), name: 'MNIST net' },
  series(50, 5, conv(7, 3), depthwise(5), max(5), ...dense(20, 4)),
  coder(80, 16),
];
