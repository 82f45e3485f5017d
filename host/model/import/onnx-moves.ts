/** ONNX operators that compute nothing: they only regroup the dimensions of a tensor. */
import { elementsOf } from '../shape.js';
import { importError } from './float-model.js';
import { groupSize, regroupAxes } from './onnx-axes.js';
import { attribute, constantInput, reexport, type Site } from './onnx-site.js';

export function transpose(site: Site): void {
  const { chain } = site;
  const order = attribute(site, 'perm', 'integers', []);
  const inOrder = chain.axes.map((_, i) => i + 1);
  const perm = order.length > 0 ? order.slice(1) : [...inOrder].reverse();
  // Without an order all dimensions are reversed, the batch too.
  if (order[0] !== 0) throw importError('it moves the batch', reexport);
  if (inOrder.some((from) => !perm.includes(from)) || perm.length !== inOrder.length) {
    throw importError(`it reorders ${inOrder.length + 1} dimensions as ${order.join()}`, reexport);
  }
  chain.axes = perm.map((from) => chain.axes[from - 1]);
}

/** Sizes behind the batch that Reshape asks for; −1 and 0 resolved. */
function targetSizes(site: Site): number[] {
  const { chain } = site;
  const [, ...sizes] = constantInput(site, 1, 'shape').values;
  const copied = sizes.map((size, i) => (size === 0 ? groupSize(chain.axes[i] ?? []) : size));
  const known = copied.reduce((product, size) => (size > 0 ? product * size : product), 1);
  const resolved = copied.map((size) => (size === -1 ? elementsOf(chain.shape) / known : size));
  if (resolved.every((size) => Number.isInteger(size) && size > 0)) return resolved;
  throw importError(`it reshapes to ${sizes.join('×')}`, reexport);
}

export function reshape(site: Site): void {
  regroup(site, targetSizes(site));
}

function regroup(site: Site, sizes: readonly number[]): void {
  const { chain } = site;
  const axes = regroupAxes(chain.axes, sizes);
  if (axes) {
    chain.axes = axes;
  } else if (chain.isEmpty && chain.axes.length === 1) {
    // A flat input that the graph itself cuts into channels and space.
    site.chain = chain.reshapeInput(sizes);
  } else {
    throw importError(
      `it cuts dimensions apart (to ${sizes.join('×')})`,
      'reshape only to flatten, or before the first layer',
    );
  }
}

export function flatten(site: Site): void {
  const at = attribute(site, 'axis', 'integer', 1);
  if (at !== 1 && at !== -site.chain.axes.length) {
    throw importError(`it flattens from dimension ${at}`, 'flatten everything behind the batch');
  }
  regroup(site, [elementsOf(site.chain.shape)]);
}

/** Adds or drops dimensions of size 1. */
export function resizeDimensions(site: Site): void {
  const { chain, node } = site;
  const given = node.inputs[1]
    ? [...constantInput(site, 1, 'axes').values]
    : attribute(site, 'axes', 'integers', []);
  const isAdded = node.op === 'Unsqueeze';
  const rank = chain.axes.length + 1 + (isAdded ? given.length : 0);
  const places = given.map((axis) => ((axis + rank) % rank) - 1).sort((a, b) => a - b);
  if (places.includes(-1)) throw importError('it changes the batch', reexport);
  if (isAdded) {
    const axes = [...chain.axes];
    for (const place of places) axes.splice(place, 0, []);
    chain.axes = axes;
    return;
  }
  const dropped = new Set(places);
  const rest = chain.axes.filter(
    (group, i) => !(places.length > 0 ? dropped.has(i) : group.length === 0),
  );
  chain.axes = rest.length > 0 ? rest : [[]];
}
