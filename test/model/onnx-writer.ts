/** Writes small ONNX files, and remembers the graph for the reference evaluator. */
import { PbfWriter } from 'pbf';

export interface Tensor {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

export type Attribute = number | string | readonly number[] | { readonly float: number } | Tensor;

export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
}

const isTensor = (value: Attribute): value is Tensor =>
  typeof value === 'object' && 'data' in value;

function writeTensor(name: string, { dims, data }: Tensor, isInteger: boolean) {
  return (_: unknown, pbf: PbfWriter): void => {
    for (const size of dims) pbf.writeVarintField(1, size);
    pbf.writeVarintField(2, isInteger ? 7 : 1);
    pbf.writeStringField(8, name);
    const bytes = new Uint8Array(data.length * (isInteger ? 8 : 4));
    const view = new DataView(bytes.buffer);
    data.forEach((value, i) =>
      isInteger
        ? view.setBigInt64(8 * i, BigInt(value), true)
        : view.setFloat32(4 * i, value, true),
    );
    pbf.writeBytesField(9, bytes);
  };
}

function writeAttribute([name, value]: readonly [string, Attribute]) {
  return (_: unknown, pbf: PbfWriter): void => {
    pbf.writeStringField(1, name);
    if (typeof value === 'number') pbf.writeVarintField(3, value);
    else if (typeof value === 'string') pbf.writeBytesField(4, new TextEncoder().encode(value));
    else if ('float' in value) pbf.writeFloatField(2, value.float);
    else if (isTensor(value)) pbf.writeMessage(5, writeTensor('', value, false), undefined);
    else for (const entry of value) pbf.writeVarintField(8, entry);
  };
}

function writeNode(node: Node, index: number) {
  return (_: unknown, pbf: PbfWriter): void => {
    for (const input of node.inputs) pbf.writeStringField(1, input);
    pbf.writeStringField(2, node.output);
    pbf.writeStringField(3, `node${index}`);
    pbf.writeStringField(4, node.op);
    for (const entry of Object.entries(node.attributes)) {
      pbf.writeMessage(5, writeAttribute(entry), undefined);
    }
  };
}

function writeInput(name: string, dims: readonly number[]) {
  const nested = (tag: number, inner: (pbf: PbfWriter) => void) => (pbf: PbfWriter) =>
    pbf.writeMessage(tag, (_: unknown, deeper: PbfWriter) => inner(deeper), undefined);
  return (_: unknown, pbf: PbfWriter): void => {
    pbf.writeStringField(1, name);
    const shape = (deeper: PbfWriter): void => {
      // The batch has a name instead of a size.
      nested(1, (dim) => dim.writeStringField(2, 'batch'))(deeper);
      for (const size of dims) nested(1, (dim) => dim.writeVarintField(1, size))(deeper);
    };
    nested(2, nested(1, nested(2, shape)))(pbf);
  };
}

export class OnnxWriter {
  readonly nodes: Node[] = [];
  readonly constants = new Map<string, Tensor>();
  private readonly integers = new Set<string>();
  value = 'x';

  /** `dims` behind the batch. */
  constructor(readonly dims: readonly number[]) {}

  constant(data: readonly number[], dims: readonly number[] = [data.length]): string {
    const name = `c${this.constants.size}`;
    this.constants.set(name, { dims, data: data.map(Math.fround) });
    return name;
  }

  integerConstant(data: readonly number[]): string {
    const name = this.constant(data);
    this.integers.add(name);
    return name;
  }

  /** A node on the value at hand, which stands first unless `inputs` names it as '_'. */
  add(op: string, inputs: readonly string[] = [], attributes: Node['attributes'] = {}): this {
    const all = inputs.includes('_')
      ? inputs.map((name) => (name === '_' ? this.value : name))
      : [this.value, ...inputs];
    const output = `v${this.nodes.length}`;
    this.nodes.push({ op, inputs: all, output, attributes });
    this.value = output;
    return this;
  }

  encode(): Uint8Array {
    const pbf = new PbfWriter();
    pbf.writeVarintField(1, 8);
    pbf.writeMessage(
      7,
      (_: unknown, graph: PbfWriter) => {
        this.nodes.forEach((node, i) => graph.writeMessage(1, writeNode(node, i), undefined));
        for (const [name, tensor] of this.constants) {
          graph.writeMessage(5, writeTensor(name, tensor, this.integers.has(name)), undefined);
        }
        graph.writeMessage(11, writeInput('x', this.dims), undefined);
        graph.writeMessage(12, writeInput(this.value, [1]), undefined);
      },
      undefined,
    );
    return pbf.finish();
  }
}
