// Generated from host/contract/schema.ts by `npm run gen`; do not edit.

/** Versions, each moving on its own. */
export const version = {
  /** link messages between a device and its host */
  PROTOCOL: 1,
  /** exports of kernel.wasm and the parameter block */
  KERNEL_ABI: 3,
  /** the arithmetic: equal ids give equal bits */
  NUMERICS: 2,
  /** native functions an accelerated kernel imports; a portable one imports none and says 0 */
  INTRINSIC_SET: 1,
  /** model descriptor */
  DESCRIPTOR_FORMAT: 1,
  /** weights of a model version */
  SNAPSHOT_FORMAT: 1,
  /** announcements, envelopes, receipts and states on MQTT */
  WIRE_FORMAT: 2,
} as const;

/** Status codes: 0 or positive is success. */
export const status = {
  /** done */
  OK: 0,
  /** the kernel speaks another ABI or lacks an export */
  ERR_ABI: -1,
  /** the model needs more linear memory than the runtime allows */
  ERR_MEMORY: -2,
  /** the bytes are not a model descriptor of this format */
  ERR_DESCRIPTOR: -3,
  /** the descriptor names a layer or loss this kernel does not have */
  ERR_UNKNOWN_OP: -4,
  /** a layer does not fit the tensor it reads, or a size is zero or too large */
  ERR_SHAPE: -5,
  /** an argument or a plan value lies outside its range */
  ERR_RANGE: -6,
  /** the label is not below the number of classes */
  ERR_LABEL: -7,
  /** the call came before the one it depends on */
  ERR_STATE: -8,
  /** a guard word between two arena regions was overwritten */
  ERR_CANARY: -9,
  /** a layer reads a tensor that is undefined or already read, or defines one twice */
  ERR_TENSOR: -10,
  /** an exponent of the descriptor lies outside its range */
  ERR_EXPONENT: -11,
  /** the kernel imports native functions that this runtime does not supply in this version */
  ERR_INTRINSICS: -12,
  /** the kernel trapped */
  ERR_TRAP: -20,
  /** the wasm engine refused the kernel */
  ERR_ENGINE: -21,
  /** the bytes do not have the announced SHA-256 */
  ERR_HASH: -22,
  /** the flash could not be erased, programmed or read back */
  ERR_FLASH: -23,
  /** the object is larger than its slot or buffer */
  ERR_FULL: -24,
  /** a frame was malformed, too long or had a bad checksum */
  ERR_FRAME: -25,
  /** a message was malformed or unknown */
  ERR_MESSAGE: -26,
  /** the plan or format asks for something this node does not have */
  ERR_UNSUPPORTED: -27,
  /** the answer is not available yet */
  ERR_LATER: -28,
  /** nothing has this name, hash or index */
  ERR_NOT_FOUND: -29,
  /** the peer did not answer in time */
  ERR_TIMEOUT: -30,
  /** the peer speaks another version of the protocol or a format */
  ERR_VERSION: -31,
  /** a payload is not deterministic CBOR of the specified shape */
  ERR_CBOR: -32,
  /** the node has no samples to train on */
  ERR_NO_SAMPLES: -33,
  /** every announced kernel that the device could run has failed its trial there */
  ERR_TRIAL: -34,
  /** the announcement has no tag, or a wrong one, for the key of this node */
  ERR_MAC: -35,
  /** the announcement is older than one this node has accepted */
  ERR_ROLLBACK: -36,
  /** the command line makes no sense */
  ERR_USAGE: -50,
  /** the configuration makes no sense */
  ERR_CONFIG: -51,
  /** the data file cannot be used */
  ERR_DATA: -52,
  /** the link to the device failed */
  ERR_LINK: -53,
  /** the broker could not be reached or refused */
  ERR_MQTT: -54,
  /** the store could not be read or written */
  ERR_STORE: -55,
  /** no device, or more than one, was found */
  ERR_NO_DEVICE: -56,
  /** a compiler or emulator this needs is missing */
  ERR_TOOLCHAIN: -57,
  /** Linnet contradicted itself */
  ERR_INTERNAL: -58,
  /** the broker or a signature refused the credentials */
  ERR_AUTH: -59,
  /** a trained model cannot be taken over as it is */
  ERR_MODEL: -60,
  /** the model does not fit the stated device */
  ERR_BUDGET: -61,
} as const;

export type StatusName = keyof typeof status;

