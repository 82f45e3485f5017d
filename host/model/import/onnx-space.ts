/** Windows as ONNX describes them, by direction. */
import type { Pair } from '../shape.js';
import type { Pads } from '../spec.js';
import { importError } from './float-model.js';
import type { Axes, AxisName } from './onnx-axes.js';
import { attribute, type Site } from './onnx-site.js';

/** The directions of an operator that slides over space, slowest first: [W], or H and W in either order. */
export function spaceOf(axes: Axes): readonly ('H' | 'W')[] {
  const [channels, ...space] = axes;
  const clear =
    channels !== undefined &&
    channels.every(({ name }) => name === 'C') &&
    space.every((group) => group.length <= 1 && group.every(({ name }) => name !== 'C'));
  if (!clear || space.length < 1 || space.length > 2) {
    throw importError(
      'it does not read channels first, then one or two directions',
      'export with the usual order, or say --layout channels-last if the input has its channels last',
    );
  }
  const named = space.map((group) => group[0]?.name as 'H' | 'W' | undefined);
  const free = (['W', 'H'] as const).filter((name) => !named.includes(name));
  // Directions of size 1 take what is left; a single one is W.
  return named.length === 1
    ? [named[0] ?? 'W']
    : [named[0] ?? free.at(-1)!, named[1] ?? free.at(0)!];
}

/** Values given per direction, as [of H, of W]. */
export function pairOf(
  space: readonly AxisName[],
  values: readonly number[],
  missing: number,
): Pair {
  const of = (name: AxisName): number => values[space.indexOf(name)] ?? missing;
  return [of('H'), of('W')];
}

function refuseDilation(site: Site): void {
  if (attribute(site, 'dilations', 'integers', []).some((value) => value !== 1)) {
    throw importError('its kernel is dilated', 'use a larger stride or kernel instead');
  }
}

interface Geometry {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly pads: Pads;
}

/** Zeros for auto_pad, or as `pads` lists them: all beginnings, then all ends. */
function padsOf(site: Site, space: readonly AxisName[], kernel: Pair, stride: Pair): Pads {
  const auto = attribute(site, 'auto_pad', 'text', 'NOTSET');
  const { length } = space;
  if (auto.startsWith('SAME')) {
    const [height, width] = site.chain.shape;
    const halves = (size: number, k: number, s: number): Pair => {
      const total = Math.max(0, (Math.ceil(size / s) - 1) * s + k - size);
      const less = Math.floor(total / 2);
      return auto === 'SAME_UPPER' ? [less, total - less] : [total - less, less];
    };
    const [top, bottom] = halves(height, kernel[0], stride[0]);
    const [left, right] = halves(width, kernel[1], stride[1]);
    return { top, left, bottom, right };
  }
  const list = auto === 'VALID' ? [] : attribute(site, 'pads', 'integers', []);
  const [top, left] = pairOf(space, list.slice(0, length), 0);
  const [bottom, right] = pairOf(space, list.slice(length), 0);
  return { top, left, bottom, right };
}

export function geometryOf(
  site: Site,
  space: readonly AxisName[],
  sizes: readonly number[],
): Geometry {
  refuseDilation(site);
  const kernel = pairOf(space, sizes, 1);
  const stride = pairOf(space, attribute(site, 'strides', 'integers', []), 1);
  return { kernel, stride, pads: padsOf(site, space, kernel, stride) };
}
