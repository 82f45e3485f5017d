// Generated from host/contract/schema.ts by `npm run gen`; do not edit.

export const PROTOCOL_VERSION: i32 = 1;
export const KERNEL_ABI_VERSION: i32 = 3;
export const NUMERICS_VERSION: i32 = 2;
export const INTRINSIC_SET_VERSION: i32 = 1;
export const DESCRIPTOR_FORMAT_VERSION: i32 = 1;
export const SNAPSHOT_FORMAT_VERSION: i32 = 1;
export const WIRE_FORMAT_VERSION: i32 = 2;

export const OK: i32 = 0;
export const ERR_ABI: i32 = -1;
export const ERR_MEMORY: i32 = -2;
export const ERR_DESCRIPTOR: i32 = -3;
export const ERR_UNKNOWN_OP: i32 = -4;
export const ERR_SHAPE: i32 = -5;
export const ERR_RANGE: i32 = -6;
export const ERR_LABEL: i32 = -7;
export const ERR_STATE: i32 = -8;
export const ERR_CANARY: i32 = -9;
export const ERR_TENSOR: i32 = -10;
export const ERR_EXPONENT: i32 = -11;
export const ERR_INTRINSICS: i32 = -12;

export const DESCRIPTOR_MAGIC: i32 = 1145982540;
export const DESCRIPTOR_HEADER_BYTES: i32 = 16;
export const DESCRIPTOR_MAX_BYTES: i32 = 4096;
export const RECORD_HEADER_BYTES: i32 = 4;
export const MAX_RECORDS: i32 = 64;
export const MAX_TENSORS: i32 = 64;
export const MAX_CLASSES: i32 = 256;
export const MAX_EXPONENT: i32 = 24;
export const SNAPSHOT_MAGIC: i32 = 1464749644;
export const SNAPSHOT_HEADER_BYTES: i32 = 48;
export const IO_WORDS: i32 = 128;
export const FRAME_MAX_PAYLOAD: i32 = 512;
export const FRAME_MIN_PAYLOAD: i32 = 128;
export const MESSAGE_HEADER_BYTES: i32 = 4;
export const MESSAGE_FLAG_RESPONSE: i32 = 1;
export const ANNOUNCEMENT_MAX_BYTES: i32 = 448;
export const RECEIPT_MAX_BYTES: i32 = 128;
export const NAME_MAX_BYTES: i32 = 32;
export const OBJECT_SLICE_BYTES: i32 = 32768;
export const ID_BYTES: i32 = 8;
export const MAC_BYTES: i32 = 16;
export const KEY_BYTES: i32 = 32;
export const HASH_BYTES: i32 = 32;
export const SIGNATURE_BYTES: i32 = 64;
export const MAX_CONTRIBUTION_WEIGHT: i32 = 15;
export const DELTA_LIMIT: i32 = 32767;
export const SKIP_THRESHOLD_DEFAULT: i32 = 1638;
export const UPDATE_LIMIT: i32 = 4096;
export const MAX_ELEMENTS: i32 = 32768;
export const MAX_PADDED: i32 = 65536;
export const MAX_POSITIONS: i32 = 4096;
export const MAX_INIT_BOUND: i32 = 16383;
export const MAX_VOCABULARY: i32 = 256;
export const EXPONENT_BIAS: i32 = 64;
export const LOSS_SKIPPED: i32 = 128;
export const CODEC_WORDS: i32 = 32;
export const MAX_DENSITY: i32 = 1000;
export const NO_LABEL: i32 = 4294967295;
export const PROXIMAL_INTERVAL: i32 = 16;
export const MAX_STALENESS: i32 = 255;
export const MAX_PROXIMAL_SHIFT: i32 = 15;

