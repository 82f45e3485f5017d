import { record } from '../../../host/contract/contract.gen.js';
import { toHex } from '../../../host/contract/hash.js';
import {
  assemble,
  type ConvFields,
  convRecord,
  denseChain,
  denseRecord,
  type EmbeddingFields,
  embeddingRecord,
  exponentChain,
  globalPoolRecord,
  type InputFields,
  inputRecord,
  lossRecord,
  type PoolFields,
  poolRecord,
  rawRecord,
} from '../descriptor.js';
import { call, type Draft } from './common.js';

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

/** A series of 8 steps and 3 channels under a layer, a dense layer and a loss. */
const series = { height: 1, width: 8, channels: 3 };
const inputs = (elements: number): Uint8Array =>
  denseRecord({ input: 1, output: 2, inputs: elements, outputs: 3 });

/** `elements` are those that the layer would make. */
function under(layer: Uint8Array, elements: number, input: InputFields = series): Uint8Array {
  return assemble([inputRecord(input), layer, inputs(elements), lossRecord(2, 3)]);
}

const place = { input: 0, output: 1 };

function withConv(fields: Partial<ConvFields>, elements: number, input?: InputFields): Uint8Array {
  return under(convRecord({ ...place, filters: 2, kernelWidth: 3, ...fields }), elements, input);
}

function withPool(fields: Partial<PoolFields>, elements: number, input?: InputFields): Uint8Array {
  return under(
    poolRecord({ ...place, kernelWidth: 2, strideWidth: 2, ...fields }),
    elements,
    input,
  );
}

function withEmbedding(fields: Partial<EmbeddingFields>, input?: InputFields): Uint8Array {
  const record = embeddingRecord({ vocabulary: 4, channels: 3, ...fields });
  return under(record, 24, input ?? { width: 8 });
}

const depthwise = { tag: record.DEPTHWISE, filters: 3 };
const average = { tag: record.AVERAGE_POOL };
const plane = { height: 64, width: 65 };

/** An autoencoder of 6 elements with other ends. */
function reconstructing(outputs: number, elements: number): Uint8Array {
  const layer = denseRecord({ input: 0, output: 1, inputs: 6, outputs });
  return assemble([input, layer, lossRecord(1, elements, record.SQUARED_ERROR)]);
}