/** Sizes, limits and magic numbers. */
export const constant = {
  /** bytes "LNND" */
  DESCRIPTOR_MAGIC: 1145982540,
  /** magic, format, records, total, reserved */
  DESCRIPTOR_HEADER_BYTES: 16,
  /** largest descriptor */
  DESCRIPTOR_MAX_BYTES: 4096,
  /** u16 tag, u16 payload bytes */
  RECORD_HEADER_BYTES: 4,
  /** records in a descriptor */
  MAX_RECORDS: 64,
  /** tensor ids are below this */
  MAX_TENSORS: 64,
  /** classes of the softmax */
  MAX_CLASSES: 256,
  /** input and weight exponents are in −24…24 */
  MAX_EXPONENT: 24,
  /** bytes "LNNW" */
  SNAPSHOT_MAGIC: 1464749644,
  /** magic, format, reserved, parameters, reserved, descriptor hash */
  SNAPSHOT_HEADER_BYTES: 48,
  /** capacity of the kernel’s transfer buffer */
  IO_WORDS: 128,
  /** default largest message, header included */
  FRAME_MAX_PAYLOAD: 512,
  /** smallest maximum a peer may ask for */
  FRAME_MIN_PAYLOAD: 128,
  /** u8 id, u8 flags, u16 sequence */
  MESSAGE_HEADER_BYTES: 4,
  /** bit of the message flags */
  MESSAGE_FLAG_RESPONSE: 1,
  /** an announcement fits one frame */
  ANNOUNCEMENT_MAX_BYTES: 448,
  /** a receipt fits one frame */
  RECEIPT_MAX_BYTES: 128,
  /** federation and node names: [A-Za-z0-9_.-]+ */
  NAME_MAX_BYTES: 32,
  /** slice of an object on MQTT */
  OBJECT_SLICE_BYTES: 32768,
  /** leading bytes of a SHA-256 that serve as an id */
  ID_BYTES: 8,
  /** leading bytes of an HMAC-SHA-256: a tag */
  MAC_BYTES: 16,
  /** key of a node */
  KEY_BYTES: 32,
  /** SHA-256 */
  HASH_BYTES: 32,
  /** Ed25519 signature */
  SIGNATURE_BYTES: 64,
  /** cap of ⌈samples / unit⌉ */
  MAX_CONTRIBUTION_WEIGHT: 15,
  /** deltas saturate to ± this */
  DELTA_LIMIT: 32767,
  /** 0.05: no backward pass at or below */
  SKIP_THRESHOLD_DEFAULT: 1638,
  /** one update moves a word by −4096…4095 */
  UPDATE_LIMIT: 4096,
  /** elements of a tensor, and of a window */
  MAX_ELEMENTS: 32768,
  /** elements of a tensor with its padding */
  MAX_PADDED: 65536,
  /** positions of a convolution or window of a pool */
  MAX_POSITIONS: 4096,
  /** largest initBound */
  MAX_INIT_BOUND: 16383,
  /** tokens of an embedding */
  MAX_VOCABULARY: 256,
  /** calls that answer an exponent add this: 0…127 */
  EXPONENT_BIAS: 64,
  /** answer of a loss whose error needs no backward pass */
  LOSS_SKIPPED: 128,
  /** most parameters one call of encode or decode takes; behind them in the transfer buffer lie the coded bytes */
  CODEC_WORDS: 32,
  /** words of a layer that SPARSE_TERNARY codes, at most */
  MAX_DENSITY: 1000,
  /** label of a softmax of which only the prediction is asked for */
  NO_LABEL: 4294967295,
  /** a node with a proximal term pulls after each of these */
  PROXIMAL_INTERVAL: 16,
  /** between the base of a delta and the version it counts in, at most: it counts a sixteenth then */
  MAX_STALENESS: 255,
  /** weakest pull is 2^−15 */
  MAX_PROXIMAL_SHIFT: 15,
} as const;

/** tags of descriptor records. */
export const record = {
  /** the input tensor */
  INPUT: 1,
  /** fully connected layer */
  DENSE: 16,
  /** convolution in one or two dimensions */
  CONV: 17,
  /** convolution of each channel with its own kernel */
  DEPTHWISE: 18,
  /** largest value of each window */
  MAX_POOL: 19,
  /** mean of each window */
  AVERAGE_POOL: 20,
  /** mean of each channel */
  GLOBAL_AVERAGE_POOL: 21,
  /** a row of a table for each token */
  EMBEDDING: 22,
  /** classification loss */
  SOFTMAX_CROSS_ENTROPY: 64,
  /** reconstruction loss of an autoencoder */
  SQUARED_ERROR: 65,
} as const;

export type RecordName = keyof typeof record;

/** activation fused into a layer. */
export const activation = {
  /** identity */
  NONE: 0,
  /** max(0, x) on the accumulator, before requantisation */
  RELU: 1,
} as const;

export type ActivationName = keyof typeof activation;

/** purposes that separate random streams. */
export const purpose = {
  /** initial weights */
  INIT: 1,
  /** order of samples */
  ORDER: 2,
  /** stochastic rounding of weight updates */
  UPDATE: 3,
  /** stochastic rounding of coded deltas */
  CODEC: 4,
  /** not used: differences have a node key of their own (2.9) */
  BROADCAST: 5,
  /** the seed of one node in one version */
  NODE: 6,
  /** stochastic rounding of the pull toward the base */
  PROXIMAL: 7,
} as const;

export type PurposeName = keyof typeof purpose;

/** what a node does with an announced version. */
export const task = {
  /** install the model and rest */
  NONE: 0,
  /** train and upload a delta */
  TRAIN: 1,
  /** count a confusion matrix on the test split and upload it */
  EVALUATE: 2,
  /** evaluate, then train; one upload */
  BOTH: 3,
  /** evaluate, train, then evaluate what was trained; one upload */
  PERSONALISE: 4,
} as const;

export type TaskName = keyof typeof task;

/** coding of the delta in an upload. */
export const codec = {
  /** little-endian int16 per parameter */
  RAW_INT16: 0,
  /** exact int16 delta, Rice-coded */
  RICE_INT16: 1,
  /** stochastic 2-bit delta, Rice-coded */
  DENSE_2: 18,
  /** stochastic 3-bit delta, Rice-coded */
  DENSE_3: 19,
  /** stochastic 4-bit delta, Rice-coded */
  DENSE_4: 20,
  /** stochastic 5-bit delta, Rice-coded */
  DENSE_5: 21,
  /** stochastic 6-bit delta, Rice-coded */
  DENSE_6: 22,
  /** stochastic 7-bit delta, Rice-coded */
  DENSE_7: 23,
  /** stochastic 8-bit delta, Rice-coded */
  DENSE_8: 24,
  /** the largest words of delta + residual, one magnitude per layer, Rice-coded gaps */
  SPARSE_TERNARY: 32,
  /** no delta: an evaluation or a local fine-tuning (7.6) */
  NONE: 255,
} as const;

export type CodecName = keyof typeof codec;

