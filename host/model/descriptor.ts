/** Model descriptors (SPEC, section 3): what a user writes, its bytes, and what is read back. */
export { buildDescriptor, weightScale } from './build.js';
export type { DenseLayer, LayerInfo, LayerOp, ModelInfo } from './info.js';
export { parseDescriptor } from './parse.js';
export type {
  Activation,
  ConvSpec,
  DenseSpec,
  DepthwiseSpec,
  EmbeddingSpec,
  InputSpec,
  LayerSpec,
  Loss,
  ModelSpec,
  Padding,
  PoolSpec,
} from './spec.js';
