/**
 * Validation of a model descriptor (SPEC 3), record by record. Reads bytes and fills the shapes of
 * the layers; any bytes give OK or a status, in bounded time.
 */
import {
  ACTIVATION_NONE,
  ACTIVATION_RELU,
  AVERAGE_POOL_BYTES,
  CONV_ACTIVATION,
  CONV_BYTES,
  CONV_FILTERS,
  CONV_INIT_BOUND,
  CONV_KERNEL_HEIGHT,
  CONV_KERNEL_WIDTH,
  CONV_PAD_BOTTOM,
  CONV_PAD_LEFT,
  CONV_PAD_RIGHT,
  CONV_PAD_TOP,
  CONV_RESERVED,
  CONV_STRIDE_HEIGHT,
  CONV_STRIDE_WIDTH,
  CONV_WEIGHT_EXPONENT,
  DENSE_ACTIVATION,
  DENSE_BYTES,
  DENSE_INIT_BOUND,
  DENSE_INPUTS,
  DENSE_OUTPUTS,
  DENSE_WEIGHT_EXPONENT,
  DESCRIPTOR_FORMAT_VERSION,
  DESCRIPTOR_HEADER_BYTES,
  DESCRIPTOR_MAGIC,
  EMBEDDING_BYTES,
  EMBEDDING_CHANNELS,
  EMBEDDING_INIT_BOUND,
  EMBEDDING_RESERVED,
  EMBEDDING_VOCABULARY,
  EMBEDDING_WEIGHT_EXPONENT,
  ERR_DESCRIPTOR,
  ERR_EXPONENT,
  ERR_SHAPE,
  ERR_TENSOR,
  ERR_UNKNOWN_OP,
  GLOBAL_AVERAGE_POOL_BYTES,
  INPUT_BYTES,
  INPUT_CHANNELS,
  INPUT_EXPONENT,
  INPUT_HEIGHT,
  INPUT_RESERVED,
  INPUT_WIDTH,
  Layer,
  LAYER_FLAG_RELU,
  MAX_CLASSES,
  MAX_ELEMENTS,
  MAX_EXPONENT,
  MAX_INIT_BOUND,
  MAX_PADDED,
  MAX_POOL_KERNEL_HEIGHT,
  MAX_POOL_KERNEL_WIDTH,
  MAX_POOL_STRIDE_HEIGHT,
  MAX_POOL_STRIDE_WIDTH,
  MAX_POSITIONS,
  MAX_RECORDS,
  MAX_TENSORS,
  MAX_VOCABULARY,
  OK,
  RECORD_CONV,
  RECORD_DENSE,
  RECORD_DEPTHWISE,
  RECORD_EMBEDDING,
  RECORD_GLOBAL_AVERAGE_POOL,
  RECORD_HEADER_BYTES,
  RECORD_INPUT,
  RECORD_MAX_POOL,
  RECORD_SOFTMAX_CROSS_ENTROPY,
  RECORD_SQUARED_ERROR,
  SOFTMAX_CROSS_ENTROPY_BYTES,
  SOFTMAX_CROSS_ENTROPY_CLASSES,
} from '../contract.gen';
import { paddedElements, positionsOf, rowLength, stepsOf } from '../memory/layer';

/** The one tensor that nothing has read yet, and all that were defined. */
let definedTensors: u64 = 0;
let openTensor: i32 = 0;
let height: i32 = 0;
let width: i32 = 0;
let channels: i32 = 0;
let inputElements: i32 = 0;

/** First record. */
export function firstRecord(descriptor: usize): usize {
  return descriptor + DESCRIPTOR_HEADER_BYTES;
}

/** The record behind `at`. */
export function nextRecord(at: usize): usize {
  return payloadOf(at) + <usize>load<u16>(at, 2);
}

export function tagOf(at: usize): i32 {
  return <i32>load<u16>(at);
}

export function payloadOf(at: usize): usize {
  return at + RECORD_HEADER_BYTES;
}

