import type { Pair, Shape } from './shape.js';
import type { Activation, InputSpec, Loss, Pads } from './spec.js';

/** What a record of the descriptor is. */
export const layerOps = [
  'dense',
  'conv',
  'depthwise',
  'maxPool',
  'averagePool',
  'globalAveragePool',
  'embedding',
] as const;
export type LayerOp = (typeof layerOps)[number];

/**
 * A layer of a descriptor. One shape for all kinds, so that readers loop without cases: a dense layer
 * has a kernel of its whole input and one position, a layer without parameters has none.
 */
export interface LayerInfo {
  readonly op: LayerOp;
  /** l: number among the layers with parameters; −1 for a pool. */
  readonly index: number;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** Elements of the input. */
  readonly inputs: number;
  /** O: units, filters or channels at one position. */
  readonly outputs: number;
  /** [KH, KW]. */
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly pads: Pads;
  readonly activation: Activation;
  readonly weightExponent: number;
  readonly initBound: number;
  /** Rows of the weight matrix and words in one: O rows, V of an embedding; 0 of a pool. */
  readonly rows: number;
  readonly rowLength: number;
  /** Number of the first weight and of the first bias among the parameters. */
  readonly weightOffset: number;
  readonly biasOffset: number;
  /** Biases: O, or 0. */
  readonly biases: number;
  /** Multiply-accumulates of one inference, those on padding included. */
  readonly macs: number;
}

/** A layer as it was called when there were no others. */
export type DenseLayer = LayerInfo;

/** A descriptor, read back. */
export interface ModelInfo {
  readonly input: Required<InputSpec>;
  /** Elements of a sample. */
  readonly inputs: number;
  readonly layers: readonly LayerInfo[];
  readonly loss: Loss;
  /** Classes of a softmax; 1 for squared error, as in the kernel. */
  readonly classes: number;
  /** Elements the loss reads: logits of a softmax, the reconstruction of an autoencoder. */
  readonly outputs: number;
  readonly parameters: number;
  readonly macs: number;
  readonly hash: Uint8Array;
  /** The bytes it was read from. */
  readonly descriptor: Uint8Array;
}

/** Layers beyond the bits of a mask are always trained. */
const maskedLayers = 32;

/** True if bit l of the mask says that this layer with parameters is not trained. */
export function isFrozen({ index }: LayerInfo, frozenLayers: number): boolean {
  return index >= 0 && index < maskedLayers && ((frozenLayers >>> index) & 1) === 1;
}
