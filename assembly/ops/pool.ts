/**
 * Max, average and global average pooling, forward and backward (SPEC 2.3, 2.6).
 * Shapes: x [H][W][C], y [OH][OW][C].
 */
import { Layer } from '../contract.gen';
import { bitLength } from '../math/fixed';
import { averages, paddedElements, xStride } from '../memory/layer';
import { finishBackward, finishForward } from './requantise';

/** Offset in x of the first largest element of one channel's window at `x`. */
function largestOf(layer: Layer, x: usize): usize {
  const columns = <i32>layer.kernelWidth;
  const channels = <usize>layer.channels;
  const back = <usize>xStride(layer) - <usize>columns * channels;
  let best = x;
  let largest = <i32>load<i8>(x);
  for (let row = <i32>layer.kernelHeight; row > 0; row--) {
    for (let column = columns; column > 0; column--) {
      const value = <i32>load<i8>(x);
      if (value > largest) {
        largest = value;
        best = x;
      }
      x += channels;
    }
    x += back;
  }
  return best;
}

/** Sum of one channel's window at `x`. */
function sumOf(layer: Layer, x: usize): i32 {
  const columns = <i32>layer.kernelWidth;
  const channels = <usize>layer.channels;
  const back = <usize>xStride(layer) - <usize>columns * channels;
  let sum = 0;
  for (let row = <i32>layer.kernelHeight; row > 0; row--) {
    for (let column = columns; column > 0; column--) {
      sum += <i32>load<i8>(x);
      x += channels;
    }
    x += back;
  }
  return sum;
}

/** Adds `error` to all of one channel's window at `dx`. */
function spreadError(layer: Layer, dx: usize, error: i32): void {
  const columns = <i32>layer.kernelWidth;
  const channelBytes = (<usize>layer.channels) << 2;
  const back = ((<usize>xStride(layer)) << 2) - <usize>columns * channelBytes;
  for (let row = <i32>layer.kernelHeight; row > 0; row--) {
    for (let column = columns; column > 0; column--) {
      store<i32>(dx, load<i32>(dx) + error);
      dx += channelBytes;
    }
    dx += back;
  }
}

/** blen(n − 1) of a window of n elements: what a mean takes off the exponent of a sum; 0 for a maximum. */
function meanShift(layer: Layer): i32 {
  if (!averages(layer)) return 0;
  return bitLength(<i32>layer.kernelHeight * <i32>layer.kernelWidth - 1);
}

/** The largest of every window, as it is: y [OH][OW][C] int8. */
function takeLargest(layer: Layer): void {
  const rowStep = <usize>(<i32>layer.strideHeight * xStride(layer));
  const columnStep = <usize>(<i32>layer.strideWidth * <i32>layer.channels);
  let target = <usize>layer.y;
  let row = <usize>layer.x;
  for (let r = <i32>layer.outputHeight; r > 0; r--) {
    let y = target;
    let x = row;
    for (let c = <i32>layer.outputWidth; c > 0; c--) {
      for (let channel: usize = 0; channel < <usize>layer.channels; channel++) {
        store<i8>(y++, load<i8>(largestOf(layer, x + channel)));
      }
      x += columnStep;
    }
    row += rowStep;
    target += <usize>layer.yStride;
  }
  layer.outputExponent = layer.inputExponent;
}

/** The sum of every window into the wide buffer; returns their bits. */
function sumWindows(layer: Layer): i32 {
  const rowStep = <usize>(<i32>layer.strideHeight * xStride(layer));
  const columnStep = <usize>(<i32>layer.strideWidth * <i32>layer.channels);
  let acc = <usize>layer.wide;
  let row = <usize>layer.x;
  let bits = 0;
  for (let r = <i32>layer.outputHeight; r > 0; r--) {
    let x = row;
    for (let c = <i32>layer.outputWidth; c > 0; c--) {
      for (let channel: usize = 0; channel < <usize>layer.channels; channel++, acc += 4) {
        const sum = sumOf(layer, x + channel);
        store<i32>(acc, sum);
        bits |= abs(sum);
      }
      x += columnStep;
    }
    row += rowStep;
  }
  return bits;
}

/** Pooling, forward. A maximum is exact, −128 of a sample included; a mean is a sum, requantised. */
export function poolForward(layer: Layer): void {
  if (averages(layer)) {
    finishForward(layer, sumWindows(layer), layer.inputExponent - meanShift(layer));
  } else takeLargest(layer);
}

/**
 * Pooling, backward: error [OH][OW][C] int8 -> error [H][W][C] int8.
 * Returns the exponent of the new error + EXPONENT_BIAS.
 */
export function poolBackward(layer: Layer, errorExponent: i32): i32 {
  const isMean = averages(layer);
  const rowStep = <usize>(<i32>layer.strideHeight * xStride(layer));
  const columnStep = <usize>(<i32>layer.strideWidth * <i32>layer.channels);
  memory.fill(<usize>layer.wide, 0, (<usize>paddedElements(layer)) << 2);
  let e = <usize>layer.error;
  let row: usize = 0;
  for (let r = <i32>layer.outputHeight; r > 0; r--) {
    let offset = row;
    for (let c = <i32>layer.outputWidth; c > 0; c--) {
      for (let channel = 0; channel < <i32>layer.channels; channel++) {
        const error = <i32>load<i8>(e++);
        const at = offset + <usize>channel;
        if (error == 0) continue;
        if (isMean) spreadError(layer, <usize>layer.wide + (at << 2), error);
        else {
          const best = largestOf(layer, <usize>layer.x + at) - <usize>layer.x;
          const dx = <usize>layer.wide + (best << 2);
          store<i32>(dx, load<i32>(dx) + error);
        }
      }
      offset += columnStep;
    }
    row += rowStep;
  }
  return finishBackward(layer, errorExponent - meanShift(layer));
}
