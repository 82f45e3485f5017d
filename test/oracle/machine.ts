import {
  constant,
  decay,
  status,
  type StatusName,
  version,
} from '../../host/contract/contract.gen.js';
import { deltaOf } from './aggregate.js';
import { decodePayload, encodePayload, encodeSparse, segmentsOf, type Sparse } from './codec.js';
import { readDescriptor } from './descriptor.js';
import { hasParameters, type Model } from './layers.js';
import { enoughMemoryBytes } from './memory.js';
import {
  forward,
  type ForwardResult,
  initialParameters,
  isTrained,
  lossOf,
  type LossResult,
  type Plan,
  trainStep,
} from './model.js';
import { nodeSeedOf, permute } from './random.js';
import { pullWord } from './update.js';
import { type Counters, listConfusion, type Logits, type Settings } from '../vectors/script.js';

/**
 * The state behind the kernel's exports (section 5): which call is allowed when, and what it
 * counts. Statuses that the specification leaves open are errors of whoever asks.
 */
export class OracleMachine {
  /** What was written last as a sample. */
  sample: Int8Array | undefined;
  private planned: Model | undefined;
  private words: Int16Array = new Int16Array();
  private begun: Plan | undefined;
  private frozenLayers = 0;
  private personalLayers = 0;
  private last: Logits | undefined;
  private score: number | undefined;
  private counted = emptyCounters(0);

  /** The status of section 3, or ERR_MEMORY if not even the parameters fit `memoryBytes`. */
  plan(descriptor: Uint8Array, memoryBytes: number, frozenLayers = 0): number {
    this.planned = undefined;
    this.begun = undefined;
    this.sample = undefined;
    const { model, violations } = readDescriptor(descriptor);
    const [first, ...others] = violations;
    if (others.length > 0) {
      throw new Error(`any of ${[...violations].join(', ')} is right: not a test vector`);
    }
    if (first !== undefined) return status[first];
    if (memoryBytes < 2 * model.parameters + model.inputs) return status.ERR_MEMORY;
    if (memoryBytes < enoughMemoryBytes(model)) {
      throw new Error(`whether ${memoryBytes} bytes are enough is the kernel's affair`);
    }
    this.planned = model;
    this.personalLayers = 0;
    this.frozenLayers = frozenLayers;
    this.score = undefined;
    this.words = new Int16Array(model.parameters);
    return status.OK;
  }

  /** A plan of the same descriptor that is begun and not finished: the model is gone. */
  startPlan(): number {
    if (!this.planned) throw new Error('whether there is a descriptor is not known here');
    this.planned = undefined;
    this.begun = undefined;
    return status.OK;
  }

  /** The planned model; throws if there is none. */
  get model(): Model {
    if (!this.planned) throw new Error('no plan');
    return this.planned;
  }

  initialise(seed: number): number {
    if (!this.planned) return status.ERR_STATE;
    this.words = initialParameters(this.planned, seed);
    return status.OK;
  }

  load(offset: number, values: ArrayLike<number>): number {
    const refused = this.checkSlice(offset, values.length);
    if (refused !== status.OK) return refused;
    this.words.set(values, offset);
    return status.OK;
  }

  /** Every parameter at once, which a kernel takes in slices. */
  loadAll(words: Int16Array): number {
    const all = Int16Array.from(words.subarray(0, this.model.parameters));
    if (this.personalLayers === 0) this.words = all;
    else this.personaliseAll(all, this.personalLayers);
    return status.OK;
  }

  /** Status of load, store or delta on [offset, offset + count). */
  checkSlice(offset: number, count: number): number {
    if (!this.planned) return status.ERR_STATE;
    const inside = offset >= 0 && count >= 0 && offset + count <= this.planned.parameters;
    return inside && count <= constant.IO_WORDS ? status.OK : status.ERR_RANGE;
  }