export const RECORD_INPUT: i32 = 1;
export const RECORD_DENSE: i32 = 16;
export const RECORD_CONV: i32 = 17;
export const RECORD_DEPTHWISE: i32 = 18;
export const RECORD_MAX_POOL: i32 = 19;
export const RECORD_AVERAGE_POOL: i32 = 20;
export const RECORD_GLOBAL_AVERAGE_POOL: i32 = 21;
export const RECORD_EMBEDDING: i32 = 22;
export const RECORD_SOFTMAX_CROSS_ENTROPY: i32 = 64;
export const RECORD_SQUARED_ERROR: i32 = 65;
export const ACTIVATION_NONE: i32 = 0;
export const ACTIVATION_RELU: i32 = 1;
export const PURPOSE_INIT: i32 = 1;
export const PURPOSE_ORDER: i32 = 2;
export const PURPOSE_UPDATE: i32 = 3;
export const PURPOSE_CODEC: i32 = 4;
export const PURPOSE_BROADCAST: i32 = 5;
export const PURPOSE_NODE: i32 = 6;
export const PURPOSE_PROXIMAL: i32 = 7;
export const TASK_NONE: i32 = 0;
export const TASK_TRAIN: i32 = 1;
export const TASK_EVALUATE: i32 = 2;
export const TASK_BOTH: i32 = 3;
export const TASK_PERSONALISE: i32 = 4;
export const CODEC_RAW_INT16: i32 = 0;
export const CODEC_RICE_INT16: i32 = 1;
export const CODEC_DENSE_2: i32 = 18;
export const CODEC_DENSE_3: i32 = 19;
export const CODEC_DENSE_4: i32 = 20;
export const CODEC_DENSE_5: i32 = 21;
export const CODEC_DENSE_6: i32 = 22;
export const CODEC_DENSE_7: i32 = 23;
export const CODEC_DENSE_8: i32 = 24;
export const CODEC_SPARSE_TERNARY: i32 = 32;
export const CODEC_NONE: i32 = 255;
export const DECAY_CONSTANT: i32 = 0;
export const DECAY_STEPS: i32 = 1;
export const RECEIPT_ACCEPTED: i32 = 0;
export const RECEIPT_DUPLICATE: i32 = 1;
export const RECEIPT_CONFLICT: i32 = 2;
export const RECEIPT_STALE: i32 = 3;
export const RECEIPT_BAD_MAC: i32 = 4;
export const RECEIPT_BAD_BASE: i32 = 5;
export const RECEIPT_CLIPPED: i32 = 6;
export const RECEIPT_QUARANTINED: i32 = 7;
export const RECEIPT_LATER: i32 = 8;
export const RECEIPT_MALFORMED: i32 = 9;
export const RECEIPT_UNKNOWN_CODEC: i32 = 10;
export const RECEIPT_INELIGIBLE: i32 = 11;
export const NODE_STATE_HELLO: i32 = 0;
export const NODE_STATE_IDLE: i32 = 1;
export const NODE_STATE_FETCH: i32 = 2;
export const NODE_STATE_EVALUATE: i32 = 3;
export const NODE_STATE_TRAIN: i32 = 4;
export const NODE_STATE_UPLOAD: i32 = 5;
export const NODE_STATE_RECEIPT: i32 = 6;
export const NODE_STATE_FAILED: i32 = 7;
export const NODE_STATE_WAITING: i32 = 8;
export const CONDITION_BATTERY: i32 = 1;
export const CONDITION_CHARGING: i32 = 2;
export const CONDITION_LINK: i32 = 3;
export const CONDITION_RAM: i32 = 4;
export const RESET_REASON_POWER: i32 = 0;
export const RESET_REASON_REQUEST: i32 = 1;
export const RESET_REASON_WATCHDOG: i32 = 2;
export const RESET_REASON_FAULT: i32 = 3;
export const LOG_LEVEL_ERROR: i32 = 0;
export const LOG_LEVEL_WARN: i32 = 1;
export const LOG_LEVEL_INFO: i32 = 2;
export const LOG_LEVEL_DEBUG: i32 = 3;
export const MAC_KIND_UPLOAD: i32 = 1;
export const MAC_KIND_ANNOUNCEMENT: i32 = 2;
export const MAC_KIND_RECEIPT: i32 = 3;
export const SPLIT_TRAIN: i32 = 0;
export const SPLIT_TEST: i32 = 1;
export const HELLO_FLAG_PULL_SAMPLES: i32 = 1;
export const HELLO_FLAG_NO_KERNEL: i32 = 2;
export const LAYER_FLAG_RELU: i32 = 1;
export const LAYER_FLAG_LOGITS: i32 = 2;
export const LAYER_FLAG_GATED: i32 = 4;
export const LAYER_FLAG_PROPAGATE: i32 = 8;
export const LAYER_FLAG_TRAINED: i32 = 16;
export const REGION_DESCRIPTOR: i32 = 0;
export const REGION_LAYERS: i32 = 1;
export const REGION_PARAMETERS: i32 = 2;
export const REGION_ACTIVATIONS: i32 = 3;
export const REGION_WIDE: i32 = 4;
export const REGION_SCRATCH: i32 = 5;
export const REGION_ERROR: i32 = 6;
export const REGION_LOGITS: i32 = 7;
export const REGION_LOSS: i32 = 8;
export const REGION_CONFUSION: i32 = 9;
export const REGION_CLASS_WEIGHTS: i32 = 10;
export const REGION_IO: i32 = 11;

