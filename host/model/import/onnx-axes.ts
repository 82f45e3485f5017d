/**
 * Which dimension of an ONNX tensor is which direction of ours. Behind the batch every dimension is a
 * product of axes H, W and C, in the order they vary; a dimension of size 1 is the empty product. So
 * transposing and reshaping only regroup the axes, and a dense layer behind them knows where each of
 * its columns lies in [H][W][C].
 */
import type { Shape } from '../shape.js';
import { importError } from './float-model.js';

export type AxisName = 'H' | 'W' | 'C';

export interface Axis {
  readonly name: AxisName;
  readonly size: number;
}

/** The axes of one dimension, slowest first. */
export type AxisGroup = readonly Axis[];

/** All dimensions behind the batch. */
export type Axes = readonly AxisGroup[];

/** How a trained model's input lies: [C][H][W], as PyTorch does, or [H][W][C], as Keras does. */
export type InputLayout = 'channels-first' | 'channels-last';

export function axisGroup(name: AxisName, size: number): AxisGroup {
  return size === 1 ? [] : [{ name, size }];
}

export function groupSize(group: AxisGroup): number {
  return group.reduce((product, { size }) => product * size, 1);
}

function namesOfInput(rank: number, layout: InputLayout): readonly AxisName[] {
  if (rank === 1) return ['W'];
  const space: readonly AxisName[] = rank === 2 ? ['W'] : ['H', 'W'];
  return layout === 'channels-first' ? ['C', ...space] : [...space, 'C'];
}

/** Axes and shape of an input whose dimensions behind the batch are `dims`. */
export function axesOfInput(
  dims: readonly number[],
  layout: InputLayout,
): { readonly axes: Axes; readonly shape: Shape } {
  if (dims.length < 1 || dims.length > 3 || dims.some((size) => size < 1)) {
    throw importError(
      `the input has the dimensions ${dims.join('×')} behind the batch`,
      'export with a fixed input of one to three dimensions and a batch',
    );
  }
  const names = namesOfInput(dims.length, layout);
  const sizeOf = (name: AxisName): number => dims[names.indexOf(name)] ?? 1;
  return {
    axes: dims.map((size, i) => axisGroup(names[i], size)),
    shape: [sizeOf('H'), sizeOf('W'), sizeOf('C')],
  };
}

/** Regroups axes to dimensions of these sizes; undefined where an axis would have to be cut. */
export function regroupAxes(axes: Axes, sizes: readonly number[]): Axes | undefined {
  const rest = axes.flat();
  const groups: Axis[][] = [];
  for (const size of sizes) {
    const group: Axis[] = [];
    while (groupSize(group) < size && rest.length > 0) group.push(rest.shift()!);
    if (groupSize(group) !== size) return undefined;
    groups.push(group);
  }
  return rest.length === 0 ? groups : undefined;
}

/** Element of [H][W][C] for every index along a dimension, the axes outside it being 0. */
export function elementsAlong(group: AxisGroup, [, width, channels]: Shape): Int32Array {
  const strides = { H: width * channels, W: channels, C: 1 };
  let offsets = [0];
  for (const { name, size } of group) {
    const steps = Array.from({ length: size }, (_, i) => i * strides[name]);
    offsets = offsets.flatMap((base) => steps.map((step) => base + step));
  }
  return Int32Array.from(offsets);
}
