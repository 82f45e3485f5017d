/**
 * Validation of a model descriptor (SPEC 3). Reads bytes and nothing else; any bytes give OK or a
 * status, in bounded time.
 */
import {
  ACTIVATION_NONE,
  ACTIVATION_RELU,
  DENSE_ACTIVATION,
  DENSE_BYTES,
  DENSE_INIT_BOUND,
  DENSE_INPUTS,
  DENSE_INPUT_TENSOR,
  DENSE_OUTPUTS,
  DENSE_OUTPUT_TENSOR,
  DENSE_WEIGHT_EXPONENT,
  DESCRIPTOR_FORMAT_VERSION,
  DESCRIPTOR_HEADER_BYTES,
  DESCRIPTOR_MAGIC,
  ERR_DESCRIPTOR,
  ERR_EXPONENT,
  ERR_SHAPE,
  ERR_TENSOR,
  ERR_UNKNOWN_OP,
  INPUT_BYTES,
  INPUT_CHANNELS,
  INPUT_EXPONENT,
  INPUT_HEIGHT,
  INPUT_RESERVED,
  INPUT_WIDTH,
  MAX_CLASSES,
  MAX_EXPONENT,
  MAX_RECORDS,
  MAX_TENSORS,
  OK,
  RECORD_DENSE,
  RECORD_HEADER_BYTES,
  RECORD_INPUT,
  RECORD_SOFTMAX_CROSS_ENTROPY,
  SOFTMAX_CROSS_ENTROPY_BYTES,
  SOFTMAX_CROSS_ENTROPY_CLASSES,
  SOFTMAX_CROSS_ENTROPY_INPUT_TENSOR,
} from '../contract.gen';

/** Keeps every accumulator inside int32 (SPEC 2.3). */
const MAX_ELEMENTS: i32 = 32768;
const MAX_INIT_BOUND: i32 = 16383;

/** What the walk over the records knows so far. */
let definedTensors: u64 = 0;
let openTensor: i32 = 0;
let openElements: i32 = 0;
let openActivation: i32 = 0;

/** Number of layers after checkDescriptor() said OK. */
export let layerCount: i32 = 0;

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

function exponentInRange(exponent: i32): bool {
  return exponent >= -MAX_EXPONENT && exponent <= MAX_EXPONENT;
}

function checkHeader(descriptor: usize, bytes: i32): i32 {
  if (bytes < DESCRIPTOR_HEADER_BYTES) return ERR_DESCRIPTOR;
  if (load<i32>(descriptor) != DESCRIPTOR_MAGIC) return ERR_DESCRIPTOR;
  if (<i32>load<u16>(descriptor, 4) != DESCRIPTOR_FORMAT_VERSION) return ERR_DESCRIPTOR;
  const records = <i32>load<u16>(descriptor, 6);
  if (records < 3 || records > MAX_RECORDS) return ERR_DESCRIPTOR;
  if (load<i32>(descriptor, 8) != bytes || load<i32>(descriptor, 12) != 0) return ERR_DESCRIPTOR;
  return OK;
}

/** The record at `at` lies whole before `end`. */
function recordFits(at: usize, end: usize): bool {
  return payloadOf(at) <= end && nextRecord(at) <= end;
}

function checkInput(payload: usize): i32 {
  const width = <i64>load<u16>(payload, INPUT_WIDTH);
  const height = <i64>load<u16>(payload, INPUT_HEIGHT);
  const elements = height * width * <i64>load<u16>(payload, INPUT_CHANNELS);
  if (load<u8>(payload, INPUT_RESERVED) != 0) return ERR_DESCRIPTOR;
  if (elements < 1 || elements > MAX_ELEMENTS) return ERR_SHAPE;
  if (!exponentInRange(<i32>load<i8>(payload, INPUT_EXPONENT))) return ERR_EXPONENT;
  definedTensors = 1;
  openTensor = 0;
  openElements = <i32>elements;
  openActivation = ACTIVATION_NONE;
  return OK;
}

