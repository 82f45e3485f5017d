/**
 * Values of a graph that do not depend on the sample: initialisers, Constant nodes, and the little
 * arithmetic on shapes by which exporters say "flatten".
 */
import type { OnnxGraph, OnnxNode, OnnxTensor } from './onnx-proto.js';

/** In a shape computed by the graph, 0 stands for the batch: a Reshape reads it as "as it is". */
const batchMarker = 0;

function gather(data: OnnxTensor, indices: OnnxTensor): OnnxTensor | undefined {
  if (data.dims.length !== 1) return undefined;
  const at = (index: number): number => data.values[index < 0 ? index + data.values.length : index];
  return { dims: indices.dims, values: indices.values.map(at) };
}

function concat(parts: readonly OnnxTensor[]): OnnxTensor | undefined {
  if (parts.some(({ dims }) => dims.length !== 1)) return undefined;
  const values = Float64Array.from(parts.flatMap((part) => [...part.values]));
  return { dims: [values.length], values };
}

function slice(data: OnnxTensor, starts?: OnnxTensor, ends?: OnnxTensor): OnnxTensor | undefined {
  if (data.dims.length !== 1 || starts?.values.length !== 1 || ends?.values.length !== 1) {
    return undefined;
  }
  const values = data.values.slice(starts.values[0], ends.values[0]);
  return { dims: [values.length], values };
}

/** The value of a node whose inputs are all known. */
function evaluate(node: OnnxNode, inputs: readonly OnnxTensor[]): OnnxTensor | undefined {
  const [first, second, third] = inputs;
  switch (node.op) {
    case 'Identity':
    case 'Cast':
      return first;
    case 'Gather':
      return gather(first, second);
    case 'Unsqueeze':
    case 'Squeeze':
      return { dims: first.values.length === 1 ? [1] : first.dims, values: first.values };
    case 'Concat':
      return concat(inputs);
    case 'Slice':
      return slice(first, second, third);
    case 'Transpose':
      return transposeMatrix(first);
    default:
      return undefined;
  }
}

function transposeMatrix({ dims, values }: OnnxTensor): OnnxTensor | undefined {
  if (dims.length !== 2) return undefined;
  const [rows, columns] = dims;
  const turned = values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]);
  return { dims: [columns, rows], values: turned };
}

/** Values known so far; grows while a graph is walked. */
export class Constants {
  private readonly known: Map<string, OnnxTensor>;

  constructor(private readonly graph: OnnxGraph) {
    this.known = new Map(graph.constants);
    this.propagate();
  }

  find(name: string): OnnxTensor | undefined {
    return this.known.get(name);
  }

  /** What Shape says of a value whose dimensions behind the batch are `sizes`. */
  defineShape(node: OnnxNode, sizes: readonly number[]): void {
    const values = Float64Array.from([batchMarker, ...sizes]);
    this.known.set(node.outputs[0], { dims: [values.length], values });
    this.propagate();
  }

  /** Nodes are in the order of their dependences, so one pass is enough. */
  private propagate(): void {
    for (const node of this.graph.nodes) {
      if (node.outputs.every((name) => this.known.has(name))) continue;
      const value = node.op === 'Constant' ? constantOf(node) : this.evaluateKnown(node);
      if (value !== undefined) this.known.set(node.outputs[0], value);
    }
  }

  private evaluateKnown(node: OnnxNode): OnnxTensor | undefined {
    const inputs = node.inputs.map((name) => this.known.get(name));
    if (inputs.length === 0 || inputs.includes(undefined)) return undefined;
    return evaluate(node, inputs as OnnxTensor[]);
  }
}

function constantOf({ attributes }: OnnxNode): OnnxTensor | undefined {
  const list = attributes.get('value_ints') ?? attributes.get('value_floats');
  if (list) {
    const values = Float64Array.from([...list.integers, ...list.numbers]);
    return { dims: [values.length], values };
  }
  const integer = attributes.get('value_int');
  if (integer) return { dims: [], values: Float64Array.of(integer.integer) };
  const number = attributes.get('value_float');
  if (number) return { dims: [], values: Float64Array.of(number.number) };
  return attributes.get('value')?.tensor;
}