/** Records of a descriptor with a valid header. */
export function recordCount(descriptor: usize): i32 {
  return <i32>load<u16>(descriptor, 6);
}

/** Magic, format, length and number of records. */
export function checkHeader(descriptor: usize, bytes: i32): i32 {
  if (bytes < DESCRIPTOR_HEADER_BYTES) return ERR_DESCRIPTOR;
  if (load<i32>(descriptor) != DESCRIPTOR_MAGIC) return ERR_DESCRIPTOR;
  if (<i32>load<u16>(descriptor, 4) != DESCRIPTOR_FORMAT_VERSION) return ERR_DESCRIPTOR;
  const records = recordCount(descriptor);
  if (records < 3 || records > MAX_RECORDS) return ERR_DESCRIPTOR;
  if (load<i32>(descriptor, 8) != bytes || load<i32>(descriptor, 12) != 0) return ERR_DESCRIPTOR;
  return OK;
}

function isLoss(tag: i32): bool {
  return tag == RECORD_SOFTMAX_CROSS_ENTROPY || tag == RECORD_SQUARED_ERROR;
}

/** Payload length of a tag, or −1 if the tag is unknown. */
function payloadBytes(tag: i32): i32 {
  if (isLoss(tag)) return SOFTMAX_CROSS_ENTROPY_BYTES;
  switch (tag) {
    case RECORD_INPUT:
      return INPUT_BYTES;
    case RECORD_DENSE:
      return DENSE_BYTES;
    case RECORD_CONV:
    case RECORD_DEPTHWISE:
      return CONV_BYTES;
    case RECORD_GLOBAL_AVERAGE_POOL:
      return GLOBAL_AVERAGE_POOL_BYTES;
    case RECORD_EMBEDDING:
      return EMBEDDING_BYTES;
  }
  return tag >= RECORD_MAX_POOL && tag < RECORD_GLOBAL_AVERAGE_POOL ? AVERAGE_POOL_BYTES : -1;
}

/** The record at `at` lies whole before `end`, is known, and stands where its kind may stand. */
export function checkFrame(at: usize, end: usize, isFirst: bool, isLast: bool): i32 {
  if (payloadOf(at) > end || nextRecord(at) > end) return ERR_DESCRIPTOR;
  const tag = tagOf(at);
  const expected = payloadBytes(tag);
  if (expected < 0) return ERR_UNKNOWN_OP;
  if (<i32>load<u16>(at, 2) != expected) return ERR_DESCRIPTOR;
  return (tag == RECORD_INPUT) == isFirst && isLoss(tag) == isLast ? OK : ERR_DESCRIPTOR;
}

function exponentInRange(exponent: i32): bool {
  return exponent >= -MAX_EXPONENT && exponent <= MAX_EXPONENT;
}

/** Elements of the open tensor after it got a shape, or ERR_SHAPE. */
function openShape(h: i32, w: i32, c: i32): i32 {
  const elements = <u64>h * <u64>w * <u64>c;
  if (elements < 1 || elements > <u64>MAX_ELEMENTS) return ERR_SHAPE;
  height = h;
  width = w;
  channels = c;
  return <i32>elements;
}

/** The input record: tensor 0. */
export function checkInput(payload: usize): i32 {
  if (load<u8>(payload, INPUT_RESERVED) != 0) return ERR_DESCRIPTOR;
  inputElements = openShape(
    <i32>load<u16>(payload, INPUT_HEIGHT),
    <i32>load<u16>(payload, INPUT_WIDTH),
    <i32>load<u16>(payload, INPUT_CHANNELS),
  );
  if (inputElements < 0) return ERR_SHAPE;
  if (!exponentInRange(<i32>load<i8>(payload, INPUT_EXPONENT))) return ERR_EXPONENT;
  definedTensors = 1;
  openTensor = 0;
  return OK;
}