/** The layers of numerics 2, each with exactly one thing wrong. */
const layers: Readonly<Record<string, readonly (readonly [string, Uint8Array])[]>> = {
  ERR_SHAPE: [
    ['a convolution without filters', withConv({ filters: 0 }, 6)],
    ['a kernel without width', withConv({ kernelWidth: 0 }, 6)],
    ['a kernel without height', withConv({ kernelHeight: 0 }, 6)],
    ['a convolution that does not move on', withConv({ strideWidth: 0 }, 6)],
    ['a convolution that does not move down', withConv({ strideHeight: 0 }, 6)],
    ['a kernel wider than its input', withConv({ kernelWidth: 9 }, 6)],
    ['a kernel wider than its padded input', withConv({ kernelWidth: 12, padLeft: 3 }, 6)],
    ['a kernel taller than its input', withConv({ kernelHeight: 2 }, 6)],
    ['as much padding before as kernel', withConv({ padLeft: 3 }, 18)],
    ['as much padding behind as kernel', withConv({ padRight: 3 }, 18)],
    ['padding above a flat kernel', withConv({ padTop: 1 }, 24)],
    ['padding under a flat kernel', withConv({ padBottom: 1 }, 24)],
    ['a convolution whose output is smaller', withConv({}, 13)],
    ['a convolution whose output is larger', withConv({}, 11)],
    ['more than 4,096 positions', withConv({ filters: 1, kernelWidth: 1 }, 4160, plane)],
    [
      'a window of more than 32,768 elements',
      withConv(
        {
          ...{ filters: 1, kernelHeight: 130, kernelWidth: 130 },
          ...{ padTop: 15, padLeft: 15, padBottom: 15, padRight: 15 },
        },
        1,
        { height: 100, width: 100, channels: 2 },
      ),
    ],
    [
      'more than 32,768 weights for an element',
      withConv({ filters: 32767, kernelWidth: 2 }, 32767, { width: 2 }),
    ],
    [
      'more than 65,536 elements with padding',
      withConv(
        { ...{ filters: 1, kernelHeight: 255, kernelWidth: 1, strideHeight: 255 }, padTop: 254 },
        250,
        { height: 120, width: 250 },
      ),
    ],
    ['more than 32,768 elements behind a convolution', wideConv()],
    ['a depthwise convolution with fewer filters', withConv({ ...depthwise, filters: 2 }, 12)],
    ['a depthwise convolution with more filters', withConv({ ...depthwise, filters: 4 }, 24)],
    ['a depthwise kernel wider than its input', withConv({ ...depthwise, kernelWidth: 9 }, 3)],
    ['a max pool without width', withPool({ kernelWidth: 0 }, 12)],
    ['a max pool that does not move on', withPool({ strideWidth: 0 }, 12)],
    ['a max pool wider than its input', withPool({ kernelWidth: 9 }, 3)],
    ['an average pool taller than its input', withPool({ ...average, kernelHeight: 2 }, 12)],
    ['an average pool that does not move down', withPool({ ...average, strideHeight: 0 }, 12)],
    [
      'a pool of more than 4,096 elements',
      withPool({ ...average, kernelHeight: 64, kernelWidth: 65 }, 1, plane),
    ],
    ['a global average of more than 4,096', under(globalPoolRecord(0, 1), 1, plane)],
    ['a pool whose output is smaller', withPool({}, 13)],
    ['an embedding of two channels', withEmbedding({}, { width: 4, channels: 2 })],
    ['a vocabulary of one', withEmbedding({ vocabulary: 1 })],
    ['an empty vocabulary', withEmbedding({ vocabulary: 0 })],
    ['a vocabulary of 257', withEmbedding({ vocabulary: 257 })],
    ['an embedding without channels', withEmbedding({ channels: 0 })],
    ['an embedding of 65,536 elements', withEmbedding({ channels: 8192 })],
    ['a reconstruction that is too small', reconstructing(5, 5)],
    ['a reconstruction that is too large', reconstructing(7, 7)],
    ['a loss of more elements than the reconstruction', reconstructing(5, 6)],
    ['a loss of fewer elements than the reconstruction', reconstructing(7, 6)],
  ],
  ERR_TENSOR: [
    [
      'an embedding above a dense layer',
      assemble([
        inputRecord({ width: 8 }),
        denseRecord({ input: 0, output: 1, inputs: 8, outputs: 1 }),
        embeddingRecord({ input: 1, output: 2, vocabulary: 4, channels: 8 }),
        denseRecord({ input: 2, output: 3, inputs: 8, outputs: 3 }),
        lossRecord(3, 3),
      ]),
    ],
    ['a convolution on an undefined tensor', withUndefined(convRecord)],
    ['a pool on an undefined tensor', withUndefined(poolRecord)],
    ['a pool that defines the input', definedAgain(poolRecord({ input: 0, output: 0 }))],
    ['a global average into tensor 64', intoTensor64()],
  ],
  ERR_EXPONENT: [
    ['weight exponent 25 of a convolution', withConv({ weightExponent: 25 }, 12)],
    ['weight exponent -25 of a depthwise one', withConv({ ...depthwise, weightExponent: -25 }, 18)],
    ['weight exponent 25 of an embedding', withEmbedding({ weightExponent: 25 })],
    ['initial bound 16,384 of a convolution', withConv({ initBound: 16384 }, 12)],
    ['initial bound 65,535 of a depthwise one', withConv({ ...depthwise, initBound: 65535 }, 18)],
    ['initial bound 16,384 of an embedding', withEmbedding({ initBound: 16384 })],
  ],
  ERR_UNKNOWN_OP: [
    ['activation 2 of a convolution', withConv({ activation: 2 }, 12)],
    ['activation 128 of a depthwise one', withConv({ ...depthwise, activation: 128 }, 18)],
  ],
  ERR_DESCRIPTOR: [
    ['a reserved word of a convolution', withConv({ reserved: 256 }, 12)],
    ['a reserved word of a depthwise one', withConv({ ...depthwise, reserved: 1 }, 18)],
    ['a reserved byte of an embedding', withEmbedding({ reserved: 1 })],
    ['a loss on a pool', onPool(poolRecord({ ...place, kernelWidth: 2, strideWidth: 2 }), 12)],
    ['a loss on a global average', onPool(globalPoolRecord(0, 1), 3)],
    [
      'a loss on an embedding',
      assemble([
        inputRecord({ width: 4 }),
        embeddingRecord({ vocabulary: 4, channels: 2 }),
        lossRecord(1, 8),
      ]),
    ],
    ['a loss on a depthwise convolution', onPool(convRecord({ ...place, ...depthwise }), 24)],
    ['logits of a convolution through a ReLU', reluLogits()],
    ['a reconstruction of the input', onPool(new Uint8Array(), 24, record.SQUARED_ERROR)],
    ['a convolution with the payload of a dense layer', withRaw(record.CONV, 12)],
    ['a depthwise convolution of 21 bytes', withRaw(record.DEPTHWISE, 21)],
    ['a max pool of 4 bytes', withRaw(record.MAX_POOL, 4)],
    ['an average pool of 12 bytes', withRaw(record.AVERAGE_POOL, 12)],
    ['a global average of 8 bytes', withRaw(record.GLOBAL_AVERAGE_POOL, 8)],
    ['an embedding of 11 bytes', withRaw(record.EMBEDDING, 11)],
  ],
};

