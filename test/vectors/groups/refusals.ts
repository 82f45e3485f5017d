import { record } from '../../../host/contract/contract.gen.js';
import { toHex } from '../../../host/contract/hash.js';
import {
  assemble,
  denseChain,
  denseRecord,
  exponentChain,
  inputRecord,
  lossRecord,
  rawRecord,
} from '../descriptor.js';
import { call, type Draft } from './common.js';
import { brokenLayers } from './refused-layers.js';

/** Minimal descriptors for every status of section 3, each breaking exactly one rule. */

const input = inputRecord({ width: 6 });
const hidden = denseRecord({ input: 0, output: 1, inputs: 6, outputs: 4, activation: 1 });
const logits = denseRecord({ input: 1, output: 2, inputs: 4, outputs: 3 });
const loss = lossRecord(2, 3);
const good = [input, hidden, logits, loss];
const valid = assemble(good);

/** `good` with other fields in the hidden layer. */
function withHidden(fields: Partial<Parameters<typeof denseRecord>[0]>): Uint8Array {
  const own = { input: 0, output: 1, inputs: 6, outputs: 4, activation: 1 };
  return assemble([input, denseRecord({ ...own, ...fields }), logits, loss]);
}

function withInput(fields: Partial<Parameters<typeof inputRecord>[0]>): Uint8Array {
  return assemble([inputRecord({ width: 6, ...fields }), hidden, logits, loss]);
}

/** Shorter or longer, with the total corrected. */
function resized(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(valid.subarray(0, length));
  new DataView(bytes.buffer).setUint32(8, length, true);
  return bytes;
}

const framing: readonly (readonly [string, Uint8Array])[] = [
  ['no bytes', new Uint8Array()],
  ['one byte', valid.slice(0, 1)],
  ['a header cut off', valid.slice(0, 15)],
  ['another magic', assemble(good, { magic: 0x444e4e4d })],
  ['another format', assemble(good, { format: 2 })],
  ['format 0', assemble(good, { format: 0 })],
  ['a reserved header word', assemble(good, { reserved: 1 })],
  ['a reserved input byte', withInput({ reserved: 1 })],
  ['a total too small', assemble(good, { total: valid.length - 1 })],
  ['a total too large', assemble(good, { total: valid.length + 1 })],
  ['more records than bytes', assemble(good, { records: 5 })],
  ['65,535 records', assemble(good, { records: 65535 })],
  ['fewer records than bytes', resized(valid.length + 4)],
  ['a record header cut off', resized(valid.length - 6)],
  ['a payload cut off', resized(valid.length - 1)],
  ['bytes cut off', valid.slice(0, -1)],
  [
    'a short payload',
    assemble([rawRecord(record.INPUT, input.slice(4, -1)), hidden, logits, loss]),
  ],
  [
    'a long payload',
    assemble([input, hidden, logits, rawRecord(64, new Uint8Array([2, 0, 3, 0, 0]))]),
  ],
  [
    'an empty payload',
    assemble([input, hidden, rawRecord(record.DENSE, new Uint8Array()), logits, loss]),
  ],
  ['a second input', assemble([input, inputRecordAgain(), hidden, logits, loss])],
];

/** Rules about the end of the chain. */
const ends: readonly (readonly [string, Uint8Array])[] = [
  [
    'logits through a ReLU',
    assemble([
      input,
      denseRecord({ input: 0, output: 1, inputs: 6, outputs: 3, activation: 1 }),
      lossRecord(1, 3),
    ]),
  ],
  ['a loss on the input', assemble([input, lossRecord(0, 6)])],
  ['no loss', assemble([input, hidden])],
  ['no records', assemble([])],
];

/** A second INPUT record is out of order whatever it says; tensor 0 twice would be another error. */
function inputRecordAgain(): Uint8Array {
  return rawRecord(record.INPUT, new Uint8Array(3));
}

const tensors: readonly (readonly [string, Uint8Array])[] = [
  ['a tensor that is read before it is defined', withSwappedIds()],
  ['a tensor that is read twice', assemble([input, hidden, dense(0, 2, 6, 3), loss])],
  [
    'a tensor that nobody reads',
    assemble([input, hidden, dense(1, 5, 4, 3), dense(5, 2, 3, 3), dense(2, 7, 3, 3), loss]),
  ],
  [
    'a tensor that is defined twice',
    assemble([input, hidden, dense(1, 1, 4, 3), lossRecord(1, 3)]),
  ],
  ['the input defined again', assemble([input, dense(0, 0, 6, 3), lossRecord(0, 3)])],
  ['tensor 64', assemble([input, dense(0, 64, 6, 3), lossRecord(64, 3)])],
  ['tensor 65535', assemble([input, dense(0, 65535, 6, 3), lossRecord(65535, 3)])],
  ['a loss on an undefined tensor', assemble([input, dense(0, 1, 6, 3), lossRecord(9, 3)])],
];

function dense(from: number, to: number, inputs: number, outputs: number): Uint8Array {
  return denseRecord({ input: from, output: to, inputs, outputs });
}

