/** ONNX operators that take the largest or the mean. */
import { importError } from './float-model.js';
import type { AxisGroup } from './onnx-axes.js';
import { attribute, constantInput, type Site } from './onnx-site.js';
import { geometryOf, spaceOf } from './onnx-space.js';

export function pool(site: Site): void {
  const { chain, node } = site;
  const space = spaceOf(chain.axes);
  const { kernel, stride, pads } = geometryOf(
    site,
    space,
    attribute(site, 'kernel_shape', 'integers', []),
  );
  const [height, width] = chain.shape;
  if (pads.top + pads.left + pads.bottom + pads.right > 0) {
    throw importError('it pads', 'export pools without padding');
  }
  const isCut = (size: number, k: number, s: number): boolean => (size - k) % s !== 0;
  const cuts = isCut(height, kernel[0], stride[0]) || isCut(width, kernel[1], stride[1]);
  if (cuts && attribute(site, 'ceil_mode', 'integer', 0) !== 0) {
    throw importError('its last window hangs over the edge', 'export with ceil_mode=False');
  }
  const op = node.op === 'MaxPool' ? 'maxPool2d' : 'averagePool2d';
  chain.addPool({ op, size: kernel, stride });
  chain.channelsFirst(space);
}

export function poolAll(site: Site): void {
  const { chain, node } = site;
  spaceOf(chain.axes);
  const [height, width] = chain.shape;
  chain.addPool(
    node.op === 'GlobalMaxPool'
      ? { op: 'maxPool2d', size: [height, width] }
      : { op: 'globalAveragePool' },
  );
  chain.axes = chain.axes.map((group, i) => (i === 0 ? group : []));
}

/** ReduceMean over all of space is a global average pool; over anything else it is nothing we have. */
export function reduceMean(site: Site): void {
  const { chain, node } = site;
  const given = node.inputs[1]
    ? [...constantInput(site, 1, 'axes').values]
    : attribute(site, 'axes', 'integers', []);
  const rank = chain.axes.length + 1;
  const reduced = new Set(given.map((axis) => ((axis + rank) % rank) - 1));
  const isSpace = (group: AxisGroup): boolean =>
    group.length > 0 && group.every(({ name }) => name !== 'C');
  const isMean = chain.axes.every(
    (group, i) => group.length === 0 || isSpace(group) === reduced.has(i),
  );
  if (!isMean || reduced.has(-1)) {
    throw importError('it does not take the mean over all positions', 'use a global average pool');
  }
  const keep = attribute(site, 'keepdims', 'integer', 1) !== 0;
  const left = chain.axes.map((group, i) => (reduced.has(i) ? [] : group));
  const dropped = left.filter((_, i) => !reduced.has(i));
  chain.addPool({ op: 'globalAveragePool' });
  chain.axes = keep ? left : dropped.length > 0 ? dropped : [[]];
}