  begin(settings?: Settings): number {
    if (!this.planned) return status.ERR_STATE;
    if (!settings) throw new Error('begin needs settings where there is a model');
    const { lrShift, lrDecay, totalSteps, skipThreshold, proximalShift = 0 } = settings;
    this.personalLayers = settings.personalLayers ?? 0;
    const sound =
      within(lrShift, 24) &&
      within(lrDecay, decay.STEPS) &&
      within(skipThreshold, 32767) &&
      within(proximalShift, constant.MAX_PROXIMAL_SHIFT);
    if (!sound) return status.ERR_RANGE;
    const classWeights = new Int8Array(this.planned.classes);
    classWeights.set(settings.classWeights ?? []);
    const { federationSeed, baseVersion, nodeKey } = settings;
    this.begun = {
      nodeSeed: nodeSeedOf(federationSeed, baseVersion, nodeKey),
      ...{ lrShift, lrDecay, totalSteps, skipThreshold, proximalShift, classWeights },
      frozenLayers: this.frozenLayers,
    };
    this.counted = emptyCounters(this.planned.classes);
    return status.OK;
  }

  order(stream: number, count: number, index: number): number {
    if (!this.begun) return status.ERR_STATE;
    const sound = count >= 1 && count <= 2 ** 30 && index >= 0 && index < count;
    return sound ? permute(this.begun.nodeSeed, stream, count, index) : status.ERR_RANGE;
  }

  train(x: Int8Array, label: number): number {
    const refused = this.checkTraining(label);
    if (refused) return status[refused];
    const { model, plan, words } = this.ready();
    const result = trainStep(model, words, x, label, plan, this.counted.step);
    this.keepLogits(result);
    this.count(label, result);
    this.counted = {
      ...this.counted,
      step: this.counted.step + 1,
      skipped: this.counted.skipped + Number(result.skipped),
    };
    return Number(result.skipped);
  }

  evaluate(x: Int8Array, label: number): number {
    const refused = this.checkSample(label);
    if (refused) return status[refused];
    const { model, words } = this.ready();
    const result = lossOf(model, this.keepLogits(forward(model, words, x)), label);
    this.count(label, result);
    return result.predicted;
  }

  infer(x: Int8Array): number {
    if (!this.planned) return status.ERR_STATE;
    const passed = this.keepLogits(forward(this.planned, this.words, x));
    const { predicted, loss } = lossOf(this.planned, passed, 0);
    if (this.planned.loss === 'SQUARED_ERROR') this.score = loss;
    return predicted;
  }

  /** Words at the limits of int16. */
  saturations(): number {
    if (!this.planned) return status.ERR_STATE;
    return this.words.filter((word) => word === 32767 || word === -32768).length;
  }

  /** Pulls every word toward `base` as often as the kernel would, in slices. */
  pullAll(base: Int16Array): number {
    if (!this.begun) return status.ERR_STATE;
    const { nodeSeed, proximalShift } = this.begun;
    if (proximalShift === 0) return status.OK;
    const place = { nodeSeed, step: this.counted.step };
    const isPersonal = this.personalWords(this.personalLayers);
    this.words = this.words.map((word, i) =>
      isPersonal[i] ? word : pullWord(word, base[i], proximalShift, i, place),
    );
    return status.OK;
  }

  /** The words [P] of some layers become the model's. */
  personaliseAll(words: Int16Array, layers: number): void {
    const isPersonal = this.personalWords(layers);
    this.words = this.words.map((word, i) => (isPersonal[i] ? words[i] : word));
  }

  /** What personal layers have learnt, over `words` [P]; of all layers if none is. */
  keepAll(words: Int16Array): Int16Array {
    if (this.personalLayers === 0) return this.parameters();
    const isPersonal = this.personalWords(this.personalLayers);
    return words.map((word, i) => (isPersonal[i] ? this.words[i] : word));
  }

  /** Of each parameter, whether it is of one of these layers. */
  private personalWords(layers: number): boolean[] {
    const all = segmentsOf(this.model, 0);
    const others = segmentsOf(this.model, layers).map(({ start }) => start);
    const isPersonal = new Array<boolean>(this.words.length).fill(false);
    for (const { start, end } of all)
      if (!others.includes(start)) isPersonal.fill(true, start, end);
    return isPersonal;
  }

  /** Layers without a segment in what is uploaded. */
  private get silentLayers(): number {
    return (this.frozenLayers | this.personalLayers) >>> 0;
  }

  /** Status of pull on [offset, offset + count). */
  checkPull(offset: number, count: number): number {
    return this.begun ? this.checkSlice(offset, count) : status.ERR_STATE;
  }