/** learning-rate schedule inside one training call. */
export const decay = {
  /** lrShift throughout */
  CONSTANT: 0,
  /** +1, +2, +3 at 50, 75, 90 % of the steps */
  STEPS: 1,
} as const;

export type DecayName = keyof typeof decay;

/** the aggregator’s answer to an upload. */
export const receipt = {
  /** in the ledger, counted once */
  ACCEPTED: 0,
  /** the same bytes were accepted before */
  DUPLICATE: 1,
  /** other bytes were accepted under this key */
  CONFLICT: 2,
  /** the base version is closed */
  STALE: 3,
  /** authentication failed */
  BAD_MAC: 4,
  /** the base version or artefact is unknown */
  BAD_BASE: 5,
  /** accepted after clipping to the norm bound */
  CLIPPED: 6,
  /** kept aside, not counted */
  QUARANTINED: 7,
  /** not taken: send again after retryMs */
  LATER: 8,
  /** not an envelope of this format */
  MALFORMED: 9,
  /** the codec is not known here */
  UNKNOWN_CODEC: 10,
  /** the node is not in the cohort */
  INELIGIBLE: 11,
} as const;

export type ReceiptName = keyof typeof receipt;

/** states of the node. */
export const nodeState = {
  /** introducing itself to the host */
  HELLO: 0,
  /** waiting for an announcement */
  IDLE: 1,
  /** fetching kernel, descriptor or snapshot */
  FETCH: 2,
  /** evaluating the installed model */
  EVALUATE: 3,
  /** training */
  TRAIN: 4,
  /** offering or streaming the upload */
  UPLOAD: 5,
  /** waiting for the receipt */
  RECEIPT: 6,
  /** stopped; STATUS says why */
  FAILED: 7,
  /** not taking part in the announced version yet (7.5) */
  WAITING: 8,
} as const;

export type NodeStateName = keyof typeof nodeState;

/** what a port knows of its device; each is also its key in Eligibility. */
export const condition = {
  /** charge of the battery, percent */
  BATTERY: 1,
  /** 1: supplied from outside, 0: not */
  CHARGING: 2,
  /** quality of the link, percent */
  LINK: 3,
  /** memory for kernel and model, KiB */
  RAM: 4,
} as const;

export type ConditionName = keyof typeof condition;

/** why the device started. */
export const resetReason = {
  /** power on */
  POWER: 0,
  /** RESET message or software reset */
  REQUEST: 1,
  /** watchdog */
  WATCHDOG: 2,
  /** processor fault */
  FAULT: 3,
} as const;

export type ResetReasonName = keyof typeof resetReason;

/** levels of LOG messages. */
export const logLevel = {
  /** something failed */
  ERROR: 0,
  /** something was tolerated */
  WARN: 1,
  /** a state was reached */
  INFO: 2,
  /** for developers */
  DEBUG: 3,
} as const;

export type LogLevelName = keyof typeof logLevel;

/** what a tag is of. */
export const macKind = {
  /** envelope, under its descriptor hash */
  UPLOAD: 1,
  /** SHA-256 of an announcement */
  ANNOUNCEMENT: 2,
  /** receipt, under its descriptor hash */
  RECEIPT: 3,
} as const;

export type MacKindName = keyof typeof macKind;

/** which samples of a node. */
export const split = {
  /** samples to train on */
  TRAIN: 0,
  /** samples held out on the node */
  TEST: 1,
} as const;

export type SplitName = keyof typeof split;

/** bits of HELLO.flags. */
export const helloFlag = {
  /** the device pulls its samples over the link */
  PULL_SAMPLES: 1,
  /** the device has no kernel yet */
  NO_KERNEL: 2,
} as const;

export type HelloFlagName = keyof typeof helloFlag;

/** bits of LAYER.flags. */
export const layerFlag = {
  /** the activation is RELU */
  RELU: 1,
  /** y receives int32 accumulators, not requantised */
  LOGITS: 2,
  /** x was made with RELU: the error of a zero is zero */
  GATED: 4,
  /** backward makes the error of x */
  PROPAGATE: 8,
  /** backward updates the parameters */
  TRAINED: 16,
} as const;

export type LayerFlagName = keyof typeof layerFlag;

/** regions of the arena, in the order of the table at regionsPtr. */
export const region = {
  /** the model descriptor */
  DESCRIPTOR: 0,
  /** LAYER structures */
  LAYERS: 1,
  /** weight and bias words */
  PARAMETERS: 2,
  /** inputs of the layers, int8 */
  ACTIVATIONS: 3,
  /** int32 accumulators forward, input gradients backward */
  WIDE: 4,
  /** spread operands of one layer */
  SCRATCH: 5,
  /** error at the output of one layer, int8 */
  ERROR: 6,
  /** int32 output of the last layer */
  LOGITS: 7,
  /** int32 error of the loss */
  LOSS: 8,
  /** u32 confusion matrix */
  CONFUSION: 9,
  /** int8 exponent per class */
  CLASS_WEIGHTS: 10,
  /** transfer buffer */
  IO: 11,
} as const;

export type RegionName = keyof typeof region;

