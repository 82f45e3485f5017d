import {
  blockWord,
  codec,
  constant,
  region,
  type RegionName,
  version,
} from '../contract/contract.gen.js';
import { bytesOf } from '../contract/bytes.js';
import { expectOk, LinnetError } from '../contract/error.js';
import type { KernelEngine } from './engine.js';
import { packRawDelta, unpackRawDelta } from './raw-delta.js';

export type BlockWord = keyof typeof blockWord;

/** What training depends on besides weights and samples; all of it comes from the plan. */
export interface TrainSettings {
  readonly federationSeed: number;
  readonly baseVersion: number;
  readonly nodeKey: number;
  /** Learning rate 2^−lrShift. */
  readonly lrShift: number;
  /** DECAY of the contract. */
  readonly lrDecay: number;
  readonly totalSteps: number;
  /** Q15; no backward pass where max |err| is at or below. */
  readonly skipThreshold: number;
  /** Strength of pull(): 2^−this of the way to the base; 0 or absent = none. */
  readonly proximalShift?: number;
  /** Bit l: layer l has no segment in payloads and is not pulled; absent: none. */
  readonly personalLayers?: number;
  /** int8 exponent per class, 0 if absent. */
  readonly classWeights?: Int8Array;
}

/** For begin() where nothing is trained: evaluation depends on none of them. */
export const evaluationSettings: TrainSettings = {
  federationSeed: 0,
  baseVersion: 0,
  nodeKey: 0,
  lrShift: 0,
  lrDecay: 0,
  totalSteps: 0,
  skipThreshold: 0,
};

/** How plan() lays a model out. */
export interface PlanOptions {
  /** Linear memory the kernel may use; all it can address if absent. */
  readonly memoryBytes?: number;
  /** Bit l: layer l (with parameters) is not trained. */
  readonly frozenLayers?: number;
}

/** What SPARSE_TERNARY needs beside base and codec. */
export interface SparseOptions {
  /** Words that are coded of each segment, per mille. */
  readonly density?: number;
  /** [P], becomes the new residual; zeros that nobody gets if absent. */
  readonly residual?: Int16Array;
}

/** Where residuals lie in the transfer buffer. */
const residualOffset = 2 * (constant.IO_WORDS - constant.CODEC_WORDS);
/** Where coded bytes lie in the transfer buffer, and how many have room. */
const codedOffset = 2 * constant.CODEC_WORDS;
const codedBytes = 2 * (constant.IO_WORDS - constant.CODEC_WORDS);

/** A region of the kernel's arena. */
export interface Region {
  readonly name: RegionName;
  readonly bytes: number;
}

export interface KernelCounters {
  readonly samples: number;
  readonly skipped: number;
  readonly saturations: number;
  /** Summed loss: cross-entropy in Q10 bits, or squared error as SPEC 2.5 counts it. */
  readonly loss: number;
  /** Row-major [true class][predicted class]. */
  readonly confusion: Uint32Array;
}

const allMemoryBytes = 0xffff0000;

type TransferCall = 'load' | 'store' | 'delta' | 'pull';

/** The same with room for as much again. */
function enlarged(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(2 * bytes.length);
  larger.set(bytes);
  return larger;
}

/** Typed calls on a kernel, in any engine. Statuses become LinnetErrors. */
export class Kernel {
  private readonly block: number;
  private parameters = 0;
  private inputBytes = 0;
  private inputPtr = 0;

  constructor(private readonly engine: KernelEngine) {
    const abi = engine.call('abi');
    if (abi !== version.KERNEL_ABI) {
      throw new LinnetError(
        'ERR_ABI',
        `the kernel has ABI ${abi}, this host drives ${version.KERNEL_ABI}`,
      );
    }
    this.block = engine.call('block');
    this.checkBlock();
  }

  private checkBlock(): void {
    try {
      this.engine.readBytes(this.block, 4 * Object.keys(blockWord).length);
    } catch (error) {
      throw new LinnetError('ERR_ABI', "the kernel's block is outside its memory", {
        source: error,
      });
    }
  }

  get engineName(): string {
    return this.engine.name;
  }

  word(name: BlockWord): number {
    return this.engine.readWord(this.block + 4 * blockWord[name]);
  }

  setWord(name: BlockWord, value: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    this.engine.writeBytes(this.block + 4 * blockWord[name], bytes);
  }

