import {
  activation as activationCode,
  type DenseRecord,
  type InputRecord,
  constant,
  record,
  version,
} from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { sha256 } from '../contract/hash.js';
import { packRecord, unpackRecord } from '../contract/pack.js';

export type Activation = 'none' | 'relu';

export interface InputSpec {
  /** H of an image; 1 (the default) for a series or a flat vector. */
  readonly height?: number;
  /** W of an image, T of a series, or the length of a flat vector. */
  readonly width: number;
  /** C, the fastest index; default 1. */
  readonly channels?: number;
  /** Real value = int8 · 2^exponent. */
  readonly exponent: number;
  /** Up to four ASCII letters, such as `mV`. */
  readonly unit?: string;
  /** Physical value of one LSB in millionths of the unit. */
  readonly microUnitsPerLsb?: number;
}

export interface DenseSpec {
  readonly op: 'dense';
  readonly outputs: number;
  readonly activation?: Activation;
}

/** What a user writes down; everything else follows from it. */
export interface ModelSpec {
  readonly input: InputSpec;
  readonly layers: readonly DenseSpec[];
  readonly loss: 'softmax-cross-entropy';
}

export interface DenseLayer {
  readonly op: 'dense';
  readonly inputs: number;
  readonly outputs: number;
  readonly activation: Activation;
  readonly weightExponent: number;
  readonly initBound: number;
  /** Number of the first weight and of the first bias among the parameters. */
  readonly weightOffset: number;
  readonly biasOffset: number;
}

/** A descriptor, read back. */
export interface ModelInfo {
  readonly input: Required<InputSpec>;
  readonly inputs: number;
  readonly layers: readonly DenseLayer[];
  readonly classes: number;
  readonly parameters: number;
  readonly hash: Uint8Array;
}

/**
 * Weight exponent and initial bound of a layer (RECIPE: uniform with He's bound before a ReLU,
 * LeCun's elsewhere): `ew = ceil(log2(4·bound/127))`, `Bq = round(bound·2^(8−ew))`.
 */
export function weightScale(
  fanIn: number,
  activation: Activation,
): { exponent: number; bound: number } {
  const bound = Math.sqrt((activation === 'relu' ? 6 : 3) / fanIn);
  const exponent = Math.ceil(Math.log2((4 * bound) / 127));
  return { exponent, bound: Math.round(bound * 2 ** (8 - exponent)) };
}

function frameRecord(tag: keyof typeof record, payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(constant.RECORD_HEADER_BYTES + payload.length);
  const view = new DataView(out.buffer);
  view.setUint16(0, record[tag], true);
  view.setUint16(2, payload.length, true);
  out.set(payload, constant.RECORD_HEADER_BYTES);
  return out;
}

function unitToWord(unit: string): number {
  if (!/^[\x21-\x7e]{0,4}$/.test(unit)) {
    throw new LinnetError('ERR_CONFIG', `unit "${unit}" is not up to four ASCII characters`);
  }
  return [...unit].reduce((word, letter, i) => word + letter.charCodeAt(0) * 2 ** (8 * i), 0);
}

function wordToUnit(word: number): string {
  const letters = [0, 8, 16, 24]
    .map((shift) => (word >>> shift) & 0xff)
    .filter((code) => code !== 0);
  return String.fromCharCode(...letters);
}

function denseRecord(layer: DenseSpec, index: number, inputs: number): Uint8Array {
  const activation = layer.activation ?? 'none';
  const scale = weightScale(inputs, activation);
  return frameRecord(
    'DENSE',
    packRecord('DENSE', {
      inputTensor: index,
      outputTensor: index + 1,
      inputs,
      outputs: layer.outputs,
      weightExponent: scale.exponent,
      activation: activation === 'relu' ? activationCode.RELU : activationCode.NONE,
      initBound: scale.bound,
    }),
  );
}

/**
 * Descriptor bytes of a chain of layers (SPEC, section 3). The kernel, not this function, judges
 * whether the model is valid; integers that do not fit their field throw ERR_MESSAGE.
 */