/** Word index in the kernel’s parameter block. */
export const blockWord = {
  /** out: KERNEL_ABI */
  abi: 0,
  /** out: NUMERICS */
  numerics: 1,
  /** out: intrinsic set the kernel imports, 0 = none */
  intrinsicSet: 2,
  /** in: linear memory the kernel may use, bytes */
  memoryBytes: 3,
  /** out: plan: linear memory the model needs, bytes */
  arenaBytes: 4,
  /** out: where to write the descriptor before plan */
  descriptorPtr: 5,
  /** in: its length */
  descriptorBytes: 6,
  /** out: plan: parameters of the model, P */
  parameters: 7,
  /** out: plan: layers with parameters */
  layers: 8,
  /** out: plan: classes */
  classes: 9,
  /** out: plan: where to write a sample, int8 channels-last */
  inputPtr: 10,
  /** out: plan: bytes of a sample */
  inputBytes: 11,
  /** out: plan: transfer buffer of IO_WORDS int16 */
  ioPtr: 12,
  /** out: plan: int32 logits after infer, evaluate, train */
  logitsPtr: 13,
  /** out: exponent of the logits of the last sample */
  logitsExponent: 14,
  /** out: plan: int8 exponent per class, written before begin */
  classWeightsPtr: 15,
  /** out: plan: u32 [true class][predicted class] */
  confusionPtr: 16,
  /** in: u32 seed of the federation */
  federationSeed: 17,
  /** in: u32 version the training starts from */
  baseVersion: 18,
  /** in: u32 logical node index: leading bytes of SHA-256(node name), little-endian */
  nodeKey: 19,
  /** in: learning rate 2^−lrShift, 0…24 */
  lrShift: 20,
  /** in: DECAY */
  lrDecay: 21,
  /** in: steps of the whole call sequence, for the decay */
  totalSteps: 22,
  /** in: Q15: no backward pass if max |err| ≤ this, 0…32767 */
  skipThreshold: 23,
  /** out: training steps since begin */
  step: 24,
  /** out: samples counted since begin */
  samples: 25,
  /** out: backward passes skipped since begin */
  skipped: 26,
  /** out: parameter words at the int16 limits, counted by saturations */
  weightSaturations: 27,
  /** out: low word of the summed loss, Q10 bits */
  lossLow: 28,
  /** out: high word */
  lossHigh: 29,
  /** out: loss of the last sample; after infer that of SQUARED_ERROR, 0 of a softmax */
  score: 30,
  /** in: bit l: layer l (with parameters) is not trained; read by plan */
  frozenLayers: 31,
  /** in: pull moves words by 2^−this of their way, 0 = none */
  proximalShift: 32,
  /** out: plan: u32 address and u32 bytes of every REGION */
  regionsPtr: 33,
  /** out: plan: entries of that table */
  regionCount: 34,
  /** in: 0 */
  reserved0: 35,
  /** out: encode, decode: parameter that comes next; parameters at the end */
  codecOffset: 36,
  /** in: SPARSE_TERNARY: words coded of each segment, per mille, 1…1000; read by encoding */
  density: 37,
  /** out: SPARSE_TERNARY: words of the new residual that were limited to ±32,767 since encoding */
  residualSaturations: 38,
  /** in: bit l: layer l has no segment in payloads; where there is one, load and store move nothing but these layers, delta and pull nothing but the others; read by each of these calls */
  personalLayers: 39,
} as const;

/** Link messages. */
export const messageId = {
  /** introduces the device after every start and whenever the link comes back; a mismatch is answered */
  HELLO: 1,
  /** the announcement of a version, byte for byte as it came over MQTT */
  ANNOUNCE: 2,
  /** reads a slice of an object (kernel, descriptor, snapshot, difference) by its SHA-256 */
  OBJECT: 3,
  /** reads a slice of a sample; compiled out of production builds */
  SAMPLE: 4,
  /** offers an upload; the answer says where to go on, so an interrupted upload resumes */
  OFFER: 5,
  /** a slice of the offered envelope */
  UPLOAD: 6,
  /** the aggregator’s receipt, byte for byte as it came over MQTT */
  RECEIPT: 7,
  /** is the peer alive */
  PING: 8,
  /** what the device is doing and how much it has used */
  STATUS: 9,
  /** a line for the operator */
  LOG: 10,
  /** what a processor fault or the watchdog left of the last run; repeated until it is answered, then forgotten */
  FAULT: 12,
  /** restarts the device after answering */
  RESET: 11,
} as const;

/** Exports of kernel.wasm beside `memory`; negative results are status codes. */
export interface KernelExports {
  /** KERNEL_ABI; callable before anything else */
  abi(): number;
  /** address of the parameter block */
  block(): number;
  /** the first part of plan: validate the descriptor */
  prepare(): number;
  /** the second part: give every region its place; sets arenaBytes and needs none of it yet */
  arrange(): number;
  /** what is left of the three: claim the arena, clear it, set the outputs; on ERR_MEMORY arenaBytes says the need */
  plan(): number;
  /** fill the weights from the INIT streams of seed, biases 0 */
  initialise(seed: number): number;
  /** parameters [offset, offset+count) from the transfer buffer */
  load(offset: number, count: number): number;
  /** parameters to the transfer buffer */
  store(offset: number, count: number): number;
  /** transfer buffer holds base parameters and receives current − base, saturated */
  delta(offset: number, count: number): number;
  /** start a training or evaluation call sequence: counters to 0, seeds mixed */
  begin(): number;
  /** a seeded permutation of 0…count−1 at index */
  order(stream: number, count: number, index: number): number;
  /** one training step on the sample at inputPtr; returns 1 if the backward pass was skipped */
  train(label: number): number;
  /** inference, counted in loss and confusion; returns the class */
  evaluate(label: number): number;
  /** inference; returns the class */
  infer(): number;
  /** OK if every canary of the arena lives */
  check(): number;
  /** answers how many parameter words are at the int16 limits */
  saturations(): number;
  /** transfer buffer holds base parameters; moves the words toward them by 2^−proximalShift */
  pull(offset: number, count: number): number;
  /** start a payload (9) of current − base */
  encoding(codec: number): number;
  /** transfer buffer holds base parameters from codecOffset on, and residuals in its last CODEC_WORDS words; answers the bytes that lie behind its first CODEC_WORDS words + 256 · words that are coded */
  encode(count: number): number;
  /** start to read a payload */
  decoding(codec: number): number;
  /** bytes of the payload lie behind CODEC_WORDS words of the transfer buffer, which receives deltas from codecOffset on; answers bytes taken + 256 · words */
  decode(bytes: number): number;
}

