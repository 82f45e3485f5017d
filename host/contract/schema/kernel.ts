import type { Field } from './fields.js';

export interface BlockWord {
  readonly name: string;
  /** 'in' is written by the host, 'out' by the kernel. */
  readonly direction: 'in' | 'out';
  readonly text: string;
}

/** The parameter block: i32 words from the address that `block()` returns, in this order. */
export const block: readonly BlockWord[] = [
  { name: 'abi', direction: 'out', text: 'KERNEL_ABI' },
  { name: 'numerics', direction: 'out', text: 'NUMERICS' },
  { name: 'intrinsicSet', direction: 'out', text: 'intrinsic set the kernel imports, 0 = none' },
  { name: 'memoryBytes', direction: 'in', text: 'linear memory the kernel may use, bytes' },
  { name: 'arenaBytes', direction: 'out', text: 'plan: linear memory the model needs, bytes' },
  { name: 'descriptorPtr', direction: 'out', text: 'where to write the descriptor before plan' },
  { name: 'descriptorBytes', direction: 'in', text: 'its length' },
  { name: 'parameters', direction: 'out', text: 'plan: parameters of the model, P' },
  { name: 'layers', direction: 'out', text: 'plan: layers with parameters' },
  { name: 'classes', direction: 'out', text: 'plan: classes' },
  { name: 'inputPtr', direction: 'out', text: 'plan: where to write a sample, int8 channels-last' },
  { name: 'inputBytes', direction: 'out', text: 'plan: bytes of a sample' },
  { name: 'ioPtr', direction: 'out', text: 'plan: transfer buffer of IO_WORDS int16' },
  { name: 'logitsPtr', direction: 'out', text: 'plan: int32 logits after infer, evaluate, train' },
  { name: 'logitsExponent', direction: 'out', text: 'exponent of the logits of the last sample' },
  {
    name: 'classWeightsPtr',
    direction: 'out',
    text: 'plan: int8 exponent per class, written before begin',
  },
  { name: 'confusionPtr', direction: 'out', text: 'plan: u32 [true class][predicted class]' },
  { name: 'federationSeed', direction: 'in', text: 'u32 seed of the federation' },
  { name: 'baseVersion', direction: 'in', text: 'u32 version the training starts from' },
  {
    name: 'nodeKey',
    direction: 'in',
    text: 'u32 logical node index: leading bytes of SHA-256(node name), little-endian',
  },
  { name: 'lrShift', direction: 'in', text: 'learning rate 2^−lrShift, 0…24' },
  { name: 'lrDecay', direction: 'in', text: 'DECAY' },
  { name: 'totalSteps', direction: 'in', text: 'steps of the whole call sequence, for the decay' },
  {
    name: 'skipThreshold',
    direction: 'in',
    text: 'Q15: no backward pass if max |err| ≤ this, 0…32767',
  },
  { name: 'step', direction: 'out', text: 'training steps since begin' },
  { name: 'samples', direction: 'out', text: 'samples counted since begin' },
  { name: 'skipped', direction: 'out', text: 'backward passes skipped since begin' },
  {
    name: 'weightSaturations',
    direction: 'out',
    text: 'parameter words at the int16 limits, counted by saturations',
  },
  { name: 'lossLow', direction: 'out', text: 'low word of the summed loss, Q10 bits' },
  { name: 'lossHigh', direction: 'out', text: 'high word' },
  {
    name: 'score',
    direction: 'out',
    text: 'loss of the last sample; after infer that of SQUARED_ERROR, 0 of a softmax',
  },
  {
    name: 'frozenLayers',
    direction: 'in',
    text: 'bit l: layer l (with parameters) is not trained; read by plan',
  },
  {
    name: 'proximalShift',
    direction: 'in',
    text: 'pull moves words by 2^−this of their way, 0 = none',
  },
  { name: 'regionsPtr', direction: 'out', text: 'plan: u32 address and u32 bytes of every REGION' },
  { name: 'regionCount', direction: 'out', text: 'plan: entries of that table' },
  { name: 'reserved0', direction: 'in', text: '0' },
  {
    name: 'codecOffset',
    direction: 'out',
    text: 'encode, decode: parameter that comes next; parameters at the end',
  },
  {
    name: 'density',
    direction: 'in',
    text: 'SPARSE_TERNARY: words coded of each segment, per mille, 1…1000; read by encoding',
  },
  {
    name: 'residualSaturations',
    direction: 'out',
    text: 'SPARSE_TERNARY: words of the new residual that were limited to ±32,767 since encoding',
  },
  {
    name: 'personalLayers',
    direction: 'in',
    text: 'bit l: layer l has no segment in payloads; where there is one, load and store move nothing but these layers, delta and pull nothing but the others; read by each of these calls',
  },
];

