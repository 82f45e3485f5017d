/**
 * Exact instruction counts of a model in QEMU (`-icount shift=0`): whole calls into the kernel, on noise with a
 * bump per class, with the kernel's own initial weights.
 */
import { blockWord, decay } from '../host/contract/contract.gen.js';
import { stepTerms, type Terms } from '../host/model/cost.js';
import { buildDescriptor, parseDescriptor } from '../host/model/descriptor.js';
import { runOnQemu, type Core } from '../test/runtimes/qemu.js';
import { decodeResult, encodeTape, type TapeRecord } from '../test/runtimes/tape.js';
import type { CostModel } from './cost-models.js';

const samples = 8;
/** Calls before counting: they compile the code. */
const warmUp = 2;
const always = 0;
const never = 32_767;
const memoryBytes = 1 << 20;

export interface Counted {
  readonly terms: Terms;
  readonly instructions: number;
  readonly what: string;
}

function setWord(name: keyof typeof blockWord, value: number): TapeRecord {
  return { op: 'SET_WORD', word: blockWord[name], value };
}

function write(name: keyof typeof blockWord, bytes: Uint8Array): TapeRecord {
  return { op: 'WRITE', word: blockWord[name], offset: 0, bytes };
}

function begin(skipThreshold: number): TapeRecord[] {
  const words = {
    federationSeed: 1,
    lrShift: 9,
    lrDecay: decay.CONSTANT,
    totalSteps: 1000,
    skipThreshold,
  };
  const sets = Object.entries(words).map(([name, value]) =>
    setWord(name as keyof typeof blockWord, value),
  );
  return [...sets, { op: 'CALL', name: 'begin', args: [] }];
}

/** Seeded noise in ±40 with a bump of 60 per class. */
function makeSample(index: number, inputs: number, classes: number): Uint8Array {
  let state = index + 1;
  return Uint8Array.from({ length: inputs }, (_, i) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const bump = i % classes === index % classes ? 60 : 0;
    return ((((state >>> 16) % 81) - 40 + bump) & 0xff) >>> 0;
  });
}

/** Calls on samples 0…count−1, between two counts. */
function calls(name: 'train' | 'infer', inputs: number, classes: number, count: number) {
  const each = Array.from({ length: count }, (_, n): TapeRecord[] => [
    write('inputPtr', makeSample(n, inputs, classes)),
    { op: 'CALL', name, args: name === 'train' ? [n % classes] : [] },
  ]);
  return [{ op: 'COUNT' }, ...each.flat(), { op: 'COUNT' }] as TapeRecord[];
}

/** What a group of calls emitted: a count, an answer per call, a count. */
interface Group {
  readonly answers: readonly number[];
  /** Mean per call. */
  readonly instructions: number;
}

const groupValues = samples + 2;

function readGroup(values: readonly unknown[], end: number, what: string): Group {
  const numbers = values.slice(end - groupValues, end) as number[];
  const answers = numbers.slice(1, -1);
  if (answers.some((value) => value < 0)) throw new Error(`${what}: the kernel refused a call`);
  return { answers, instructions: numbers.at(-1)! / samples };
}

/**
 * Exact instructions of one call on a core: inference, a training step that takes its backward pass, and one
 * that skips it; the mean of a few samples.
 */
export async function countModel(
  core: Core,
  kernel: Uint8Array,
  { name, spec }: CostModel,
): Promise<Counted[]> {
  const descriptor = buildDescriptor(spec);
  const model = parseDescriptor(descriptor);
  const { inputs, classes } = model;
  const setUp: TapeRecord[] = [
    setWord('memoryBytes', memoryBytes),
    setWord('descriptorBytes', descriptor.length),
    write('descriptorPtr', descriptor),
    { op: 'CALL', name: 'plan', args: [] },
    { op: 'CALL', name: 'initialise', args: [1] },
    ...begin(always),
    ...calls('train', inputs, classes, warmUp),
    ...calls('infer', inputs, classes, 1),
  ];
  const tape = [
    ...setUp,
    ...calls('train', inputs, classes, samples),
    ...begin(never),
    ...calls('train', inputs, classes, samples),
    ...calls('infer', inputs, classes, samples),
  ];
  const { output } = await runOnQemu(kernel, encodeTape(tape), memoryBytes, core);
  const values = decodeResult(tape, output);
  const end = values.length;
  const infer = readGroup(values, end, name);
  const skip = readGroup(values, end - groupValues, name);
  const train = readGroup(values, end - 2 * groupValues - 1, name);
  const terms = stepTerms(model);
  const counted = [
    { what: `${name}: infer`, terms: terms.infer, instructions: infer.instructions },
    { what: `${name}: train`, terms: terms.train, instructions: train.instructions },
  ];
  // An autoencoder's error may be above any threshold.
  if (skip.answers.every((answer) => answer === 1)) {
    const { instructions } = skip;
    counted.push({ what: `${name}: skipped`, terms: terms.skipped, instructions });
  }
  return counted;
}
