export type WireType =
  | 'uint'
  | 'bytes'
  | 'id'
  | 'hash'
  | 'mac'
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
      {
        name: 'epoch',
        key: 13,
        type: 'uint',
        text: 'life of the federation: (epoch, version) orders announcements',
      },
      {
        name: 'difference',
        key: 14,
        type: { map: 'Difference' },
        optional: true,
        text: 'the way to the snapshot from that of the parent',
      },
      {
        name: 'initialSeed',
        key: 15,
        type: 'uint',
        optional: true,
        text: 'seed whose initial words (2.2) the snapshot holds, u32',
      },
    ],
  },
  {
    name: 'Difference',
    text: 'an object that makes a snapshot of the one before (2.9)',
    closed: false,
    keys: [
      { name: 'base', key: 1, type: 'id', text: 'leading bytes of the hash of that snapshot' },
      { name: 'codec', key: 2, type: 'uint', text: 'CODEC' },
      { name: 'hash', key: 3, type: 'hash', text: 'SHA-256 of the difference' },
      { name: 'bytes', key: 4, type: 'uint', text: 'its length' },
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
      {
        name: 'frozenLayers',
        key: 12,
        type: 'uint',
        optional: true,
        text: 'bit l: layer l is not trained, u32',
      },
      {
        name: 'proximalShift',
        key: 13,
        type: 'uint',
        optional: true,
        text: 'FedProx: pull toward the base by 2^−this every PROXIMAL_INTERVAL steps',
      },
      {
        name: 'density',
        key: 14,
        type: 'uint',
        optional: true,
        text: 'SPARSE_TERNARY: words of each segment that are coded, per mille',
      },
      {
        name: 'maxStaleness',
        key: 15,
        type: 'uint',
        optional: true,
        text: 'a delta still counts when so many versions came after its base; absent: 0',
      },
      {
        name: 'drawBelow',
        key: 16,
        type: 'uint',
        optional: true,
        text: 'nodes whose draw (7.5) is below it take part, u32; absent: all',
      },
      {
        name: 'jitterMs',
        key: 17,
        type: 'uint',
        optional: true,
        text: 'a node begins within this time (7.5), u32; absent: at once',
      },
      {
        name: 'eligibility',
        key: 18,
        type: { map: 'Eligibility' },
        optional: true,
        text: 'what a device must fulfil to take part (7.5)',
      },
      {
        name: 'personalLayers',
        key: 19,
        type: 'uint',
        optional: true,
        text: 'bit l: what layer l learns stays on the node (7.6), u32; absent: none',
      },
    ],
  },
  {
    name: 'Eligibility',
    text: 'conditions of a device; one that is absent demands nothing',
    closed: true,
    keys: [
      {
        name: 'minBattery',
        key: 1,
        type: 'uint',
        optional: true,
        text: 'CONDITION BATTERY at least, 0…100',
      },
      {
        name: 'charging',
        key: 2,
        type: 'uint',
        optional: true,
        text: 'CONDITION CHARGING at least, 0…1',
      },
      {
        name: 'minLink',
        key: 3,
        type: 'uint',
        optional: true,
        text: 'CONDITION LINK at least, 0…100',
      },
      {
        name: 'minRam',
        key: 4,
        type: 'uint',
        optional: true,
        text: 'CONDITION RAM at least, at most 2^31 − 1',
      },
      {
        name: 'minSamples',
        key: 5,
        type: 'uint',
        optional: true,
        text: 'samples to train on, at least, u32',
      },
      {
        name: 'maxModelAge',
        key: 6,
        type: 'uint',
        optional: true,
        text: 'versions from the installed model to the announced one, at most, u32',
      },
    ],
  },
  {
    name: 'Envelope',
    text: 'an upload, written by the node',
    closed: false,
    keys: [
      { name: 'format', key: 1, type: 'uint', text: 'WIRE_FORMAT' },
      { name: 'epoch', key: 2, type: 'uint', text: 'epoch of the base version' },
      { name: 'version', key: 4, type: 'uint', text: 'base version' },
      { name: 'artefact', key: 5, type: 'id', text: 'leading bytes of the base artefact hash' },
      {
        name: 'contribution',
        key: 7,
        type: 'uint',
        text: 'contribution number of this node to this version',
      },
      {
        name: 'personal',
        key: 8,
        type: { map: 'Counters' },
        optional: true,
        text: 'of the model as the node has trained it, on the test split',
      },
      {
        name: 'kernel',
        key: 9,
        type: 'uint',
        text: 'the kernel that trained: its index in the announcement',
      },
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
      { name: 'mac', key: 15, type: 'mac', optional: true, text: 'tag of the upload (8.2)' },
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
      {
        name: 'saturations',
        key: 4,
        type: 'uint',
        text: 'parameter words at the int16 limits afterwards',
      },
      {
        name: 'confusion',
        key: 5,
        type: 'uints',
        optional: true,
        text: 'of an evaluation: row-major [true][predicted]',
      },
      {
        name: 'correct',
        key: 6,
        type: 'uint',
        optional: true,
        text: 'of a training: samples whose class was predicted',
      },
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
      { name: 'mac', key: 7, type: 'mac', optional: true, text: 'tag of the receipt (8.2)' },
    ],
  },
  {
    name: 'Authorisation',
    text: 'retained: the tag of the announcement for one node',
    closed: false,
    keys: [
      {
        name: 'announcement',
        key: 1,
        type: 'id',
        text: 'leading bytes of the SHA-256 of the announcement',
      },
      { name: 'mac', key: 2, type: 'mac', text: 'its tag (8.2)' },
    ],
  },
  {
    name: 'Birth',
    text: 'retained: a node is reachable through its bridge',
    closed: false,
    keys: [
      { name: 'bootEpoch', key: 1, type: 'uint', text: 'starts of the device' },
      {
        name: 'sequence',
        key: 2,
        type: 'uint',
        text: 'when the bridge connected, Unix seconds: a later connection has a larger one',
      },
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
    name: 'Want',
    text: 'a node lacks what the broker does not keep',
    closed: false,
    keys: [
      {
        name: 'hash',
        key: 1,
        type: 'hash',
        optional: true,
        text: 'of an object; absent: what is retained elsewhere, the announcement above all',
      },
      { name: 'offset', key: 2, type: 'uint', optional: true, text: 'of a slice, 0 if absent' },
    ],
  },
  {
    name: 'NodeStatus',
    text: 'retained: how a node is and what it cost, as its bridge knows it',
    closed: false,
    keys: [
      { name: 'bootEpoch', key: 1, type: 'uint', text: 'as in the birth' },
      { name: 'resetReason', key: 2, type: 'uint', text: 'RESET_REASON' },
      { name: 'state', key: 3, type: 'uint', text: 'NODE_STATE' },
      { name: 'lastError', key: 4, type: 'uint', text: 'minus the last status that was not OK' },
      { name: 'version', key: 5, type: 'uint', text: 'installed model version' },
      { name: 'heapHighWaterBytes', key: 6, type: 'uint', text: 'as in STATUS' },
      { name: 'stackHighWaterBytes', key: 7, type: 'uint', text: 'as in STATUS' },
      { name: 'badFrames', key: 8, type: 'uint', text: 'dropped by the device and by the bridge' },
      {
        name: 'fault',
        key: 9,
        type: { map: 'FaultRecord' },
        optional: true,
        text: 'the last one that was reported to this bridge',
      },
      {
        name: 'log',
        key: 10,
        type: 'text',
        optional: true,
        text: 'last line of LOG, cut to 200 bytes',
      },
      { name: 'traffic', key: 11, type: { map: 'Traffic' }, text: 'since the bridge started' },
      {
        name: 'roundVersion',
        key: 12,
        type: 'uint',
        optional: true,
        text: 'version of the last definite receipt',
      },
      {
        name: 'round',
        key: 13,
        type: { map: 'Traffic' },
        optional: true,
        text: 'from the definite receipt before that, or the start of the bridge, until that receipt',
      },
      {
        name: 'lines',
        key: 14,
        type: { list: 'LogLine' },
        optional: true,
        text: 'the last lines of LOG, at most 20, oldest first; log is the last of them',
      },
      {
        name: 'residualSaturations',
        key: 15,
        type: 'uint',
        optional: true,
        text: 'as in STATUS; absent: 0',
      },
      {
        name: 'scoredVersion',
        key: 16,
        type: 'uint',
        optional: true,
        text: 'base version of the last upload that had a confusion matrix of two classes or more',
      },
      {
        name: 'global',
        key: 17,
        type: { map: 'Score' },
        optional: true,
        text: 'its evaluation: of that version',
      },
      {
        name: 'personalised',
        key: 18,
        type: { map: 'Score' },
        optional: true,
        text: 'its personal: of the model as the node has trained it',
      },
    ],
  },
  {
    name: 'Score',
    text: 'what is left of a confusion matrix',
    closed: false,
    keys: [
      { name: 'samples', key: 1, type: 'uint', text: 'of the test split, at least 1' },
      { name: 'correct', key: 2, type: 'uint', text: 'of these, those whose class was predicted' },
    ],
  },
  {
    name: 'LogLine',
    text: 'a line of LOG',
    closed: false,
    keys: [
      { name: 'atMs', key: 1, type: 'uint', text: 'milliseconds from the start of the bridge' },
      { name: 'level', key: 2, type: 'uint', text: 'LOG_LEVEL' },
      { name: 'text', key: 3, type: 'text', text: 'cut to 200 bytes' },
    ],
  },
  {
    name: 'FaultRecord',
    text: 'FAULT, and the start that reported it',
    closed: false,
    keys: [
      { name: 'bootEpoch', key: 1, type: 'uint', text: 'start that reported it' },
      { name: 'reason', key: 2, type: 'uint', text: 'RESET_REASON' },
      { name: 'state', key: 3, type: 'uint', text: 'NODE_STATE it happened in' },
      { name: 'pc', key: 4, type: 'uint', text: 'as in FAULT' },
      { name: 'lr', key: 5, type: 'uint', text: 'as in FAULT' },
      { name: 'cause', key: 6, type: 'uint', text: 'as in FAULT' },
      { name: 'hardFault', key: 7, type: 'uint', text: 'as in FAULT' },
      { name: 'address', key: 8, type: 'uint', text: 'as in FAULT' },
    ],
  },
  {
    name: 'Traffic',
    text: 'bytes of one node; up is from the device to the aggregator',
    closed: false,
    keys: [
      { name: 'payloadUp', key: 1, type: 'uint', text: 'envelopes published, repeats included' },
      {
        name: 'payloadDown',
        key: 2,
        type: 'uint',
        text: 'announcements, receipts, and objects as far as the device took them',
      },
      {
        name: 'linkUp',
        key: 3,
        type: 'uint',
        text: 'frames from the device, COBS and CRC included',
      },
      { name: 'linkDown', key: 4, type: 'uint', text: 'frames to it, likewise' },
      {
        name: 'mqttUp',
        key: 5,
        type: 'uint',
        text: 'packets on its connection to the broker, headers and topics included, without TLS and TCP',
      },
      { name: 'mqttDown', key: 6, type: 'uint', text: 'packets from the broker, likewise' },
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
  {
    name: 'Delegation',
    text: 'by it a root key lets a round key sign announcements; the signature stands last',
    closed: true,
    keys: [
      { name: 'format', key: 1, type: 'uint', text: 'WIRE_FORMAT' },
      { name: 'federation', key: 2, type: 'text', text: 'name of the federation' },
      { name: 'serial', key: 3, type: 'uint', text: 'delegations of the federation, from 1' },
      { name: 'key', key: 4, type: 'hash', text: 'the round key: Ed25519, public' },
      { name: 'signature', key: 5, type: 'bytes', text: 'by the root key, SIGNATURE_BYTES' },
    ],
  },
  {
    name: 'Proof',
    text: 'retained: who vouches for an announcement; the signature stands last',
    closed: true,
    keys: [
      { name: 'format', key: 1, type: 'uint', text: 'WIRE_FORMAT' },
      { name: 'announcement', key: 2, type: 'hash', text: 'SHA-256 of the announcement' },
      {
        name: 'parent',
        key: 3,
        type: 'hash',
        optional: true,
        text: 'SHA-256 of the announcement of its parent; absent if it has none',
      },
      { name: 'delegation', key: 4, type: 'bytes', text: 'a Delegation, byte for byte' },
      { name: 'signature', key: 5, type: 'bytes', text: 'by the round key, SIGNATURE_BYTES' },
    ],
  },
];
