import { record } from '../../../host/contract/contract.gen.js';
import {
  assemble,
  type ConvFields,
  convRecord,
  denseRecord,
  type EmbeddingFields,
  embeddingRecord,
  globalPoolRecord,
  type InputFields,
  inputRecord,
  lossRecord,
  type PoolFields,
  poolRecord,
  rawRecord,
} from '../descriptor.js';

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
  return assemble([
    inputRecord({ width: 6 }),
    layer,
    lossRecord(1, elements, record.SQUARED_ERROR),
  ]);
}

/** The layers of numerics 2, each with exactly one thing wrong. */
export const brokenLayers: Readonly<Record<string, readonly (readonly [string, Uint8Array])[]>> = {
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
  return assemble([inputRecord(series), rawRecord(tag, new Uint8Array(bytes)), lossRecord(2, 3)]);
}
