/**
 * From a descriptor to an arena with every pointer set: shapes first (descriptor.ts), then sizes, then
 * addresses.
 *
 * Below the lowest trained layer inputs are kept for the next layer only and live in two buffers that
 * take turns; from there on every input stays until its layer has been updated.
 */
import {
  BLOCK_ARENA_BYTES,
  BLOCK_CLASSES,
  BLOCK_CLASS_WEIGHTS_PTR,
  BLOCK_CONFUSION_PTR,
  BLOCK_DESCRIPTOR_BYTES,
  BLOCK_FROZEN_LAYERS,
  BLOCK_INPUT_BYTES,
  BLOCK_INPUT_PTR,
  BLOCK_IO_PTR,
  BLOCK_LAYERS,
  BLOCK_LOGITS_PTR,
  BLOCK_MEMORY_BYTES,
  BLOCK_PARAMETERS,
  BLOCK_REGIONS_PTR,
  BLOCK_REGION_COUNT,
  DESCRIPTOR_MAX_BYTES,
  ERR_DESCRIPTOR,
  ERR_MEMORY,
  INPUT_EXPONENT,
  IO_WORDS,
  Layer,
  LAYER_FLAG_GATED,
  LAYER_FLAG_LOGITS,
  LAYER_FLAG_PROPAGATE,
  LAYER_FLAG_TRAINED,
  OK,
  RECORD_EMBEDDING,
  RECORD_SQUARED_ERROR,
} from '../contract.gen';
import { alignUp4 } from '../math/fixed';
import { fold } from '../math/random';
import {
  arenaBytes,
  clearArena,
  makeRoom,
  openArena,
  regionCount,
  regionTable,
  reserve,
} from '../memory/arena';
import { readUnsigned, readWord, writeWord } from '../memory/block';
import {
  biasesOf,
  interiorOffset,
  isDense,
  isPool,
  isRelu,
  LAYER_BYTES,
  layerAt,
  paddedElements,
  positionsOf,
  rowLength,
  rowsOf,
  xStride,
} from '../memory/layer';
import { scratchBytes } from '../ops/scratch';
import {
  checkFrame,
  checkHeader,
  checkInput,
  checkLayer,
  checkLoss,
  firstRecord,
  nextRecord,
  payloadOf,
  recordCount,
  tagOf,
} from './descriptor';
import { head, model, STAGE_ARRANGED, STAGE_EMPTY, STAGE_PLANNED, STAGE_PREPARED } from './model';

/** Outputs of the last layer. */
let elements: i32 = 0;
/** Bytes of the two buffers that take turns, and where they lie. */
let sharedBytes: i32 = 0;
let sharedStart: usize = 0;

function at(index: i32): Layer {
  return layerAt(model.layerTable, index);
}

/** Reads every record into the layer table; the table must lie in memory. */
function readRecords(descriptor: usize, bytes: i32): i32 {
  const end = descriptor + <usize>bytes;
  let record = firstRecord(descriptor);
  const last = model.layers + 1;
  for (let i = 0; i <= last; i++) {
    let status = checkFrame(record, end, i == 0, i == last);
    if (status < 0) return status;
    if (i == 0) status = checkInput(payloadOf(record));
    else if (i == last) status = checkLoss(record, at(i - 2));
    else status = checkLayer(at(i - 1), record);
    if (status < 0) return status;
    model.loss = tagOf(record);
    record = nextRecord(record);
  }
  return record == end ? OK : ERR_DESCRIPTOR;
}

/** Which layers are trained, which pass an error on. */
function flagLayers(): void {
  const frozen = readWord(BLOCK_FROZEN_LAYERS);
  model.parameterLayers = 0;
  model.lowestTrained = model.layers;
  for (let i = 0; i < model.layers; i++) {
    const layer = at(i);
    let flags = <i32>layer.flags;
    if (i > 0 && isRelu(at(i - 1))) flags |= LAYER_FLAG_GATED;
    if (model.lowestTrained < i) flags |= LAYER_FLAG_PROPAGATE;
    if (!isPool(layer)) {
      const index = model.parameterLayers++;
      layer.index = <u16>index;
      if (index > 31 || ((frozen >>> index) & 1) == 0) {
        flags |= LAYER_FLAG_TRAINED;
        model.lowestTrained = min(model.lowestTrained, i);
      }
    }
    if (i == model.layers - 1) flags |= LAYER_FLAG_LOGITS;
    layer.flags = <u16>flags;
  }
  model.layerEnd = model.layerTable + tableBytes();
  model.lowestLayer = model.layerTable + <usize>model.lowestTrained * LAYER_BYTES;
}

/** The input of this layer takes turns with others; the sample does not, for the host writes it. */
function isShared(index: i32): bool {
  return index > 0 && index < model.lowestTrained;
}