export interface KernelExport {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly text: string;
}

/** Exports of kernel.wasm beside `memory`; all take and return i32, negative = status. */
export const kernelExports: readonly KernelExport[] = [
  { name: 'abi', parameters: [], text: 'KERNEL_ABI; callable before anything else' },
  { name: 'block', parameters: [], text: 'address of the parameter block' },
  {
    name: 'prepare',
    parameters: [],
    text: 'the first part of plan: validate the descriptor',
  },
  {
    name: 'arrange',
    parameters: [],
    text: 'the second part: give every region its place; sets arenaBytes and needs none of it yet',
  },
  {
    name: 'plan',
    parameters: [],
    text: 'what is left of the three: claim the arena, clear it, set the outputs; on ERR_MEMORY arenaBytes says the need',
  },
  {
    name: 'initialise',
    parameters: ['seed'],
    text: 'fill the weights from the INIT streams of seed, biases 0',
  },
  {
    name: 'load',
    parameters: ['offset', 'count'],
    text: 'parameters [offset, offset+count) from the transfer buffer',
  },
  { name: 'store', parameters: ['offset', 'count'], text: 'parameters to the transfer buffer' },
  {
    name: 'delta',
    parameters: ['offset', 'count'],
    text: 'transfer buffer holds base parameters and receives current − base, saturated',
  },
  {
    name: 'begin',
    parameters: [],
    text: 'start a training or evaluation call sequence: counters to 0, seeds mixed',
  },
  {
    name: 'order',
    parameters: ['stream', 'count', 'index'],
    text: 'a seeded permutation of 0…count−1 at index',
  },
  {
    name: 'train',
    parameters: ['label'],
    text: 'one training step on the sample at inputPtr; returns 1 if the backward pass was skipped',
  },
  {
    name: 'evaluate',
    parameters: ['label'],
    text: 'inference, counted in loss and confusion; returns the class',
  },
  { name: 'infer', parameters: [], text: 'inference; returns the class' },
  { name: 'check', parameters: [], text: 'OK if every canary of the arena lives' },
  {
    name: 'saturations',
    parameters: [],
    text: 'answers how many parameter words are at the int16 limits',
  },
  {
    name: 'pull',
    parameters: ['offset', 'count'],
    text: 'transfer buffer holds base parameters; moves the words toward them by 2^−proximalShift',
  },
  {
    name: 'encoding',
    parameters: ['codec'],
    text: 'start a payload (9) of current − base',
  },
  {
    name: 'encode',
    parameters: ['count'],
    text: 'transfer buffer holds base parameters from codecOffset on, and residuals in its last CODEC_WORDS words; answers the bytes that lie behind its first CODEC_WORDS words + 256 · words that are coded',
  },
  { name: 'decoding', parameters: ['codec'], text: 'start to read a payload' },
  {
    name: 'decode',
    parameters: ['bytes'],
    text: 'bytes of the payload lie behind CODEC_WORDS words of the transfer buffer, which receives deltas from codecOffset on; answers bytes taken + 256 · words',
  },
];

