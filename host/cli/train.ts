/** `linnet train`: one model on one machine or one device, without a federation. */
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { decay } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { idOf, nodeKeyOf, sha256, toHex } from '../contract/hash.js';
import { sampleAt } from '../data/dataset.js';
import { federateDataset } from '../data/partition.js';
import type { KernelEngine } from '../kernel/engine.js';
import { initialWordsOf } from '../kernel/initial-words.js';
import { Kernel } from '../kernel/kernel.js';
import { kernelBuilds, loadKernelBytes } from '../kernel/load.js';
import { openV8Engine } from '../kernel/v8-engine.js';
import type { ModelInfo } from '../model/descriptor.js';
import { packSnapshot, unpackSnapshot } from '../model/snapshot.js';
import { globalOptions, interruptSignal } from './context.js';
import { openHeldOut } from './held-out.js';
import { percent, type Output } from './output.js';
import { describeScores, labelFor, meanLoss, scoreFields } from './scores.js';
import { addSettings, resolveSettings, type Resolved, type SettingTable } from './settings.js';
import {
  classWeightsOf,
  dataSettings,
  defaultSkipThreshold,
  freezeSetting,
  frozenLayersOf,
  kernelSetting,
  prepareTask,
  skipThresholdOf,
  type Task,
} from './task.js';
import { trainOnDevice } from './train-device.js';

const settings = {
  ...dataSettings,
  runtime: {
    kind: 'text',
    text: 'what runs the kernel',
    choices: ['v8', 'wasm3', 'qemu'],
    default: 'v8',
  },
  port: { kind: 'text', short: '-p', text: 'device to train on, instead of --runtime' },
  epochs: { kind: 'integer', text: 'passes over the training samples', minimum: 1, maximum: 255 },
  lrShift: { kind: 'integer', text: 'learning rate 2^−n', maximum: 24 },
  samples: { kind: 'integer', text: 'training samples per epoch, 0 = all', default: 0 },
  skipThreshold: {
    kind: 'integer',
    text: `no backward pass at or below, Q15 [${defaultSkipThreshold}; of an autoencoder 0]`,
    maximum: 32767,
  },
  from: {
    kind: 'text',
    value: 'file',
    text: 'snapshot to start from; absent: weights of the seed',
  },
  freeze: freezeSetting,
  kernel: kernelSetting,
  seed: { kind: 'integer', text: 'seed of initial weights, order and rounding', default: 1 },
  out: {
    kind: 'text',
    short: '-o',
    value: 'file',
    text: 'snapshot to write',
    default: 'model.lns',
  },
} as const satisfies SettingTable;

export type TrainSettingsOfCli = Resolved<typeof settings>;

/** Names of a training without a federation; the seeds derive from them. */
export const trainFederation = 'train';
export const trainNode = 'train';

/** Samples between two looks at the clock and the signal. */
const sliceSamples = 500;

/** The binding of wasm3 supplies intrinsics, V8 none. */
async function openEngine({
  runtime,
  kernel,
}: TrainSettingsOfCli): Promise<{ engine: KernelEngine; wasm: Uint8Array }> {
  const usual = runtime === 'v8' ? 'portable' : 'accelerated';
  const wasm = loadKernelBytes(kernelBuilds.find((build) => build === kernel) ?? usual);
  if (runtime === 'v8') return { wasm, engine: await openV8Engine(wasm) };
  const { openWasm3Engine } = await import('../wasm3/engine.js');
  return { wasm, engine: openWasm3Engine(wasm) };
}

/** What a training goes by, in this process and on a device. */
export interface TrainPlan {
  readonly lrShift: number;
  readonly epochs: number;
  readonly skipThreshold: number;
  readonly frozenLayers: number;
  readonly classWeights: Int8Array | undefined;
}

export function trainPlanOf(task: Task, options: TrainSettingsOfCli): TrainPlan {
  const { model, preset } = task;
  return {
    lrShift: options.lrShift ?? preset.centralised.lrShift,
    epochs: options.epochs ?? preset.centralised.epochs,
    skipThreshold: skipThresholdOf(model, options.skipThreshold),
    frozenLayers: frozenLayersOf(model, options.freeze),
    classWeights: classWeightsOf(preset, model.classes),
  };
}

/** Words the training starts from: of a snapshot of this model, or of the seed. */
export function startWordsOf(task: Task, options: TrainSettingsOfCli): Int16Array {
  if (options.from === undefined) return initialWordsOf(task.descriptor, options.seed);
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(readFileSync(options.from));
  } catch (error) {
    throw new LinnetError('ERR_USAGE', `--from: ${options.from} cannot be read`, { source: error });
  }
  return unpackSnapshot(bytes, task.model.hash);
}

