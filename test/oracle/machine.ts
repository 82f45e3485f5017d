import {
  constant,
  decay,
  status,
  type StatusName,
  version,
} from '../../host/contract/contract.gen.js';
import { deltaOf } from './aggregate.js';
import { type Model, readDescriptor } from './descriptor.js';
import { forward, type ForwardResult, initialParameters, type Plan, trainStep } from './model.js';
import { nodeSeedOf, permute } from './random.js';
import { softmaxCrossEntropy } from './softmax.js';
import { type Counters, listConfusion, type Logits, type Settings } from '../vectors/script.js';

/** Bytes beside the model that no kernel should need more of: code data, block, buffers, guards. */
const fixedBytes = 16384;

/** Linear memory that must be enough for a model: every tensor may be held four times as int32. */
export function generousMemoryBytes(model: Model): number {
  const elements = model.layers.reduce((sum, layer) => sum + layer.outputs, model.inputs);
  const tables = 4 * model.classes ** 2 + 64 * model.layers.length;
  const bytes = fixedBytes + 2 * model.parameters + 16 * elements + tables;
  return 65536 * Math.ceil(bytes / 65536);
}

/**
 * The state behind the kernel's exports (section 5): which call is allowed when, and what it
 * counts. Statuses that the specification leaves open are errors of whoever asks.
 */
export class OracleMachine {
  private planned: Model | undefined;
  private words: Int16Array = new Int16Array();
  private begun: Plan | undefined;
  private last: Logits | undefined;
  private counted = emptyCounters(0);

  /** The status of section 3, or ERR_MEMORY if not even the parameters fit `memoryBytes`. */
  plan(descriptor: Uint8Array, memoryBytes: number): number {
    this.planned = undefined;
    this.begun = undefined;
    const { model, violations } = readDescriptor(descriptor);
    const [first, ...others] = violations;
    if (others.length > 0) {
      throw new Error(`any of ${[...violations].join(', ')} is right: not a test vector`);
    }
    if (first !== undefined) return status[first];
    if (memoryBytes < 2 * model.parameters + model.inputs) return status.ERR_MEMORY;
    if (memoryBytes < generousMemoryBytes(model)) {
      throw new Error(`whether ${memoryBytes} bytes are enough is the kernel's affair`);
    }
    this.planned = model;
    this.words = new Int16Array(model.parameters);
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
    this.words = Int16Array.from(words.subarray(0, this.model.parameters));
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
    const { lrShift, lrDecay, skipThreshold } = settings;
    const sound =
      within(lrShift, 24) && within(lrDecay, decay.STEPS) && within(skipThreshold, 32767);
    if (!sound) return status.ERR_RANGE;
    const classWeights = new Int8Array(this.planned.classes);
    classWeights.set(settings.classWeights ?? []);
    const { federationSeed, baseVersion, nodeKey, totalSteps } = settings;
    const nodeSeed = nodeSeedOf(federationSeed, baseVersion, nodeKey);
    this.begun = { nodeSeed, lrShift, lrDecay, totalSteps, skipThreshold, classWeights };
    this.counted = emptyCounters(this.planned.classes);
    return status.OK;
  }

  order(stream: number, count: number, index: number): number {
    if (!this.begun) return status.ERR_STATE;
    const sound = count >= 1 && count <= 2 ** 30 && index >= 0 && index < count;
    return sound ? permute(this.begun.nodeSeed, stream, count, index) : status.ERR_RANGE;
  }

  train(x: Int8Array, label: number): number {
    const refused = this.checkSample(label);
    if (refused) return status[refused];
    const { model, plan, words } = this.ready();
    const result = trainStep(model, words, x, label, plan, this.counted.step);
    this.keepLogits(result);
    this.count(label, result.predicted, result.lossQ10);
    this.counted = {
      ...this.counted,
      step: this.counted.step + 1,
      skipped: this.counted.skipped + Number(result.skipped),
      saturations: this.counted.saturations + result.saturations,
    };
    return Number(result.skipped);
  }

  evaluate(x: Int8Array, label: number): number {
    const refused = this.checkSample(label);
    if (refused) return status[refused];
    const { model, words } = this.ready();
    const { logits, logitsExponent } = this.keepLogits(forward(model, words, x));
    const { predicted, lossQ10 } = softmaxCrossEntropy(logits, logitsExponent, label);
    this.count(label, predicted, lossQ10);
    return predicted;
  }

  infer(x: Int8Array): number {
    if (!this.planned) return status.ERR_STATE;
    const { logits } = this.keepLogits(forward(this.planned, this.words, x));
    return logits.indexOf(Math.max(...logits));
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
      intrinsicSet: () => version.INTRINSIC_SET,
      parameters: () => this.model.parameters,
      layers: () => this.model.layers.length,
      classes: () => this.model.classes,
      inputBytes: () => this.model.inputs,
    };
    if (!fixed[name]) throw new Error(`the specification does not fix the value of ${name}`);
    return fixed[name]();
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

  private count(label: number, predicted: number, lossQ10: number): void {
    this.counted.confusion[label * this.model.classes + predicted]++;
    this.counted = {
      ...this.counted,
      samples: this.counted.samples + 1,
      loss: this.counted.loss + lossQ10,
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
  return { step: 0, samples: 0, skipped: 0, saturations: 0, loss: 0, confusion };
}