  /** The oracle has no canaries to lose. */
  check(): number {
    return this.planned ? status.OK : status.ERR_STATE;
  }

  /** A copy of all parameters. */
  parameters(): Int16Array {
    return this.words.slice();
  }

  delta(base: Int16Array): Int16Array {
    return deltaOf(this.parameters(), base);
  }

  /** The payload of current − base, or a status. */
  encode(id: number, base: Int16Array): Uint8Array | number {
    if (!this.begun) return status.ERR_STATE;
    const delta = this.delta(base);
    const { nodeSeed } = this.begun;
    const payload = encodePayload(this.model, this.silentLayers, id, nodeSeed, delta);
    return payload ?? status.ERR_RANGE;
  }

  /** The payload of current − base + residual by SPARSE_TERNARY, or a status. */
  encodeSparse(base: Int16Array, sparse: Sparse) {
    if (!this.begun) return status.ERR_STATE;
    const coded = encodeSparse(this.model, this.silentLayers, this.delta(base), sparse);
    return coded ?? status.ERR_RANGE;
  }

  /** The delta in a payload, or a status. */
  decode(id: number, payload: Uint8Array): Int16Array | number {
    if (!this.planned) return status.ERR_STATE;
    const { slices, isWhole } = decodePayload(this.planned, this.silentLayers, id, payload);
    if (!isWhole) return status.ERR_RANGE;
    const delta = new Int16Array(this.planned.parameters);
    for (const { start, words } of slices) delta.set(words, start);
    return delta;
  }

  counters(): Counters {
    const confusion = listConfusion(this.counted.confusion, this.model.classes);
    return { ...this.counted, confusion };
  }

  logits(): Logits {
    if (!this.last) throw new Error('no logits before the first sample');
    return this.last;
  }

  /** Words of the parameter block whose value the specification fixes. */
  word(name: string): number {
    const fixed: Record<string, () => number> = {
      abi: () => version.KERNEL_ABI,
      numerics: () => version.NUMERICS,
      parameters: () => this.model.parameters,
      layers: () => this.model.layers.filter(hasParameters).length,
      classes: () => this.model.classes,
      inputBytes: () => this.model.inputs,
      score: () => this.lastScore(),
    };
    if (!fixed[name]) throw new Error(`the specification does not fix the value of ${name}`);
    return fixed[name]();
  }

  private lastScore(): number {
    if (this.score === undefined) throw new Error('no score before the first sample');
    return this.score;
  }

  /** Training needs room for a backward pass, which a model that is frozen throughout has not. */
  private checkTraining(label: number): StatusName | undefined {
    const trained = this.planned?.layers.some((layer) => isTrained(layer, this.frozenLayers));
    const refused = this.checkSample(label);
    if (trained !== false) return refused;
    if (refused === 'ERR_LABEL') throw new Error('ERR_LABEL or ERR_STATE: not a test vector');
    return 'ERR_STATE';
  }

  private checkSample(label: number): StatusName | undefined {
    if (!this.begun) return 'ERR_STATE';
    return label >= 0 && label < this.model.classes ? undefined : 'ERR_LABEL';
  }

  private ready(): { model: Model; plan: Plan; words: Int16Array } {
    return { model: this.model, plan: this.begun!, words: this.words };
  }

  private keepLogits(result: ForwardResult): ForwardResult {
    this.last = { values: [...result.logits], exponent: result.logitsExponent };
    return result;
  }

  private count(label: number, { predicted, loss }: LossResult): void {
    this.counted.confusion[label * this.model.classes + predicted]++;
    this.score = loss;
    this.counted = {
      ...this.counted,
      samples: this.counted.samples + 1,
      loss: this.counted.loss + loss,
    };
  }
}

function within(value: number, most: number): boolean {
  return value >= 0 && value <= most;
}

interface Counting extends Omit<Counters, 'confusion'> {
  /** Row-major [true][predicted]. */
  readonly confusion: number[];
}

function emptyCounters(classes: number): Counting {
  const confusion = new Array<number>(classes * classes).fill(0);
  return { step: 0, samples: 0, skipped: 0, loss: 0, confusion };
}