// Byte offsets in the parameter block.
export const BLOCK_ABI: i32 = 0;
export const BLOCK_NUMERICS: i32 = 4;
export const BLOCK_INTRINSIC_SET: i32 = 8;
export const BLOCK_MEMORY_BYTES: i32 = 12;
export const BLOCK_ARENA_BYTES: i32 = 16;
export const BLOCK_DESCRIPTOR_PTR: i32 = 20;
export const BLOCK_DESCRIPTOR_BYTES: i32 = 24;
export const BLOCK_PARAMETERS: i32 = 28;
export const BLOCK_LAYERS: i32 = 32;
export const BLOCK_CLASSES: i32 = 36;
export const BLOCK_INPUT_PTR: i32 = 40;
export const BLOCK_INPUT_BYTES: i32 = 44;
export const BLOCK_IO_PTR: i32 = 48;
export const BLOCK_LOGITS_PTR: i32 = 52;
export const BLOCK_LOGITS_EXPONENT: i32 = 56;
export const BLOCK_CLASS_WEIGHTS_PTR: i32 = 60;
export const BLOCK_CONFUSION_PTR: i32 = 64;
export const BLOCK_FEDERATION_SEED: i32 = 68;
export const BLOCK_BASE_VERSION: i32 = 72;
export const BLOCK_NODE_KEY: i32 = 76;
export const BLOCK_LR_SHIFT: i32 = 80;
export const BLOCK_LR_DECAY: i32 = 84;
export const BLOCK_TOTAL_STEPS: i32 = 88;
export const BLOCK_SKIP_THRESHOLD: i32 = 92;
export const BLOCK_STEP: i32 = 96;
export const BLOCK_SAMPLES: i32 = 100;
export const BLOCK_SKIPPED: i32 = 104;
export const BLOCK_WEIGHT_SATURATIONS: i32 = 108;
export const BLOCK_LOSS_LOW: i32 = 112;
export const BLOCK_LOSS_HIGH: i32 = 116;
export const BLOCK_SCORE: i32 = 120;
export const BLOCK_FROZEN_LAYERS: i32 = 124;
export const BLOCK_PROXIMAL_SHIFT: i32 = 128;
export const BLOCK_REGIONS_PTR: i32 = 132;
export const BLOCK_REGION_COUNT: i32 = 136;
export const BLOCK_RESERVED0: i32 = 140;
export const BLOCK_CODEC_OFFSET: i32 = 144;
export const BLOCK_DENSITY: i32 = 148;
export const BLOCK_RESIDUAL_SATURATIONS: i32 = 152;
export const BLOCK_PERSONAL_LAYERS: i32 = 156;
export const BLOCK_BYTES: i32 = 160;

