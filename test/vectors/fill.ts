import { hasParameters, isWeighted, type Model } from '../oracle/layers.js';
import type { InputFill, WordFill } from './script.js';

/**
 * Inputs and parameters of test vectors from a seed, so that vector files stay small. The generator
 * is Marsaglia's 32-bit xorshift (2003, triple 13, 17, 5) started at seed · 2654435761 + 1; it has
 * nothing in common with the streams of the specification.
 */
export class TestRandom {
  private state: number;

  constructor(seed: number) {
    this.state = (Math.imul(seed, 2654435761) + 1) >>> 0 || 1;
    for (let i = 0; i < 4; i++) this.next();
  }

  /** An integer in 1…2^32 − 1. */
  next(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state;
  }

  /** An integer in 0…count − 1. */
  below(count: number): number {
    return Math.floor((this.next() / 2 ** 32) * count);
  }

  /** An integer in −limit…limit. */
  within(limit: number): number {
    return this.below(2 * limit + 1) - limit;
  }
}

/** One sample of `length` int8 inputs. */
export function fillInput(fill: InputFill, length: number): Int8Array {
  if ('values' in fill) {
    if (fill.values.length !== length) throw new Error(`a sample has ${length} inputs`);
    return Int8Array.from(fill.values);
  }
  const random = new TestRandom(fill.seed ?? 0);
  const draw = {
    zero: () => 0,
    uniform: () => random.within(127),
    sparse: () => (random.below(4) === 0 ? random.within(127) : 0),
    signs: () => (random.below(2) === 0 ? -127 : 127),
    tiny: () => random.within(1),
    top: () => 127,
    bottom: () => -127,
    tokens: () => random.below(256) - 128,
  }[fill.kind];
  return Int8Array.from({ length }, draw);
}

/** Words at the edges of the high byte and of int16. */
const edges = [-32768, -32767, -32640, -32513, -129, -128, 0, 127, 128, 255, 256, 32639, 32767];

/** All parameters of a model, layer by layer, weights before biases. */
export function fillWords(fill: WordFill, model: Model): Int16Array {
  if ('values' in fill) {
    if (fill.values.length !== model.parameters) {
      throw new Error(`a model has ${model.parameters} parameters`);
    }
    return Int16Array.from(fill.values);
  }
  const random = new TestRandom(fill.seed ?? 0);
  const draw = {
    neutral: () => 128,
    small: () => 128 + random.within(2048),
    uniform: () => random.within(32767),
    limits: () => edges[random.below(edges.length)],
    top: () => 32767,
    bottom: () => -32768,
  }[fill.kind];
  const words = new Int16Array(model.parameters);
  const bias = fill.kind === 'neutral' ? (): number => 0 : draw;
  for (const layer of model.layers.filter(hasParameters)) {
    const { weightOffset, rows, rowLength } = layer;
    for (let k = 0; k < rows * rowLength; k++) words[weightOffset + k] = draw();
    if (!isWeighted(layer)) continue;
    for (let o = 0; o < rows; o++) words[layer.biasOffset + o] = bias();
  }
  return words;
}

export interface LabelledSample {
  readonly x: Int8Array;
  readonly label: number;
}

/**
 * Sample t of a learnable stream: a prototype per class, halved, plus noise of ±30; every sixteenth
 * label is drawn anew, so that errors never die out. Tokens are those of the prototype, every fourth
 * drawn anew and a few beyond the vocabulary.
 */
export function drawSample(model: Model, seed: number, t: number): LabelledSample {
  const random = new TestRandom(seed * 65537 + t);
  const made = random.below(model.classes);
  const prototype = new TestRandom(seed * 257 + made + 1);
  const [first] = model.layers;
  const vocabulary = first.kind === 'EMBEDDING' ? Math.min(256, first.rows + 2) : undefined;
  const draw =
    vocabulary === undefined
      ? () => Math.trunc(prototype.within(127) / 2) + random.within(30)
      : () => {
          const usual = prototype.below(vocabulary);
          return random.below(4) === 0 ? random.below(vocabulary) : usual;
        };
  const x = Int8Array.from({ length: model.inputs }, draw);
  const label = random.below(16) === 0 ? random.below(model.classes) : made;
  return { x, label };
}