/** Bytes of a layer's input. */
export function inputBytes(layer: Layer): i32 {
  return alignUp4(paddedElements(layer));
}

/** A padded image keeps its rows apart: the host writes the sample elsewhere. */
function isPadded(first: Layer): bool {
  return <i32>first.height > 1 && <i32>first.padLeft + <i32>first.padRight > 0;
}

function layOutParameters(): void {
  let bytes: u64 = 0;
  let parameters: u64 = 0;
  for (let i = 0; i < model.layers; i++) {
    const layer = at(i);
    const rows = <u64>rowsOf(layer);
    layer.rowWords = <u32>alignUp4(rowLength(layer));
    layer.weights = <u32>bytes;
    bytes += rows * ((<u64>layer.rowWords) << 1);
    layer.bias = <u32>bytes;
    bytes += <u64>(alignUp4(biasesOf(layer)) << 1);
    parameters += rows * <u64>rowLength(layer) + <u64>biasesOf(layer);
  }
  model.parameters = <i32>min(parameters, <u64>i32.MAX_VALUE);
  const start = <u32>reserve(bytes);
  for (let i = 0; i < model.layers; i++) {
    at(i).weights += start;
    at(i).bias += start;
  }
}

function layOutActivations(): void {
  let bytes: u64 = 0;
  sharedBytes = 0;
  for (let i = 0; i < model.layers; i++) {
    const size = inputBytes(at(i));
    if (isShared(i)) sharedBytes = max(sharedBytes, size);
    else {
      at(i).x = <u32>bytes;
      bytes += <u64>size;
    }
  }
  const padded = isPadded(at(0));
  const samples = <i32>at(0).height * <i32>at(0).width * <i32>at(0).channels;
  const start = reserve(bytes + <u64>(sharedBytes << 1) + (padded ? <u64>samples : 0));
  sharedStart = start + <usize>bytes;
  for (let i = 0; i < model.layers; i++) {
    const shared = sharedStart + <usize>((i & 1) * sharedBytes);
    at(i).x = <u32>(isShared(i) ? shared : start + <usize>at(i).x);
  }
  const first = at(0);
  model.sample = <usize>first.x + <usize>interiorOffset(first);
  if (padded) model.sample = sharedStart + <usize>(sharedBytes << 1);
  const embeds = first.kind == RECORD_EMBEDDING;
  model.isStaged = padded || embeds;
  model.firstLayer = model.layerTable + (embeds ? LAYER_BYTES : 0);
  model.sharedLayers = model.lowestTrained - 1 - i32(embeds);
  model.firstExponent = embeds ? <i32>first.weightExponent : model.inputExponent;
}

/** Buffers that one layer at a time uses, as large as the neediest. */
function layOutBuffers(): void {
  let wide: i32 = 0;
  let scratch: i32 = 0;
  let error = elements;
  for (let i = 0; i < model.layers; i++) {
    const outputs = positionsOf(at(i)) * <i32>at(i).outputs;
    if (i < model.layers - 1) wide = max(wide, outputs);
    if (i > model.lowestTrained) wide = max(wide, inputBytes(at(i)));
    if (i >= model.lowestTrained) error = max(error, outputs);
    scratch = max(scratch, scratchBytes(at(i)));
  }
  const wideStart = <u32>reserve((<u64>wide) << 2);
  const scratchStart = <u32>reserve(<u64>scratch);
  head.error = <u32>reserve(<u64>alignUp4(error));
  for (let i = 0; i < model.layers; i++) {
    const layer = at(i);
    layer.wide = wideStart;
    layer.scratch = scratchStart;
    layer.scratchBytes = <u32>scratch;
    layer.error = head.error;
  }
}

function layOutHead(): void {
  const classes = <u64>model.classes;
  head.elements = <u32>elements;
  head.logits = <u32>reserve((<u64>elements) << 2);
  head.err = <u32>reserve((<u64>elements) << 2);
  head.target = <u32>model.sample;
  head.targetExponent = model.inputExponent;
  model.confusion = reserve((classes * classes) << 2);
  head.classWeights = <u32>reserve(classes);
  model.io = reserve((<u64>IO_WORDS) << 1);
}

/** Where every layer writes: into the input of the next one, inside its padding. */
function connectLayers(): void {
  for (let i = 0; i < model.layers; i++) {
    const layer = at(i);
    if (i == model.layers - 1) {
      layer.y = head.logits;
      continue;
    }
    const next = at(i + 1);
    layer.y = next.x + <u32>interiorOffset(next);
    layer.yStride = <u32>(
      (isDense(next) ? <i32>layer.outputWidth * <i32>layer.outputs : xStride(next))
    );
  }
}

