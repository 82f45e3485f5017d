/** The command of the target table: flags, runs, tables or JSON on stdout, figures, exit code. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packagePath } from '../../../host/kernel/load.js';
import { addCounts } from '../arm.js';
import { markdownTable, note, percent, skippedShare, spread } from '../report.js';
import type { Summary } from '../statistics.js';
import { drawTask } from './figure.js';
import { judge, type Trials, type Verdict } from './judge.js';
import { arithmetics, type Arithmetic, type Split, type TargetTask, type Trial } from './task.js';
import { hasRecording, targetTasks } from './tasks.js';

interface Result {
  readonly task: TargetTask;
  readonly epochs: number;
  readonly trials: Trials;
  readonly verdicts: readonly Verdict[];
}

interface Flags {
  readonly tasks: readonly TargetTask[];
  readonly seeds: number;
  readonly json: boolean;
  readonly quick: boolean;
  /** Where figures go; undefined for none. */
  readonly figures?: string;
}

function readFlags(): Flags {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      seeds: { type: 'string' },
      figures: { type: 'string', default: packagePath('docs/figures') },
      task: { type: 'string', multiple: true, default: targetTasks.map(({ name }) => name) },
    },
  });
  const seeds = Number(values.seeds ?? (values.quick ? '2' : '5'));
  if (!Number.isInteger(seeds) || seeds < 1) throw new Error('--seeds takes a whole number from 1');
  const tasks = targetTasks.filter(({ name }) => values.task.includes(name));
  const absent = tasks.filter((task) => !hasRecording(task)).map(({ data }) => data);
  if (absent.length > 0) {
    throw new Error(
      `no ${absent.join(', ')}: LINNET_RECORDINGS names the folder of the recordings`,
    );
  }
  const { json, quick } = values;
  // A smoke run proves nothing and leaves no figure.
  return { tasks, seeds, json, quick, ...(!quick && { figures: values.figures }) };
}

function finalText({ curve }: Trial): string {
  return Object.entries(curve.at(-1)!)
    .map(([score, value]) => `${score} ${percent(value)} %`)
    .join(', ');
}

async function runArms(
  task: TargetTask,
  split: Split,
  epochs: number,
  seeds: number,
): Promise<Trials> {
  const { shifts, classWeights } = task.plan;
  const trials: Record<Arithmetic, Trial[]> = { linnet: [], float32: [] };
  for (let seed = 1; seed <= seeds; seed++) {
    for (const arithmetic of arithmetics) {
      const tuning = {
        lrShift: shifts[arithmetic],
        skipThreshold: task.skipThreshold,
        ...(classWeights && { classWeights }),
      };
      const trial = await task.run(arithmetic, split, epochs, tuning, seed);
      note(`${task.name}, ${arithmetic}, seed ${seed}: ${finalText(trial)}`);
      trials[arithmetic].push(trial);
    }
  }
  return trials;
}

async function compareTask(task: TargetTask, { seeds, quick, figures }: Flags): Promise<Result> {
  const split = task.testSplit();
  const { train, test } = split;
  note(`${task.title}: ${train.length} samples to train, ${test.length} to test`);
  const epochs = quick ? Math.ceil(task.plan.epochs / 5) : task.plan.epochs;
  const trials = await runArms(task, split, epochs, seeds);
  if (figures !== undefined) {
    mkdirSync(figures, { recursive: true });
    writeFileSync(join(figures, `${task.name}.svg`), drawTask(task, trials));
  }
  const verdicts = task.targets.map((target) => judge(target, trials));
  return { task, epochs, trials, verdicts };
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${percent(Math.abs(value))}`;
}

function interval({ mean, halfWidth }: Summary): string {
  return Number.isFinite(halfWidth) ? `${signed(mean)} ± ${percent(halfWidth)}` : signed(mean);
}

function mustBe({ floor, margin }: Verdict): string {
  const beside = `≥ float32 − ${percent(margin, 1)}`;
  return floor === undefined ? beside : `${beside}, ≥ ${percent(floor, 1)}`;
}

function verdictRows({ task, verdicts }: Result): string[][] {
  return verdicts.map((verdict) => [
    task.name,
    verdict.score,
    spread(verdict.linnet),
    spread(verdict.float32),
    interval(verdict.difference),
    mustBe(verdict),
    verdict.reached ? 'yes' : '**no**',
  ]);
}

function runRow({ task, epochs, trials }: Result): string[] {
  const [linnet, float32] = [trials.linnet, trials.float32].map((arm) =>
    arm.map(({ counts }) => counts).reduce(addCounts),
  );
  const microseconds = ({ trainMs, steps }: typeof linnet): string =>
    ((1000 * trainMs) / steps).toFixed(0);
  return [
    task.name,
    task.title,
    String(epochs),
    `2^−${task.plan.shifts.linnet} / 2^−${task.plan.shifts.float32}`,
    percent(skippedShare(linnet), 0),
    (linnet.saturations / trials.linnet.length).toFixed(1),
    `${microseconds(linnet)} / ${microseconds(float32)}`,
  ];
}

const verdictHead = [
  'task',
  'score',
  'Linnet %',
  'float32 %',
  'difference, points',
  'must be',
  'reached',
];
const runHead = [
  'task',
  'what',
  'epochs',
  'rate, Linnet / float32',
  'skipped %',
  'words at limit',
  'µs per step, Linnet / float32',
];

function formatTables(results: readonly Result[], seeds: number): string {
  return [
    `Last epoch, test split; mean ± standard deviation of ${seeds} seed(s); paired difference ± 95 % confidence interval.`,
    markdownTable(verdictHead, results.flatMap(verdictRows)),
    markdownTable(runHead, results.map(runRow)),
  ].join('\n\n');
}

function toJson({ task, epochs, trials, verdicts }: Result): unknown {
  const { name, title, plan, skipThreshold } = task;
  return { name, title, epochs, plan, skipThreshold, verdicts, trials };
}

/** Compares the named tasks; a missed target is exit code 1. */
export async function compareTargets(): Promise<void> {
  const flags = readFlags();
  const results: Result[] = [];
  for (const task of flags.tasks) results.push(await compareTask(task, flags));
  const text = flags.json
    ? JSON.stringify(results.map(toJson), null, 2)
    : formatTables(results, flags.seeds);
  process.stdout.write(`${text}\n`);
  const missed = results.flatMap(({ task, verdicts }) =>
    verdicts.filter(({ reached }) => !reached).map(({ score }) => `${task.name} ${score}`),
  );
  if (missed.length === 0) return;
  note(`missed: ${missed.join(', ')}`);
  process.exitCode = 1;
}