// Byte offsets in descriptor records, after the record header.
export const INPUT_HEIGHT: i32 = 0;
export const INPUT_WIDTH: i32 = 2;
export const INPUT_CHANNELS: i32 = 4;
export const INPUT_EXPONENT: i32 = 6;
export const INPUT_RESERVED: i32 = 7;
export const INPUT_MICRO_UNITS_PER_LSB: i32 = 8;
export const INPUT_UNIT: i32 = 12;
export const INPUT_BYTES: i32 = 16;
export const DENSE_INPUT_TENSOR: i32 = 0;
export const DENSE_OUTPUT_TENSOR: i32 = 2;
export const DENSE_INPUTS: i32 = 4;
export const DENSE_OUTPUTS: i32 = 6;
export const DENSE_WEIGHT_EXPONENT: i32 = 8;
export const DENSE_ACTIVATION: i32 = 9;
export const DENSE_INIT_BOUND: i32 = 10;
export const DENSE_BYTES: i32 = 12;
export const CONV_INPUT_TENSOR: i32 = 0;
export const CONV_OUTPUT_TENSOR: i32 = 2;
export const CONV_FILTERS: i32 = 4;
export const CONV_INIT_BOUND: i32 = 6;
export const CONV_KERNEL_HEIGHT: i32 = 8;
export const CONV_KERNEL_WIDTH: i32 = 9;
export const CONV_STRIDE_HEIGHT: i32 = 10;
export const CONV_STRIDE_WIDTH: i32 = 11;
export const CONV_PAD_TOP: i32 = 12;
export const CONV_PAD_LEFT: i32 = 13;
export const CONV_PAD_BOTTOM: i32 = 14;
export const CONV_PAD_RIGHT: i32 = 15;
export const CONV_WEIGHT_EXPONENT: i32 = 16;
export const CONV_ACTIVATION: i32 = 17;
export const CONV_RESERVED: i32 = 18;
export const CONV_BYTES: i32 = 20;
export const DEPTHWISE_INPUT_TENSOR: i32 = 0;
export const DEPTHWISE_OUTPUT_TENSOR: i32 = 2;
export const DEPTHWISE_FILTERS: i32 = 4;
export const DEPTHWISE_INIT_BOUND: i32 = 6;
export const DEPTHWISE_KERNEL_HEIGHT: i32 = 8;
export const DEPTHWISE_KERNEL_WIDTH: i32 = 9;
export const DEPTHWISE_STRIDE_HEIGHT: i32 = 10;
export const DEPTHWISE_STRIDE_WIDTH: i32 = 11;
export const DEPTHWISE_PAD_TOP: i32 = 12;
export const DEPTHWISE_PAD_LEFT: i32 = 13;
export const DEPTHWISE_PAD_BOTTOM: i32 = 14;
export const DEPTHWISE_PAD_RIGHT: i32 = 15;
export const DEPTHWISE_WEIGHT_EXPONENT: i32 = 16;
export const DEPTHWISE_ACTIVATION: i32 = 17;
export const DEPTHWISE_RESERVED: i32 = 18;
export const DEPTHWISE_BYTES: i32 = 20;
export const MAX_POOL_INPUT_TENSOR: i32 = 0;
export const MAX_POOL_OUTPUT_TENSOR: i32 = 2;
export const MAX_POOL_KERNEL_HEIGHT: i32 = 4;
export const MAX_POOL_KERNEL_WIDTH: i32 = 5;
export const MAX_POOL_STRIDE_HEIGHT: i32 = 6;
export const MAX_POOL_STRIDE_WIDTH: i32 = 7;
export const MAX_POOL_BYTES: i32 = 8;
export const AVERAGE_POOL_INPUT_TENSOR: i32 = 0;
export const AVERAGE_POOL_OUTPUT_TENSOR: i32 = 2;
export const AVERAGE_POOL_KERNEL_HEIGHT: i32 = 4;
export const AVERAGE_POOL_KERNEL_WIDTH: i32 = 5;
export const AVERAGE_POOL_STRIDE_HEIGHT: i32 = 6;
export const AVERAGE_POOL_STRIDE_WIDTH: i32 = 7;
export const AVERAGE_POOL_BYTES: i32 = 8;
export const GLOBAL_AVERAGE_POOL_INPUT_TENSOR: i32 = 0;
export const GLOBAL_AVERAGE_POOL_OUTPUT_TENSOR: i32 = 2;
export const GLOBAL_AVERAGE_POOL_BYTES: i32 = 4;
export const EMBEDDING_INPUT_TENSOR: i32 = 0;
export const EMBEDDING_OUTPUT_TENSOR: i32 = 2;
export const EMBEDDING_VOCABULARY: i32 = 4;
export const EMBEDDING_CHANNELS: i32 = 6;
export const EMBEDDING_INIT_BOUND: i32 = 8;
export const EMBEDDING_WEIGHT_EXPONENT: i32 = 10;
export const EMBEDDING_RESERVED: i32 = 11;
export const EMBEDDING_BYTES: i32 = 12;
export const SOFTMAX_CROSS_ENTROPY_INPUT_TENSOR: i32 = 0;
export const SOFTMAX_CROSS_ENTROPY_CLASSES: i32 = 2;
export const SOFTMAX_CROSS_ENTROPY_BYTES: i32 = 4;
export const SQUARED_ERROR_INPUT_TENSOR: i32 = 0;
export const SQUARED_ERROR_ELEMENTS: i32 = 2;
export const SQUARED_ERROR_BYTES: i32 = 4;

