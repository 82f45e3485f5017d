/**
 * The contract: every number and layout that the kernel (AssemblyScript), the firmware (C) and the
 * host (TypeScript) must agree on. `npm run gen` turns it into constants and packers for the three
 * languages and into the tables of docs/SPEC.md; `schema.lock.json` forbids renumbering.
 *
 * Nothing here runs on a device, and nothing outside this folder repeats a number that stands here.
 */

export interface Version {
  readonly name: string;
  readonly value: number;
  readonly text: string;
}

/** Versions are negotiated in HELLO or checked on read; each moves on its own. */
export const versions: readonly Version[] = [
  { name: 'PROTOCOL', value: 1, text: 'link messages between a device and its host' },
  { name: 'KERNEL_ABI', value: 1, text: 'exports of kernel.wasm and the parameter block' },
  { name: 'NUMERICS', value: 1, text: 'the arithmetic: equal ids give equal bits' },
  { name: 'INTRINSIC_SET', value: 0, text: 'native functions a kernel may import; 0 = none' },
  { name: 'DESCRIPTOR_FORMAT', value: 1, text: 'model descriptor' },
  { name: 'SNAPSHOT_FORMAT', value: 1, text: 'weights of a model version' },
  { name: 'WIRE_FORMAT', value: 1, text: 'announcements, envelopes, receipts and states on MQTT' },
];

export interface Status {
  readonly name: string;
  readonly code: number;
  readonly cause: string;
  readonly remedy: string;
  /** Process exit code of the CLI when this status ends it. */
  readonly exit: number;
}