/** Layouts of descriptor records (payload after the 4-byte record header), little-endian. */
export interface RecordLayout {
  readonly tag: string;
  readonly fields: readonly Field[];
}

/** Fields that CONV and DEPTHWISE share, so that they are read alike. */
const convolutionFields = (filters: string): readonly Field[] => [
  { name: 'inputTensor', type: 'u16', text: 'tensor id read' },
  { name: 'outputTensor', type: 'u16', text: 'tensor id defined' },
  { name: 'filters', type: 'u16', text: filters },
  { name: 'initBound', type: 'u16', text: 'Bq: initial weights are uniform in ±Bq · 2^(ew−8)' },
  { name: 'kernelHeight', type: 'u8', text: 'KH; 1 for a series' },
  { name: 'kernelWidth', type: 'u8', text: 'KW' },
  { name: 'strideHeight', type: 'u8', text: 'rows from one position to the next' },
  { name: 'strideWidth', type: 'u8', text: 'columns from one position to the next' },
  { name: 'padTop', type: 'u8', text: 'rows of zeros above the input, below KH' },
  { name: 'padLeft', type: 'u8', text: 'columns of zeros before it, below KW' },
  { name: 'padBottom', type: 'u8', text: 'rows of zeros under it, below KH' },
  { name: 'padRight', type: 'u8', text: 'columns of zeros behind it, below KW' },
  { name: 'weightExponent', type: 'i8', text: 'ew: int8 operand · 2^ew' },
  { name: 'activation', type: 'u8', text: 'ACTIVATION' },
  { name: 'reserved', type: 'u16', text: '0' },
];

/** Fields that MAX_POOL and AVERAGE_POOL share. */
const poolFields: readonly Field[] = [
  { name: 'inputTensor', type: 'u16', text: 'tensor id read' },
  { name: 'outputTensor', type: 'u16', text: 'tensor id defined' },
  { name: 'kernelHeight', type: 'u8', text: 'KH, at most H; 1 for a series' },
  { name: 'kernelWidth', type: 'u8', text: 'KW, at most W' },
  { name: 'strideHeight', type: 'u8', text: 'rows from one window to the next' },
  { name: 'strideWidth', type: 'u8', text: 'columns from one window to the next' },
];

export const records: readonly RecordLayout[] = [
  {
    tag: 'INPUT',
    fields: [
      { name: 'height', type: 'u16', text: 'H; 1 for a series or a flat vector' },
      { name: 'width', type: 'u16', text: 'W of an image or T of a series' },
      { name: 'channels', type: 'u16', text: 'C, the fastest index' },
      { name: 'exponent', type: 'i8', text: 'real value = int8 · 2^exponent' },
      { name: 'reserved', type: 'u8', text: '0' },
      {
        name: 'microUnitsPerLsb',
        type: 'u32',
        text: 'physical scale in millionths of the unit, 0 = not stated',
      },
      { name: 'unit', type: 'u32', text: 'up to four ASCII letters of the unit, zero-padded' },
    ],
  },
  {
    tag: 'DENSE',
    fields: [
      { name: 'inputTensor', type: 'u16', text: 'tensor id read' },
      { name: 'outputTensor', type: 'u16', text: 'tensor id defined' },
      { name: 'inputs', type: 'u16', text: 'I, elements of the input tensor' },
      { name: 'outputs', type: 'u16', text: 'O' },
      { name: 'weightExponent', type: 'i8', text: 'ew: int8 operand · 2^ew' },
      { name: 'activation', type: 'u8', text: 'ACTIVATION' },
      { name: 'initBound', type: 'u16', text: 'Bq: initial weights are uniform in ±Bq · 2^(ew−8)' },
    ],
  },
  { tag: 'CONV', fields: convolutionFields('O') },
  { tag: 'DEPTHWISE', fields: convolutionFields('equal to the channels of the input') },
  { tag: 'MAX_POOL', fields: poolFields },
  { tag: 'AVERAGE_POOL', fields: poolFields },
  {
    tag: 'GLOBAL_AVERAGE_POOL',
    fields: [
      { name: 'inputTensor', type: 'u16', text: 'tensor id read' },
      { name: 'outputTensor', type: 'u16', text: 'tensor id defined: 1 × 1 × C' },
    ],
  },
  {
    tag: 'EMBEDDING',
    fields: [
      { name: 'inputTensor', type: 'u16', text: 'tensor 0, of one channel: a token per element' },
      { name: 'outputTensor', type: 'u16', text: 'tensor id defined: H × W × channels' },
      { name: 'vocabulary', type: 'u16', text: 'V, rows of the table' },
      { name: 'channels', type: 'u16', text: 'length of a row' },
      { name: 'initBound', type: 'u16', text: 'Bq: initial weights are uniform in ±Bq · 2^(ew−8)' },
      { name: 'weightExponent', type: 'i8', text: 'ew: exponent of the output' },
      { name: 'reserved', type: 'u8', text: '0' },
    ],
  },
  {
    tag: 'SOFTMAX_CROSS_ENTROPY',
    fields: [
      { name: 'inputTensor', type: 'u16', text: 'tensor id of the logits' },
      {
        name: 'classes',
        type: 'u16',
        text: 'classes, equal to the outputs of the layer that made the logits',
      },
    ],
  },
  {
    tag: 'SQUARED_ERROR',
    fields: [
      { name: 'inputTensor', type: 'u16', text: 'tensor id of the reconstruction' },
      { name: 'elements', type: 'u16', text: 'its elements, equal to those of the input' },
    ],
  },
];