/** LAYER: a layer as plan lays it out. */
@unmanaged
export class Layer {
  /** input with its padding, int8 [padTop + H + padBottom][padLeft + W + padRight][C] */
  x: u32;
  /** first output that is not padding, int8; or int32 logits */
  y: u32;
  /** bytes from one row of y to the next */
  yStride: u32;
  /** int16 [rows][rowWords] */
  weights: u32;
  /** words from one row to the next: its length rounded up to 4; the rest is 0 */
  rowWords: u32;
  /** int16 [O] */
  bias: u32;
  /** int8 error of y [OH][OW][O]; backward leaves that of x [H][W][C] here */
  error: u32;
  /** int32 [OH][OW][O] forward, and the size of x with its padding backward */
  wide: u32;
  /** memory a call may use as it likes, 8-byte aligned */
  scratch: u32;
  /** its size */
  scratchBytes: u32;
  /** of x for the sample at hand */
  inputExponent: i32;
  /** of y, set by forward */
  outputExponent: i32;
  /** RECORD */
  kind: u16;
  /** LAYER_FLAG bits */
  flags: u16;
  /** l: number among the layers with parameters */
  index: u16;
  /** H */
  height: u16;
  /** W */
  width: u16;
  /** C */
  channels: u16;
  /** OH */
  outputHeight: u16;
  /** OW */
  outputWidth: u16;
  /** O */
  outputs: u16;
  /** KH; of an EMBEDDING V */
  kernelHeight: u16;
  /** KW */
  kernelWidth: u16;
  /** rows from one position to the next */
  strideHeight: u16;
  /** columns from one position to the next */
  strideWidth: u16;
  /** rows of zeros above x */
  padTop: u16;
  /** columns of zeros before x */
  padLeft: u16;
  /** rows of zeros under x */
  padBottom: u16;
  /** columns of zeros behind x */
  padRight: u16;
  /** ew */
  weightExponent: i16;
  /** Bq */
  initBound: u16;
  /** of no meaning to intrinsics; the portable kernel notes here how large weights may be */
  bound: u16;
}

/** HEAD: the loss as plan lays it out. */
@unmanaged
export class Head {
  /** int32 z [elements] */
  logits: u32;
  /** int32 [elements], error of the loss */
  err: u32;
  /** int8 [elements], the same requantised */
  error: u32;
  /** SQUARED_ERROR: the sample, int8 [elements] */
  target: u32;
  /** int8 exponent [classes] */
  classWeights: u32;
  /** classes of a softmax, elements of a reconstruction */
  elements: u32;
  /** el */
  logitsExponent: i32;
  /** exponent of the sample */
  targetExponent: i32;
  /** set: first class of the largest logit, 0 for SQUARED_ERROR */
  predicted: i32;
  /** set: loss of the sample */
  loss: i32;
}

/** DENSE or CONV: y and outputExponent from x (2.3) */
// @ts-ignore: decorator
@external('linnet', 'linear_forward')
export declare function linear_forward(layer: i32): i32;

/** DENSE or CONV: error of x if PROPAGATE, with the weights before the update (2.6); update if TRAINED (2.7); answers the exponent of the new error + EXPONENT_BIAS */
// @ts-ignore: decorator
@external('linnet', 'linear_backward')
export declare function linear_backward(layer: i32, errorExponent: i32, stepSeed: i32, lrShift: i32): i32;

/** DEPTHWISE, likewise */
// @ts-ignore: decorator
@external('linnet', 'depthwise_forward')
export declare function depthwise_forward(layer: i32): i32;

/** DEPTHWISE, likewise */
// @ts-ignore: decorator
@external('linnet', 'depthwise_backward')
export declare function depthwise_backward(layer: i32, errorExponent: i32, stepSeed: i32, lrShift: i32): i32;

/** the three pools: y and outputExponent from x */
// @ts-ignore: decorator
@external('linnet', 'pool_forward')
export declare function pool_forward(layer: i32): i32;

/** the three pools: error of x; answers its exponent + EXPONENT_BIAS */
// @ts-ignore: decorator
@external('linnet', 'pool_backward')
export declare function pool_backward(layer: i32, errorExponent: i32): i32;

/** predicted, loss and err (2.4); if max |err| > skipThreshold also error, and answers its exponent + EXPONENT_BIAS, else LOSS_SKIPPED; of NO_LABEL predicted alone, loss 0 and LOSS_SKIPPED */
// @ts-ignore: decorator
@external('linnet', 'softmax_cross_entropy')
export declare function softmax_cross_entropy(head: i32, label: i32, skipThreshold: i32): i32;

/** the same for SQUARED_ERROR (2.5) */
// @ts-ignore: decorator
@external('linnet', 'squared_error')
export declare function squared_error(head: i32, label: i32, skipThreshold: i32): i32;