/** Native functions an accelerated kernel imports from module `linnet`, in the order of their numbers. */
export const intrinsicNames = ['linear_forward', 'linear_backward', 'depthwise_forward', 'depthwise_backward', 'pool_forward', 'pool_backward', 'softmax_cross_entropy', 'squared_error'] as const;

export interface InputRecord {
  /** H; 1 for a series or a flat vector */
  readonly height: number;
  /** W of an image or T of a series */
  readonly width: number;
  /** C, the fastest index */
  readonly channels: number;
  /** real value = int8 · 2^exponent */
  readonly exponent: number;
  /** 0 */
  readonly reserved: number;
  /** physical scale in millionths of the unit, 0 = not stated */
  readonly microUnitsPerLsb: number;
  /** up to four ASCII letters of the unit, zero-padded */
  readonly unit: number;
}

export interface DenseRecord {
  /** tensor id read */
  readonly inputTensor: number;
  /** tensor id defined */
  readonly outputTensor: number;
  /** I, elements of the input tensor */
  readonly inputs: number;
  /** O */
  readonly outputs: number;
  /** ew: int8 operand · 2^ew */
  readonly weightExponent: number;
  /** ACTIVATION */
  readonly activation: number;
  /** Bq: initial weights are uniform in ±Bq · 2^(ew−8) */
  readonly initBound: number;
}

export interface ConvRecord {
  /** tensor id read */
  readonly inputTensor: number;
  /** tensor id defined */
  readonly outputTensor: number;
  /** O */
  readonly filters: number;
  /** Bq: initial weights are uniform in ±Bq · 2^(ew−8) */
  readonly initBound: number;
  /** KH; 1 for a series */
  readonly kernelHeight: number;
  /** KW */
  readonly kernelWidth: number;
  /** rows from one position to the next */
  readonly strideHeight: number;
  /** columns from one position to the next */
  readonly strideWidth: number;
  /** rows of zeros above the input, below KH */
  readonly padTop: number;
  /** columns of zeros before it, below KW */
  readonly padLeft: number;
  /** rows of zeros under it, below KH */
  readonly padBottom: number;
  /** columns of zeros behind it, below KW */
  readonly padRight: number;
  /** ew: int8 operand · 2^ew */
  readonly weightExponent: number;
  /** ACTIVATION */
  readonly activation: number;
  /** 0 */
  readonly reserved: number;
}

export interface DepthwiseRecord {
  /** tensor id read */
  readonly inputTensor: number;
  /** tensor id defined */
  readonly outputTensor: number;
  /** equal to the channels of the input */
  readonly filters: number;
  /** Bq: initial weights are uniform in ±Bq · 2^(ew−8) */
  readonly initBound: number;
  /** KH; 1 for a series */
  readonly kernelHeight: number;
  /** KW */
  readonly kernelWidth: number;
  /** rows from one position to the next */
  readonly strideHeight: number;
  /** columns from one position to the next */
  readonly strideWidth: number;
  /** rows of zeros above the input, below KH */
  readonly padTop: number;
  /** columns of zeros before it, below KW */
  readonly padLeft: number;
  /** rows of zeros under it, below KH */
  readonly padBottom: number;
  /** columns of zeros behind it, below KW */
  readonly padRight: number;
  /** ew: int8 operand · 2^ew */
  readonly weightExponent: number;
  /** ACTIVATION */
  readonly activation: number;
  /** 0 */
  readonly reserved: number;
}

export interface MaxPoolRecord {
  /** tensor id read */
  readonly inputTensor: number;
  /** tensor id defined */
  readonly outputTensor: number;
  /** KH, at most H; 1 for a series */
  readonly kernelHeight: number;
  /** KW, at most W */
  readonly kernelWidth: number;
  /** rows from one window to the next */
  readonly strideHeight: number;
  /** columns from one window to the next */
  readonly strideWidth: number;
}

export interface AveragePoolRecord {
  /** tensor id read */
  readonly inputTensor: number;
  /** tensor id defined */
  readonly outputTensor: number;
  /** KH, at most H; 1 for a series */
  readonly kernelHeight: number;
  /** KW, at most W */
  readonly kernelWidth: number;
  /** rows from one window to the next */
  readonly strideHeight: number;
  /** columns from one window to the next */
  readonly strideWidth: number;
}

export interface GlobalAveragePoolRecord {
  /** tensor id read */
  readonly inputTensor: number;
  /** tensor id defined: 1 × 1 × C */
  readonly outputTensor: number;
}

export interface EmbeddingRecord {
  /** tensor 0, of one channel: a token per element */
  readonly inputTensor: number;
  /** tensor id defined: H × W × channels */
  readonly outputTensor: number;
  /** V, rows of the table */
  readonly vocabulary: number;
  /** length of a row */
  readonly channels: number;
  /** Bq: initial weights are uniform in ±Bq · 2^(ew−8) */
  readonly initBound: number;
  /** ew: exponent of the output */
  readonly weightExponent: number;
  /** 0 */
  readonly reserved: number;
}

export interface SoftmaxCrossEntropyRecord {
  /** tensor id of the logits */
  readonly inputTensor: number;
  /** classes, equal to the outputs of the layer that made the logits */
  readonly classes: number;
}

export interface SquaredErrorRecord {
  /** tensor id of the reconstruction */
  readonly inputTensor: number;
  /** its elements, equal to those of the input */
  readonly elements: number;
}

