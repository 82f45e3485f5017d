import {
  activation as activationCode,
  record,
  type InputRecord,
} from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { sha256 } from '../contract/hash.js';
import { unpackRecord } from '../contract/pack.js';
import type { LayerInfo, LayerOp, ModelInfo } from './info.js';
import { readRecords, wordToUnit, type RawRecord } from './records.js';
import { elementsOf, noPads, windowPositions, type Shape, type Window } from './shape.js';
import type { InputSpec, Loss } from './spec.js';

type Values = Readonly<Record<string, number>>;

const layerOps: ReadonlyMap<number, { readonly tag: string; readonly op: LayerOp }> = new Map([
  [record.DENSE, { tag: 'DENSE', op: 'dense' }],
  [record.CONV, { tag: 'CONV', op: 'conv' }],
  [record.DEPTHWISE, { tag: 'DEPTHWISE', op: 'depthwise' }],
  [record.MAX_POOL, { tag: 'MAX_POOL', op: 'maxPool' }],
  [record.AVERAGE_POOL, { tag: 'AVERAGE_POOL', op: 'averagePool' }],
  [record.GLOBAL_AVERAGE_POOL, { tag: 'GLOBAL_AVERAGE_POOL', op: 'globalAveragePool' }],
  [record.EMBEDDING, { tag: 'EMBEDDING', op: 'embedding' }],
]);

/** Where the reader is: the tensor nobody has read yet, and the parameters numbered so far. */
interface Position {
  readonly tensor: number;
  readonly shape: Shape;
  readonly index: number;
  readonly parameters: number;
}

function windowOf(op: LayerOp, values: Values, input: Shape): Window {
  if (op === 'dense' || op === 'globalAveragePool') {
    return { kernel: [input[0], input[1]], stride: [1, 1], pads: noPads };
  }
  if (op === 'embedding') return { kernel: [1, 1], stride: [1, 1], pads: noPads };
  const { padTop = 0, padLeft = 0, padBottom = 0, padRight = 0 } = values;
  return {
    kernel: [values['kernelHeight'], values['kernelWidth']],
    stride: [values['strideHeight'], values['strideWidth']],
    pads: { top: padTop, left: padLeft, bottom: padBottom, right: padRight },
  };
}

function outputsOf(op: LayerOp, values: Values, input: Shape): number {
  if (op === 'dense') return values['outputs'];
  if (op === 'conv' || op === 'depthwise') return values['filters'];
  return op === 'embedding' ? values['channels'] : input[2];
}

/** [rows, row length] of the weight matrix. */
function weightMatrix(op: LayerOp, values: Values, input: Shape, window: Window): [number, number] {
  const { kernel } = window;
  switch (op) {
    case 'dense':
      return [values['outputs'], values['inputs']];
    case 'conv':
      return [values['filters'], kernel[0] * kernel[1] * input[2]];
    case 'depthwise':
      return [values['filters'], kernel[0] * kernel[1]];
    case 'embedding':
      return [values['vocabulary'], values['channels']];
    case 'maxPool':
    case 'averagePool':
    case 'globalAveragePool':
      return [0, 0];
  }
}

function readLayer(op: LayerOp, values: Values, position: Position): LayerInfo {
  const { shape: inputShape, parameters: weightOffset } = position;
  const window = windowOf(op, values, inputShape);
  const outputs = outputsOf(op, values, inputShape);
  const outputShape: Shape = [...windowPositions(inputShape, window), outputs];
  const [rows, rowLength] = weightMatrix(op, values, inputShape, window);
  const multiplies = rows > 0 && op !== 'embedding';
  return {
    op,
    index: rows > 0 ? position.index : -1,
    inputShape,
    outputShape,
    inputs: elementsOf(inputShape),
    outputs,
    ...window,
    activation: values['activation'] === activationCode.RELU ? 'relu' : 'none',
    weightExponent: values['weightExponent'] ?? 0,
    initBound: values['initBound'] ?? 0,
    rows,
    rowLength,
    weightOffset,
    biasOffset: weightOffset + rows * rowLength,
    biases: multiplies ? rows : 0,
    macs: multiplies ? outputShape[0] * outputShape[1] * rows * rowLength : 0,
  };
}

function advance(position: Position, tensor: number, layer: LayerInfo): Position {
  return {
    tensor,
    shape: layer.outputShape,
    index: position.index + (layer.rows > 0 ? 1 : 0),
    parameters: layer.biasOffset + layer.biases,
  };
}

function lossOf(raw: RawRecord): { readonly loss: Loss; readonly outputs: number } | undefined {
  if (raw.tag === record.SOFTMAX_CROSS_ENTROPY) {
    const values = unpackRecord('SOFTMAX_CROSS_ENTROPY', raw.payload) as Values;
    return { loss: 'softmax-cross-entropy', outputs: values['classes'] };
  }
  if (raw.tag === record.SQUARED_ERROR) {
    const values = unpackRecord('SQUARED_ERROR', raw.payload) as Values;
    return { loss: 'squared-error', outputs: values['elements'] };
  }
  return undefined;
}

function readInput(payload: Uint8Array): Required<InputSpec> {
  const values = unpackRecord('INPUT', payload) as unknown as InputRecord;
  return { ...values, unit: wordToUnit(values.unit) };
}

/**
 * Reads a descriptor back. Throws ERR_DESCRIPTOR, ERR_UNKNOWN_OP, ERR_TENSOR, or ERR_SHAPE for a window
 * that does not fit; every other rule is the kernel's to check.
 */
export function parseDescriptor(bytes: Uint8Array): ModelInfo {
  let input: Required<InputSpec> | undefined;
  let head: ReturnType<typeof lossOf>;
  let position: Position = { tensor: 0, shape: [0, 0, 0], index: 0, parameters: 0 };
  const layers: LayerInfo[] = [];
  for (const raw of readRecords(bytes)) {
    if (raw.tag === record.INPUT) {
      input = readInput(raw.payload);
      position = { ...position, shape: [input.height, input.width, input.channels] };
      continue;
    }
    const known = layerOps.get(raw.tag);
    if (known === undefined) {
      head = lossOf(raw);
      if (head !== undefined) continue;
      throw new LinnetError(
        'ERR_UNKNOWN_OP',
        `the descriptor has a record with the unknown tag ${raw.tag}`,
      );
    }
    const values = unpackRecord(known.tag, raw.payload) as Values;
    if (values['inputTensor'] !== position.tensor) {
      throw new LinnetError('ERR_TENSOR', `layer ${layers.length} does not read the tensor before`);
    }
    const layer = readLayer(known.op, values, position);
    layers.push(layer);
    position = advance(position, values['outputTensor'], layer);
  }
  if (input === undefined || head === undefined) {
    throw new LinnetError('ERR_DESCRIPTOR', 'the descriptor lacks its input or its loss');
  }
  return {
    input,
    inputs: input.height * input.width * input.channels,
    layers,
    ...head,
    classes: head.loss === 'squared-error' ? 1 : head.outputs,
    parameters: position.parameters,
    macs: layers.reduce((sum, layer) => sum + layer.macs, 0),
    hash: sha256(bytes),
    descriptor: new Uint8Array(bytes),
  };
}