function reportPlan(): void {
  const first = at(0);
  writeWord(BLOCK_PARAMETERS, model.parameters);
  writeWord(BLOCK_LAYERS, model.parameterLayers);
  writeWord(BLOCK_CLASSES, model.classes);
  writeWord(BLOCK_INPUT_PTR, <i32>model.sample);
  writeWord(BLOCK_INPUT_BYTES, <i32>first.height * <i32>first.width * <i32>first.channels);
  writeWord(BLOCK_IO_PTR, <i32>model.io);
  writeWord(BLOCK_LOGITS_PTR, <i32>head.logits);
  writeWord(BLOCK_CLASS_WEIGHTS_PTR, <i32>head.classWeights);
  writeWord(BLOCK_CONFUSION_PTR, <i32>model.confusion);
  writeWord(BLOCK_REGIONS_PTR, <i32>regionTable);
  writeWord(BLOCK_REGION_COUNT, regionCount());
}

/** Bytes of the table of layers. */
function tableBytes(): usize {
  return <usize>model.layers * LAYER_BYTES;
}

/** What identifies the descriptor that the layers were read from. */
function digestOf(descriptor: usize): i32 {
  const bytes = readWord(BLOCK_DESCRIPTOR_BYTES);
  if (<u32>bytes > <u32>DESCRIPTOR_MAX_BYTES) return 0;
  let digest = bytes;
  for (let i: usize = 0; i < <usize>bytes; i++) digest = fold(digest, load<u8>(descriptor + i));
  return digest;
}

/** An earlier part got as far as `stage`, with the descriptor that is still there. */
function hasReached(stage: i32, descriptor: usize): bool {
  return model.stage == stage && model.digest == digestOf(descriptor);
}

/**
 * Validates the descriptor at `descriptor` and gives its layers their shapes.
 *
 * If not even the table of layers fits, arenaBytes is a lower bound. After an error no model is planned.
 */
export function prepareModel(descriptor: usize): i32 {
  model.stage = STAGE_EMPTY;
  const bytes = readWord(BLOCK_DESCRIPTOR_BYTES);
  const limit = readUnsigned(BLOCK_MEMORY_BYTES);
  if (bytes < 0 || bytes > DESCRIPTOR_MAX_BYTES) return ERR_DESCRIPTOR;
  if (<u64>descriptor + <u64>bytes > limit) return ERR_MEMORY;
  let status = checkHeader(descriptor, bytes);
  if (status < 0) return status;
  model.layers = recordCount(descriptor) - 2;
  openArena(descriptor);
  reserve(<u64>bytes);
  model.layerTable = reserve(<u64>tableBytes());
  writeWord(BLOCK_ARENA_BYTES, <i32>arenaBytes());
  if (!makeRoom(limit)) return ERR_MEMORY;
  memory.fill(model.layerTable, 0, tableBytes());
  status = readRecords(descriptor, bytes);
  if (status < 0) return status;
  model.inputExponent = <i32>load<i8>(payloadOf(firstRecord(descriptor)), INPUT_EXPONENT);
  model.digest = digestOf(descriptor);
  model.stage = STAGE_PREPARED;
  return OK;
}

/**
 * Gives every region its place behind the descriptor; prepares first if nobody has. Writes only to the table
 * of layers and the block: arenaBytes says what the model needs.
 */
export function arrangeModel(descriptor: usize): i32 {
  const status = hasReached(STAGE_PREPARED, descriptor) ? OK : prepareModel(descriptor);
  model.stage = STAGE_EMPTY;
  if (status < 0) return status;
  const last = at(model.layers - 1);
  elements = positionsOf(last) * <i32>last.outputs;
  model.classes = model.loss == RECORD_SQUARED_ERROR ? 1 : elements;
  flagLayers();
  layOutParameters();
  layOutActivations();
  layOutBuffers();
  layOutHead();
  connectLayers();
  writeWord(BLOCK_ARENA_BYTES, <i32>min(arenaBytes(), <u64>u32.MAX_VALUE));
  model.stage = STAGE_ARRANGED;
  return OK;
}

/**
 * Claims the arena and clears it, weights and all; arranges first if nobody has.
 *
 * arenaBytes is set whenever the descriptor is valid, so a caller learns what ERR_MEMORY lacks. After an
 * error no model is planned.
 */
export function planModel(descriptor: usize): i32 {
  const status = hasReached(STAGE_ARRANGED, descriptor) ? OK : arrangeModel(descriptor);
  model.stage = STAGE_EMPTY;
  if (status < 0) return status;
  if (arenaBytes() > <u64>i32.MAX_VALUE) return ERR_MEMORY;
  if (!makeRoom(readUnsigned(BLOCK_MEMORY_BYTES))) return ERR_MEMORY;
  clearArena(model.layerTable + tableBytes());
  reportPlan();
  model.stage = STAGE_PLANNED;
  return OK;
}
