import type { Field } from './fields.js';

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
const id = (name: string, text: string): Field => ({ name, type: 'id', text });
const mac = (name: string, text: string): Field => ({ name, type: 'mac', text });
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
      u16('intrinsicSet', 'intrinsic set the firmware supplies, 0 = none'),
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
    request: [
      mac('mac', 'its tag for this node (8.2), zeros = none'),
      bytes('announcement', 'CBOR, at most ANNOUNCEMENT_MAX_BYTES'),
    ],
    response: [],
  },
  {
    name: 'OBJECT',
    id: 3,
    from: 'device',
    text: 'reads a slice of an object (kernel, descriptor, snapshot, difference) by its SHA-256',
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
      id('model', 'leading bytes of the descriptor hash'),
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
      u32(
        'residualSaturations',
        'words of the residual made last that were limited (9), 0 after a start',
      ),
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
    name: 'FAULT',
    id: 12,
    from: 'device',
    text: 'what a processor fault or the watchdog left of the last run; repeated until it is answered, then forgotten',
    request: [
      u8('reason', 'RESET_REASON'),
      u8('state', 'NODE_STATE it happened in'),
      u32('pc', 'address of the instruction, 0 = unknown; of a longer one the low 32 bits'),
      u32('lr', 'link register, likewise'),
      u32('cause', 'CFSR of a Cortex-M, signal of a process'),
      u32('hardFault', 'HFSR of a Cortex-M, else 0'),
      u32('address', 'memory address that was at fault, 0 = unknown'),
    ],
    response: [],
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