/** 0 or positive is success; negative is one of these. Never renumber, only append. */
export const statuses: readonly Status[] = [
  { name: 'OK', code: 0, cause: 'done', remedy: 'none', exit: 0 },
  // kernel
  {
    name: 'ERR_ABI',
    code: -1,
    cause: 'the kernel speaks another ABI or lacks an export',
    remedy: 'use the kernel and the host of one release',
    exit: 1,
  },
  {
    name: 'ERR_MEMORY',
    code: -2,
    cause: 'the model needs more linear memory than the runtime allows',
    remedy: 'make a layer smaller or give the kernel more memory; arenaBytes says how much',
    exit: 2,
  },
  {
    name: 'ERR_DESCRIPTOR',
    code: -3,
    cause: 'the bytes are not a model descriptor of this format',
    remedy: 'make the descriptor with `linnet model new`',
    exit: 2,
  },
  {
    name: 'ERR_UNKNOWN_OP',
    code: -4,
    cause: 'the descriptor names a layer or loss this kernel does not have',
    remedy: 'deliver a newer kernel or use a layer of the support table',
    exit: 2,
  },
  {
    name: 'ERR_SHAPE',
    code: -5,
    cause: 'a layer does not fit the tensor it reads, or a size is zero or too large',
    remedy: 'compare the layer with the shape printed by `linnet model inspect`',
    exit: 2,
  },
  {
    name: 'ERR_RANGE',
    code: -6,
    cause: 'an argument or a plan value lies outside its range',
    remedy: 'see the range in the table of the specification',
    exit: 2,
  },
  {
    name: 'ERR_LABEL',
    code: -7,
    cause: 'the label is not below the number of classes',
    remedy: 'check the labels of the data against the model',
    exit: 2,
  },
  {
    name: 'ERR_STATE',
    code: -8,
    cause: 'the call came before the one it depends on',
    remedy: 'call plan, then load or initialise, then begin, then train',
    exit: 1,
  },
  {
    name: 'ERR_CANARY',
    code: -9,
    cause: 'a guard word between two arena regions was overwritten',
    remedy: 'report it: this is a defect of the kernel or of the memory',
    exit: 1,
  },
  {
    name: 'ERR_TENSOR',
    code: -10,
    cause: 'a layer reads a tensor that is undefined or already read, or defines one twice',
    remedy: 'every tensor is defined once, before its use, and read by one layer',
    exit: 2,
  },
  {
    name: 'ERR_EXPONENT',
    code: -11,
    cause: 'an exponent of the descriptor lies outside its range',
    remedy: 'let `linnet model new` choose the exponents',
    exit: 2,
  },
  // firmware
  {
    name: 'ERR_TRAP',
    code: -20,
    cause: 'the kernel trapped',
    remedy: 'report it with the kernel hash: a released kernel does not trap',
    exit: 1,
  },
  {
    name: 'ERR_ENGINE',
    code: -21,
    cause: 'the wasm engine refused the kernel',
    remedy: 'check that the kernel is whole and that the heap is large enough',
    exit: 1,
  },
  {
    name: 'ERR_HASH',
    code: -22,
    cause: 'the bytes do not have the announced SHA-256',
    remedy: 'fetch the object again; if it repeats, the source is wrong',
    exit: 1,
  },
  {
    name: 'ERR_FLASH',
    code: -23,
    cause: 'the flash could not be erased, programmed or read back',
    remedy: 'check the port callbacks and the wear of the part',
    exit: 1,
  },
  {
    name: 'ERR_FULL',
    code: -24,
    cause: 'the object is larger than its slot or buffer',
    remedy: 'use a smaller model or a larger store',
    exit: 1,
  },
  {
    name: 'ERR_FRAME',
    code: -25,
    cause: 'a frame was malformed, too long or had a bad checksum',
    remedy: 'check the cable and the baud rate; the sender repeats the frame',
    exit: 4,
  },
  {
    name: 'ERR_MESSAGE',
    code: -26,
    cause: 'a message was malformed or unknown',
    remedy: 'use firmware and host of one release',
    exit: 4,
  },
  {
    name: 'ERR_UNSUPPORTED',
    code: -27,
    cause: 'the plan or format asks for something this node does not have',
    remedy: 'update the firmware or announce a plan every node can follow',
    exit: 1,
  },
  {
    name: 'ERR_LATER',
    code: -28,
    cause: 'the answer is not available yet',
    remedy: 'ask again after a pause',
    exit: 4,
  },
  {
    name: 'ERR_NOT_FOUND',
    code: -29,
    cause: 'nothing has this name, hash or index',
    remedy: 'list what exists and check the spelling',
    exit: 1,
  },
  {
    name: 'ERR_TIMEOUT',
    code: -30,
    cause: 'the peer did not answer in time',
    remedy: 'check that it runs and that the link is up',
    exit: 4,
  },
  {
    name: 'ERR_VERSION',
    code: -31,
    cause: 'the peer speaks another version of the protocol or a format',
    remedy: 'use firmware and host of one release',
    exit: 1,
  },
  {
    name: 'ERR_CBOR',
    code: -32,
    cause: 'a payload is not deterministic CBOR of the specified shape',
    remedy: 'check the sender against the CDDL of the specification',
    exit: 1,
  },
  {
    name: 'ERR_NO_SAMPLES',
    code: -33,
    cause: 'the node has no samples to train on',
    remedy: 'give the node data or leave it out of the federation',
    exit: 2,
  },
  // host
  {
    name: 'ERR_USAGE',
    code: -50,
    cause: 'the command line makes no sense',
    remedy: 'see --help',
    exit: 2,
  },
  {
    name: 'ERR_CONFIG',
    code: -51,
    cause: 'the configuration makes no sense',
    remedy: 'correct the key at the printed path',
    exit: 2,
  },
  {
    name: 'ERR_DATA',
    code: -52,
    cause: 'the data file cannot be used',
    remedy: 'check the file against the format in the documentation',
    exit: 2,
  },
  {
    name: 'ERR_LINK',
    code: -53,
    cause: 'the link to the device failed',
    remedy: 'check the port, the cable and that nobody else has it open',
    exit: 4,
  },
  {
    name: 'ERR_MQTT',
    code: -54,
    cause: 'the broker could not be reached or refused',
    remedy: 'check --mqtt, the credentials and that the broker runs',
    exit: 4,
  },
  {
    name: 'ERR_STORE',
    code: -55,
    cause: 'the store could not be read or written',
    remedy: 'check the disk, the permissions and that no other aggregator uses the store',
    exit: 1,
  },
  {
    name: 'ERR_NO_DEVICE',
    code: -56,
    cause: 'no device, or more than one, was found',
    remedy: 'connect one or name it with --port',
    exit: 3,
  },
  {
    name: 'ERR_TOOLCHAIN',
    code: -57,
    cause: 'a compiler or emulator this needs is missing',
    remedy: 'install the packages the message names',
    exit: 1,
  },
  {
    name: 'ERR_INTERNAL',
    code: -58,
    cause: 'Linnet contradicted itself',
    remedy: 'report it with the command and the output of -v',
    exit: 1,
  },
  {
    name: 'ERR_AUTH',
    code: -59,
    cause: 'the broker or a signature refused the credentials',
    remedy: 'check user, password, certificate and key',
    exit: 5,
  },
];