export interface HelloRequest {
  /** PROTOCOL */
  readonly protocol: number;
  /** KERNEL_ABI the firmware drives */
  readonly kernelAbi: number;
  /** intrinsic set the firmware supplies, 0 = none */
  readonly intrinsicSet: number;
  /** DESCRIPTOR_FORMAT */
  readonly descriptorFormat: number;
  /** NUMERICS of the installed kernel, 0 = none */
  readonly numerics: number;
  /** starts of this device, counted in its store */
  readonly bootEpoch: number;
  /** RESET_REASON */
  readonly resetReason: number;
  /** HELLO_FLAG bits */
  readonly flags: number;
  /** largest message the device takes, bytes */
  readonly maxPayload: number;
  /** linear memory the device can give a kernel, bytes */
  readonly kernelMemoryBytes: number;
  /** SHA-256 of the installed kernel, zeros = none */
  readonly kernelHash: Uint8Array;
  /** name of the node, empty = not provisioned */
  readonly node: string;
  /** such as native-wasm3, v8, qemu-cortex-m4 */
  readonly runtime: string;
  /** wasm engine and version */
  readonly engine: string;
}

export interface HelloResponse {
  /** PROTOCOL */
  readonly protocol: number;
  /** largest message the host takes, bytes */
  readonly maxPayload: number;
  /** samples the host serves for training, 0 if the device has its own */
  readonly trainSamples: number;
  /** samples the host serves for testing */
  readonly testSamples: number;
  /** name given to a device without one */
  readonly node: string;
}

export interface AnnounceRequest {
  /** its tag for this node (8.2), zeros = none */
  readonly mac: Uint8Array;
  /** CBOR, at most ANNOUNCEMENT_MAX_BYTES */
  readonly announcement: Uint8Array;
}

export type AnnounceResponse = Record<never, never>;

export interface ObjectRequest {
  /** SHA-256 of the object */
  readonly hash: Uint8Array;
  /** first byte */
  readonly offset: number;
  /** bytes wanted */
  readonly length: number;
}

export interface ObjectResponse {
  /** first byte */
  readonly offset: number;
  /** at most length bytes; empty past the end */
  readonly data: Uint8Array;
}

export interface SampleRequest {
  /** SPLIT */
  readonly split: number;
  /** sample */
  readonly index: number;
  /** first input */
  readonly offset: number;
  /** inputs wanted */
  readonly length: number;
}

export interface SampleResponse {
  /** class */
  readonly label: number;
  /** first input */
  readonly offset: number;
  /** int8 inputs */
  readonly data: Uint8Array;
}

export interface OfferRequest {
  /** leading bytes of the descriptor hash */
  readonly model: Uint8Array;
  /** base version */
  readonly version: number;
  /** contribution number */
  readonly contribution: number;
  /** bytes of the envelope */
  readonly length: number;
  /** SHA-256 of the envelope */
  readonly hash: Uint8Array;
}

export interface OfferResponse {
  /** first byte the host still needs */
  readonly nextOffset: number;
}

export interface UploadRequest {
  /** first byte */
  readonly offset: number;
  /** bytes of the envelope */
  readonly data: Uint8Array;
}

export interface UploadResponse {
  /** first byte the host still needs */
  readonly nextOffset: number;
}

export interface ReceiptRequest {
  /** CBOR, at most RECEIPT_MAX_BYTES */
  readonly receipt: Uint8Array;
}

export type ReceiptResponse = Record<never, never>;

export interface PingRequest {
  /** any number */
  readonly token: number;
}

export interface PingResponse {
  /** the same number */
  readonly token: number;
}

export type StatusRequest = Record<never, never>;

export interface StatusResponse {
  /** NODE_STATE */
  readonly state: number;
  /** last status that was not OK, 0 = none */
  readonly lastError: number;
  /** installed model version */
  readonly version: number;
  /** training steps done */
  readonly step: number;
  /** training steps of this round */
  readonly totalSteps: number;
  /** most heap ever used by the engine */
  readonly heapHighWaterBytes: number;
  /** most stack ever used, 0 = not measured */
  readonly stackHighWaterBytes: number;
  /** frames dropped for length, coding or checksum */
  readonly badFrames: number;
  /** words of the residual made last that were limited (9), 0 after a start */
  readonly residualSaturations: number;
}

export interface LogRequest {
  /** LOG_LEVEL */
  readonly level: number;
  /** UTF-8 */
  readonly text: Uint8Array;
}

export interface FaultRequest {
  /** RESET_REASON */
  readonly reason: number;
  /** NODE_STATE it happened in */
  readonly state: number;
  /** address of the instruction, 0 = unknown; of a longer one the low 32 bits */
  readonly pc: number;
  /** link register, likewise */
  readonly lr: number;
  /** CFSR of a Cortex-M, signal of a process */
  readonly cause: number;
  /** HFSR of a Cortex-M, else 0 */
  readonly hardFault: number;
  /** memory address that was at fault, 0 = unknown */
  readonly address: number;
}

export type FaultResponse = Record<never, never>;

export type ResetRequest = Record<never, never>;

export type ResetResponse = Record<never, never>;

/** a published model version */
export interface Announcement {
  /** WIRE_FORMAT */
  readonly format: number;
  /** name of the federation */
  readonly federation: string;
  /** model version, from 0 */
  readonly version: number;
  /** version it was made from; absent for version 0 */
  readonly parent?: number;
  /** SHA-256 of the snapshot */
  readonly artefactHash: Uint8Array;
  /** its length */
  readonly artefactBytes: number;
  /** SHA-256 of the descriptor: the identity of the model */
  readonly descriptorHash: Uint8Array;
  /** its length */
  readonly descriptorBytes: number;
  /** NUMERICS every kernel must have */
  readonly numerics: number;
  /** allowed kernels */
  readonly kernels: readonly Kernel[];
  /** what to do */
  readonly plan: Plan;
  /** true: no further version follows */
  readonly final?: boolean;
  /** life of the federation: (epoch, version) orders announcements */
  readonly epoch: number;
  /** the way to the snapshot from that of the parent */
  readonly difference?: Difference;
  /** seed whose initial words (2.2) the snapshot holds, u32 */
  readonly initialSeed?: number;
}

