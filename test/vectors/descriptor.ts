import { activation, constant, record, version } from '../../host/contract/contract.gen.js';

/**
 * Descriptors byte by byte (section 3 of the specification), apart from host/model on purpose: the
 * vectors need broken ones too, and must not share a mistake with the code they test.
 */

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function u16(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value & 0xff, (value >> 8) & 0xff]));
}

function u32(value: number): Uint8Array {
  return u16(value % 65536, Math.floor(value / 65536));
}

/** A record with any tag and payload. */
export function rawRecord(tag: number, payload: Uint8Array): Uint8Array {
  return concat([u16(tag, payload.length), payload]);
}

export interface InputFields {
  readonly height?: number;
  readonly width: number;
  readonly channels?: number;
  readonly exponent?: number;
  readonly reserved?: number;
}

export function inputRecord(fields: InputFields): Uint8Array {
  const { height = 1, width, channels = 1, exponent = -7, reserved = 0 } = fields;
  const tail = concat([Uint8Array.of(exponent & 0xff, reserved), u32(0), u32(0)]);
  return rawRecord(record.INPUT, concat([u16(height, width, channels), tail]));
}

export interface DenseFields {
  readonly input: number;
  readonly output: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly weightExponent?: number;
  readonly activation?: number;
  readonly initBound?: number;
}

export function denseRecord(fields: DenseFields): Uint8Array {
  const { input, output, inputs, outputs, weightExponent = -6, initBound = 4000 } = fields;
  const code = fields.activation ?? activation.NONE;
  const tail = concat([Uint8Array.of(weightExponent & 0xff, code), u16(initBound)]);
  return rawRecord(record.DENSE, concat([u16(input, output, inputs, outputs), tail]));
}

export interface WindowFields {
  readonly kernelHeight?: number;
  readonly kernelWidth?: number;
  readonly strideHeight?: number;
  readonly strideWidth?: number;
}

export interface ConvFields extends WindowFields {
  readonly tag?: number;
  readonly input: number;
  readonly output: number;
  readonly filters: number;
  readonly padTop?: number;
  readonly padLeft?: number;
  readonly padBottom?: number;
  readonly padRight?: number;
  readonly weightExponent?: number;
  readonly activation?: number;
  readonly initBound?: number;
  readonly reserved?: number;
}

function windowBytes(fields: WindowFields): Uint8Array {
  const { kernelHeight = 1, kernelWidth = 1, strideHeight = 1, strideWidth = 1 } = fields;
  return Uint8Array.of(kernelHeight, kernelWidth, strideHeight, strideWidth);
}

/** CONV, or DEPTHWISE by its tag. */
export function convRecord(fields: ConvFields): Uint8Array {
  const { tag = record.CONV, input, output, filters, initBound = 4000, reserved = 0 } = fields;
  const { padTop = 0, padLeft = 0, padBottom = 0, padRight = 0, weightExponent = -6 } = fields;
  const code = fields.activation ?? activation.NONE;
  const head = concat([u16(input, output, filters, initBound), windowBytes(fields)]);
  const pads = Uint8Array.of(padTop, padLeft, padBottom, padRight);
  const tail = concat([Uint8Array.of(weightExponent & 0xff, code), u16(reserved)]);
  return rawRecord(tag, concat([head, pads, tail]));
}

export interface PoolFields extends WindowFields {
  readonly tag?: number;
  readonly input: number;
  readonly output: number;
}

/** MAX_POOL, or AVERAGE_POOL by its tag. */
export function poolRecord(fields: PoolFields): Uint8Array {
  const { tag = record.MAX_POOL, input, output } = fields;
  return rawRecord(tag, concat([u16(input, output), windowBytes(fields)]));
}

export function globalPoolRecord(input: number, output: number): Uint8Array {
  return rawRecord(record.GLOBAL_AVERAGE_POOL, u16(input, output));
}