export interface EnumEntry {
  readonly name: string;
  readonly value: number;
  readonly text: string;
}
export interface Enumeration {
  readonly name: string;
  readonly text: string;
  readonly entries: readonly EnumEntry[];
}

export const enumerations: readonly Enumeration[] = [
  {
    name: 'RECORD',
    text: 'tags of descriptor records',
    entries: [
      { name: 'INPUT', value: 1, text: 'the input tensor' },
      { name: 'DENSE', value: 16, text: 'fully connected layer' },
      { name: 'SOFTMAX_CROSS_ENTROPY', value: 64, text: 'classification loss' },
    ],
  },
  {
    name: 'ACTIVATION',
    text: 'activation fused into a layer',
    entries: [
      { name: 'NONE', value: 0, text: 'identity' },
      { name: 'RELU', value: 1, text: 'max(0, x) on the accumulator, before requantisation' },
    ],
  },
  {
    name: 'PURPOSE',
    text: 'purposes that separate random streams',
    entries: [
      { name: 'INIT', value: 1, text: 'initial weights' },
      { name: 'ORDER', value: 2, text: 'order of samples' },
      { name: 'UPDATE', value: 3, text: 'stochastic rounding of weight updates' },
      { name: 'CODEC', value: 4, text: 'stochastic rounding of coded deltas' },
      { name: 'BROADCAST', value: 5, text: 'stochastic rounding of published models' },
      { name: 'NODE', value: 6, text: 'the seed of one node in one version' },
    ],
  },
  {
    name: 'TASK',
    text: 'what a node does with an announced version',
    entries: [
      { name: 'NONE', value: 0, text: 'install the model and rest' },
      { name: 'TRAIN', value: 1, text: 'train and upload a delta' },
      {
        name: 'EVALUATE',
        value: 2,
        text: 'count a confusion matrix on the test split and upload it',
      },
      { name: 'BOTH', value: 3, text: 'evaluate, then train; one upload' },
    ],
  },
  {
    name: 'CODEC',
    text: 'coding of the delta in an upload',
    entries: [
      { name: 'RAW_INT16', value: 0, text: 'little-endian int16 per parameter' },
      { name: 'NONE', value: 255, text: 'no delta: an evaluation only' },
    ],
  },
  {
    name: 'DECAY',
    text: 'learning-rate schedule inside one training call',
    entries: [
      { name: 'CONSTANT', value: 0, text: 'lrShift throughout' },
      { name: 'STEPS', value: 1, text: '+1, +2, +3 at 50, 75, 90 % of the steps' },
    ],
  },
  {
    name: 'RECEIPT',
    text: 'the aggregator’s answer to an upload',
    entries: [
      { name: 'ACCEPTED', value: 0, text: 'in the ledger, counted once' },
      { name: 'DUPLICATE', value: 1, text: 'the same bytes were accepted before' },
      { name: 'CONFLICT', value: 2, text: 'other bytes were accepted under this key' },
      { name: 'STALE', value: 3, text: 'the base version is closed' },
      { name: 'BAD_MAC', value: 4, text: 'authentication failed' },
      { name: 'BAD_BASE', value: 5, text: 'the base version or artefact is unknown' },
      { name: 'CLIPPED', value: 6, text: 'accepted after clipping to the norm bound' },
      { name: 'QUARANTINED', value: 7, text: 'kept aside, not counted' },
      { name: 'LATER', value: 8, text: 'not taken: send again after retryMs' },
      { name: 'MALFORMED', value: 9, text: 'not an envelope of this format' },
      { name: 'UNKNOWN_CODEC', value: 10, text: 'the codec is not known here' },
      { name: 'INELIGIBLE', value: 11, text: 'the node is not in the cohort' },
    ],
  },
  {
    name: 'NODE_STATE',
    text: 'states of the node',
    entries: [
      { name: 'HELLO', value: 0, text: 'introducing itself to the host' },
      { name: 'IDLE', value: 1, text: 'waiting for an announcement' },
      { name: 'FETCH', value: 2, text: 'fetching kernel, descriptor or snapshot' },
      { name: 'EVALUATE', value: 3, text: 'evaluating the installed model' },
      { name: 'TRAIN', value: 4, text: 'training' },
      { name: 'UPLOAD', value: 5, text: 'offering or streaming the upload' },
      { name: 'RECEIPT', value: 6, text: 'waiting for the receipt' },
      { name: 'FAILED', value: 7, text: 'stopped; STATUS says why' },
    ],
  },
  {
    name: 'RESET_REASON',
    text: 'why the device started',
    entries: [
      { name: 'POWER', value: 0, text: 'power on' },
      { name: 'REQUEST', value: 1, text: 'RESET message or software reset' },
      { name: 'WATCHDOG', value: 2, text: 'watchdog' },
      { name: 'FAULT', value: 3, text: 'processor fault' },
    ],
  },
  {
    name: 'LOG_LEVEL',
    text: 'levels of LOG messages',
    entries: [
      { name: 'ERROR', value: 0, text: 'something failed' },
      { name: 'WARN', value: 1, text: 'something was tolerated' },
      { name: 'INFO', value: 2, text: 'a state was reached' },
      { name: 'DEBUG', value: 3, text: 'for developers' },
    ],
  },
  {
    name: 'SPLIT',
    text: 'which samples of a node',
    entries: [
      { name: 'TRAIN', value: 0, text: 'samples to train on' },
      { name: 'TEST', value: 1, text: 'samples held out on the node' },
    ],
  },
  {
    name: 'HELLO_FLAG',
    text: 'bits of HELLO.flags',
    entries: [
      { name: 'PULL_SAMPLES', value: 1, text: 'the device pulls its samples over the link' },
      { name: 'NO_KERNEL', value: 2, text: 'the device has no kernel yet' },
    ],
  },
];

