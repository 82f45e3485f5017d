/**
 * The part of ONNX's protobuf messages an importer needs, by field number. Unknown fields are skipped.
 * Source: the field numbers of onnx.proto, IR version 3 and later.
 */
import { PbfReader } from 'pbf';
import { importError } from './float-model.js';

export interface OnnxTensor {
  readonly dims: readonly number[];
  readonly values: Float64Array;
}

export interface OnnxAttribute {
  readonly number: number;
  readonly integer: number;
  readonly text: string;
  readonly integers: readonly number[];
  readonly numbers: readonly number[];
  readonly tensor: OnnxTensor | undefined;
}

export interface OnnxNode {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

export interface OnnxInput {
  readonly name: string;
  /** 0 where the size is not fixed, as that of a batch. */
  readonly dims: readonly number[];
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, OnnxTensor>;
  /** Inputs that have no value of their own. */
  readonly inputs: readonly OnnxInput[];
  readonly outputs: readonly string[];
}

type ReadField<T> = (tag: number, into: T, pbf: PbfReader) => void;

/** Element types of a tensor (TensorProto.DataType) that occur in float models. */
const dataType = { FLOAT: 1, INT32: 6, INT64: 7, BOOL: 9, FLOAT16: 10, DOUBLE: 11 } as const;

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

interface RawTensor {
  name: string;
  dims: number[];
  type: number;
  raw: Uint8Array | undefined;
  numbers: number[];
  isExternal: boolean;
}

const readTensorField: ReadField<RawTensor> = (tag, tensor, pbf) => {
  if (tag === 1) pbf.readPackedVarint(tensor.dims, true);
  else if (tag === 2) tensor.type = pbf.readVarint();
  else if (tag === 4) pbf.readPackedFloat(tensor.numbers);
  else if (tag === 5 || tag === 7) pbf.readPackedVarint(tensor.numbers, true);
  else if (tag === 8) tensor.name = pbf.readString();
  else if (tag === 9) tensor.raw = pbf.readBytes();
  else if (tag === 10) pbf.readPackedDouble(tensor.numbers);
  else if (tag === 14) tensor.isExternal = pbf.readVarint() !== 0;
};

/** Elements of raw little-endian bytes. */
function decodeRaw(raw: Uint8Array, type: number): Float64Array | undefined {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const each = (bytes: number, read: (at: number) => number): Float64Array =>
    Float64Array.from({ length: raw.length / bytes }, (_, i) => read(bytes * i));
  switch (type) {
    case dataType.FLOAT:
      return each(4, (at) => view.getFloat32(at, true));
    case dataType.DOUBLE:
      return each(8, (at) => view.getFloat64(at, true));
    case dataType.FLOAT16:
      return each(2, (at) => halfToNumber(view.getUint16(at, true)));
    case dataType.INT32:
      return each(4, (at) => view.getInt32(at, true));
    case dataType.INT64:
      return each(8, (at) => Number(view.getBigInt64(at, true)));
    case dataType.BOOL:
      return each(1, (at) => view.getUint8(at));
    default:
      return undefined;
  }
}

function finishTensor(tensor: RawTensor): OnnxTensor {
  const { name, dims, type, raw, numbers, isExternal } = tensor;
  if (isExternal) {
    throw importError(
      `the values of ${name} are in another file`,
      'export the model into one file, without external data',
    );
  }
  const half = type === dataType.FLOAT16;
  const values = raw
    ? decodeRaw(raw, type)
    : Float64Array.from(numbers, (value) => (half ? halfToNumber(value) : value));
  const count = dims.reduce((product, size) => product * size, 1);
  if (values?.length !== count) {
    throw importError(
      `the tensor ${name} (type ${type}) does not hold ${count} numbers`,
      'export the float model, not a quantised one',
    );
  }
  return { dims, values };
}

function readTensor(pbf: PbfReader): RawTensor {
  const blank: RawTensor = {
    name: '',
    dims: [],
    type: 0,
    raw: undefined,
    numbers: [],
    isExternal: false,
  };
  return pbf.readMessage(readTensorField, blank);
}

interface RawAttribute {
  name: string;
  number: number;
  integer: number;
  text: string;
  integers: number[];
  numbers: number[];
  tensor: OnnxTensor | undefined;
}

const readAttributeField: ReadField<RawAttribute> = (tag, attribute, pbf) => {
  if (tag === 1) attribute.name = pbf.readString();
  else if (tag === 2) attribute.number = pbf.readFloat();
  else if (tag === 3) attribute.integer = pbf.readVarint(true);
  else if (tag === 4) attribute.text = pbf.readString();
  else if (tag === 5) attribute.tensor = finishTensor(readTensor(pbf));
  else if (tag === 7) pbf.readPackedFloat(attribute.numbers);
  else if (tag === 8) pbf.readPackedVarint(attribute.integers, true);
};

function readAttribute(pbf: PbfReader): RawAttribute {
  return pbf.readMessage(readAttributeField, {
    name: '',
    number: 0,
    integer: 0,
    text: '',
    integers: [],
    numbers: [],
    tensor: undefined,
  });
}

interface RawNode {
  op: string;
  name: string;
  inputs: string[];
  outputs: string[];
  attributes: Map<string, OnnxAttribute>;
}

const readNodeField: ReadField<RawNode> = (tag, node, pbf) => {
  if (tag === 1) node.inputs.push(pbf.readString());
  else if (tag === 2) node.outputs.push(pbf.readString());
  else if (tag === 3) node.name = pbf.readString();
  else if (tag === 4) node.op = pbf.readString();
  else if (tag === 5) {
    const { name, ...attribute } = readAttribute(pbf);
    node.attributes.set(name, attribute);
  }
};

/** Messages that are only wrappers: the value of one field of one message. */
function readOnly<T>(wanted: number, read: (pbf: PbfReader) => T, pbf: PbfReader): T | undefined {
  const found: { value?: T } = {};
  pbf.readMessage((tag, into, inner) => {
    if (tag === wanted) into.value = read(inner);
  }, found);
  return found.value;
}

function readShape(pbf: PbfReader): number[] {
  const dims: number[] = [];
  return pbf.readMessage((tag, into, inner) => {
    if (tag === 1) into.push(readOnly(1, (dim) => dim.readVarint(true), inner) ?? 0);
  }, dims);
}

interface RawInput {
  name: string;
  dims: number[];
}

/** ValueInfo → TypeProto.tensor_type → shape. */
const readInputField: ReadField<RawInput> = (tag, input, pbf) => {
  if (tag === 1) input.name = pbf.readString();
  else if (tag === 2) {
    const dims = readOnly(1, (type) => readOnly(2, readShape, type), pbf);
    if (dims) input.dims = dims;
  }
};

interface RawGraph {
  nodes: RawNode[];
  constants: Map<string, OnnxTensor>;
  inputs: RawInput[];
  outputs: string[];
}

const readGraphField: ReadField<RawGraph> = (tag, graph, pbf) => {
  if (tag === 1) {
    const node = { op: '', name: '', inputs: [], outputs: [], attributes: new Map() };
    graph.nodes.push(pbf.readMessage(readNodeField, node));
  } else if (tag === 5) {
    const tensor = readTensor(pbf);
    graph.constants.set(tensor.name, finishTensor(tensor));
  } else if (tag === 11) {
    graph.inputs.push(pbf.readMessage(readInputField, { name: '', dims: [] }));
  } else if (tag === 12) {
    graph.outputs.push(pbf.readMessage(readInputField, { name: '', dims: [] }).name);
  }
};

function readGraph(pbf: PbfReader): RawGraph {
  return pbf.readMessage(readGraphField, {
    nodes: [],
    constants: new Map(),
    inputs: [],
    outputs: [],
  });
}

/** The graph of an ONNX file. Throws ERR_MODEL if the bytes are none. */
export function readOnnx(bytes: Uint8Array): OnnxGraph {
  const found: { graph?: RawGraph } = {};
  try {
    new PbfReader(bytes).readFields((tag, into, pbf) => {
      if (tag === 7) into.graph = readGraph(pbf);
    }, found);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODEL') throw error;
    throw importError('the file is no ONNX model', 'give a .onnx file', error);
  }
  const { graph } = found;
  if (graph === undefined || graph.nodes.length === 0) {
    throw importError('the file holds no ONNX graph', 'give a .onnx file');
  }
  return { ...graph, inputs: graph.inputs.filter(({ name }) => !graph.constants.has(name)) };
}
