/** ONNX operators that have weights or are folded into one that has: what each adds to the chain. */
import { elementsOf } from '../shape.js';
import { identityAffine, type Affine } from './affine.js';
import { importError } from './float-model.js';
import { axisGroup, elementsAlong, groupSize, type AxisName } from './onnx-axes.js';
import type { OnnxTensor } from './onnx-proto.js';
import { attribute, constantInput, optionalInput, reexport, type Site } from './onnx-site.js';
import { geometryOf, pairOf, spaceOf } from './onnx-space.js';

/** [O][C][K0][K1] as ONNX has it -> [O][KH][KW][C]; C is 1 of a depthwise layer. */
function reorderKernel(weight: OnnxTensor, space: readonly AxisName[]): Float64Array {
  const [outputs, channels, ...sizes] = weight.dims;
  const [rows, columns] = pairOf(space, sizes, 1);
  // Where the second direction of ONNX is H, its taps run down a column.
  const isTurned = sizes.length === 2 && space[0] === 'W';
  const out = new Float64Array(weight.values.length);
  let at = 0;
  for (let o = 0; o < outputs; o++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const tap = isTurned ? column * rows + row : row * columns + column;
        for (let c = 0; c < channels; c++) {
          out[at++] = weight.values[(o * channels + c) * rows * columns + tap];
        }
      }
    }
  }
  return out;
}

export function convolve(site: Site): void {
  const { chain } = site;
  const weight = constantInput(site, 1, 'weight');
  const space = spaceOf(chain.axes);
  const { kernel, stride, pads } = geometryOf(site, space, weight.dims.slice(2));
  const group = attribute(site, 'group', 'integer', 1);
  const [outputs] = weight.dims;
  const channels = chain.shape[2];
  const isDepthwise = group === channels && group > 1;
  if (isDepthwise ? outputs !== channels : group !== 1) {
    throw importError(
      `it has ${group} groups for ${channels} channels and ${outputs} filters`,
      'use one group, or as many groups as channels and filters',
    );
  }
  const sliding = { kernel, stride, padding: pads };
  chain.addWeighted(
    isDepthwise
      ? { op: 'depthwise2d', ...sliding }
      : { op: 'conv2d', filters: outputs, ...sliding },
    parametersOf(reorderKernel(weight, space), optionalInput(site, 2)),
  );
  chain.channelsFirst(space);
}

function parametersOf(weights: Float64Array, bias: OnnxTensor | undefined) {
  return { weights, ...(bias && { biases: bias.values }) };
}

/** A matrix [rows][columns], or its transpose. */
function matrixRows({ dims, values }: OnnxTensor, transposed: boolean): Float64Array {
  if (!transposed) return values;
  const [rows, columns] = dims;
  const turned = new Float64Array(values.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) turned[c * rows + r] = values[r * columns + c];
  }
  return turned;
}

/** Adds a dense layer of weights [O][I] in ONNX's order of inputs; on channels alone it is a 1×1 convolution. */
function addDense(
  { chain }: Site,
  rows: Float64Array,
  outputs: number,
  biases: Float64Array | undefined,
): void {
  const inputs = rows.length / outputs;
  const group = chain.axes.at(-1) ?? [];
  if (groupSize(group) !== inputs) {
    throw importError(`it multiplies ${groupSize(group)} values by ${inputs} weights`, reexport);
  }
  if (chain.axes.length > 1 && group.some(({ name }) => name !== 'C')) {
    throw importError('it mixes positions of a series', 'flatten before the dense layer');
  }
  const parameters = (weights: Float64Array) => ({ weights, ...(biases && { biases }) });
  if (chain.axes.length > 1) {
    const before = chain.axes.slice(0, -1);
    chain.addWeighted({ op: 'conv2d', filters: outputs, kernel: 1 }, parameters(rows));
    chain.axes = [...before, axisGroup('C', outputs)];
    return;
  }
  const element = elementsAlong(group, chain.shape);
  const weights = new Float64Array(rows.length);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) weights[o * inputs + element[i]] = rows[o * inputs + i];
  }
  chain.addWeighted({ op: 'dense', outputs }, parameters(weights));
  chain.axes = [axisGroup('C', outputs)];
}

export function multiplyMatrix(site: Site): void {
  const matrix = constantInput(site, 1 - site.place, 'matrix');
  if (site.place !== 0 || matrix.dims.length !== 2) {
    throw importError('it multiplies by something other than a matrix of weights', reexport);
  }
  addDense(site, matrixRows(matrix, true), matrix.dims[1], undefined);
}