/** 33 positions of 1,000 filters: a tensor too large behind a convolution that is not. */
function wideConv(): Uint8Array {
  const conv = convRecord({ ...place, filters: 1000, kernelWidth: 1 });
  const pool = globalPoolRecord(1, 3);
  const dense = denseRecord({ input: 3, output: 2, inputs: 1000, outputs: 3 });
  return assemble([inputRecord({ width: 33 }), conv, pool, dense, lossRecord(2, 3)]);
}

function withUndefined(make: (fields: ConvFields) => Uint8Array): Uint8Array {
  const layer = make({ input: 9, output: 1, filters: 2 });
  const ends = [denseRecord({ input: 0, output: 2, inputs: 24, outputs: 3 }), lossRecord(2, 3)];
  return assemble([inputRecord(series), layer, ...ends]);
}

function definedAgain(layer: Uint8Array): Uint8Array {
  return assemble([
    inputRecord(series),
    layer,
    denseRecord({ input: 0, output: 2, inputs: 24, outputs: 3 }),
    lossRecord(2, 3),
  ]);
}

function intoTensor64(): Uint8Array {
  const dense = denseRecord({ input: 64, output: 2, inputs: 3, outputs: 3 });
  return assemble([inputRecord(series), globalPoolRecord(0, 64), dense, lossRecord(2, 3)]);
}

/** A loss right on a layer that makes no logits, or on the input if there is a layer beside it. */
function onPool(layer: Uint8Array, elements: number, tag?: number): Uint8Array {
  if (layer.length > 0) return assemble([inputRecord(series), layer, lossRecord(1, elements, tag)]);
  return assemble([inputRecord(series), lossRecord(0, elements, tag)]);
}

function reluLogits(): Uint8Array {
  const conv = convRecord({ ...place, filters: 1, kernelWidth: 6, activation: 1 });
  return assemble([inputRecord(series), conv, lossRecord(1, 3)]);
}

function withRaw(tag: number, bytes: number): Uint8Array {
  return assemble([inputRecord(series), rawRecord(tag, new Uint8Array(bytes)), loss]);
}

/** Every broken descriptor under the status it is made for. */
export const brokenDescriptors: Readonly<
  Record<string, readonly (readonly [string, Uint8Array])[]>
> = {
  ERR_DESCRIPTOR: [...framing, ...ends, ...layers['ERR_DESCRIPTOR']],
  ERR_UNKNOWN_OP: [...unknown, ...layers['ERR_UNKNOWN_OP']],
  ERR_TENSOR: [...tensors, ...layers['ERR_TENSOR']],
  ERR_SHAPE: [...shapes, ...layers['ERR_SHAPE']],
  ERR_EXPONENT: [...exponents, ...layers['ERR_EXPONENT']],
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
