import { LinnetError } from '../contract/error.js';
import type { Extent, Padding, Pads } from './spec.js';

/** [H, W, C] of a tensor. */
export type Shape = readonly [number, number, number];

/** [rows, columns] of a kernel or a stride. */
export type Pair = readonly [number, number];

export const noPads: Pads = { top: 0, left: 0, bottom: 0, right: 0 };

export function elementsOf([height, width, channels]: Shape): number {
  return height * width * channels;
}

export function formatShape(shape: Shape): string {
  return shape.join('×');
}

/** A window that slides over an input. */
export interface Window {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly pads: Pads;
}

/** Positions of a window over `length` elements (SPEC, section 2.3); 0 or less where it does not fit. */
function positions(length: number, kernel: number, stride: number, padded: number): number {
  return Math.floor((length + padded - kernel) / stride) + 1;
}

/** [OH, OW]. Throws ERR_SHAPE if the window does not fit into the padded input. */
export function windowPositions([height, width]: Shape, window: Window): Pair {
  const { kernel, stride, pads } = window;
  const rows = positions(height, kernel[0], stride[0], pads.top + pads.bottom);
  const columns = positions(width, kernel[1], stride[1], pads.left + pads.right);
  // A stride of 0 gives Infinity or NaN.
  if (!(rows >= 1 && columns >= 1 && Number.isFinite(rows + columns))) {
    throw new LinnetError(
      'ERR_SHAPE',
      `a window of ${kernel.join('×')} does not fit into ${height}×${width}` +
        (pads === noPads ? '' : ' with its padding'),
      { remedy: 'use a smaller window, padding: same, or fewer strides and pools before it' },
    );
  }
  return [rows, columns];
}

/** A number means W alone in one dimension, and both directions in two. */
export function extentPair(extent: Extent, dimensions: 1 | 2): Pair {
  if (typeof extent !== 'number') return extent;
  return dimensions === 1 ? [1, extent] : [extent, extent];
}

/** Zeros that make ⌈length / stride⌉ positions, the smaller half before. */
function samePads(length: number, kernel: number, stride: number): Pair {
  const needed = (Math.ceil(length / stride) - 1) * stride + kernel - length;
  const total = Math.max(0, needed);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** Zeros on each side of an input of `shape`. */
export function resolvePads(
  padding: Padding,
  [height, width]: Shape,
  kernel: Pair,
  stride: Pair,
  dimensions: 1 | 2,
): Pads {
  if (padding === 'valid') return noPads;
  if (padding === 'same') {
    const [top, bottom] = samePads(height, kernel[0], stride[0]);
    const [left, right] = samePads(width, kernel[1], stride[1]);
    return { top, left, bottom, right };
  }
  if (typeof padding === 'number') {
    const rows = dimensions === 1 ? 0 : padding;
    return { top: rows, left: padding, bottom: rows, right: padding };
  }
  if ('top' in padding) return padding;
  return { top: 0, left: padding[0], bottom: 0, right: padding[1] };
}
