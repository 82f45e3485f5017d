import { activation, record } from '../../host/contract/contract.gen.js';
import {
  assemble,
  convRecord,
  denseRecord,
  embeddingRecord,
  globalPoolRecord,
  inputRecord,
  lossRecord,
  poolRecord,
  scaleOf,
} from './descriptor.js';

/** Valid descriptors of every layer kind from a few words. Shapes and scales follow. */

interface Scaled {
  /** RELU if absent, but NONE for the last layer. */
  readonly relu?: boolean;
  readonly weightExponent?: number;
  readonly initBound?: number;
}

/** Kernel and stride in both directions; [height, width] or one number for a width. */
interface Sized {
  readonly kernel: number | readonly [number, number];
  readonly stride?: number | readonly [number, number];
}

interface Padded extends Sized, Scaled {
  /** [top, left, bottom, right], or outputs of ⌈size / stride⌉; none if absent. */
  readonly pad?: 'same' | readonly [number, number, number, number];
}

export type NetLayer =
  | ({ readonly dense: number } & Scaled)
  | ({ readonly conv: number } & Padded)
  | ({ readonly depthwise: true } & Padded)
  | ({ readonly pool: 'max' | 'average' } & Sized)
  | { readonly pool: 'global' }
  | ({ readonly embedding: number; readonly channels: number } & Scaled);

export interface Net {
  /** [H, W, C]. */
  readonly input: readonly [number, number, number];
  readonly inputExponent?: number;
  readonly layers: readonly NetLayer[];
  readonly loss?: 'softmax' | 'squared error';
}

type Shape = readonly [number, number, number];

function pair(value: number | readonly [number, number] | undefined): readonly [number, number] {
  if (value === undefined) return [1, 1];
  return typeof value === 'number' ? [1, value] : value;
}

/** Zeros before and behind so that there is a position per stride. */
function samePad(length: number, kernel: number, stride: number): [number, number] {
  const total = Math.max(0, (Math.ceil(length / stride) - 1) * stride + kernel - length);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

function padOf(layer: Padded, [height, width]: Shape): readonly [number, number, number, number] {
  if (layer.pad !== 'same') return layer.pad ?? [0, 0, 0, 0];
  const [[kernelHeight, kernelWidth], [down, across]] = [pair(layer.kernel), pair(layer.stride)];
  const [top, bottom] = samePad(height, kernelHeight, down);
  const [left, right] = samePad(width, kernelWidth, across);
  return [top, left, bottom, right];
}

function windowFields(layer: Sized): Record<string, number> {
  const [[kernelHeight, kernelWidth], [strideHeight, strideWidth]] = [
    pair(layer.kernel),
    pair(layer.stride),
  ];
  return { kernelHeight, kernelWidth, strideHeight, strideWidth };
}

/** One layer: its record between two tensors, and the shape it makes. */
function build(layer: NetLayer, shape: Shape, input: number, last: boolean): [Uint8Array, Shape] {
  const output = input + 1;
  const [height, width, channels] = shape;
  const scaled = (fanIn: number): Record<string, number> => {
    const relu = ('relu' in layer ? layer.relu : undefined) ?? !last;
    const { weightExponent, initBound } = { ...scaleOf(fanIn, relu), ...(layer as Scaled) };
    return { weightExponent, initBound, activation: relu ? activation.RELU : activation.NONE };
  };
  if ('dense' in layer) {
    const inputs = height * width * channels;
    const sizes = { input, output, inputs, outputs: layer.dense };
    return [denseRecord({ ...sizes, ...scaled(inputs) }), [1, 1, layer.dense]];
  }
  if ('embedding' in layer) {
    const { weightExponent, initBound } = { ...scaleOf(1, false), ...layer };
    const sizes = { input, output, vocabulary: layer.embedding, channels: layer.channels };
    const shaped: Shape = [height, width, layer.channels];
    return [embeddingRecord({ ...sizes, weightExponent, initBound }), shaped];
  }
  if ('pool' in layer && layer.pool === 'global') {
    return [globalPoolRecord(input, output), [1, 1, channels]];
  }
  const pads = 'pool' in layer ? ([0, 0, 0, 0] as const) : padOf(layer, shape);
  const [padTop, padLeft, padBottom, padRight] = pads;
  const [[kh, kw], [sh, sw]] = [pair(layer.kernel), pair(layer.stride)];
  const rows = Math.floor((padTop + height + padBottom - kh) / sh) + 1;
  const columns = Math.floor((padLeft + width + padRight - kw) / sw) + 1;
  if ('pool' in layer) {
    const tag = layer.pool === 'max' ? record.MAX_POOL : record.AVERAGE_POOL;
    const bytes = poolRecord({ tag, input, output, ...windowFields(layer) });
    return [bytes, [rows, columns, channels]];
  }
  const filters = 'conv' in layer ? layer.conv : channels;
  const tag = 'conv' in layer ? record.CONV : record.DEPTHWISE;
  const fanIn = kh * kw * ('conv' in layer ? channels : 1);
  const place = { tag, input, output, filters, padTop, padLeft, padBottom, padRight };
  const bytes = convRecord({ ...place, ...windowFields(layer), ...scaled(fanIn) });
  return [bytes, [rows, columns, filters]];
}

/** The descriptor of a net. */
export function netDescriptor({ input, inputExponent, layers, loss = 'softmax' }: Net): Uint8Array {
  const [height, width, channels] = input;
  const exponent = inputExponent === undefined ? {} : { exponent: inputExponent };
  const records = [inputRecord({ height, width, channels, ...exponent })];
  let shape = input;
  for (const [index, layer] of layers.entries()) {
    const built = build(layer, shape, index, index === layers.length - 1);
    records.push(built[0]);
    shape = built[1];
  }
  const elements = shape[0] * shape[1] * shape[2];
  const tag = loss === 'softmax' ? record.SOFTMAX_CROSS_ENTROPY : record.SQUARED_ERROR;
  records.push(lossRecord(layers.length, elements, tag));
  return assemble(records);
}