  /** Validates the model and lays out its memory. Throws the kernel's status. */
  plan(descriptor: Uint8Array, options: PlanOptions = {}): void {
    const { memoryBytes = allMemoryBytes, frozenLayers = 0 } = options;
    if (descriptor.length > constant.DESCRIPTOR_MAX_BYTES) {
      throw new LinnetError('ERR_DESCRIPTOR', `the descriptor has ${descriptor.length} bytes`);
    }
    this.setWord('memoryBytes', memoryBytes);
    this.setWord('frozenLayers', frozenLayers);
    this.setWord('personalLayers', 0);
    this.setWord('descriptorBytes', descriptor.length);
    this.engine.writeBytes(this.word('descriptorPtr'), descriptor);
    const status = this.engine.call('plan');
    this.parameters = status < 0 ? 0 : this.word('parameters');
    expectOk(status, 'plan');
    this.inputBytes = this.word('inputBytes');
    this.inputPtr = this.word('inputPtr');
  }

  initialise(seed: number): void {
    expectOk(this.engine.call('initialise', seed), 'initialise');
  }

  loadParameters(words: Int16Array): void {
    if (words.length !== this.parameters) {
      throw new LinnetError(
        'ERR_SHAPE',
        `${words.length} parameters for a model of ${this.parameters}`,
      );
    }
    this.transfer('load', new Int16Array(words));
  }

  storeParameters(): Int16Array {
    return this.transfer('store', new Int16Array(this.parameters));
  }

  /** Current parameters − base, saturated to ± DELTA_LIMIT. */
  delta(base: Int16Array): Int16Array {
    return this.transfer('delta', new Int16Array(base));
  }

  /** Words [P] of these layers, as bits, become those of the model. */
  personalise(words: Int16Array, layers: number): void {
    if (layers !== 0) this.transfer('load', words, layers);
  }

  /** Writes the model's words of these layers into `words` [P]. */
  keepPersonal(words: Int16Array, layers: number): void {
    if (layers !== 0) this.transfer('store', words, layers);
  }

  /**
   * The payload (SPEC, section 9) of current − base. Needs a begin, whose seeds round it. Throws ERR_RANGE for an
   * unknown codec or density.
   */
  encodeDelta(id: number, base: Int16Array, sparse: SparseOptions = {}): Uint8Array {
    if (id === codec.RAW_INT16) return packRawDelta(this.delta(base));
    const { density = 0, residual = new Int16Array(base.length) } = sparse;
    const isSparse = id === codec.SPARSE_TERNARY;
    if (isSparse) this.setWord('density', density);
    expectOk(this.engine.call('encoding', id), 'encoding');
    const io = this.word('ioPtr');
    const [words, residuals] = [bytesOf(base), bytesOf(residual)];
    let coded = new Uint8Array(codedBytes);
    let length = 0;
    for (let at = this.word('codecOffset'); at < base.length; at = this.word('codecOffset')) {
      const count = Math.min(constant.CODEC_WORDS, base.length - at);
      const [first, end] = [2 * at, 2 * (at + count)];
      this.engine.writeBytes(io, words.subarray(first, end));
      if (isSparse) this.engine.writeBytes(io + residualOffset, residuals.subarray(first, end));
      const answer = expectOk(this.engine.call('encode', count), 'encode');
      // Residuals of words that are coded have changed.
      const changed = isSparse ? Math.min(2 * count, 2 * (answer >> 8)) : 0;
      if (changed > 0) residuals.set(this.engine.readBytes(io + residualOffset, changed), first);
      const bytes = answer & 0xff;
      if (length + bytes > coded.length) coded = enlarged(coded);
      if (bytes > 0) coded.set(this.engine.readBytes(io + codedOffset, bytes), length);
      length += bytes;
    }
    return coded.slice(0, length);
  }

  /** Whether the kernel reads payloads of this codec slice by slice. */
  canDecode(id: number): boolean {
    return this.engine.call('decoding', id) >= 0;
  }

  /**
   * The delta in a payload, in `target` [P] if it is given; undefined if it is none of this codec for the planned
   * model, and `target` is then of any value.
   */
  decodeDelta(id: number, payload: Uint8Array, target?: Int16Array): Int16Array | undefined {
    if (id === codec.RAW_INT16) return unpackRawDelta(payload, this.parameters);
    if (this.engine.call('decoding', id) < 0) return undefined;
    const io = this.word('ioPtr');
    const delta = target?.fill(0) ?? new Int16Array(this.parameters);
    let taken = 0;
    for (let at = this.word('codecOffset'); at < this.parameters; at = this.word('codecOffset')) {
      const window = payload.subarray(taken, taken + codedBytes);
      this.engine.writeBytes(io + codedOffset, window);
      const answer = this.engine.call('decode', window.length);
      if (answer < 0) return undefined;
      taken += answer & 0xff;
      this.engine.readWords(io, delta, at, answer >> 8);
    }
    return taken === payload.length ? delta : undefined;
  }