function checkDense(payload: usize): i32 {
  const target = <i32>load<u16>(payload, DENSE_OUTPUT_TENSOR);
  if (<i32>load<u16>(payload, DENSE_INPUT_TENSOR) != openTensor) return ERR_TENSOR;
  if (target >= MAX_TENSORS || ((definedTensors >> (<u64>target)) & 1) != 0) return ERR_TENSOR;
  const outputs = <i32>load<u16>(payload, DENSE_OUTPUTS);
  if (<i32>load<u16>(payload, DENSE_INPUTS) != openElements) return ERR_SHAPE;
  if (outputs < 1 || outputs > MAX_ELEMENTS) return ERR_SHAPE;
  if (!exponentInRange(<i32>load<i8>(payload, DENSE_WEIGHT_EXPONENT))) return ERR_EXPONENT;
  if (<i32>load<u16>(payload, DENSE_INIT_BOUND) > MAX_INIT_BOUND) return ERR_EXPONENT;
  const activation = <i32>load<u8>(payload, DENSE_ACTIVATION);
  if (activation != ACTIVATION_NONE && activation != ACTIVATION_RELU) return ERR_UNKNOWN_OP;
  definedTensors |= (<u64>1) << (<u64>target);
  openTensor = target;
  openElements = outputs;
  openActivation = activation;
  layerCount++;
  return OK;
}

function checkLoss(payload: usize): i32 {
  if (<i32>load<u16>(payload, SOFTMAX_CROSS_ENTROPY_INPUT_TENSOR) != openTensor) return ERR_TENSOR;
  const classes = <i32>load<u16>(payload, SOFTMAX_CROSS_ENTROPY_CLASSES);
  if (classes != openElements || classes < 2 || classes > MAX_CLASSES) return ERR_SHAPE;
  if (layerCount == 0 || openActivation != ACTIVATION_NONE) return ERR_DESCRIPTOR;
  return OK;
}

/** Payload length of a tag, or −1 if the tag is unknown. */
function payloadBytes(tag: i32): i32 {
  if (tag == RECORD_INPUT) return INPUT_BYTES;
  if (tag == RECORD_DENSE) return DENSE_BYTES;
  if (tag == RECORD_SOFTMAX_CROSS_ENTROPY) return SOFTMAX_CROSS_ENTROPY_BYTES;
  return -1;
}

/** One record in its place: the input first, the loss last, layers between. */
function checkRecord(at: usize, isFirst: bool, isLast: bool): i32 {
  const tag = tagOf(at);
  const expected = payloadBytes(tag);
  if (expected < 0) return ERR_UNKNOWN_OP;
  if (<i32>load<u16>(at, 2) != expected) return ERR_DESCRIPTOR;
  if ((tag == RECORD_INPUT) != isFirst) return ERR_DESCRIPTOR;
  if ((tag == RECORD_SOFTMAX_CROSS_ENTROPY) != isLast) return ERR_DESCRIPTOR;
  if (isFirst) return checkInput(payloadOf(at));
  if (isLast) return checkLoss(payloadOf(at));
  return checkDense(payloadOf(at));
}

/**
 * Checks a whole descriptor.
 *
 * Every tensor is read once, so the graph is a chain and `openTensor` is the one still unread.
 * Returns OK, ERR_DESCRIPTOR, ERR_UNKNOWN_OP, ERR_TENSOR, ERR_SHAPE or ERR_EXPONENT.
 */
export function checkDescriptor(descriptor: usize, bytes: i32): i32 {
  let status = checkHeader(descriptor, bytes);
  if (status < 0) return status;
  const end = descriptor + <usize>bytes;
  const records = <i32>load<u16>(descriptor, 6);
  layerCount = 0;
  let at = firstRecord(descriptor);
  for (let i = 0; i < records; i++) {
    if (!recordFits(at, end)) return ERR_DESCRIPTOR;
    status = checkRecord(at, i == 0, i == records - 1);
    if (status < 0) return status;
    at = nextRecord(at);
  }
  return at == end ? OK : ERR_DESCRIPTOR;
}
