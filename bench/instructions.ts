/**
 * Exact instructions of training steps and inferences on a Cortex-M4 in QEMU, of every implementation on
 * the same net, start, samples and settings.
 *
 * QEMU runs with `-icount shift=0`: an instruction is one nanosecond, and the processor's timer counts them
 * in steps of 40. Counted is a call with its sample in place, from C and back; nothing sleeps.
 */
import { blockWord, decay } from '../host/contract/contract.gen.js';
import { sha256, toHex } from '../host/contract/hash.js';
import { Kernel, type TrainSettings } from '../host/kernel/kernel.js';
import { loadKernelBytes, type KernelBuild } from '../host/kernel/load.js';
import { openV8Engine } from '../host/kernel/v8-engine.js';
import { parseDescriptor } from '../host/model/descriptor.js';
import { decodeResult, encodeTape, type TapeRecord } from '../test/runtimes/tape.js';
import { runOnQemu } from '../test/runtimes/qemu.js';
import type { MeasuredModel } from './models.js';
import { runNative, type NativeType } from './native.js';
import type { Sample } from './samples.js';

/** The portable and the accelerated kernel in wasm3, and C without either. */
export const implementations = ['portable', 'accelerated', 'int8', 'float32'] as const;
export type Implementation = (typeof implementations)[number];

/** What one implementation did with the samples, one entry each. */
export interface Counts {
  readonly train: readonly number[];
  /** The backward pass was skipped, because the error was small. */
  readonly skipped: readonly boolean[];
  readonly infer: readonly number[];
  /** Classes of the inferences, after all training. */
  readonly classes: readonly number[];
  /** SHA-256 of the parameters at the end; of float32 undefined. */
  readonly hash?: string;
}

export const memoryBytes = 65_536;
export const initSeed = 1;

export function settingsOf(
  { lrShift }: MeasuredModel,
  totalSteps: number,
  skipThreshold: number,
): TrainSettings {
  const identity = { federationSeed: 1, baseVersion: 0, nodeKey: 0 };
  return { ...identity, lrShift, lrDecay: decay.CONSTANT, totalSteps, skipThreshold };
}

function setWord(name: keyof typeof blockWord, value: number): TapeRecord {
  return { op: 'SET_WORD', word: blockWord[name], value };
}

function write(name: keyof typeof blockWord, values: Int8Array | Uint8Array): TapeRecord {
  return { op: 'WRITE', word: blockWord[name], offset: 0, bytes: new Uint8Array(values) };
}

function call(name: Extract<TapeRecord, { op: 'CALL' }>['name'], ...args: number[]): TapeRecord {
  return { op: 'CALL', name, args };
}

/** The sample goes in, then one call between two counts. */
function countCall({ x, label }: Sample, name: 'train' | 'infer'): TapeRecord[] {
  const args = name === 'train' ? [label] : [];
  return [write('inputPtr', x), { op: 'COUNT' }, call(name, ...args), { op: 'COUNT' }];
}

const setUpCalls = ['prepare', 'arrange', 'plan'] as const;

export function makeTape(
  { descriptor }: MeasuredModel,
  samples: readonly Sample[],
  inferences: number,
  settings: TrainSettings,
): TapeRecord[] {
  return [
    setWord('memoryBytes', memoryBytes),
    setWord('frozenLayers', 0),
    setWord('descriptorBytes', descriptor.length),
    write('descriptorPtr', descriptor),
    ...setUpCalls.map((name) => call(name)),
    call('initialise', initSeed),
    ...Object.entries(settings).map(([name, value]) =>
      setWord(name as keyof typeof blockWord, value as number),
    ),
    call('begin'),
    ...samples.flatMap((sample) => countCall(sample, 'train')),
    ...samples.slice(0, inferences).flatMap((sample) => countCall(sample, 'infer')),
    { op: 'HASH' },
  ];
}

async function countKernel(
  build: KernelBuild,
  model: MeasuredModel,
  samples: readonly Sample[],
  inferences: number,
  settings: TrainSettings,
): Promise<Counts> {
  const tape = makeTape(model, samples, inferences, settings);
  const { output } = await runOnQemu(loadKernelBytes(build), encodeTape(tape), memoryBytes);
  const values = decodeResult(tape, output);
  const first = setUpCalls.length + 2;
  const calls = Array.from({ length: samples.length + inferences }, (_, i) => {
    const [, result, instructions] = values.slice(first + 3 * i) as number[];
    if (result < 0) throw new Error(`model ${model.name}, ${build}: status ${result}`);
    return { result, instructions };
  });
  const [trained, inferred] = [calls.slice(0, samples.length), calls.slice(samples.length)];
  return {
    train: trained.map(({ instructions }) => instructions),
    skipped: trained.map(({ result }) => result === 1),
    infer: inferred.map(({ instructions }) => instructions),
    classes: inferred.map(({ result }) => result),
    hash: toHex(values.at(-1) as Uint8Array),
  };
}

async function countNative(
  type: NativeType,
  model: MeasuredModel,
  samples: readonly Sample[],
  inferences: number,
  settings: TrainSettings,
): Promise<Counts> {
  const kernel = new Kernel(await openV8Engine(loadKernelBytes()));
  kernel.plan(model.descriptor);
  kernel.initialise(initSeed);
  const words = kernel.storeParameters();
  kernel.close();
  const info = parseDescriptor(model.descriptor);
  const { words: trained, ...counts } = await runNative(type, {
    info,
    words,
    samples,
    inferences,
    settings,
  });
  if (type === 'float32') return counts;
  return {
    ...counts,
    hash: toHex(sha256(new Uint8Array(trained.buffer, trained.byteOffset, trained.byteLength))),
  };
}

/** Trains on all samples in order, then infers the first `inferences`. Throws if a tool is missing. */
export function countInstructions(
  implementation: Implementation,
  model: MeasuredModel,
  samples: readonly Sample[],
  inferences: number,
  skipThreshold: number,
): Promise<Counts> {
  const settings = settingsOf(model, samples.length, skipThreshold);
  return implementation === 'portable' || implementation === 'accelerated'
    ? countKernel(implementation, model, samples, inferences, settings)
    : countNative(implementation, model, samples, inferences, settings);
}