  /** Moves the parameters toward `base` by 2^−proximalShift of the way. */
  pull(base: Int16Array): void {
    this.transfer('pull', new Int16Array(base));
  }

  begin(settings: TrainSettings): void {
    const { classWeights, proximalShift = 0, personalLayers = 0, ...words } = settings;
    this.setWord('proximalShift', proximalShift);
    this.setWord('personalLayers', personalLayers);
    for (const [name, value] of Object.entries(words)) this.setWord(name as BlockWord, value);
    const classes = this.word('classes');
    const exponents = new Uint8Array(classes);
    if (classWeights) exponents.set(new Uint8Array(classWeights).subarray(0, classes));
    if (this.parameters > 0) this.engine.writeBytes(this.word('classWeightsPtr'), exponents);
    expectOk(this.engine.call('begin'), 'begin');
  }

  /** Element `index` of permutation `stream` of 0…count−1. */
  order(stream: number, count: number, index: number): number {
    return expectOk(this.engine.call('order', stream, count, index), 'order');
  }

  /** One training step; true if its backward pass was skipped. */
  train(x: Int8Array, label: number): boolean {
    this.writeInput(x);
    return expectOk(this.engine.call('train', label), 'train') === 1;
  }

  /** Inference counted in loss and confusion; the predicted class. */
  evaluate(x: Int8Array, label: number): number {
    this.writeInput(x);
    return expectOk(this.engine.call('evaluate', label), 'evaluate');
  }

  /** Loss of the last sample; of an autoencoder its reconstruction error, after infer too. */
  score(): number {
    return this.word('score');
  }

  /** Regions of the arena, in order. */
  regions(): Region[] {
    const count = this.word('regionCount');
    const table = this.engine.readBytes(this.word('regionsPtr'), 8 * count);
    const view = new DataView(table.buffer);
    const names = Object.keys(region) as RegionName[];
    return names
      .slice(0, count)
      .map((name) => ({ name, bytes: view.getUint32(8 * region[name] + 4, true) }));
  }

  infer(x: Int8Array): number {
    this.writeInput(x);
    return expectOk(this.engine.call('infer'), 'infer');
  }

  counters(): KernelCounters {
    const classes = this.word('classes');
    const confusion = this.engine.readBytes(this.word('confusionPtr'), 4 * classes * classes);
    return {
      samples: this.word('samples'),
      skipped: this.word('skipped'),
      saturations: expectOk(this.engine.call('saturations'), 'saturations'),
      loss: this.word('lossHigh') * 2 ** 32 + this.word('lossLow'),
      confusion: new Uint32Array(confusion.buffer),
    };
  }

  /** Throws ERR_CANARY if the kernel wrote outside a region of its arena. */
  check(): void {
    expectOk(this.engine.call('check'), 'check');
  }

  close(): void {
    this.engine.close();
  }

  private writeInput(x: Int8Array): void {
    if (x.length !== this.inputBytes) {
      throw new LinnetError(
        'ERR_SHAPE',
        `a sample of ${x.length} inputs for a model of ${this.inputBytes}`,
      );
    }
    this.engine.writeBytes(this.inputPtr, new Uint8Array(x.buffer, x.byteOffset, x.length));
  }

  /** Passes `words` through the transfer buffer slice by slice, in place; `layers` alone, if there are any. */
  private transfer(call: TransferCall, words: Int16Array, layers = 0): Int16Array {
    const io = this.word('ioPtr');
    const bytes = bytesOf(words);
    const personalLayers = this.word('personalLayers');
    if (call !== 'pull') this.setWord('personalLayers', layers);
    for (let offset = 0; offset < words.length; offset += constant.IO_WORDS) {
      const count = Math.min(constant.IO_WORDS, words.length - offset);
      const slice = bytes.subarray(2 * offset, 2 * (offset + count));
      if (call !== 'store' || layers !== 0) this.engine.writeBytes(io, slice);
      expectOk(this.engine.call(call, offset, count), call);
      if (call === 'store' || call === 'delta') slice.set(this.engine.readBytes(io, slice.length));
    }
    this.setWord('personalLayers', personalLayers);
    return words;
  }
}
