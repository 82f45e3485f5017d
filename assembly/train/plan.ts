/** From a valid descriptor to an arena with every pointer set. */
import {
  BLOCK_ARENA_BYTES,
  BLOCK_CLASSES,
  BLOCK_CLASS_WEIGHTS_PTR,
  BLOCK_CONFUSION_PTR,
  BLOCK_DESCRIPTOR_BYTES,
  BLOCK_INPUT_BYTES,
  BLOCK_INPUT_PTR,
  BLOCK_IO_PTR,
  BLOCK_LAYERS,
  BLOCK_LOGITS_PTR,
  BLOCK_MEMORY_BYTES,
  BLOCK_PARAMETERS,
  DENSE_ACTIVATION,
  DENSE_INIT_BOUND,
  DENSE_INPUTS,
  DENSE_OUTPUTS,
  DENSE_WEIGHT_EXPONENT,
  DESCRIPTOR_MAX_BYTES,
  ERR_DESCRIPTOR,
  ERR_MEMORY,
  INPUT_EXPONENT,
  IO_WORDS,
  OK,
} from '../contract.gen';
import { alignUp4 } from '../math/fixed';
import { arenaBytes, clearArena, makeRoom, openArena, reserve } from '../memory/arena';
import { readUnsigned, readWord, writeWord } from '../memory/block';
import { Layer, layerAt } from '../memory/layer';
import { checkDescriptor, firstRecord, layerCount, nextRecord, payloadOf } from './descriptor';
import { model, STAGE_EMPTY, STAGE_PLANNED } from './model';

/** Region sizes, added up over the layers. */
let parameterCount: u64 = 0;
let parameterBytes: u64 = 0;
let activationBytes: u64 = 0;
let accumulatorElements: u64 = 0;
let scratchElements: u64 = 0;
let errorBytes: u64 = 0;
let parametersStart: usize = 0;
let activationsStart: usize = 0;

function padded(elements: i32): u64 {
  return <u64>alignUp4(elements);
}

function measure(descriptor: usize): void {
  parameterCount = parameterBytes = activationBytes = errorBytes = 0;
  accumulatorElements = scratchElements = 0;
  let at = nextRecord(firstRecord(descriptor));
  for (let i = 0; i < layerCount; i++) {
    const inputs = <i32>load<u16>(payloadOf(at), DENSE_INPUTS);
    const outputs = <i32>load<u16>(payloadOf(at), DENSE_OUTPUTS);
    parameterCount += <u64>inputs * <u64>outputs + <u64>outputs;
    parameterBytes += (padded(inputs) * <u64>outputs + padded(outputs)) * 2;
    activationBytes += padded(inputs);
    scratchElements = max(scratchElements, padded(inputs));
    // The accumulators of the last layer are the logits.
    if (i < layerCount - 1) accumulatorElements = max(accumulatorElements, padded(outputs));
    errorBytes = max(errorBytes, padded(outputs));
    at = nextRecord(at);
  }
}

function layOut(descriptor: usize, bytes: i32, classes: i32): void {
  openArena(descriptor);
  reserve(<u64>bytes);
  model.layerTable = reserve(<u64>layerCount * <u64>offsetof<Layer>());
  parametersStart = reserve(parameterBytes);
  activationsStart = reserve(activationBytes);
  model.accumulators = reserve(accumulatorElements * 4);
  model.scratch = reserve(scratchElements * 4);
  model.error = reserve(errorBytes);
  model.logits = reserve(<u64>classes * 4);
  model.lossError = reserve(<u64>classes * 4);
  model.confusion = reserve(<u64>(classes * classes) * 4);
  model.classWeights = reserve(<u64>classes);
  model.io = reserve(<u64>IO_WORDS * 2);
}

function fillLayers(descriptor: usize): void {
  let parameters = parametersStart;
  let activations = activationsStart;
  let at = nextRecord(firstRecord(descriptor));
  for (let i = 0; i < layerCount; i++) {
    const layer = layerAt(model.layerTable, i);
    const payload = payloadOf(at);
    layer.inputs = <i32>load<u16>(payload, DENSE_INPUTS);
    layer.outputs = <i32>load<u16>(payload, DENSE_OUTPUTS);
    layer.stride = alignUp4(layer.inputs);
    layer.weightExponent = <i32>load<i8>(payload, DENSE_WEIGHT_EXPONENT);
    layer.activation = <i32>load<u8>(payload, DENSE_ACTIVATION);
    layer.initBound = <i32>load<u16>(payload, DENSE_INIT_BOUND);
    layer.weights = parameters;
    layer.bias = parameters + ((<usize>(layer.stride * layer.outputs)) << 1);
    parameters = layer.bias + ((<usize>alignUp4(layer.outputs)) << 1);
    layer.input = activations;
    activations += <usize>layer.stride;
    layer.output = i == layerCount - 1 ? model.logits : activations;
    at = nextRecord(at);
  }
}

function reportPlan(): void {
  writeWord(BLOCK_PARAMETERS, model.parameters);
  writeWord(BLOCK_LAYERS, model.layers);
  writeWord(BLOCK_CLASSES, model.classes);
  writeWord(BLOCK_INPUT_PTR, <i32>activationsStart);
  writeWord(BLOCK_INPUT_BYTES, layerAt(model.layerTable, 0).inputs);
  writeWord(BLOCK_IO_PTR, <i32>model.io);
  writeWord(BLOCK_LOGITS_PTR, <i32>model.logits);
  writeWord(BLOCK_CLASS_WEIGHTS_PTR, <i32>model.classWeights);
  writeWord(BLOCK_CONFUSION_PTR, <i32>model.confusion);
}

/**
 * Validates the descriptor at `descriptor` and lays out the arena behind it, weights and all 0.
 *
 * arenaBytes is set whenever the descriptor is valid, so a caller learns what ERR_MEMORY lacks.
 * After an error no model is planned.
 */
export function planModel(descriptor: usize): i32 {
  model.stage = STAGE_EMPTY;
  const bytes = readWord(BLOCK_DESCRIPTOR_BYTES);
  const limit = readUnsigned(BLOCK_MEMORY_BYTES);
  if (bytes < 0 || bytes > DESCRIPTOR_MAX_BYTES) return ERR_DESCRIPTOR;
  if (<u64>descriptor + <u64>bytes > limit) return ERR_MEMORY;
  const status = checkDescriptor(descriptor, bytes);
  if (status < 0) return status;
  measure(descriptor);
  model.layers = layerCount;
  model.classes = classesOf(descriptor);
  layOut(descriptor, bytes, model.classes);
  const need = arenaBytes();
  writeWord(BLOCK_ARENA_BYTES, <i32>min(need, <u64>u32.MAX_VALUE));
  if (need > <u64>i32.MAX_VALUE || !makeRoom(limit)) return ERR_MEMORY;
  clearArena(descriptor + <usize>bytes);
  model.parameters = <i32>parameterCount;
  model.inputExponent = <i32>load<i8>(payloadOf(firstRecord(descriptor)), INPUT_EXPONENT);
  fillLayers(descriptor);
  reportPlan();
  model.stage = STAGE_PLANNED;
  return OK;
}

/** Outputs of the last layer. */
function classesOf(descriptor: usize): i32 {
  let at = firstRecord(descriptor);
  for (let i = 0; i < layerCount; i++) at = nextRecord(at);
  return <i32>load<u16>(payloadOf(at), DENSE_OUTPUTS);
}