export interface Constant {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly text: string;
}

export const constants: readonly Constant[] = [
  { name: 'DESCRIPTOR_MAGIC', value: 0x444e4e4c, unit: '', text: 'bytes "LNND"' },
  {
    name: 'DESCRIPTOR_HEADER_BYTES',
    value: 16,
    unit: 'bytes',
    text: 'magic, format, records, total, reserved',
  },
  { name: 'DESCRIPTOR_MAX_BYTES', value: 4096, unit: 'bytes', text: 'largest descriptor' },
  { name: 'RECORD_HEADER_BYTES', value: 4, unit: 'bytes', text: 'u16 tag, u16 payload bytes' },
  { name: 'MAX_RECORDS', value: 64, unit: '', text: 'records in a descriptor' },
  { name: 'MAX_TENSORS', value: 64, unit: '', text: 'tensor ids are below this' },
  { name: 'MAX_CLASSES', value: 256, unit: '', text: 'classes of the softmax' },
  { name: 'MAX_EXPONENT', value: 24, unit: '', text: 'input and weight exponents are in −24…24' },
  { name: 'SNAPSHOT_MAGIC', value: 0x574e4e4c, unit: '', text: 'bytes "LNNW"' },
  {
    name: 'SNAPSHOT_HEADER_BYTES',
    value: 48,
    unit: 'bytes',
    text: 'magic, format, reserved, parameters, reserved, descriptor hash',
  },
  { name: 'IO_WORDS', value: 128, unit: 'int16', text: 'capacity of the kernel’s transfer buffer' },
  {
    name: 'FRAME_MAX_PAYLOAD',
    value: 512,
    unit: 'bytes',
    text: 'default largest message, header included',
  },
  {
    name: 'FRAME_MIN_PAYLOAD',
    value: 128,
    unit: 'bytes',
    text: 'smallest maximum a peer may ask for',
  },
  { name: 'MESSAGE_HEADER_BYTES', value: 4, unit: 'bytes', text: 'u8 id, u8 flags, u16 sequence' },
  { name: 'MESSAGE_FLAG_RESPONSE', value: 1, unit: '', text: 'bit of the message flags' },
  {
    name: 'ANNOUNCEMENT_MAX_BYTES',
    value: 448,
    unit: 'bytes',
    text: 'an announcement fits one frame',
  },
  { name: 'RECEIPT_MAX_BYTES', value: 128, unit: 'bytes', text: 'a receipt fits one frame' },
  {
    name: 'NAME_MAX_BYTES',
    value: 32,
    unit: 'bytes',
    text: 'federation and node names: [A-Za-z0-9_.-]+',
  },
  { name: 'OBJECT_SLICE_BYTES', value: 32768, unit: 'bytes', text: 'slice of an object on MQTT' },
  {
    name: 'ID_BYTES',
    value: 8,
    unit: 'bytes',
    text: 'leading bytes of a SHA-256 that serve as an id',
  },
  { name: 'HASH_BYTES', value: 32, unit: 'bytes', text: 'SHA-256' },
  { name: 'MAX_CONTRIBUTION_WEIGHT', value: 15, unit: '', text: 'cap of ⌈samples / unit⌉' },
  { name: 'DELTA_LIMIT', value: 32767, unit: '', text: 'deltas saturate to ± this' },
  {
    name: 'SKIP_THRESHOLD_DEFAULT',
    value: 1638,
    unit: 'Q15',
    text: '0.05: no backward pass at or below',
  },
  {
    name: 'UPDATE_LIMIT',
    value: 4096,
    unit: '',
    text: 'one update moves a weight by at most this',
  },
];

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