function withSwappedIds(): Uint8Array {
  return assemble([input, dense(1, 2, 6, 3), dense(0, 1, 6, 6), loss]);
}

const shapes: readonly (readonly [string, Uint8Array])[] = [
  ['an input without height', withInput({ height: 0 })],
  ['an input without width', withInput({ width: 0 })],
  ['an input without channels', withInput({ channels: 0 })],
  ['a layer wider than its input', withHidden({ inputs: 7 })],
  ['a layer narrower than its input', withHidden({ inputs: 5 })],
  ['a layer without inputs', withHidden({ inputs: 0 })],
  ['a layer that loses an output', withHidden({ outputs: 5 })],
  ['more classes than logits', assemble([input, hidden, logits, lossRecord(2, 4)])],
  ['fewer classes than logits', assemble([input, hidden, logits, lossRecord(2, 2)])],
  ['one class', denseChain(2, 1)],
  ['257 classes', denseChain(2, 257)],
  ['32,769 outputs', denseChain(2, 32769, 2)],
  ['32,769 inputs', denseChain(32769, 2)],
  [
    'an input whose size wraps around 32 bits to 194',
    assemble([
      inputRecord({ height: 62779, width: 60066, channels: 32035 }),
      dense(0, 1, 194, 3),
      lossRecord(1, 3),
    ]),
  ],
];

const unknown: readonly (readonly [string, Uint8Array])[] = [
  ['a layer with the tag 15', assemble([input, rawRecord(15, hidden.slice(4)), logits, loss])],
  ['a layer with the tag 23', assemble([input, rawRecord(23, hidden.slice(4)), logits, loss])],
  ['a layer with the tag 273', assemble([input, rawRecord(273, hidden.slice(4)), logits, loss])],
  ['a loss with the tag 66', assemble([...good.slice(0, 3), rawRecord(66, loss.slice(4))])],
  ['activation 2', withHidden({ activation: 2 })],
  ['activation 255', withHidden({ activation: 255 })],
];

const exponents: readonly (readonly [string, Uint8Array])[] = [
  ['input exponent 25', withInput({ exponent: 25 })],
  ['input exponent -25', withInput({ exponent: -25 })],
  ['input exponent 127', withInput({ exponent: 127 })],
  ['input exponent -128', withInput({ exponent: -128 })],
  ['weight exponent 25', withHidden({ weightExponent: 25 })],
  ['weight exponent -25', withHidden({ weightExponent: -25 })],
  ['weight exponent -128', withHidden({ weightExponent: -128 })],
  ['initial bound 16,384', withHidden({ initBound: 16384 })],
];

const memory: readonly (readonly [string, Uint8Array, number])[] = [
  ['a model in no memory', valid, 0],
  ['a model of 2 GB', denseChain(32768, 32768, 2), 65536],
  ['a model whose size wraps around 32 bits', exponentChain([32768, 32768, 32768, 2], 0, 0), 65536],
];

/** Every broken descriptor under the status it is made for. */
export const brokenDescriptors: Readonly<
  Record<string, readonly (readonly [string, Uint8Array])[]>
> = {
  ERR_DESCRIPTOR: [...framing, ...ends, ...brokenLayers['ERR_DESCRIPTOR']],
  ERR_UNKNOWN_OP: [...unknown, ...brokenLayers['ERR_UNKNOWN_OP']],
  ERR_TENSOR: [...tensors, ...brokenLayers['ERR_TENSOR']],
  ERR_SHAPE: [...shapes, ...brokenLayers['ERR_SHAPE']],
  ERR_EXPONENT: [...exponents, ...brokenLayers['ERR_EXPONENT']],
};

const enough = 65536;

function refusal(name: string, descriptor: Uint8Array, memoryBytes: number): Draft {
  return {
    name,
    script: [{ do: 'plan', descriptor: toHex(descriptor), memoryBytes }, call('train', 0)],
  };
}

const accepted: Draft = {
  name: 'the descriptor the others are made from is valid',
  script: [
    { do: 'plan', descriptor: toHex(valid), memoryBytes: enough },
    { do: 'words', names: ['parameters', 'layers', 'classes', 'inputBytes'] },
    call('check'),
  ],
};

const shuffledIds: Draft = {
  name: 'tensor ids need no order',
  script: [
    {
      do: 'plan',
      descriptor: toHex(
        assemble([input, dense(0, 63, 6, 5), dense(63, 7, 5, 3), lossRecord(7, 3)]),
      ),
      memoryBytes: enough,
    },
    call('initialise', 4),
    { do: 'hash' },
    { do: 'infer', x: { kind: 'uniform', seed: 1 } },
    call('check'),
  ],
};

export const refusals: readonly Draft[] = [
  accepted,
  shuffledIds,
  ...Object.values(brokenDescriptors)
    .flat()
    .map(([name, bytes]) => refusal(name, bytes, enough)),
  ...memory.map(([name, bytes, memoryBytes]) => refusal(name, bytes, memoryBytes)),
];
