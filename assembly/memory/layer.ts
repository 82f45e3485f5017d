/**
 * Layers as plan lays them out (SPEC 5.1), and what follows from their shape.
 *
 *     weights -> +--------------------------------+
 *                | row 0 | 0 0 to a multiple of 4 |   int16, biased by +128; the operand of a 0 word
 *                | ...                            |   is 0, so a pad never counts and never changes
 *                | row O-1                        |
 *     bias    -> +--------------------------------+
 *                | O words                        |   int16, unit 2^-12
 *                +--------------------------------+
 *
 * A dense layer is a convolution of one position over a 1 × 1 input of I channels.
 */
import {
  Layer,
  LAYER_FLAG_RELU,
  LAYER_FLAG_TRAINED,
  RECORD_AVERAGE_POOL,
  RECORD_DENSE,
  RECORD_DEPTHWISE,
  RECORD_EMBEDDING,
  RECORD_GLOBAL_AVERAGE_POOL,
  RECORD_MAX_POOL,
} from '../contract.gen';

/** Bytes from one layer to the next. */
export const LAYER_BYTES: usize = offsetof<Layer>();

/** layer.bound where words of any size may have been written: a bound no step is safe with. */
export const UNKNOWN_BOUND: i32 = 65535;

/** Layers follow each other in memory. */
// @ts-ignore: decorator
@inline
export function layerAt(table: usize, index: i32): Layer {
  return changetype<Layer>(table + <usize>index * LAYER_BYTES);
}

export function isPool(layer: Layer): bool {
  const kind = <i32>layer.kind;
  return kind >= RECORD_MAX_POOL && kind <= RECORD_GLOBAL_AVERAGE_POOL;
}

/** The layer averages its windows. */
export function averages(layer: Layer): bool {
  const kind = <i32>layer.kind;
  return kind == RECORD_AVERAGE_POOL || kind == RECORD_GLOBAL_AVERAGE_POOL;
}

/** Rows of weights: one per output, or per token of an embedding. */
export function rowsOf(layer: Layer): i32 {
  if (isPool(layer)) return 0;
  return <i32>(<i32>layer.kind == RECORD_EMBEDDING ? layer.kernelHeight : layer.outputs);
}

/** Weights of a row. */
export function rowLength(layer: Layer): i32 {
  const kind = <i32>layer.kind;
  if (kind == RECORD_EMBEDDING) return <i32>layer.outputs;
  const window = <i32>layer.kernelHeight * <i32>layer.kernelWidth;
  return kind == RECORD_DEPTHWISE ? window : window * <i32>layer.channels;
}

export function biasesOf(layer: Layer): i32 {
  if (isPool(layer) || <i32>layer.kind == RECORD_EMBEDDING) return 0;
  return <i32>layer.outputs;
}

/** Steps of a kernel over a padded size; 0 if the kernel, stride or pads make no sense. */
// @ts-ignore: decorator
@inline
export function stepsOf(size: i32, before: i32, after: i32, kernel: i32, stride: i32): i32 {
  const room = size + before + after - kernel;
  const makesSense =
    kernel >= 1 && stride >= 1 && before < kernel && after < kernel && room >= 0;
  return makesSense ? room / stride + 1 : 0;
}

/** Whether a bit of `mask` is the layer's; those from 32 on have none. */
// @ts-ignore: decorator
@inline
export function isAmong(mask: i32, layer: Layer): bool {
  return layer.index < 32 && ((mask >> <i32>layer.index) & 1) != 0;
}

// @ts-ignore: decorator
@inline
export function hasFlag(layer: Layer, flag: i32): bool {
  return (<i32>layer.flags & flag) != 0;
}

// @ts-ignore: decorator
@inline
export function isRelu(layer: Layer): bool {
  return hasFlag(layer, LAYER_FLAG_RELU);
}

// @ts-ignore: decorator
@inline
export function isTrained(layer: Layer): bool {
  return hasFlag(layer, LAYER_FLAG_TRAINED);
}

/** OH · OW. */
// @ts-ignore: decorator
@inline
export function positionsOf(layer: Layer): i32 {
  return <i32>layer.outputHeight * <i32>layer.outputWidth;
}

/** Bytes from one row of x, with its padding, to the next. */
// @ts-ignore: decorator
@inline
export function xStride(layer: Layer): i32 {
  return (<i32>layer.padLeft + <i32>layer.width + <i32>layer.padRight) * <i32>layer.channels;
}

/** Elements of x with its padding. */
export function paddedElements(layer: Layer): i32 {
  return (<i32>layer.padTop + <i32>layer.height + <i32>layer.padBottom) * xStride(layer);
}

/** Distance of the first element of x that is not padding from the first that is. */
// @ts-ignore: decorator
@inline
export function interiorOffset(layer: Layer): i32 {
  return <i32>layer.padTop * xStride(layer) + <i32>layer.padLeft * <i32>layer.channels;
}

export function isDense(layer: Layer): bool {
  return <i32>layer.kind == RECORD_DENSE;
}