export type FieldType = 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'hash' | 'string8' | 'bytes';

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly text: string;
}

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

export interface Message {
  readonly name: string;
  readonly id: number;
  /** Who sends the request. */
  readonly from: 'device' | 'host' | 'either';
  readonly text: string;
  readonly request: readonly Field[];
  /** null: an event, never answered. Every response starts with an i16 status that is not listed. */
  readonly response: readonly Field[] | null;
}

const u8 = (name: string, text: string): Field => ({ name, type: 'u8', text });
const u16 = (name: string, text: string): Field => ({ name, type: 'u16', text });
const u32 = (name: string, text: string): Field => ({ name, type: 'u32', text });
const hash = (name: string, text: string): Field => ({ name, type: 'hash', text });
const string8 = (name: string, text: string): Field => ({ name, type: 'string8', text });
const bytes = (name: string, text: string): Field => ({ name, type: 'bytes', text });

export const messages: readonly Message[] = [
  {
    name: 'HELLO',
    id: 1,
    from: 'device',
    text: 'introduces the device after every start and whenever the link comes back; a mismatch is answered',
    request: [
      u16('protocol', 'PROTOCOL'),
      u16('kernelAbi', 'KERNEL_ABI the firmware drives'),
      u16('intrinsicSet', 'intrinsic set the firmware supplies'),
      u16('descriptorFormat', 'DESCRIPTOR_FORMAT'),
      u32('numerics', 'NUMERICS of the installed kernel, 0 = none'),
      u32('bootEpoch', 'starts of this device, counted in its store'),
      u8('resetReason', 'RESET_REASON'),
      u8('flags', 'HELLO_FLAG bits'),
      u16('maxPayload', 'largest message the device takes, bytes'),
      u32('kernelMemoryBytes', 'linear memory the device can give a kernel, bytes'),
      hash('kernelHash', 'SHA-256 of the installed kernel, zeros = none'),
      string8('node', 'name of the node, empty = not provisioned'),
      string8('runtime', 'such as native-wasm3, v8, qemu-cortex-m4'),
      string8('engine', 'wasm engine and version'),
    ],
    response: [
      u16('protocol', 'PROTOCOL'),
      u16('maxPayload', 'largest message the host takes, bytes'),
      u32('trainSamples', 'samples the host serves for training, 0 if the device has its own'),
      u32('testSamples', 'samples the host serves for testing'),
      string8('node', 'name given to a device without one'),
    ],
  },
  {
    name: 'ANNOUNCE',
    id: 2,
    from: 'host',
    text: 'the announcement of a version, byte for byte as it came over MQTT',
    request: [bytes('announcement', 'CBOR, at most ANNOUNCEMENT_MAX_BYTES')],
    response: [],
  },
  {
    name: 'OBJECT',
    id: 3,
    from: 'device',
    text: 'reads a slice of an object (kernel, descriptor, snapshot) by its SHA-256',
    request: [
      hash('hash', 'SHA-256 of the object'),
      u32('offset', 'first byte'),
      u16('length', 'bytes wanted'),
    ],
    response: [
      u32('offset', 'first byte'),
      bytes('data', 'at most length bytes; empty past the end'),
    ],
  },
  {
    name: 'SAMPLE',
    id: 4,
    from: 'device',
    text: 'reads a slice of a sample; compiled out of production builds',
    request: [
      u8('split', 'SPLIT'),
      u32('index', 'sample'),
      u16('offset', 'first input'),
      u16('length', 'inputs wanted'),
    ],
    response: [u8('label', 'class'), u16('offset', 'first input'), bytes('data', 'int8 inputs')],
  },
  {
    name: 'OFFER',
    id: 5,
    from: 'device',
    text: 'offers an upload; the answer says where to go on, so an interrupted upload resumes',
    request: [
      u32('version', 'base version'),
      u32('contribution', 'contribution number'),
      u32('length', 'bytes of the envelope'),
      hash('hash', 'SHA-256 of the envelope'),
    ],
    response: [u32('nextOffset', 'first byte the host still needs')],
  },
  {
    name: 'UPLOAD',
    id: 6,
    from: 'device',
    text: 'a slice of the offered envelope',
    request: [u32('offset', 'first byte'), bytes('data', 'bytes of the envelope')],
    response: [u32('nextOffset', 'first byte the host still needs')],
  },
  {
    name: 'RECEIPT',
    id: 7,
    from: 'host',
    text: 'the aggregator’s receipt, byte for byte as it came over MQTT',
    request: [bytes('receipt', 'CBOR, at most RECEIPT_MAX_BYTES')],
    response: [],
  },
  {
    name: 'PING',
    id: 8,
    from: 'either',
    text: 'is the peer alive',
    request: [u32('token', 'any number')],
    response: [u32('token', 'the same number')],
  },
  {
    name: 'STATUS',
    id: 9,
    from: 'host',
    text: 'what the device is doing and how much it has used',
    request: [],
    response: [
      u8('state', 'NODE_STATE'),
      { name: 'lastError', type: 'i16', text: 'last status that was not OK, 0 = none' },
      u32('version', 'installed model version'),
      u32('step', 'training steps done'),
      u32('totalSteps', 'training steps of this round'),
      u32('heapHighWaterBytes', 'most heap ever used by the engine'),
      u32('stackHighWaterBytes', 'most stack ever used, 0 = not measured'),
      u32('badFrames', 'frames dropped for length, coding or checksum'),
    ],
  },
  {
    name: 'LOG',
    id: 10,
    from: 'device',
    text: 'a line for the operator',
    request: [u8('level', 'LOG_LEVEL'), bytes('text', 'UTF-8')],
    response: null,
  },
  {
    name: 'RESET',
    id: 11,
    from: 'host',
    text: 'restarts the device after answering',
    request: [],
    response: [],
  },
];

