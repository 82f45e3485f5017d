import { activation as activationCode } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { located } from './prefix.js';
import { assembleDescriptor, frameRecord, unitToWord, type RecordTag } from './records.js';
import {
  elementsOf,
  extentPair,
  formatShape,
  noPads,
  resolvePads,
  windowPositions,
  type Shape,
  type Window,
} from './shape.js';
import type {
  Activation,
  ConvSpec,
  DepthwiseSpec,
  InputSpec,
  LayerSpec,
  ModelSpec,
  PoolSpec,
  RecordedSpec,
  WeightScale,
  WordSpec,
} from './spec.js';

/**
 * Weight exponent and initial bound of a layer (RECIPE: uniform with He's bound before a ReLU,
 * LeCun's elsewhere): `ew = ceil(log2(4·bound/127))`, `Bq = round(bound·2^(8−ew))`.
 */
export function weightScale(fanIn: number, activation: Activation): WeightScale {
  const bound = Math.sqrt((activation === 'relu' ? 6 : 3) / fanIn);
  const exponent = Math.ceil(Math.log2((4 * bound) / 127));
  return { exponent, bound: Math.round(bound * 2 ** (8 - exponent)) };
}

/** A layer ready to be written: its record but for the tensors, and the shape it gives. */
interface Draft {
  readonly tag: RecordTag;
  readonly values: Readonly<Record<string, number>>;
  readonly output: Shape;
}

function weightFields(
  layer: { readonly activation?: Activation; readonly weights?: WeightScale },
  rowLength: number,
): Record<string, number> {
  const activation = layer.activation ?? 'none';
  const scale = layer.weights ?? weightScale(rowLength, activation);
  return {
    weightExponent: scale.exponent,
    initBound: scale.bound,
    activation: activation === 'relu' ? activationCode.RELU : activationCode.NONE,
  };
}

function slidingWindow(layer: ConvSpec | DepthwiseSpec, input: Shape): Window {
  const dimensions = layer.op.endsWith('1d') ? 1 : 2;
  const kernel = extentPair(layer.kernel, dimensions);
  const stride = extentPair(layer.stride ?? 1, dimensions);
  const pads = resolvePads(layer.padding ?? 'valid', input, kernel, stride, dimensions);
  return { kernel, stride, pads };
}

function windowFields({ kernel, stride }: Window): Record<string, number> {
  return {
    kernelHeight: kernel[0],
    kernelWidth: kernel[1],
    strideHeight: stride[0],
    strideWidth: stride[1],
  };
}

function draftConvolution(layer: ConvSpec | DepthwiseSpec, input: Shape): Draft {
  const window = slidingWindow(layer, input);
  const { kernel, pads } = window;
  const depthwise = !('filters' in layer);
  const filters = depthwise ? input[2] : layer.filters;
  const rowLength = kernel[0] * kernel[1] * (depthwise ? 1 : input[2]);
  return {
    tag: depthwise ? 'DEPTHWISE' : 'CONV',
    values: {
      filters,
      ...windowFields(window),
      padTop: pads.top,
      padLeft: pads.left,
      padBottom: pads.bottom,
      padRight: pads.right,
      reserved: 0,
      ...weightFields(layer, rowLength),
    },
    output: [...windowPositions(input, window), filters],
  };
}

function draftPool(layer: PoolSpec, input: Shape): Draft {
  const dimensions = layer.op.endsWith('1d') ? 1 : 2;
  const kernel = extentPair(layer.size, dimensions);
  const stride = layer.stride === undefined ? kernel : extentPair(layer.stride, dimensions);
  const window = { kernel, stride, pads: noPads };
  return {
    tag: layer.op.startsWith('max') ? 'MAX_POOL' : 'AVERAGE_POOL',
    values: windowFields(window),
    output: [...windowPositions(input, window), input[2]],
  };
}

