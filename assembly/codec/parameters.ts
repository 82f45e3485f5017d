/**
 * Parameters between the layers and the transfer buffer, in the flat order of SPEC 2.1: per layer
 * the weights row by row, then the biases.
 */
import {
  BLOCK_PERSONAL_LAYERS,
  BLOCK_STEP,
  BLOCK_WEIGHT_SATURATIONS,
  DELTA_LIMIT,
  Layer,
  PURPOSE_INIT,
  PURPOSE_PROXIMAL,
} from '../contract.gen';
import { clampSymmetric } from '../math/fixed';
import { draw, fold, nextState } from '../math/random';
import { readWord, writeWord } from '../memory/block';
import {
  biasesOf,
  isAmong,
  isPool,
  layerAt,
  rowLength,
  rowsOf,
  UNKNOWN_BOUND,
} from '../memory/layer';
import { model } from '../train/model';

/** What happens to a run of words at `words` and its slice of the buffer at `io`. */
export const LOAD: i32 = 0;
export const STORE: i32 = 1;
export const DELTA: i32 = 2;
export const PULL: i32 = 3;

/** Moves `count` words; `first` is the number of the first among all parameters. */
function moveRun(mode: i32, words: usize, io: usize, count: i32, first: i32): void {
  const bytes = (<usize>count) << 1;
  if (mode == LOAD) memory.copy(words, io, bytes);
  else if (mode == STORE) memory.copy(io, words, bytes);
  else if (mode == DELTA) deltaRun(words, io, bytes);
  else pullRun(words, io, bytes, first);
}

/** io ← words − io, saturated. */
function deltaRun(words: usize, io: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 2) {
    const difference = <i32>load<i16>(words + i) - <i32>load<i16>(io + i);
    store<i16>(io + i, <i16>clampSymmetric(difference, DELTA_LIMIT));
  }
}

/**
 * words ← words − (words − io) · 2^−proximalShift, rounded stochastically: the proximal term of FedProx (Li
 * et al. 2020). Each parameter has a draw of its own, so slices may be cut anywhere.
 */
function pullRun(words: usize, io: usize, bytes: usize, first: i32): void {
  const shift = model.proximalShift;
  if (shift == 0) return;
  const seed = fold(fold(model.nodeSeed, PURPOSE_PROXIMAL), readWord(BLOCK_STEP));
  for (let i: usize = 0; i < bytes; i += 2) {
    const word = <i32>load<i16>(words + i);
    const dither = draw(fold(seed, first++), shift);
    store<i16>(words + i, <i16>(word - ((word - <i32>load<i16>(io + i) + dither) >> shift)));
  }
}

/** Weights of a layer, without its biases. */
export function weightsOf(layer: Layer): i32 {
  return isPool(layer) ? 0 : rowsOf(layer) * rowLength(layer);
}

/** Words of the layer from `offset` on that lie side by side: the rest of a row, or of the biases. */
function runLength(layer: Layer, offset: i32): i32 {
  const weights = weightsOf(layer);
  if (offset >= weights) return weights + biasesOf(layer) - offset;
  const length = rowLength(layer);
  return length - <i32>(<u32>offset % <u32>length);
}

function addressOf(layer: Layer, offset: i32): usize {
  const weights = weightsOf(layer);
  if (offset >= weights) return <usize>layer.bias + ((<usize>(offset - weights)) << 1);
  const length = rowLength(layer);
  const row = <i32>(<u32>offset / <u32>length);
  const column = offset - row * length;
  return <usize>layer.weights + ((<usize>(row * <i32>layer.rowWords + column)) << 1);
}

/**
 * Moves parameters [offset, offset + count) between the layers and the transfer buffer. Where there are personal layers,
 * LOAD and STORE are about these alone, DELTA and PULL about the others.
 */
export function transfer(mode: i32, offset: i32, count: i32): void {
  const personal = readWord(BLOCK_PERSONAL_LAYERS);
  let io = model.io;
  let first = offset;
  for (let i = 0; i < model.layers && count > 0; i++) {
    const layer = layerAt(model.layerTable, i);
    const size = weightsOf(layer) + biasesOf(layer);
    const isMoved = personal == 0 || isAmong(personal, layer) == mode < DELTA;
    while (offset < size && count > 0) {
      const run = min(count, runLength(layer, offset));
      if (isMoved) {
        layer.bound = <u16>UNKNOWN_BOUND;
        moveRun(mode, addressOf(layer, offset), io, run, first);
      }
      io += (<usize>run) << 1;
      first += run;
      offset += run;
      count -= run;
    }
    offset -= size;
  }
}

function initialiseRow(w: usize, count: i32, bound: i32, state: i32): void {
  const end = w + ((<usize>count) << 1);
  while (w < end) {
    state = nextState(state);
    const value = <i32>((<u32>draw(state, 16) * <u32>(2 * bound + 1)) >>> 16) - bound;
    store<i16>(w, <i16>(value + 128));
    w += 2;
  }
}

/** Uniform initial weights of SPEC 2.2; biases 0. */
export function initialiseParameters(seed: i32): void {
  for (let i = 0; i < model.layers; i++) {
    const layer = layerAt(model.layerTable, i);
    const stream = fold(fold(fold(seed, PURPOSE_INIT), <i32>layer.index), 0);
    layer.bound = <u16>UNKNOWN_BOUND;
    let w = <usize>layer.weights;
    for (let row = 0; row < rowsOf(layer); row++) {
      initialiseRow(w, rowLength(layer), <i32>layer.initBound, fold(stream, row));
      w += (<usize>layer.rowWords) << 1;
    }
    memory.fill(<usize>layer.bias, 0, (<usize>biasesOf(layer)) << 1);
  }
}

function saturatedIn(word: usize, count: i32): i32 {
  const end = word + ((<usize>count) << 1);
  let saturated = 0;
  for (; word < end; word += 2) {
    const value = <i32>load<i16>(word);
    saturated += i32(value == 32767 || value == -32768);
  }
  return saturated;
}

/** Parameter words at the limits of int16, also left in the block. The pads of rows are 0. */
export function countSaturated(): i32 {
  let saturated = 0;
  for (let i = 0; i < model.layers; i++) {
    const layer = layerAt(model.layerTable, i);
    saturated += saturatedIn(<usize>layer.weights, rowsOf(layer) * <i32>layer.rowWords);
    saturated += saturatedIn(<usize>layer.bias, biasesOf(layer));
  }
  writeWord(BLOCK_WEIGHT_SATURATIONS, saturated);
  return saturated;
}