export function generalMultiply(site: Site): void {
  const matrix = constantInput(site, 1, 'matrix');
  const alpha = attribute(site, 'alpha', 'number', 1);
  const beta = attribute(site, 'beta', 'number', 1);
  if (attribute(site, 'transA', 'integer', 0) !== 0) {
    throw importError('it transposes the samples', reexport);
  }
  const isRows = attribute(site, 'transB', 'integer', 0) !== 0;
  const outputs = matrix.dims[isRows ? 0 : 1];
  const bias = optionalInput(site, 2)?.values;
  const rows = matrixRows(matrix, !isRows).map((value) => alpha * value);
  const biases =
    bias && Float64Array.from({ length: outputs }, (_, o) => beta * (bias[o] ?? bias[0]));
  addDense(site, rows, outputs, biases);
}

/** A constant that is broadcast against the value at hand, per element of [H][W][C]. */
function broadcast({ chain }: Site, { dims, values }: OnnxTensor): Float64Array {
  const rank = chain.axes.length;
  const behindBatch = dims.length > rank ? dims.slice(dims.length - rank) : dims;
  const isOfBatch =
    dims.length > rank && dims.slice(0, dims.length - rank).some((size) => size > 1);
  const missing = rank - behindBatch.length;
  const sizes = [...new Array<number>(missing).fill(1), ...behindBatch];
  const fits = sizes.every((size, i) => size === 1 || size === groupSize(chain.axes[i]));
  if (!fits || isOfBatch) {
    throw importError(`its constant of ${dims.join('×')} does not fit the value`, reexport);
  }
  let pairs: (readonly [element: number, index: number])[] = [[0, 0]];
  for (const [i, group] of chain.axes.entries()) {
    const along = [...elementsAlong(group, chain.shape)];
    pairs = pairs.flatMap(([element, index]) =>
      along.map(
        (offset, step) =>
          [element + offset, index * sizes[i] + (sizes[i] === 1 ? 0 : step)] as const,
      ),
    );
  }
  const out = new Float64Array(elementsOf(chain.shape));
  for (const [element, index] of pairs) out[element] = values[index];
  return out;
}

/** Add, Sub, Mul or Div by a constant. */
export function scaleOrShift(site: Site): void {
  const { chain, node, place } = site;
  const other = broadcast(site, constantInput(site, 1 - place, 'second operand'));
  const affine = identityAffine(chain.shape);
  const isShift = node.op === 'Add' || node.op === 'Sub';
  if (node.op === 'Div' && place === 1) throw importError('it divides by the samples', reexport);
  const sign = node.op === 'Sub' && place === 1 ? -1 : 1;
  const shifted = node.op === 'Sub' && place === 0 ? other.map((value) => -value) : other;
  const scale = node.op === 'Div' ? other.map((value) => 1 / value) : other;
  chain.addAffine(
    isShift
      ? { scale: affine.scale.fill(sign), offset: shifted }
      : { scale, offset: affine.offset },
  );
}

/** γ·(x − μ)/√(σ² + ε) + β per channel. */
export function normaliseBatch(site: Site): void {
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map(
    (place) => constantInput(site, place, 'statistics').values,
  );
  const epsilon = attribute(site, 'epsilon', 'number', 1e-5);
  const scale = gamma.map((value, c) => value / Math.sqrt(variance[c] + epsilon));
  const offset = beta.map((value, c) => value - mean[c] * scale[c]);
  const dims = [scale.length, ...new Array<number>(site.chain.axes.length - 1).fill(1)];
  const affine: Affine = {
    scale: broadcast(site, { dims, values: scale }),
    offset: broadcast(site, { dims, values: offset }),
  };
  site.chain.addAffine(affine);
}

/** A row of a constant table per token. */
export function lookUp(site: Site): void {
  const { chain } = site;
  const table = constantInput(site, 0, 'table');
  if (site.place !== 1 || table.dims.length !== 2 || attribute(site, 'axis', 'integer', 0) !== 0) {
    throw importError(
      'it is no table of embeddings',
      'use an embedding of tokens, or leave it out',
    );
  }
  if (!chain.isEmpty) {
    throw importError('its tokens are computed', 'put the embedding first');
  }
  const [vocabulary, channels] = table.dims;
  const tokens = chain.axes;
  chain.addWeighted({ op: 'embedding', vocabulary, channels }, { weights: table.values });
  chain.axes = [...tokens, axisGroup('C', channels)];
}

/** Clip(0, ∞) is a relu. */
export function clip(site: Site): void {
  const bound = (place: number, name: string, fallback: number): number =>
    optionalInput(site, place)?.values[0] ?? attribute(site, name, 'number', fallback);
  const least = bound(1, 'min', -Infinity);
  const most = bound(2, 'max', Infinity);
  if (least !== 0 || most < 1e30) {
    throw importError(`it clips to ${least}…${most}`, 'use relu');
  }
  site.chain.addRelu();
}