export type WireType =
  | 'uint'
  | 'bytes'
  | 'id'
  | 'hash'
  | 'text'
  | 'bool'
  | 'uints'
  | { readonly map: string }
  | { readonly list: string };

export interface WireKey {
  readonly name: string;
  readonly key: number;
  readonly type: WireType;
  readonly optional?: true;
  readonly text: string;
}

export interface WireMap {
  readonly name: string;
  readonly text: string;
  /** true: an unknown key makes the map unusable, because it may change what must be done. */
  readonly closed: boolean;
  readonly keys: readonly WireKey[];
}

/** MQTT payloads: deterministic CBOR (RFC 8949, section 4.2.1) maps with the keys below. */
export const wireMaps: readonly WireMap[] = [
  {
    name: 'Announcement',
    text: 'a published model version',
    closed: false,
    keys: [
      { name: 'format', key: 1, type: 'uint', text: 'WIRE_FORMAT' },
      { name: 'federation', key: 2, type: 'text', text: 'name of the federation' },
      { name: 'version', key: 3, type: 'uint', text: 'model version, from 0' },
      {
        name: 'parent',
        key: 4,
        type: 'uint',
        optional: true,
        text: 'version it was made from; absent for version 0',
      },
      { name: 'artefactHash', key: 5, type: 'hash', text: 'SHA-256 of the snapshot' },
      { name: 'artefactBytes', key: 6, type: 'uint', text: 'its length' },
      {
        name: 'descriptorHash',
        key: 7,
        type: 'hash',
        text: 'SHA-256 of the descriptor: the identity of the model',
      },
      { name: 'descriptorBytes', key: 8, type: 'uint', text: 'its length' },
      { name: 'numerics', key: 9, type: 'uint', text: 'NUMERICS every kernel must have' },
      { name: 'kernels', key: 10, type: { list: 'Kernel' }, text: 'allowed kernels' },
      { name: 'plan', key: 11, type: { map: 'Plan' }, text: 'what to do' },
      {
        name: 'final',
        key: 12,
        type: 'bool',
        optional: true,
        text: 'true: no further version follows',
      },
    ],
  },
  {
    name: 'Kernel',
    text: 'one allowed kernel',
    closed: false,
    keys: [
      { name: 'hash', key: 1, type: 'hash', text: 'SHA-256 of the wasm bytes' },
      { name: 'bytes', key: 2, type: 'uint', text: 'their length' },
      { name: 'intrinsicSet', key: 3, type: 'uint', text: 'intrinsic set it imports, 0 = none' },
    ],
  },
  {
    name: 'Plan',
    text: 'what a node does with a version',
    closed: true,
    keys: [
      { name: 'task', key: 1, type: 'uint', text: 'TASK' },
      { name: 'seed', key: 2, type: 'uint', text: 'federation seed, u32' },
      { name: 'lrShift', key: 3, type: 'uint', text: 'learning rate 2^−lrShift' },
      { name: 'lrDecay', key: 4, type: 'uint', text: 'DECAY' },
      { name: 'epochs', key: 5, type: 'uint', text: 'local epochs, 1…255' },
      { name: 'samples', key: 6, type: 'uint', text: 'samples per round and node, 0 = all it has' },
      { name: 'skipThreshold', key: 7, type: 'uint', text: 'Q15' },
      {
        name: 'classWeights',
        key: 8,
        type: 'bytes',
        optional: true,
        text: 'int8 exponent per class',
      },
      { name: 'codec', key: 9, type: 'uint', text: 'CODEC of the upload' },
      {
        name: 'weightUnit',
        key: 10,
        type: 'uint',
        text: 'samples per unit of contribution weight',
      },
      {
        name: 'deadlineMs',
        key: 11,
        type: 'uint',
        optional: true,
        text: 'time left when it was published',
      },
    ],
  },
  {
    name: 'Envelope',
    text: 'an upload, written by the node',
    closed: false,
    keys: [
      { name: 'format', key: 1, type: 'uint', text: 'WIRE_FORMAT' },
      { name: 'federation', key: 2, type: 'text', text: 'name of the federation' },
      { name: 'model', key: 3, type: 'id', text: 'leading bytes of the descriptor hash' },
      { name: 'version', key: 4, type: 'uint', text: 'base version' },
      { name: 'artefact', key: 5, type: 'id', text: 'leading bytes of the base artefact hash' },
      { name: 'node', key: 6, type: 'text', text: 'name of the node' },
      {
        name: 'contribution',
        key: 7,
        type: 'uint',
        text: 'contribution number of this node to this version',
      },
      { name: 'numerics', key: 8, type: 'uint', text: 'NUMERICS of the kernel that trained' },
      { name: 'kernel', key: 9, type: 'id', text: 'leading bytes of its hash' },
      { name: 'samples', key: 10, type: 'uint', text: 'distinct samples trained on' },
      {
        name: 'training',
        key: 11,
        type: { map: 'Counters' },
        optional: true,
        text: 'counted before each update',
      },
      {
        name: 'evaluation',
        key: 12,
        type: { map: 'Counters' },
        optional: true,
        text: 'of the base version on the test split',
      },
      { name: 'codec', key: 13, type: 'uint', text: 'CODEC' },
      { name: 'payload', key: 14, type: 'bytes', text: 'the coded delta' },
    ],
  },
  {
    name: 'Counters',
    text: 'what a training or evaluation counted; counters of nodes add up',
    closed: false,
    keys: [
      { name: 'samples', key: 1, type: 'uint', text: 'samples, repeats included' },
      { name: 'loss', key: 2, type: 'uint', text: 'summed cross-entropy, Q10 bits' },
      { name: 'skipped', key: 3, type: 'uint', text: 'backward passes skipped' },
      { name: 'saturations', key: 4, type: 'uint', text: 'weights that hit int16' },
      { name: 'confusion', key: 5, type: 'uints', text: 'row-major [true][predicted]' },
    ],
  },
  {
    name: 'Receipt',
    text: 'the aggregator’s answer to an upload, sent after the commit',
    closed: false,
    keys: [
      { name: 'code', key: 1, type: 'uint', text: 'RECEIPT' },
      { name: 'version', key: 2, type: 'uint', text: 'base version of the upload' },
      { name: 'contribution', key: 3, type: 'uint', text: 'contribution number' },
      { name: 'upload', key: 4, type: 'id', text: 'leading bytes of the SHA-256 of the envelope' },
      { name: 'current', key: 5, type: 'uint', text: 'version open now' },
      {
        name: 'retryMs',
        key: 6,
        type: 'uint',
        optional: true,
        text: 'with LATER: when to send again',
      },
    ],
  },
  {
    name: 'Birth',
    text: 'retained: a node is reachable through its bridge',
    closed: false,
    keys: [
      { name: 'bootEpoch', key: 1, type: 'uint', text: 'starts of the device' },
      { name: 'sequence', key: 2, type: 'uint', text: 'connections of this bridge session' },
      { name: 'runtime', key: 3, type: 'text', text: 'HELLO.runtime' },
      { name: 'engine', key: 4, type: 'text', text: 'HELLO.engine' },
      { name: 'kernelHash', key: 5, type: 'hash', text: 'HELLO.kernelHash' },
      { name: 'numerics', key: 6, type: 'uint', text: 'HELLO.numerics' },
      { name: 'resetReason', key: 7, type: 'uint', text: 'RESET_REASON' },
      { name: 'kernelMemoryBytes', key: 8, type: 'uint', text: 'HELLO.kernelMemoryBytes' },
    ],
  },
  {
    name: 'Death',
    text: 'last will, retained: the node is gone unless a later birth says otherwise',
    closed: false,
    keys: [
      { name: 'bootEpoch', key: 1, type: 'uint', text: 'as in the birth it ends' },
      { name: 'sequence', key: 2, type: 'uint', text: 'as in the birth it ends' },
    ],
  },
  {
    name: 'ServerState',
    text: 'retained: the aggregator',
    closed: false,
    keys: [
      { name: 'aggregator', key: 1, type: 'text', text: 'its name' },
      { name: 'epoch', key: 2, type: 'uint', text: 'starts of the aggregator' },
      { name: 'software', key: 3, type: 'text', text: 'name and version' },
      { name: 'online', key: 4, type: 'bool', text: 'false in the last will' },
    ],
  },
];