/** an object that makes a snapshot of the one before (2.9) */
export interface Difference {
  /** leading bytes of the hash of that snapshot */
  readonly base: Uint8Array;
  /** CODEC */
  readonly codec: number;
  /** SHA-256 of the difference */
  readonly hash: Uint8Array;
  /** its length */
  readonly bytes: number;
}

/** one allowed kernel */
export interface Kernel {
  /** SHA-256 of the wasm bytes */
  readonly hash: Uint8Array;
  /** their length */
  readonly bytes: number;
  /** intrinsic set it imports, 0 = none */
  readonly intrinsicSet: number;
}

/** what a node does with a version */
export interface Plan {
  /** TASK */
  readonly task: number;
  /** federation seed, u32 */
  readonly seed: number;
  /** learning rate 2^−lrShift */
  readonly lrShift: number;
  /** DECAY */
  readonly lrDecay: number;
  /** local epochs, 1…255 */
  readonly epochs: number;
  /** samples per round and node, 0 = all it has */
  readonly samples: number;
  /** Q15 */
  readonly skipThreshold: number;
  /** int8 exponent per class */
  readonly classWeights?: Uint8Array;
  /** CODEC of the upload */
  readonly codec: number;
  /** samples per unit of contribution weight */
  readonly weightUnit: number;
  /** time left when it was published */
  readonly deadlineMs?: number;
  /** bit l: layer l is not trained, u32 */
  readonly frozenLayers?: number;
  /** FedProx: pull toward the base by 2^−this every PROXIMAL_INTERVAL steps */
  readonly proximalShift?: number;
  /** SPARSE_TERNARY: words of each segment that are coded, per mille */
  readonly density?: number;
  /** a delta still counts when so many versions came after its base; absent: 0 */
  readonly maxStaleness?: number;
  /** nodes whose draw (7.5) is below it take part, u32; absent: all */
  readonly drawBelow?: number;
  /** a node begins within this time (7.5), u32; absent: at once */
  readonly jitterMs?: number;
  /** what a device must fulfil to take part (7.5) */
  readonly eligibility?: Eligibility;
  /** bit l: what layer l learns stays on the node (7.6), u32; absent: none */
  readonly personalLayers?: number;
}

/** conditions of a device; one that is absent demands nothing */
export interface Eligibility {
  /** CONDITION BATTERY at least, 0…100 */
  readonly minBattery?: number;
  /** CONDITION CHARGING at least, 0…1 */
  readonly charging?: number;
  /** CONDITION LINK at least, 0…100 */
  readonly minLink?: number;
  /** CONDITION RAM at least, at most 2^31 − 1 */
  readonly minRam?: number;
  /** samples to train on, at least, u32 */
  readonly minSamples?: number;
  /** versions from the installed model to the announced one, at most, u32 */
  readonly maxModelAge?: number;
  /** the same at least, unless it is the announced one, u32 */
  readonly minModelAge?: number;
}

/** an upload, written by the node */
export interface Envelope {
  /** WIRE_FORMAT */
  readonly format: number;
  /** epoch of the base version */
  readonly epoch: number;
  /** base version */
  readonly version: number;
  /** leading bytes of the base artefact hash */
  readonly artefact: Uint8Array;
  /** contribution number of this node to this version */
  readonly contribution: number;
  /** of the model as the node has trained it, on the test split */
  readonly personal?: Counters;
  /** the kernel that trained: its index in the announcement */
  readonly kernel: number;
  /** distinct samples trained on */
  readonly samples: number;
  /** counted before each update */
  readonly training?: Counters;
  /** of the base version on the test split */
  readonly evaluation?: Counters;
  /** CODEC */
  readonly codec: number;
  /** the coded delta */
  readonly payload: Uint8Array;
  /** tag of the upload (8.2) */
  readonly mac?: Uint8Array;
}

/** what a training or evaluation counted; counters of nodes add up */
export interface Counters {
  /** samples, repeats included */
  readonly samples: number;
  /** summed cross-entropy, Q10 bits */
  readonly loss: number;
  /** backward passes skipped */
  readonly skipped: number;
  /** parameter words at the int16 limits afterwards */
  readonly saturations: number;
  /** of an evaluation: row-major [true][predicted] */
  readonly confusion?: readonly number[];
  /** of a training: samples whose class was predicted */
  readonly correct?: number;
}

/** the aggregator’s answer to an upload, sent after the commit */
export interface Receipt {
  /** RECEIPT */
  readonly code: number;
  /** base version of the upload */
  readonly version: number;
  /** contribution number */
  readonly contribution: number;
  /** leading bytes of the SHA-256 of the envelope */
  readonly upload: Uint8Array;
  /** version open now */
  readonly current: number;
  /** with LATER: when to send again */
  readonly retryMs?: number;
  /** tag of the receipt (8.2) */
  readonly mac?: Uint8Array;
}

/** retained: the tag of the announcement for one node */
export interface Authorisation {
  /** leading bytes of the SHA-256 of the announcement */
  readonly announcement: Uint8Array;
  /** its tag (8.2) */
  readonly mac: Uint8Array;
}