/** A structure in linear memory that the kernel lays out and native intrinsics read. */
export interface StructLayout {
  readonly name: string;
  readonly text: string;
  readonly fields: readonly Field[];
}

export const structs: readonly StructLayout[] = [
  {
    name: 'LAYER',
    text: 'a layer as plan lays it out',
    fields: [
      {
        name: 'x',
        type: 'u32',
        text: 'input with its padding, int8 [padTop + H + padBottom][padLeft + W + padRight][C]',
      },
      { name: 'y', type: 'u32', text: 'first output that is not padding, int8; or int32 logits' },
      { name: 'yStride', type: 'u32', text: 'bytes from one row of y to the next' },
      { name: 'weights', type: 'u32', text: 'int16 [rows][rowWords]' },
      {
        name: 'rowWords',
        type: 'u32',
        text: 'words from one row to the next: its length rounded up to 4; the rest is 0',
      },
      { name: 'bias', type: 'u32', text: 'int16 [O]' },
      {
        name: 'error',
        type: 'u32',
        text: 'int8 error of y [OH][OW][O]; backward leaves that of x [H][W][C] here',
      },
      {
        name: 'wide',
        type: 'u32',
        text: 'int32 [OH][OW][O] forward, and the size of x with its padding backward',
      },
      { name: 'scratch', type: 'u32', text: 'memory a call may use as it likes, 8-byte aligned' },
      { name: 'scratchBytes', type: 'u32', text: 'its size' },
      { name: 'inputExponent', type: 'i32', text: 'of x for the sample at hand' },
      { name: 'outputExponent', type: 'i32', text: 'of y, set by forward' },
      { name: 'kind', type: 'u16', text: 'RECORD' },
      { name: 'flags', type: 'u16', text: 'LAYER_FLAG bits' },
      { name: 'index', type: 'u16', text: 'l: number among the layers with parameters' },
      { name: 'height', type: 'u16', text: 'H' },
      { name: 'width', type: 'u16', text: 'W' },
      { name: 'channels', type: 'u16', text: 'C' },
      { name: 'outputHeight', type: 'u16', text: 'OH' },
      { name: 'outputWidth', type: 'u16', text: 'OW' },
      { name: 'outputs', type: 'u16', text: 'O' },
      { name: 'kernelHeight', type: 'u16', text: 'KH; of an EMBEDDING V' },
      { name: 'kernelWidth', type: 'u16', text: 'KW' },
      { name: 'strideHeight', type: 'u16', text: 'rows from one position to the next' },
      { name: 'strideWidth', type: 'u16', text: 'columns from one position to the next' },
      { name: 'padTop', type: 'u16', text: 'rows of zeros above x' },
      { name: 'padLeft', type: 'u16', text: 'columns of zeros before x' },
      { name: 'padBottom', type: 'u16', text: 'rows of zeros under x' },
      { name: 'padRight', type: 'u16', text: 'columns of zeros behind x' },
      { name: 'weightExponent', type: 'i16', text: 'ew' },
      { name: 'initBound', type: 'u16', text: 'Bq' },
      {
        name: 'bound',
        type: 'u16',
        text: 'of no meaning to intrinsics; the portable kernel notes here how large weights may be',
      },
    ],
  },
  {
    name: 'HEAD',
    text: 'the loss as plan lays it out',
    fields: [
      { name: 'logits', type: 'u32', text: 'int32 z [elements]' },
      { name: 'err', type: 'u32', text: 'int32 [elements], error of the loss' },
      { name: 'error', type: 'u32', text: 'int8 [elements], the same requantised' },
      { name: 'target', type: 'u32', text: 'SQUARED_ERROR: the sample, int8 [elements]' },
      { name: 'classWeights', type: 'u32', text: 'int8 exponent [classes]' },
      { name: 'elements', type: 'u32', text: 'classes of a softmax, elements of a reconstruction' },
      { name: 'logitsExponent', type: 'i32', text: 'el' },
      { name: 'targetExponent', type: 'i32', text: 'exponent of the sample' },
      {
        name: 'predicted',
        type: 'i32',
        text: 'set: first class of the largest logit, 0 for SQUARED_ERROR',
      },
      { name: 'loss', type: 'i32', text: 'set: loss of the sample' },
    ],
  },
];

