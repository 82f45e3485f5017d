/**
 * `npm run bench`: exact instructions of a training step and an inference on a Cortex-M4, portable and accelerated
 * kernel.
 *
 * QEMU runs with `-icount shift=0`: an instruction is one nanosecond, and the board's timer counts
 * them in steps of 40. Counted is the call into the kernel, from the firmware's C and back. Every
 * training step takes the backward pass (skipThreshold 0); nothing sleeps.
 */
import { fileURLToPath } from 'node:url';
import { blockWord, decay } from '../host/contract/contract.gen.js';
import { toHex, sha256 } from '../host/contract/hash.js';
import { Kernel } from '../host/kernel/kernel.js';
import { loadKernelBytes, type KernelBuild } from '../host/kernel/load.js';
import { openV8Engine } from '../host/kernel/v8-engine.js';
import { decodeResult, encodeTape, type TapeRecord } from '../test/runtimes/tape.js';
import { runOnQemu } from '../test/runtimes/qemu.js';
import { parseDescriptor } from '../host/model/descriptor.js';
import { measuredModels, type MeasuredModel } from './models.js';
import { makeSamples, type Sample } from './samples.js';

/** Steps before counting: they compile the code. */
const warmUpSteps = 20;
const countedSteps = 200;
const memoryBytes = 65_536;

const settings = {
  federationSeed: 1,
  baseVersion: 0,
  nodeKey: 0,
  lrShift: 5,
  lrDecay: decay.CONSTANT,
  totalSteps: warmUpSteps + countedSteps,
  skipThreshold: 0,
};

export interface Measurement {
  readonly model: string;
  readonly build: KernelBuild;
  readonly core: 'cortex-m4';
  /** Mean per sample. */
  readonly trainInstructions: number;
  readonly inferInstructions: number;
}

interface Counted {
  readonly train: number;
  readonly infer: number;
  /** SHA-256 of the parameters at the end. */
  readonly hash: string;
}

function setWord(name: keyof typeof blockWord, value: number): TapeRecord {
  return { op: 'SET_WORD', word: blockWord[name], value };
}

function write(name: keyof typeof blockWord, values: Int8Array | Uint8Array): TapeRecord {
  return { op: 'WRITE', word: blockWord[name], offset: 0, bytes: new Uint8Array(values) };
}

/** The sample goes in, then one call between two counts. */
function countCall({ x, label }: Sample, name: 'train' | 'infer'): TapeRecord[] {
  const args = name === 'train' ? [label] : [];
  return [write('inputPtr', x), { op: 'COUNT' }, { op: 'CALL', name, args }, { op: 'COUNT' }];
}

