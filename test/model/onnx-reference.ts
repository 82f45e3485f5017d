/**
 * Evaluates a small ONNX graph as the ONNX operator documents say, in NCHW with a batch of 1, on nested index
 * arithmetic that knows nothing of Linnet's layers. Slow and plain.
 */
import type { Attribute, Node, OnnxWriter, Tensor } from './onnx-writer.js';

const size = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** Value at a multi-index; broadcasts from the right; 0 outside. */
function at({ dims, data }: Tensor, index: readonly number[]): number {
  let flat = 0;
  for (const [i, extent] of dims.entries()) {
    const full = index[index.length - dims.length + i];
    const place = extent === 1 ? (full < 0 || full > 1e9 ? -1 : 0) : full;
    if (place < 0 || place >= extent) return 0;
    flat = flat * extent + place;
  }
  return data[flat];
}

/** A tensor whose every element is computed from its index. */
function fill(dims: readonly number[], value: (index: number[]) => number): Tensor {
  const data: number[] = [];
  const visit = (index: number[]): void => {
    if (index.length === dims.length) data.push(value(index));
    else for (let i = 0; i < dims[index.length]; i++) visit([...index, i]);
  };
  visit([]);
  return { dims, data };
}

const ints = (value: Attribute | undefined, fallback: readonly number[]): readonly number[] =>
  (value as readonly number[] | undefined) ?? fallback;

interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly begins: readonly number[];
  readonly out: readonly number[];
}

function windowOf({ attributes }: Node, x: Tensor, kernel: readonly number[]): Window {
  const ones = kernel.map(() => 1);
  const strides = ints(attributes['strides'], ones);
  const pads = ints(
    attributes['pads'],
    [...kernel, ...kernel].map(() => 0),
  );
  const begins = pads.slice(0, kernel.length);
  const out = kernel.map((k, i) =>
    Math.floor((x.dims[2 + i] + pads[i] + pads[kernel.length + i] - k) / strides[i] + 1),
  );
  return { kernel, strides, begins, out };
}

/** Indices of the taps of a window at a position, in space. */
function taps(window: Window, position: readonly number[]): number[][] {
  return window.kernel.reduce<number[][]>(
    (lists, k, i) =>
      lists.flatMap((list) =>
        Array.from({ length: k }, (_, t) => [
          ...list,
          position[i] * window.strides[i] - window.begins[i] + t,
        ]),
      ),
    [[]],
  );
}

function inside(x: Tensor, place: readonly number[]): boolean {
  return place.every((p, i) => p >= 0 && p < x.dims[2 + i]);
}

function conv(node: Node, x: Tensor, w: Tensor, b: Tensor | undefined): Tensor {
  const window = windowOf(node, x, w.dims.slice(2));
  const groups = (node.attributes['group'] as number | undefined) ?? 1;
  const perGroup = w.dims[0] / groups;
  return fill([1, w.dims[0], ...window.out], ([, o, ...position]) => {
    const first = Math.floor(o / perGroup) * w.dims[1];
    let sum = b?.data[o] ?? 0;
    for (const [t, place] of taps(window, position).entries()) {
      if (!inside(x, place)) continue;
      for (let c = 0; c < w.dims[1]; c++) {
        const weight = w.data[(o * w.dims[1] + c) * size(window.kernel) + t];
        sum += weight * at(x, [0, first + c, ...place]);
      }
    }
    return sum;
  });
}

function pool(node: Node, x: Tensor): Tensor {
  const window = windowOf(node, x, ints(node.attributes['kernel_shape'], []));
  return fill([1, x.dims[1], ...window.out], ([, c, ...position]) => {
    const values = taps(window, position).map((place) => at(x, [0, c, ...place]));
    if (node.op === 'MaxPool') return Math.max(...values);
    return values.reduce((a, b) => a + b, 0) / values.length;
  });
}

function mean(x: Tensor, axes: readonly number[]): Tensor {
  const kept = x.dims.map((extent, i) => (axes.includes(i) ? 1 : extent));
  const total = fill(kept, () => 0).data.slice();
  fill(x.dims, (index) => {
    const flat = kept.reduce((a, extent, i) => a * extent + (extent === 1 ? 0 : index[i]), 0);
    total[flat] += at(x, index);
    return 0;
  });
  const count = size(x.dims) / size(kept);
  return { dims: kept, data: total.map((value) => value / count) };
}

