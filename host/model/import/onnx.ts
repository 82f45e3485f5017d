/**
 * ONNX -> a chain of our layers with float weights.
 *
 * Taken over: Conv (also depthwise), Gemm, MatMul, Add/Sub/Mul/Div by constants, BatchNormalization,
 * Relu, pools, Gather as an embedding, and everything that only moves dimensions. Everything else is
 * refused by name, with what to use instead.
 */
import { LinnetError } from '../../contract/error.js';
import { adviseLayer } from '../advice.js';
import { located } from '../prefix.js';
import { importError, type FloatModel } from './float-model.js';
import { groupSize, type InputLayout } from './onnx-axes.js';
import { Chain } from './onnx-chain.js';
import { Constants } from './onnx-constants.js';
import {
  clip,
  convolve,
  generalMultiply,
  lookUp,
  multiplyMatrix,
  normaliseBatch,
  scaleOrShift,
} from './onnx-layers.js';
import { flatten, reshape, resizeDimensions, transpose } from './onnx-moves.js';
import { pool, poolAll, reduceMean } from './onnx-pools.js';
import { readOnnx, type OnnxGraph, type OnnxInput, type OnnxNode } from './onnx-proto.js';
import type { Site } from './onnx-site.js';

const unchanged = (): void => undefined;

const operators: Readonly<Record<string, (site: Site) => void>> = {
  Conv: convolve,
  Gemm: generalMultiply,
  MatMul: multiplyMatrix,
  Add: scaleOrShift,
  Sub: scaleOrShift,
  Mul: scaleOrShift,
  Div: scaleOrShift,
  BatchNormalization: normaliseBatch,
  Relu: (site) => site.chain.addRelu(),
  Clip: clip,
  MaxPool: pool,
  AveragePool: pool,
  GlobalAveragePool: poolAll,
  GlobalMaxPool: poolAll,
  ReduceMean: reduceMean,
  Gather: lookUp,
  Transpose: transpose,
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: resizeDimensions,
  Unsqueeze: resizeDimensions,
  Identity: unchanged,
  Dropout: unchanged,
  Cast: unchanged,
};

/** What may stand behind the logits: the loss and the kernel do it themselves. */
const endings = ['Softmax', 'LogSoftmax', 'ArgMax', 'ZipMap', 'Identity', 'Cast'];

/** Operators whose names other tools spell otherwise. */
const aliases: Readonly<Record<string, string>> = {
  ConvTranspose: 'conv2dTranspose',
  Concat: 'concat',
  LeakyRelu: 'leakyRelu',
  Resize: 'resize',
};

function refuseOperator({ op }: OnnxNode): never {
  const remedy =
    op.startsWith('QLinear') || op.endsWith('Integer') || op.includes('quantizeLinear')
      ? 'export the float model: this importer quantises it'
      : adviseLayer(aliases[op] ?? op);
  throw importError(
    'Linnet has no such layer',
    remedy ?? 'build the model from the layers in docs/MODELS.md',
  );
}

/** Channels last if the graph begins by moving them, or by multiplying along the last dimension. */
function guessLayout(graph: OnnxGraph, input: OnnxInput): InputLayout {
  let value = input.name;
  for (const node of graph.nodes) {
    if (!node.inputs.includes(value)) continue;
    if (node.op === 'Transpose') {
      const perm = node.attributes.get('perm')?.integers ?? [];
      return perm[1] === perm.length - 1 ? 'channels-last' : 'channels-first';
    }
    if (node.op === 'MatMul') return 'channels-last';
    if (!['Identity', 'Cast', 'Add', 'Sub', 'Mul', 'Div', 'Gather'].includes(node.op)) break;
    value = node.outputs[0];
  }
  return 'channels-first';
}

class Walk {
  private chain: Chain;
  private readonly constants: Constants;
  private value: string;

  constructor(
    private readonly graph: OnnxGraph,
    layout: InputLayout | undefined,
  ) {
    const [input, second] = graph.inputs;
    if (input === undefined || second !== undefined) {
      throw importError(
        `the graph has ${graph.inputs.length} inputs`,
        'export a model with one input',
      );
    }
    this.constants = new Constants(graph);
    this.chain = new Chain(input, layout ?? guessLayout(graph, input));
    this.value = input.name;
  }

  run(): FloatModel {
    for (let node = this.next(); node !== undefined; node = this.next()) {
      if (endings.includes(node.op) && this.isEnd(node)) break;
      this.step(node);
    }
    return this.chain.finish();
  }

  /** The one node that computes with the value at hand. */
  private next(): OnnxNode | undefined {
    const readers = this.graph.nodes.filter(({ inputs }) => inputs.includes(this.value));
    for (const node of readers.filter(({ op }) => op === 'Shape')) {
      this.constants.defineShape(node, this.chain.axes.map(groupSize));
    }
    const computing = readers.filter(({ op }) => op !== 'Shape');
    if (computing.length > 1) {
      const names = computing.map(({ op, name }) => `${op} ${name}`.trim()).join(' and ');
      throw importError(
        `one value is read by ${names}`,
        'remove the shortcut: a model is a chain of layers',
      );
    }
    return computing[0];
  }

  /** Nothing that computes follows. */
  private isEnd(node: OnnxNode): boolean {
    const readers = this.graph.nodes.filter(({ inputs }) => inputs.includes(node.outputs[0]));
    return readers.every((reader) => endings.includes(reader.op) && this.isEnd(reader));
  }

  private step(node: OnnxNode): void {
    const site: Site = {
      chain: this.chain,
      node,
      constants: this.constants,
      place: node.inputs.indexOf(this.value),
    };
    located(
      () => `${node.op} ${node.name && `"${node.name}" `}(${this.chain.describe()})`,
      () => (operators[node.op] ?? (() => refuseOperator(node)))(site),
    );
    this.chain = site.chain;
    this.value = node.outputs[0];
  }
}

/**
 * The model of an ONNX file. `layout` says how the input lies; absent, the graph is asked.
 * Throws ERR_MODEL with the operator, its input's shape and the remedy.
 */
export function importOnnx(bytes: Uint8Array, layout?: InputLayout): FloatModel {
  const graph = readOnnx(bytes);
  try {
    return new Walk(graph, layout).run();
  } catch (error) {
    if (error instanceof LinnetError) throw error;
    // An operator without the inputs or dimensions it must have.
    throw importError('the graph contradicts itself', 'export the model again', error);
  }
}