export interface Intrinsic {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly text: string;
}

/**
 * Native functions of intrinsic set 1, imported from module `linnet`; i32 each. `layer` and `head` are addresses of
 * a LAYER and a HEAD. All check that what they touch lies in linear memory and answer ERR_RANGE, with
 * nothing written, if it does not.
 */
export const intrinsics: readonly Intrinsic[] = [
  {
    name: 'linear_forward',
    parameters: ['layer'],
    text: 'DENSE or CONV: y and outputExponent from x (2.3)',
  },
  {
    name: 'linear_backward',
    parameters: ['layer', 'errorExponent', 'stepSeed', 'lrShift'],
    text: 'DENSE or CONV: error of x if PROPAGATE, with the weights before the update (2.6); update if TRAINED (2.7); answers the exponent of the new error + EXPONENT_BIAS',
  },
  { name: 'depthwise_forward', parameters: ['layer'], text: 'DEPTHWISE, likewise' },
  {
    name: 'depthwise_backward',
    parameters: ['layer', 'errorExponent', 'stepSeed', 'lrShift'],
    text: 'DEPTHWISE, likewise',
  },
  {
    name: 'pool_forward',
    parameters: ['layer'],
    text: 'the three pools: y and outputExponent from x',
  },
  {
    name: 'pool_backward',
    parameters: ['layer', 'errorExponent'],
    text: 'the three pools: error of x; answers its exponent + EXPONENT_BIAS',
  },
  {
    name: 'softmax_cross_entropy',
    parameters: ['head', 'label', 'skipThreshold'],
    text: 'predicted, loss and err (2.4); if max |err| > skipThreshold also error, and answers its exponent + EXPONENT_BIAS, else LOSS_SKIPPED; of NO_LABEL predicted alone, loss 0 and LOSS_SKIPPED',
  },
  {
    name: 'squared_error',
    parameters: ['head', 'label', 'skipThreshold'],
    text: 'the same for SQUARED_ERROR (2.5)',
  },
];