function product(a: Tensor, b: Tensor): Tensor {
  const inner = b.dims[0];
  return fill([...a.dims.slice(0, -1), b.dims[1]], (index) => {
    const rest = index.slice(0, -1);
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += at(a, [...rest, k]) * at(b, [k, index.at(-1)!]);
    return sum;
  });
}

function elementwise(a: Tensor, b: Tensor, op: (p: number, q: number) => number): Tensor {
  const dims = a.dims.length >= b.dims.length ? a.dims : b.dims;
  return fill(dims, (index) => op(at(a, index), at(b, index)));
}

const operations: Record<string, (p: number, q: number) => number> = {
  Add: (p, q) => p + q,
  Sub: (p, q) => p - q,
  Mul: (p, q) => p * q,
  Div: (p, q) => p / q,
};

function reshaped(x: Tensor, target: readonly number[]): Tensor {
  const copied = target.map((extent, i) => (extent === 0 ? x.dims[i] : extent));
  const known = copied.filter((extent) => extent > 0);
  const dims = copied.map((extent) => (extent < 0 ? size(x.dims) / size(known) : extent));
  return { dims, data: x.data };
}

function evaluateNode(node: Node, inputs: readonly Tensor[]): Tensor {
  const [x, second, third] = inputs;
  const { attributes } = node;
  if (node.op in operations) return elementwise(x, second, operations[node.op]);
  switch (node.op) {
    case 'Conv':
      return conv(node, x, second, third);
    case 'MaxPool':
    case 'AveragePool':
      return pool(node, x);
    case 'GlobalAveragePool':
      return mean(x, [...x.dims.keys()].slice(2));
    case 'ReduceMean': {
      const full = mean(x, ints(attributes['axes'], []));
      if (attributes['keepdims'] !== 0) return full;
      const dims = full.dims.filter((_, i) => !ints(attributes['axes'], []).includes(i));
      return { dims, data: full.data };
    }
    case 'Relu':
      return { dims: x.dims, data: x.data.map((value) => Math.max(0, value)) };
    case 'BatchNormalization': {
      const [, gamma, beta, mu, variance] = inputs;
      const { float: epsilon } = attributes['epsilon'] as { float: number };
      return fill(x.dims, (index) => {
        const c = index[1];
        const scale = gamma.data[c] / Math.sqrt(variance.data[c] + Math.fround(epsilon));
        return (at(x, index) - mu.data[c]) * scale + beta.data[c];
      });
    }
    case 'MatMul':
      return product(x, second);
    case 'Gemm': {
      const transposed = fill([...second.dims].reverse(), ([i, j]) => at(second, [j, i]));
      const matrix = attributes['transB'] ? transposed : second;
      return elementwise(product(x, matrix), third, (p, q) => p + q);
    }
    case 'Transpose': {
      const perm = ints(attributes['perm'], []);
      return fill(
        perm.map((from) => x.dims[from]),
        (index) => {
          const source: number[] = [];
          perm.forEach((from, i) => (source[from] = index[i]));
          return at(x, source);
        },
      );
    }
    case 'Reshape':
      return reshaped(x, second.data);
    case 'Flatten':
      return { dims: [1, size(x.dims)], data: x.data };
    case 'Squeeze':
      return { dims: x.dims.filter((extent, i) => i === 0 || extent !== 1), data: x.data };
    case 'Unsqueeze': {
      const dims = [...x.dims];
      for (const axis of ints(attributes['axes'], [])) dims.splice(axis, 0, 1);
      return { dims, data: x.data };
    }
    case 'Gather':
      return fill([...second.dims, x.dims[1]], (index) =>
        at(x, [at(second, index.slice(0, -1)), index.at(-1)!]),
      );
    case 'Identity':
    case 'Dropout':
      return x;
    default:
      throw new Error(`the reference does not know ${node.op}`);
  }
}

/** The output for one sample; `x` lies as the graph's input does. */
export function evaluateGraph(graph: OnnxWriter, x: readonly number[]): readonly number[] {
  const values = new Map<string, Tensor>(graph.constants);
  values.set('x', { dims: [1, ...graph.dims], data: x });
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => values.get(name)!);
    values.set(node.output, evaluateNode(node, inputs));
  }
  return values.get(graph.value)!.data;
}
