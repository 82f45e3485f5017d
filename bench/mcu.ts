/**
 * `npm run bench`: exact instructions of a training step and an inference on a Cortex-M4, of the kernel
 * (portable, accelerated) and of native C (int8, float32), side by side; then the mean of a training run
 * with selective backpropagation. docs/BENCHMARKS.md has the tables.
 */
import { constant } from '../host/contract/contract.gen.js';
import { measureActiveRows } from './active-rows.js';
import {
  countInstructions,
  implementations,
  type Counts,
  type Implementation,
} from './instructions.js';
import { measuredModels, type MeasuredModel } from './models.js';
import { loadRecording, makeSamples, type Sample } from './samples.js';
import { measureWholeRun, type WholeRun } from './whole-run.js';
import { runProgram } from './program.js';

/** Steps before counting: they compile the code. */
export const warmUpSteps = 20;
export const countedSteps = 100;

/** Means over the counted samples, every backward pass taken. */
export interface Measurement {
  readonly model: string;
  readonly implementation: Implementation;
  readonly train: number;
  readonly infer: number;
}

const mean = (values: readonly number[]): number =>
  Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);

/** Share of the inferences that gave the label. */
function accuracy({ classes }: Counts, samples: readonly Sample[]): number {
  return classes.filter((value, i) => value === samples[i].label).length / classes.length;
}

/** Counts one implementation. Throws if it skipped a backward pass. */
export async function measure(
  model: MeasuredModel,
  implementation: Implementation,
): Promise<Measurement & { hash: string | undefined; accuracy: number }> {
  const samples = makeSamples(model, warmUpSteps + countedSteps);
  const counts = await countInstructions(implementation, model, samples, samples.length, 0);
  if (counts.skipped.includes(true)) {
    throw new Error(`model ${model.name}, ${implementation}: a step skipped its backward pass`);
  }
  return {
    model: model.name,
    implementation,
    train: mean(counts.train.slice(warmUpSteps)),
    infer: mean(counts.infer.slice(warmUpSteps)),
    hash: counts.hash,
    accuracy: accuracy(counts, samples),
  };
}

interface ModelResult {
  readonly model: MeasuredModel;
  readonly activeRows: number;
  readonly rows: readonly (Measurement & { accuracy: number })[];
}

async function measureModel(model: MeasuredModel): Promise<ModelResult> {
  const samples = makeSamples(model, warmUpSteps + countedSteps);
  const { share, hash } = await measureActiveRows(model, samples, warmUpSteps);
  const rows = [];
  for (const implementation of implementations) {
    const row = await measure(model, implementation);
    if (row.hash !== undefined && row.hash !== hash) {
      throw new Error(`model ${model.name}: ${implementation} trained other words than V8`);
    }
    rows.push(row);
  }
  return { model, activeRows: share, rows };
}

interface Run extends WholeRun {
  readonly model: string;
  readonly implementation: Implementation;
  readonly source: string;
}

/** A run over recorded samples with selective backpropagation; nothing if there are no samples. */
async function measureRuns(model: MeasuredModel): Promise<Run[]> {
  const recording = loadRecording(model);
  if (recording === undefined) return [];
  const runs: Run[] = [];
  for (const implementation of ['accelerated', 'int8'] as const) {
    const run = await measureWholeRun(implementation, model, recording);
    runs.push({ model: model.name, implementation, source: recording.source, ...run });
  }
  return runs;
}

const groups = (value: number): string => value.toLocaleString('en-US');
const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

function formatTable(header: readonly string[], lines: readonly (readonly string[])[]): string {
  const texts = 2;
  const widths = header.map((_, i) =>
    Math.max(...[header, ...lines].map((line) => line[i].length)),
  );
  const format = (line: readonly string[]): string =>
    line
      .map((cell, i) => (i < texts ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ');
  return [header, ...lines].map(format).join('\n');
}

function formatModels(results: readonly ModelResult[]): string {
  const header = ['model', 'implementation', 'train', '/ int8', 'infer', '/ int8', 'correct'];
  const lines = results.flatMap(({ model, rows }) => {
    const native = rows.find(({ implementation }) => implementation === 'int8')!;
    return rows.map((row) => [
      `${model.name} ${model.title}`,
      row.implementation,
      groups(row.train),
      (row.train / native.train).toFixed(2),
      groups(row.infer),
      (row.infer / native.infer).toFixed(2),
      percent(row.accuracy),
    ]);
  });
  const active = results.map(({ model, activeRows }) => `${model.name} ${percent(activeRows)}`);
  return [
    `Instructions per sample on Cortex-M4 (QEMU), mean of ${countedSteps} samples, every backward pass taken.`,
    'The int8 implementations end with the same words, which are those of V8.',
    '',
    formatTable(header, lines),
    '',
    `Rows updated in a step: ${active.join(', ')}`,
  ].join('\n');
}

function formatRuns(runs: readonly Run[]): string {
  const header = [
    'model',
    'implementation',
    'samples',
    'steps',
    'skipped',
    'train',
    'taken',
    'skip',
  ];
  const lines = runs.map((run) => [
    run.model,
    run.implementation,
    run.source,
    groups(run.steps),
    percent(run.skipped),
    ...[run.train, run.taken, run.skip].map((value) => groups(Math.round(value))),
  ]);
  return [
    `Mean step of a training run with skipThreshold ${constant.SKIP_THRESHOLD_DEFAULT}, and of the steps`,
    'that took their backward pass or skipped it:',
    '',
    formatTable(header, lines),
  ].join('\n');
}

async function main(): Promise<void> {
  const results: ModelResult[] = [];
  const runs: Run[] = [];
  for (const model of measuredModels) {
    results.push(await measureModel(model));
    runs.push(...(await measureRuns(model)));
  }
  if (process.argv.includes('--json')) {
    const measurements = results.flatMap(({ activeRows, rows }) =>
      rows.map(({ model, implementation, train, infer }) => ({
        ...{ model, implementation, train, infer, activeRows },
      })),
    );
    console.log(JSON.stringify({ measurements, runs }, null, 2));
  } else {
    console.log([formatModels(results), '', formatRuns(runs)].join('\n'));
  }
}

await runProgram(import.meta.url, main);