export interface EmbeddingFields {
  readonly input?: number;
  readonly output?: number;
  readonly vocabulary: number;
  readonly channels: number;
  readonly weightExponent?: number;
  readonly initBound?: number;
  readonly reserved?: number;
}

export function embeddingRecord(fields: EmbeddingFields): Uint8Array {
  const { input = 0, output = 1, vocabulary, channels, initBound = 4000, reserved = 0 } = fields;
  const tail = Uint8Array.of((fields.weightExponent ?? -6) & 0xff, reserved);
  return rawRecord(
    record.EMBEDDING,
    concat([u16(input, output, vocabulary, channels, initBound), tail]),
  );
}

export function lossRecord(
  input: number,
  classes: number,
  tag: number = record.SOFTMAX_CROSS_ENTROPY,
): Uint8Array {
  return rawRecord(tag, u16(input, classes));
}

/** Header fields that shall differ from the right ones. */
export interface HeaderFields {
  readonly magic?: number;
  readonly format?: number;
  readonly records?: number;
  readonly total?: number;
  readonly reserved?: number;
}

export function assemble(records: readonly Uint8Array[], header: HeaderFields = {}): Uint8Array {
  const body = concat(records);
  return concat([
    u32(header.magic ?? constant.DESCRIPTOR_MAGIC),
    u16(header.format ?? version.DESCRIPTOR_FORMAT, header.records ?? records.length),
    u32(header.total ?? constant.DESCRIPTOR_HEADER_BYTES + body.length),
    u32(header.reserved ?? 0),
    body,
  ]);
}

export interface ChainLayer {
  readonly outputs: number;
  /** RELU if absent, but NONE for the last layer. */
  readonly relu?: boolean;
  readonly weightExponent?: number;
  readonly initBound?: number;
}

export interface ChainFields {
  readonly inputs: number;
  readonly inputExponent?: number;
  readonly layers: readonly ChainLayer[];
}

/** `ew` and `Bq` from the fan-in, as section 3 prescribes for new models. */
export function scaleOf(
  inputs: number,
  relu: boolean,
): { weightExponent: number; initBound: number } {
  const bound = Math.sqrt((relu ? 6 : 3) / inputs);
  const weightExponent = Math.ceil(Math.log2((4 * bound) / 127));
  return { weightExponent, initBound: Math.round(bound * 2 ** (8 - weightExponent)) };
}

/** A valid chain of dense layers; scales follow from the fan-in where they are not given. */
export function chainDescriptor({ inputs, inputExponent, layers }: ChainFields): Uint8Array {
  const exponent = inputExponent === undefined ? {} : { exponent: inputExponent };
  const records = [inputRecord({ width: inputs, ...exponent })];
  let fanIn = inputs;
  for (const [index, { outputs, ...layer }] of layers.entries()) {
    const relu = layer.relu ?? index < layers.length - 1;
    const scale = { ...scaleOf(fanIn, relu), ...layer };
    const place = { input: index, output: index + 1, inputs: fanIn, outputs };
    const code = relu ? activation.RELU : activation.NONE;
    records.push(denseRecord({ ...place, ...scale, activation: code }));
    fanIn = outputs;
  }
  records.push(lossRecord(layers.length, fanIn));
  return assemble(records);
}

/** `denseChain(64, 32, 6)`: ReLU between the layers, logits at the end. */
export function denseChain(inputs: number, ...outputs: readonly number[]): Uint8Array {
  return chainDescriptor({ inputs, layers: outputs.map((count) => ({ outputs: count })) });
}

/** Same shape everywhere, exponents given. */
export function exponentChain(
  sizes: readonly number[],
  inputExponent: number,
  weightExponent: number,
  relu = true,
): Uint8Array {
  const layers = sizes.slice(1).map((outputs, index) => ({
    outputs,
    weightExponent,
    relu: relu && index < sizes.length - 2,
  }));
  return chainDescriptor({ inputs: sizes[0], inputExponent, layers });
}
