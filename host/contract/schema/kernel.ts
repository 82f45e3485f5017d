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
    text: 'weights or biases that hit int16 since begin',
  },
  { name: 'lossLow', direction: 'out', text: 'low word of the summed loss, Q10 bits' },
  { name: 'lossHigh', direction: 'out', text: 'high word' },
  { name: 'reserved0', direction: 'in', text: '0' },
  { name: 'reserved1', direction: 'in', text: '0' },
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
    name: 'plan',
    parameters: [],
    text: 'validate the descriptor, lay out the arena, set the outputs; on ERR_MEMORY arenaBytes says the need',
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
];

/** Layouts of descriptor records (payload after the 4-byte record header), little-endian. */
export interface RecordLayout {
  readonly tag: string;
  readonly fields: readonly Field[];
}

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
];
