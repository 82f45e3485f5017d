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

export const enumerations: Enumeration[] = [
  {
    name: 'RECORD',
    text: 'tags of descriptor records',
    entries: [
      { name: 'INPUT', value: 1, text: 'the input tensor' },
      { name: 'DENSE', value: 16, text: 'fully connected layer' },
      { name: 'CONV', value: 17, text: 'convolution in one or two dimensions' },
      { name: 'DEPTHWISE', value: 18, text: 'convolution of each channel with its own kernel' },
      { name: 'MAX_POOL', value: 19, text: 'largest value of each window' },
      { name: 'AVERAGE_POOL', value: 20, text: 'mean of each window' },
      { name: 'GLOBAL_AVERAGE_POOL', value: 21, text: 'mean of each channel' },
      { name: 'EMBEDDING', value: 22, text: 'a row of a table for each token' },
      { name: 'SOFTMAX_CROSS_ENTROPY', value: 64, text: 'classification loss' },
      { name: 'SQUARED_ERROR', value: 65, text: 'reconstruction loss of an autoencoder' },
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
      {
        name: 'BROADCAST',
        value: 5,
        text: 'not used: differences have a node key of their own (2.9)',
      },
      { name: 'NODE', value: 6, text: 'the seed of one node in one version' },
      { name: 'PROXIMAL', value: 7, text: 'stochastic rounding of the pull toward the base' },
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
      {
        name: 'PERSONALISE',
        value: 4,
        text: 'evaluate, train, then evaluate what was trained; one upload',
      },
    ],
  },
  {
    name: 'CODEC',
    text: 'coding of the delta in an upload',
    entries: [
      { name: 'RAW_INT16', value: 0, text: 'little-endian int16 per parameter' },
      { name: 'RICE_INT16', value: 1, text: 'exact int16 delta, Rice-coded' },
      {
        name: 'DENSE_2',
        value: 18,
        text: 'stochastic 2-bit delta, Rice-coded',
      },
      {
        name: 'DENSE_3',
        value: 19,
        text: 'stochastic 3-bit delta, Rice-coded',
      },
      {
        name: 'DENSE_4',
        value: 20,
        text: 'stochastic 4-bit delta, Rice-coded',
      },
      {
        name: 'DENSE_5',
        value: 21,
        text: 'stochastic 5-bit delta, Rice-coded',
      },
      {
        name: 'DENSE_6',
        value: 22,
        text: 'stochastic 6-bit delta, Rice-coded',
      },
      {
        name: 'DENSE_7',
        value: 23,
        text: 'stochastic 7-bit delta, Rice-coded',
      },
      {
        name: 'DENSE_8',
        value: 24,
        text: 'stochastic 8-bit delta, Rice-coded',
      },
      {
        name: 'SPARSE_TERNARY',
        value: 32,
        text: 'the largest words of delta + residual, one magnitude per layer, Rice-coded gaps',
      },
      { name: 'NONE', value: 255, text: 'no delta: an evaluation or a local fine-tuning (7.6)' },
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
      { name: 'WAITING', value: 8, text: 'not taking part in the announced version yet (7.5)' },
    ],
  },
  {
    name: 'CONDITION',
    text: 'what a port knows of its device; each is also its key in Eligibility',
    entries: [
      { name: 'BATTERY', value: 1, text: 'charge of the battery, percent' },
      { name: 'CHARGING', value: 2, text: '1: supplied from outside, 0: not' },
      { name: 'LINK', value: 3, text: 'quality of the link, percent' },
      { name: 'RAM', value: 4, text: 'memory for kernel and model, KiB' },
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
    name: 'MAC_KIND',
    text: 'what a tag is of',
    entries: [
      { name: 'UPLOAD', value: 1, text: 'envelope, under its descriptor hash' },
      { name: 'ANNOUNCEMENT', value: 2, text: 'SHA-256 of an announcement' },
      { name: 'RECEIPT', value: 3, text: 'receipt, under its descriptor hash' },
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

/** Bits and regions of the kernel's own structures. */
enumerations.push(
  {
    name: 'LAYER_FLAG',
    text: 'bits of LAYER.flags',
    entries: [
      { name: 'RELU', value: 1, text: 'the activation is RELU' },
      { name: 'LOGITS', value: 2, text: 'y receives int32 accumulators, not requantised' },
      { name: 'GATED', value: 4, text: 'x was made with RELU: the error of a zero is zero' },
      { name: 'PROPAGATE', value: 8, text: 'backward makes the error of x' },
      { name: 'TRAINED', value: 16, text: 'backward updates the parameters' },
    ],
  },
  {
    name: 'REGION',
    text: 'regions of the arena, in the order of the table at regionsPtr',
    entries: [
      { name: 'DESCRIPTOR', value: 0, text: 'the model descriptor' },
      { name: 'LAYERS', value: 1, text: 'LAYER structures' },
      { name: 'PARAMETERS', value: 2, text: 'weight and bias words' },
      { name: 'ACTIVATIONS', value: 3, text: 'inputs of the layers, int8' },
      { name: 'WIDE', value: 4, text: 'int32 accumulators forward, input gradients backward' },
      { name: 'SCRATCH', value: 5, text: 'spread operands of one layer' },
      { name: 'ERROR', value: 6, text: 'error at the output of one layer, int8' },
      { name: 'LOGITS', value: 7, text: 'int32 output of the last layer' },
      { name: 'LOSS', value: 8, text: 'int32 error of the loss' },
      { name: 'CONFUSION', value: 9, text: 'u32 confusion matrix' },
      { name: 'CLASS_WEIGHTS', value: 10, text: 'int8 exponent per class' },
      { name: 'IO', value: 11, text: 'transfer buffer' },
    ],
  },
);

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
  { name: 'MAC_BYTES', value: 16, unit: 'bytes', text: 'leading bytes of an HMAC-SHA-256: a tag' },
  { name: 'KEY_BYTES', value: 32, unit: 'bytes', text: 'key of a node' },
  { name: 'HASH_BYTES', value: 32, unit: 'bytes', text: 'SHA-256' },
  { name: 'SIGNATURE_BYTES', value: 64, unit: 'bytes', text: 'Ed25519 signature' },
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
    text: 'one update moves a word by −4096…4095',
  },
  { name: 'MAX_ELEMENTS', value: 32768, unit: '', text: 'elements of a tensor, and of a window' },
  { name: 'MAX_PADDED', value: 65536, unit: '', text: 'elements of a tensor with its padding' },
  {
    name: 'MAX_POSITIONS',
    value: 4096,
    unit: '',
    text: 'positions of a convolution or window of a pool',
  },
  { name: 'MAX_INIT_BOUND', value: 16383, unit: '', text: 'largest initBound' },
  { name: 'MAX_VOCABULARY', value: 256, unit: '', text: 'tokens of an embedding' },
  {
    name: 'EXPONENT_BIAS',
    value: 64,
    unit: '',
    text: 'calls that answer an exponent add this: 0…127',
  },
  {
    name: 'LOSS_SKIPPED',
    value: 128,
    unit: '',
    text: 'answer of a loss whose error needs no backward pass',
  },
  {
    name: 'CODEC_WORDS',
    value: 32,
    unit: 'words',
    text: 'most parameters one call of encode or decode takes; behind them in the transfer buffer lie the coded bytes',
  },
  {
    name: 'MAX_DENSITY',
    value: 1000,
    unit: '‰',
    text: 'words of a layer that SPARSE_TERNARY codes, at most',
  },
  {
    name: 'NO_LABEL',
    value: 0xffffffff,
    unit: '',
    text: 'label of a softmax of which only the prediction is asked for',
  },
  {
    name: 'PROXIMAL_INTERVAL',
    value: 16,
    unit: 'steps',
    text: 'a node with a proximal term pulls after each of these',
  },
  {
    name: 'MAX_STALENESS',
    value: 255,
    unit: 'versions',
    text: 'between the base of a delta and the version it counts in, at most: it counts a sixteenth then',
  },
  { name: 'MAX_PROXIMAL_SHIFT', value: 15, unit: '', text: 'weakest pull is 2^−15' },
];