function draftLayer(layer: RecordedSpec, input: Shape): Draft {
  switch (layer.op) {
    case 'dense': {
      const inputs = elementsOf(input);
      const values = { inputs, outputs: layer.outputs, ...weightFields(layer, inputs) };
      return { tag: 'DENSE', values, output: [1, 1, layer.outputs] };
    }
    case 'conv1d':
    case 'conv2d':
    case 'depthwise1d':
    case 'depthwise2d':
      return draftConvolution(layer, input);
    case 'maxPool1d':
    case 'maxPool2d':
    case 'averagePool1d':
    case 'averagePool2d':
      return draftPool(layer, input);
    case 'globalAveragePool':
      return { tag: 'GLOBAL_AVERAGE_POOL', values: {}, output: [1, 1, input[2]] };
    case 'embedding': {
      const scale = layer.weights ?? weightScale(1, 'none');
      const values = {
        vocabulary: layer.vocabulary,
        channels: layer.channels,
        weightExponent: scale.exponent,
        initBound: scale.bound,
        reserved: 0,
      };
      return { tag: 'EMBEDDING', values, output: [input[0], input[1], layer.channels] };
    }
  }
}

/** [H, W, C] a layer gives for an input of this shape. Throws ERR_SHAPE if its window does not fit. */
export function outputShapeOf(layer: RecordedSpec, input: Shape): Shape {
  return draftLayer(layer, input).output;
}

/** A layer that becomes a record, and where the user wrote it. */
export interface Recorded {
  readonly layer: RecordedSpec;
  readonly line: number;
}

function isWord(layer: LayerSpec): layer is WordSpec {
  return layer.op === 'flatten' || layer.op === 'relu';
}

/**
 * Drops flatten and moves every relu into the layer that computes its input. A max-pool may stand
 * between them, for the larger of two values is the same before and after.
 */
export function fuseWords(layers: readonly LayerSpec[]): Recorded[] {
  const recorded: Recorded[] = [];
  for (const [line, layer] of layers.entries()) {
    if (!isWord(layer)) recorded.push({ layer, line });
    if (layer.op !== 'relu') continue;
    const at = recorded.findLastIndex(({ layer }) => !layer.op.startsWith('maxPool'));
    const target = recorded[at]?.layer;
    if (target === undefined || !('outputs' in target || 'kernel' in target)) {
      throw new LinnetError(
        'ERR_CONFIG',
        `layers.${line}: relu follows no layer that can take it`,
        {
          remedy: 'put relu behind dense, conv or depthwise, or leave it out',
        },
      );
    }
    recorded[at] = { ...recorded[at], layer: { ...target, activation: 'relu' } };
  }
  return recorded;
}

/** `layers.2 (conv1d, input 1×64×8)`, numbered as the user wrote them. */
export function describeRecorded({ layer, line }: Recorded, input: Shape): string {
  return `layers.${line} (${layer.op}, input ${formatShape(input)})`;
}

function inputRecord(input: InputSpec): Uint8Array {
  const { height = 1, width, channels = 1, exponent, unit = '', microUnitsPerLsb = 0 } = input;
  return frameRecord('INPUT', {
    height,
    width,
    channels,
    exponent,
    reserved: 0,
    microUnitsPerLsb,
    unit: unitToWord(unit),
  });
}

/**
 * Descriptor bytes of a chain of layers (SPEC, section 3). The kernel, not this function, judges
 * whether the model is valid. Throws ERR_SHAPE where a window does not fit, ERR_CONFIG for a relu that
 * cannot be fused, ERR_MESSAGE for integers that do not fit their field.
 */
export function buildDescriptor(spec: ModelSpec): Uint8Array {
  const { height = 1, width, channels = 1 } = spec.input;
  const parts = [inputRecord(spec.input)];
  let shape: Shape = [height, width, channels];
  const recorded = fuseWords(spec.layers);
  for (const [index, entry] of recorded.entries()) {
    const input = shape;
    const { tag, values, output } = located(
      () => describeRecorded(entry, input),
      () => draftLayer(entry.layer, input),
    );
    parts.push(frameRecord(tag, { inputTensor: index, outputTensor: index + 1, ...values }));
    shape = output;
  }
  const inputTensor = recorded.length;
  const elements = elementsOf(shape);
  parts.push(
    spec.loss === 'squared-error'
      ? frameRecord('SQUARED_ERROR', { inputTensor, elements })
      : frameRecord('SOFTMAX_CROSS_ENTROPY', { inputTensor, classes: elements }),
  );
  return assembleDescriptor(parts);
}