export interface TrainRun {
  readonly words: Int16Array;
  /** Leading bytes of the SHA-256 of the kernel, hex. */
  readonly kernel: string;
  readonly skippedShare: number;
  readonly saturations: number;
  readonly engine: string;
}

async function trainInProcess(
  task: Task,
  train: readonly number[],
  options: TrainSettingsOfCli,
  output: Output,
  signal: AbortSignal,
): Promise<TrainRun> {
  const { engine, wasm } = await openEngine(options);
  const kernel = new Kernel(engine);
  const { epochs, frozenLayers, classWeights, ...rates } = trainPlanOf(task, options);
  kernel.plan(task.descriptor, { frozenLayers });
  kernel.loadParameters(startWordsOf(task, options));
  const n = train.length;
  const m = options.samples === 0 ? n : Math.min(n, options.samples);
  kernel.begin({
    federationSeed: options.seed,
    baseVersion: 0,
    nodeKey: nodeKeyOf(trainNode),
    lrDecay: decay.STEPS,
    totalSteps: epochs * m,
    ...rates,
    ...(classWeights && { classWeights }),
  });
  for (let t = 0; t < epochs * m; t++) {
    const sample = train[kernel.order(0, n, kernel.order(1 + Math.floor(t / m), m, t % m))];
    kernel.train(sampleAt(task.dataset, sample), labelFor(task.model, task.dataset.label[sample]));
    if (t % sliceSamples === 0) {
      signal.throwIfAborted();
      await new Promise(setImmediate);
    }
    if ((t + 1) % m === 0) reportEpoch(output, task.model, (t + 1) / m, epochs, kernel);
  }
  const counters = kernel.counters();
  const run = {
    words: kernel.storeParameters(),
    kernel: toHex(idOf(sha256(wasm))),
    skippedShare: counters.skipped / Math.max(1, counters.samples),
    saturations: counters.saturations,
    engine: kernel.engineName,
  };
  kernel.close();
  return run;
}

function reportEpoch(
  output: Output,
  model: ModelInfo,
  epoch: number,
  epochs: number,
  kernel: Kernel,
): void {
  const counters = kernel.counters();
  const loss = meanLoss(model, counters.loss, counters.samples);
  output.record({
    type: 'epoch',
    epoch,
    loss,
    skipped: counters.skipped,
    samples: counters.samples,
  });
  output.note(
    `epoch ${epoch}/${epochs}: mean loss so far ${loss.toFixed(4)}, ${percent(counters.skipped / counters.samples)} of backward passes skipped`,
  );
}

/** Hours of training must not end in a file that cannot be written. Leaves what is there, or nothing. */
function checkWritable(path: string): void {
  const isNew = !existsSync(path);
  try {
    closeSync(openSync(path, 'a'));
    if (isNew) rmSync(path);
  } catch (error) {
    throw new LinnetError('ERR_USAGE', `--out: ${path} cannot be written`, { source: error });
  }
}

async function runTrain(
  options: TrainSettingsOfCli,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const started = performance.now();
  checkWritable(options.out);
  const task = prepareTask({ ...options, subjects: 8 });
  const dealt = federateDataset(task.dataset, { nodes: 1, seed: options.seed });
  const train = dealt.train[0];
  output.note(
    `${task.preset.name}: ${train.length} training and ${dealt.test.length} test samples, ${task.model.parameters} parameters`,
  );
  const onDevice = options.port !== undefined || options.runtime === 'qemu';
  const run = onDevice
    ? await trainOnDevice(task, train, options, output, signal)
    : await trainInProcess(task, train, options, output, signal);
  const snapshot = packSnapshot(task.model.hash, run.words);
  writeFileSync(options.out, snapshot);
  const scores = await (await openHeldOut(task, dealt.test))(run.words);
  const modelHash = toHex(sha256(snapshot));
  output.record({
    type: 'summary',
    ...scoreFields(scores),
    modelHash,
    kernel: run.kernel,
    engine: run.engine,
    skippedShare: run.skippedShare,
    saturations: run.saturations,
    seconds: (performance.now() - started) / 1000,
  });
  output.line(`held out    ${describeScores(scores)}`);
  output.line(`model hash  ${modelHash}`);
  output.line(`engine      ${run.engine}, kernel ${run.kernel}`);
  output.note(`wrote ${options.out} (${snapshot.length} bytes)`);
}

export function addTrainCommand(program: Command): void {
  const command = program
    .command('train')
    .description('trains one model, centralised or on one device');
  addSettings(command, settings).action(async (flags: Record<string, unknown>, self: Command) => {
    const { output, configPath } = globalOptions(self);
    await runTrain(
      resolveSettings('train', settings, flags, configPath),
      output,
      interruptSignal(),
    );
  });
}