export function buildDescriptor(spec: ModelSpec): Uint8Array {
  const { height = 1, width, channels = 1, exponent, unit = '', microUnitsPerLsb = 0 } = spec.input;
  const input = packRecord('INPUT', {
    height,
    width,
    channels,
    exponent,
    reserved: 0,
    microUnitsPerLsb,
    unit: unitToWord(unit),
  });
  const parts = [frameRecord('INPUT', input)];
  let elements = height * width * channels;
  for (const [index, layer] of spec.layers.entries()) {
    parts.push(denseRecord(layer, index, elements));
    elements = layer.outputs;
  }
  const loss = packRecord('SOFTMAX_CROSS_ENTROPY', {
    inputTensor: spec.layers.length,
    classes: elements,
  });
  parts.push(frameRecord('SOFTMAX_CROSS_ENTROPY', loss));
  return assembleDescriptor(parts);
}

function assembleDescriptor(parts: readonly Uint8Array[]): Uint8Array {
  const total = parts.reduce<number>(
    (sum, part) => sum + part.length,
    constant.DESCRIPTOR_HEADER_BYTES,
  );
  const out = new Uint8Array(total);
  const view = new DataView(out.buffer);
  view.setUint32(0, constant.DESCRIPTOR_MAGIC, true);
  view.setUint16(4, version.DESCRIPTOR_FORMAT, true);
  view.setUint16(6, parts.length, true);
  view.setUint32(8, total, true);
  let offset: number = constant.DESCRIPTOR_HEADER_BYTES;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

function* readRecords(bytes: Uint8Array): Generator<{ tag: number; payload: Uint8Array }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = constant.DESCRIPTOR_HEADER_BYTES;
  const sound =
    bytes.length >= header &&
    view.getUint32(0, true) === constant.DESCRIPTOR_MAGIC &&
    view.getUint16(4, true) === version.DESCRIPTOR_FORMAT &&
    view.getUint32(8, true) === bytes.length;
  if (!sound) throw new LinnetError('ERR_DESCRIPTOR', 'the bytes are not a model descriptor');
  let offset: number = header;
  for (let i = 0; i < view.getUint16(6, true); i++) {
    const start = offset + constant.RECORD_HEADER_BYTES;
    const end = start <= bytes.length ? start + view.getUint16(offset + 2, true) : Infinity;
    if (end > bytes.length) throw new LinnetError('ERR_DESCRIPTOR', `record ${i} is cut off`);
    yield { tag: view.getUint16(offset, true), payload: bytes.subarray(start, end) };
    offset = end;
  }
}

/** Reads a descriptor back. Throws ERR_DESCRIPTOR or ERR_UNKNOWN_OP; shapes are the kernel's to check. */
export function parseDescriptor(bytes: Uint8Array): ModelInfo {
  let input: Required<InputSpec> | undefined;
  const layers: DenseLayer[] = [];
  let parameters = 0;
  let classes = 0;
  for (const { tag, payload } of readRecords(bytes)) {
    if (tag === record.INPUT) {
      const values = unpackRecord('INPUT', payload) as unknown as InputRecord;
      input = { ...values, unit: wordToUnit(values.unit) };
    } else if (tag === record.DENSE) {
      const layer = readDense(payload, parameters);
      parameters = layer.biasOffset + layer.outputs;
      layers.push(layer);
    } else if (tag === record.SOFTMAX_CROSS_ENTROPY) {
      classes = unpackRecord('SOFTMAX_CROSS_ENTROPY', payload)['classes'] as number;
    } else {
      throw new LinnetError(
        'ERR_UNKNOWN_OP',
        `the descriptor has a record with the unknown tag ${tag}`,
      );
    }
  }
  if (input === undefined || classes === 0) {
    throw new LinnetError('ERR_DESCRIPTOR', 'the descriptor lacks its input or its loss');
  }
  const inputs = input.height * input.width * input.channels;
  return { input, inputs, layers, classes, parameters, hash: sha256(bytes) };
}

function readDense(payload: Uint8Array, weightOffset: number): DenseLayer {
  const { inputs, outputs, ...values } = unpackRecord('DENSE', payload) as unknown as DenseRecord;
  return {
    op: 'dense',
    inputs,
    outputs,
    activation: values.activation === activationCode.RELU ? 'relu' : 'none',
    weightExponent: values.weightExponent,
    initBound: values.initBound,
    weightOffset,
    biasOffset: weightOffset + inputs * outputs,
  };
}