function makeTape({ descriptor }: MeasuredModel, samples: readonly Sample[]): TapeRecord[] {
  return [
    setWord('memoryBytes', memoryBytes),
    setWord('descriptorBytes', descriptor.length),
    write('descriptorPtr', descriptor),
    { op: 'CALL', name: 'plan', args: [] },
    { op: 'CALL', name: 'initialise', args: [1] },
    ...Object.entries(settings).map(([name, value]) =>
      setWord(name as keyof typeof settings, value),
    ),
    { op: 'CALL', name: 'begin', args: [] },
    ...samples.flatMap((sample) => countCall(sample, 'train')),
    ...samples.flatMap((sample) => countCall(sample, 'infer')),
    { op: 'HASH' },
  ];
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

async function countOnQemu(
  model: MeasuredModel,
  build: KernelBuild,
  samples: readonly Sample[],
): Promise<Counted> {
  const tape = makeTape(model, samples);
  const { output } = await runOnQemu(loadKernelBytes(build), encodeTape(tape), memoryBytes);
  const values = decodeResult(tape, output);
  const setUpCalls = 3;
  const calls = Array.from({ length: 2 * samples.length }, (_, i) => {
    const [, result, instructions] = values.slice(setUpCalls + 3 * i) as number[];
    return { result, instructions };
  });
  const trained = calls.slice(0, samples.length);
  if (trained.some(({ result }) => result !== 0)) {
    throw new Error(`model ${model.name}: a step failed or skipped its backward pass`);
  }
  const counted = (part: typeof calls): number =>
    mean(part.slice(warmUpSteps).map(({ instructions }) => instructions));
  return {
    train: counted(trained),
    infer: counted(calls.slice(samples.length)),
    hash: toHex(values.at(-1) as Uint8Array),
  };
}

/** Number of the row a parameter belongs to, biases to that of their output; and how many there are. */
function rowsOf({ descriptor }: MeasuredModel): { row: Int32Array; rows: number } {
  const { layers, parameters } = parseDescriptor(descriptor);
  const row = new Int32Array(parameters);
  let rows = 0;
  for (const { weightOffset, biasOffset, rowLength, biases } of layers) {
    for (let i = 0; i < biases * rowLength; i++) {
      row[weightOffset + i] = rows + Math.floor(i / rowLength);
    }
    for (let o = 0; o < biases; o++) row[biasOffset + o] = rows + o;
    rows += biases;
  }
  return { row, rows };
}

/** Share of the rows whose words a step changed; the same training in V8, down to the hash. */
async function measureActiveRows(
  model: MeasuredModel,
  samples: readonly Sample[],
): Promise<{ share: number; hash: string }> {
  const { row, rows } = rowsOf(model);
  const kernel = new Kernel(await openV8Engine(loadKernelBytes()));
  kernel.plan(model.descriptor, { memoryBytes });
  kernel.initialise(1);
  kernel.begin(settings);
  let before = kernel.storeParameters();
  let active = 0;
  for (const [t, { x, label }] of samples.entries()) {
    kernel.train(x, label);
    const after = kernel.storeParameters();
    const changed = new Set<number>();
    for (let i = 0; i < after.length; i++) if (after[i] !== before[i]) changed.add(row[i]);
    if (t >= warmUpSteps) active += changed.size;
    before = after;
  }
  kernel.close();
  const share = active / (rows * countedSteps);
  return { share, hash: toHex(sha256(new Uint8Array(before.buffer))) };
}

const builds: readonly KernelBuild[] = ['accelerated', 'portable'];

type Row = Measurement & { readonly title: string; readonly activeRows: number };

async function measureModel(model: MeasuredModel): Promise<Row[]> {
  const samples = makeSamples(model, warmUpSteps + countedSteps);
  const twin = await measureActiveRows(model, samples);
  const rows: Row[] = [];
  for (const build of builds) {
    const { train, infer, hash } = await countOnQemu(model, build, samples);
    if (twin.hash !== hash) {
      throw new Error(
        `model ${model.name}: the ${build} kernel on QEMU and V8 trained differently`,
      );
    }
    rows.push({
      model: model.name,
      title: model.title,
      build,
      core: 'cortex-m4',
      trainInstructions: Math.round(train),
      inferInstructions: Math.round(infer),
      activeRows: twin.share,
    });
  }
  return rows;
}

const groups = (value: number): string => value.toLocaleString('en-US');

function formatTable(rows: readonly Row[]): string {
  const header = ['model', 'kernel', 'train', 'infer', 'rows updated'];
  const lines = rows.map((row) => [
    `${row.model} ${row.title}`,
    row.build,
    groups(row.trainInstructions),
    groups(row.inferInstructions),
    `${(100 * row.activeRows).toFixed(1)} %`,
  ]);
  const widths = header.map((_, i) =>
    Math.max(...[header, ...lines].map((line) => line[i].length)),
  );
  const format = (line: readonly string[]): string =>
    line.map((cell, i) => (i > 1 ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ');
  return [
    `Instructions per sample on Cortex-M4 (QEMU) in wasm3, mean of ${countedSteps} samples, every backward`,
    'pass taken; both kernels train to the same hash.',
    '',
    format(header),
    ...lines.map(format),
  ].join('\n');
}

async function main(): Promise<void> {
  const rows: Row[] = [];
  for (const model of measuredModels) rows.push(...(await measureModel(model)));
  if (process.argv.includes('--json')) {
    const measurements = rows.map(
      ({ activeRows: _, title: __, ...measurement }): Measurement => measurement,
    );
    console.log(JSON.stringify(measurements, null, 2));
  } else {
    console.log(formatTable(rows));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main();
  } catch (error) {
    console.error(`Nothing measured: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
