/**
 * Parameters between the layers and the transfer buffer, in the flat order of SPEC 2.1: per layer
 * the weights row by row, then the biases.
 */
import { DELTA_LIMIT, PURPOSE_INIT } from '../contract.gen';
import { clampSymmetric } from '../math/fixed';
import { draw, fold, mixLayer, nextState } from '../math/random';
import { Layer, layerAt } from '../memory/layer';
import { model } from '../train/model';

/** What happens to a run of words at `words` and its slice of the buffer at `io`. */
export const LOAD: i32 = 0;
export const STORE: i32 = 1;
export const DELTA: i32 = 2;

function moveRun(mode: i32, words: usize, io: usize, count: i32): void {
  const bytes = (<usize>count) << 1;
  if (mode == LOAD) memory.copy(words, io, bytes);
  else if (mode == STORE) memory.copy(io, words, bytes);
  else deltaRun(words, io, bytes);
}

/** io ← words − io, saturated. */
function deltaRun(words: usize, io: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 2) {
    const difference = <i32>load<i16>(words + i) - <i32>load<i16>(io + i);
    store<i16>(io + i, <i16>clampSymmetric(difference, DELTA_LIMIT));
  }
}

/** Words of the layer from `offset` on that lie side by side: the rest of a row, or of the biases. */
function runLength(layer: Layer, offset: i32): i32 {
  const weights = layer.inputs * layer.outputs;
  if (offset >= weights) return weights + layer.outputs - offset;
  return layer.inputs - <i32>(<u32>offset % <u32>layer.inputs);
}

function addressOf(layer: Layer, offset: i32): usize {
  const weights = layer.inputs * layer.outputs;
  if (offset >= weights) return layer.bias + ((<usize>(offset - weights)) << 1);
  const row = <i32>(<u32>offset / <u32>layer.inputs);
  const column = offset - row * layer.inputs;
  return layer.weights + ((<usize>(row * layer.stride + column)) << 1);
}

/** Moves parameters [offset, offset + count) between the layers and the transfer buffer. */
export function transfer(mode: i32, offset: i32, count: i32): void {
  let io = model.io;
  for (let i = 0; i < model.layers && count > 0; i++) {
    const layer = layerAt(model.layerTable, i);
    const size = layer.outputs * (layer.inputs + 1);
    while (offset < size && count > 0) {
      const run = min(count, runLength(layer, offset));
      moveRun(mode, addressOf(layer, offset), io, run);
      io += (<usize>run) << 1;
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
    const stream = mixLayer(seed, PURPOSE_INIT, i, 0);
    let w = layer.weights;
    for (let row = 0; row < layer.outputs; row++) {
      initialiseRow(w, layer.inputs, layer.initBound, fold(stream, row));
      w += (<usize>layer.stride) << 1;
    }
    memory.fill(layer.bias, 0, (<usize>layer.outputs) << 1);
  }
}