/** retained: a node is reachable through its bridge */
export interface Birth {
  /** starts of the device */
  readonly bootEpoch: number;
  /** when the bridge connected, Unix seconds: a later connection has a larger one */
  readonly sequence: number;
  /** HELLO.runtime */
  readonly runtime: string;
  /** HELLO.engine */
  readonly engine: string;
  /** HELLO.kernelHash */
  readonly kernelHash: Uint8Array;
  /** HELLO.numerics */
  readonly numerics: number;
  /** RESET_REASON */
  readonly resetReason: number;
  /** HELLO.kernelMemoryBytes */
  readonly kernelMemoryBytes: number;
}

/** last will, retained: the node is gone unless a later birth says otherwise */
export interface Death {
  /** as in the birth it ends */
  readonly bootEpoch: number;
  /** as in the birth it ends */
  readonly sequence: number;
}

/** a node lacks what the broker does not keep */
export interface Want {
  /** of an object; absent: what is retained elsewhere, the announcement above all */
  readonly hash?: Uint8Array;
  /** of a slice, 0 if absent */
  readonly offset?: number;
}

/** retained: how a node is and what it cost, as its bridge knows it */
export interface NodeStatus {
  /** as in the birth */
  readonly bootEpoch: number;
  /** RESET_REASON */
  readonly resetReason: number;
  /** NODE_STATE */
  readonly state: number;
  /** minus the last status that was not OK */
  readonly lastError: number;
  /** installed model version */
  readonly version: number;
  /** as in STATUS */
  readonly heapHighWaterBytes: number;
  /** as in STATUS */
  readonly stackHighWaterBytes: number;
  /** dropped by the device and by the bridge */
  readonly badFrames: number;
  /** the last one that was reported to this bridge */
  readonly fault?: FaultRecord;
  /** last line of LOG, cut to 200 bytes */
  readonly log?: string;
  /** since the bridge started */
  readonly traffic: Traffic;
  /** version of the last definite receipt */
  readonly roundVersion?: number;
  /** from the definite receipt before that, or the start of the bridge, until that receipt */
  readonly round?: Traffic;
  /** the last lines of LOG, at most 20, oldest first; log is the last of them */
  readonly lines?: readonly LogLine[];
  /** as in STATUS; absent: 0 */
  readonly residualSaturations?: number;
  /** base version of the last upload that had a confusion matrix of two classes or more */
  readonly scoredVersion?: number;
  /** its evaluation: of that version */
  readonly global?: Score;
  /** its personal: of the model as the node has trained it */
  readonly personalised?: Score;
}

/** what is left of a confusion matrix */
export interface Score {
  /** of the test split, at least 1 */
  readonly samples: number;
  /** of these, those whose class was predicted */
  readonly correct: number;
}

/** a line of LOG */
export interface LogLine {
  /** milliseconds from the start of the bridge */
  readonly atMs: number;
  /** LOG_LEVEL */
  readonly level: number;
  /** cut to 200 bytes */
  readonly text: string;
}

/** FAULT, and the start that reported it */
export interface FaultRecord {
  /** start that reported it */
  readonly bootEpoch: number;
  /** RESET_REASON */
  readonly reason: number;
  /** NODE_STATE it happened in */
  readonly state: number;
  /** as in FAULT */
  readonly pc: number;
  /** as in FAULT */
  readonly lr: number;
  /** as in FAULT */
  readonly cause: number;
  /** as in FAULT */
  readonly hardFault: number;
  /** as in FAULT */
  readonly address: number;
}

/** bytes of one node; up is from the device to the aggregator */
export interface Traffic {
  /** envelopes published, repeats included */
  readonly payloadUp: number;
  /** announcements, receipts, and objects as far as the device took them */
  readonly payloadDown: number;
  /** frames from the device, COBS and CRC included */
  readonly linkUp: number;
  /** frames to it, likewise */
  readonly linkDown: number;
  /** packets on its connection to the broker, headers and topics included, without TLS and TCP */
  readonly mqttUp: number;
  /** packets from the broker, likewise */
  readonly mqttDown: number;
}

/** retained: the aggregator */
export interface ServerState {
  /** its name */
  readonly aggregator: string;
  /** starts of the aggregator */
  readonly epoch: number;
  /** name and version */
  readonly software: string;
  /** false in the last will */
  readonly online: boolean;
}

/** by it a root key lets a round key sign announcements; the signature stands last */
export interface Delegation {
  /** WIRE_FORMAT */
  readonly format: number;
  /** name of the federation */
  readonly federation: string;
  /** delegations of the federation, from 1 */
  readonly serial: number;
  /** the round key: Ed25519, public */
  readonly key: Uint8Array;
  /** by the root key, SIGNATURE_BYTES */
  readonly signature: Uint8Array;
}

/** retained: who vouches for an announcement; the signature stands last */
export interface Proof {
  /** WIRE_FORMAT */
  readonly format: number;
  /** SHA-256 of the announcement */
  readonly announcement: Uint8Array;
  /** SHA-256 of the announcement of its parent; absent if it has none */
  readonly parent?: Uint8Array;
  /** a Delegation, byte for byte */
  readonly delegation: Uint8Array;
  /** by the round key, SIGNATURE_BYTES */
  readonly signature: Uint8Array;
}

export interface WireMaps {
  readonly Announcement: Announcement;
  readonly Difference: Difference;
  readonly Kernel: Kernel;
  readonly Plan: Plan;
  readonly Eligibility: Eligibility;
  readonly Envelope: Envelope;
  readonly Counters: Counters;
  readonly Receipt: Receipt;
  readonly Authorisation: Authorisation;
  readonly Birth: Birth;
  readonly Death: Death;
  readonly Want: Want;
  readonly NodeStatus: NodeStatus;
  readonly Score: Score;
  readonly LogLine: LogLine;
  readonly FaultRecord: FaultRecord;
  readonly Traffic: Traffic;
  readonly ServerState: ServerState;
  readonly Delegation: Delegation;
  readonly Proof: Proof;
}