/** Input and output tensor of a layer: every tensor is defined once and read once, so the graph is a chain. */
function checkTensors(payload: usize, tag: i32): i32 {
  const target = <i32>load<u16>(payload, 2);
  if (<i32>load<u16>(payload) != openTensor) return ERR_TENSOR;
  if (target >= MAX_TENSORS || ((definedTensors >> (<u64>target)) & 1) != 0) return ERR_TENSOR;
  if (tag == RECORD_EMBEDDING && openTensor != 0) return ERR_TENSOR;
  definedTensors |= (<u64>1) << (<u64>target);
  openTensor = target;
  return OK;
}

function checkParameters(layer: Layer, activation: i32, exponent: i32, bound: i32): i32 {
  if (activation != ACTIVATION_NONE && activation != ACTIVATION_RELU) return ERR_UNKNOWN_OP;
  if (!exponentInRange(exponent) || bound > MAX_INIT_BOUND) return ERR_EXPONENT;
  if (activation == ACTIVATION_RELU) layer.flags = <u16>LAYER_FLAG_RELU;
  layer.weightExponent = <i16>exponent;
  layer.initBound = <u16>bound;
  return OK;
}

/** Kernel, strides and pads are set: positions and output shape follow. */
function slide(layer: Layer, outputs: i32): i32 {
  const rows = stepsOf(
    height,
    layer.padTop,
    layer.padBottom,
    layer.kernelHeight,
    layer.strideHeight,
  );
  const columns = stepsOf(
    width,
    layer.padLeft,
    layer.padRight,
    layer.kernelWidth,
    layer.strideWidth,
  );
  if (rows < 1 || columns < 1) return ERR_SHAPE;
  layer.outputHeight = <u16>rows;
  layer.outputWidth = <u16>columns;
  layer.outputs = <u16>outputs;
  return openShape(rows, columns, outputs) < 0 ? ERR_SHAPE : OK;
}

function checkConvolution(layer: Layer, payload: usize): i32 {
  layer.kernelHeight = <u16>load<u8>(payload, CONV_KERNEL_HEIGHT);
  layer.kernelWidth = <u16>load<u8>(payload, CONV_KERNEL_WIDTH);
  layer.strideHeight = <u16>load<u8>(payload, CONV_STRIDE_HEIGHT);
  layer.strideWidth = <u16>load<u8>(payload, CONV_STRIDE_WIDTH);
  layer.padTop = <u16>load<u8>(payload, CONV_PAD_TOP);
  layer.padLeft = <u16>load<u8>(payload, CONV_PAD_LEFT);
  layer.padBottom = <u16>load<u8>(payload, CONV_PAD_BOTTOM);
  layer.padRight = <u16>load<u8>(payload, CONV_PAD_RIGHT);
  if (load<u16>(payload, CONV_RESERVED) != 0) return ERR_DESCRIPTOR;
  const filters = <i32>load<u16>(payload, CONV_FILTERS);
  if (<i32>layer.kind == RECORD_DEPTHWISE && filters != channels) return ERR_SHAPE;
  if (slide(layer, filters) < 0) return ERR_SHAPE;
  const window = <u32>layer.kernelHeight * <u32>layer.kernelWidth;
  if (window * <u32>filters > <u32>MAX_ELEMENTS) return ERR_SHAPE;
  if (rowLength(layer) > MAX_ELEMENTS || positionsOf(layer) > MAX_POSITIONS) return ERR_SHAPE;
  if (<u32>paddedElements(layer) > <u32>MAX_PADDED) return ERR_SHAPE;
  const activation = <i32>load<u8>(payload, CONV_ACTIVATION);
  const bound = <i32>load<u16>(payload, CONV_INIT_BOUND);
  return checkParameters(layer, activation, <i32>load<i8>(payload, CONV_WEIGHT_EXPONENT), bound);
}