export interface Topic {
  readonly name: string;
  readonly pattern: string;
  readonly retained: boolean;
  readonly payload: string;
  readonly text: string;
}

export const topics: readonly Topic[] = [
  {
    name: 'serverState',
    pattern: '{base}/{federation}/srv/state',
    retained: true,
    payload: 'ServerState',
    text: 'aggregator → all',
  },
  {
    name: 'announcement',
    pattern: '{base}/{federation}/mdl/{model}/ann',
    retained: true,
    payload: 'Announcement',
    text: 'aggregator → bridges',
  },
  {
    name: 'object',
    pattern: '{base}/{federation}/obj/{hash}/{offset}',
    retained: true,
    payload: 'bytes',
    text: 'slice of a snapshot, descriptor or kernel; empty payload clears it',
  },
  {
    name: 'birth',
    pattern: '{base}/{federation}/n/{node}/birth',
    retained: true,
    payload: 'Birth',
    text: 'bridge → all',
  },
  {
    name: 'death',
    pattern: '{base}/{federation}/n/{node}/death',
    retained: true,
    payload: 'Death',
    text: 'last will of the node’s connection',
  },
  {
    name: 'receipt',
    pattern: '{base}/{federation}/n/{node}/rcpt',
    retained: false,
    payload: 'Receipt',
    text: 'aggregator → node',
  },
  {
    name: 'upload',
    pattern: '{base}/{federation}/up/{model}/{version}/{shard}/{node}',
    retained: false,
    payload: 'Envelope',
    text: 'node → aggregator',
  },
];