function checkDense(layer: Layer, payload: usize): i32 {
  const inputs = <i32>load<u16>(payload, DENSE_INPUTS);
  if (inputs != height * width * channels) return ERR_SHAPE;
  height = width = layer.height = layer.width = 1;
  layer.channels = <u16>inputs;
  layer.kernelHeight = layer.kernelWidth = layer.strideHeight = layer.strideWidth = 1;
  if (slide(layer, <i32>load<u16>(payload, DENSE_OUTPUTS)) < 0) return ERR_SHAPE;
  const activation = <i32>load<u8>(payload, DENSE_ACTIVATION);
  const bound = <i32>load<u16>(payload, DENSE_INIT_BOUND);
  return checkParameters(layer, activation, <i32>load<i8>(payload, DENSE_WEIGHT_EXPONENT), bound);
}

function checkPool(layer: Layer, payload: usize): i32 {
  const isGlobal = <i32>layer.kind == RECORD_GLOBAL_AVERAGE_POOL;
  layer.kernelHeight = isGlobal ? layer.height : <u16>load<u8>(payload, MAX_POOL_KERNEL_HEIGHT);
  layer.kernelWidth = isGlobal ? layer.width : <u16>load<u8>(payload, MAX_POOL_KERNEL_WIDTH);
  layer.strideHeight = isGlobal ? 1 : <u16>load<u8>(payload, MAX_POOL_STRIDE_HEIGHT);
  layer.strideWidth = isGlobal ? 1 : <u16>load<u8>(payload, MAX_POOL_STRIDE_WIDTH);
  if (<i32>layer.kernelHeight * <i32>layer.kernelWidth > MAX_POSITIONS) return ERR_SHAPE;
  return slide(layer, channels);
}

/** The vocabulary stands in kernelHeight. */
function checkEmbedding(layer: Layer, payload: usize): i32 {
  const vocabulary = <i32>load<u16>(payload, EMBEDDING_VOCABULARY);
  if (load<u8>(payload, EMBEDDING_RESERVED) != 0) return ERR_DESCRIPTOR;
  if (channels != 1 || vocabulary < 2 || vocabulary > MAX_VOCABULARY) return ERR_SHAPE;
  const outputs = <i32>load<u16>(payload, EMBEDDING_CHANNELS);
  layer.kernelHeight = layer.kernelWidth = layer.strideHeight = layer.strideWidth = 1;
  if (slide(layer, outputs) < 0) return ERR_SHAPE;
  layer.kernelHeight = <u16>vocabulary;
  const bound = <i32>load<u16>(payload, EMBEDDING_INIT_BOUND);
  const exponent = <i32>load<i8>(payload, EMBEDDING_WEIGHT_EXPONENT);
  return checkParameters(layer, ACTIVATION_NONE, exponent, bound);
}

/** A layer record: its shape goes into the cleared `layer`. */
export function checkLayer(layer: Layer, at: usize): i32 {
  const payload = payloadOf(at);
  const tag = tagOf(at);
  layer.kind = <u16>tag;
  layer.height = <u16>height;
  layer.width = <u16>width;
  layer.channels = <u16>channels;
  const status = checkTensors(payload, tag);
  if (status < 0) return status;
  switch (tag) {
    case RECORD_DENSE:
      return checkDense(layer, payload);
    case RECORD_CONV:
    case RECORD_DEPTHWISE:
      return checkConvolution(layer, payload);
    case RECORD_EMBEDDING:
      return checkEmbedding(layer, payload);
  }
  return checkPool(layer, payload);
}

/** The loss record, behind the layer `last`. */
export function checkLoss(at: usize, last: Layer): i32 {
  const payload = payloadOf(at);
  if (<i32>load<u16>(payload) != openTensor) return ERR_TENSOR;
  const elements = <i32>load<u16>(payload, SOFTMAX_CROSS_ENTROPY_CLASSES);
  if (elements != height * width * channels) return ERR_SHAPE;
  if (tagOf(at) == RECORD_SQUARED_ERROR) {
    if (elements != inputElements) return ERR_SHAPE;
  } else if (elements < 2 || elements > MAX_CLASSES) return ERR_SHAPE;
  const isLinear = <i32>last.kind == RECORD_DENSE || <i32>last.kind == RECORD_CONV;
  return isLinear && last.flags == 0 ? OK : ERR_DESCRIPTOR;
}
