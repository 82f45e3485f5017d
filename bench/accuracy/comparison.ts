/** Linnet against float32 on one task: the same seeds, splits, order and schedule; only the arithmetic differs. */
import { constant } from '../../host/contract/contract.gen.js';
import { addCounts } from './arm.js';
import {
  classF1,
  interval,
  markdownTable,
  note,
  percent,
  readFlags,
  skippedShare,
  spread,
  type Flags,
} from './report.js';
import { runSeed, type ArmSetup, type Run, type Shape } from './runs.js';
import { summarise, type Summary } from './statistics.js';
import { loadTestSplit, tunedTasks, type Split, type TaskName, type TunedTask } from './tasks.js';
import type { Plan } from './training.js';

export interface ArmResult {
  readonly setup: ArmSetup;
  readonly runs: readonly Run[];
}

export interface Comparison {
  readonly task: TaskName;
  readonly title: string;
  readonly shape: Shape;
  readonly plan: Plan;
  /** The last one is the yardstick. */
  readonly arms: readonly ArmResult[];
}

const quickDivisor = 4;

/** A quarter of the rounds or epochs, for a smoke run. */
function shorten(plan: Plan): Plan {
  const quarter = (count: number): number => Math.ceil(count / quickDivisor);
  return plan.kind === 'federated'
    ? { ...plan, rounds: quarter(plan.rounds) }
    : { ...plan, epochs: quarter(plan.epochs) };
}

/** Linnet as shipped, Linnet without skipped backward passes to tell the two effects apart, float32. */
function setupsOf(task: TunedTask, mode: Plan['kind']): ArmSetup[] {
  const { shifts } = task[mode];
  const { classWeights } = task;
  const shared = classWeights ? { classWeights } : {};
  const linnet = { ...shared, arithmetic: 'linnet' as const, lrShift: shifts.linnet };
  return [
    { ...linnet, label: 'Linnet', skipThreshold: constant.SKIP_THRESHOLD_DEFAULT },
    { ...linnet, label: 'Linnet, nothing skipped', skipThreshold: 0 },
    {
      ...shared,
      label: 'float32',
      arithmetic: 'float32',
      lrShift: shifts.float32,
      skipThreshold: 0,
    },
  ];
}

async function runArm(
  setup: ArmSetup,
  split: Split,
  shape: Shape,
  plan: Plan,
  seeds: number,
): Promise<ArmResult> {
  const runs: Run[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const run = await runSeed(setup, [split], shape, plan, seed);
    const { accuracy, macroF1 } = run.metrics;
    note(`${setup.label}, seed ${seed}: ${percent(accuracy)} %, macro-F1 ${percent(macroF1)} %`);
    runs.push(run);
  }
  return { setup, runs };
}

async function compareTask(
  name: TaskName,
  mode: Plan['kind'],
  { seeds, quick }: Flags,
): Promise<Comparison> {
  const task = tunedTasks[name];
  const shape = { hidden: task.hidden, inputExponent: task.inputExponent };
  const plan: Plan = quick ? shorten(task[mode]) : task[mode];
  const split = loadTestSplit(name);
  note(
    `${task.title}, ${mode}: ${split.clients.length} clients, ${split.test.length} test samples`,
  );
  const arms: ArmResult[] = [];
  for (const setup of setupsOf(task, mode)) {
    arms.push(await runArm(setup, split, shape, plan, seeds));
  }
  return { task: name, title: task.title, shape, plan, arms };
}

type Metric = (run: Run) => number;
const accuracyOf: Metric = ({ metrics }) => metrics.accuracy;
const macroF1Of: Metric = ({ metrics }) => metrics.macroF1;

function summariseRuns(runs: readonly Run[], metric: Metric): Summary {
  return summarise(runs.map(metric));
}

/** Of the differences seed by seed. */
function summariseDifference(arm: ArmResult, yardstick: ArmResult, metric: Metric): Summary {
  return summarise(arm.runs.map((run, i) => metric(run) - metric(yardstick.runs[i])));
}

function totalCounts({ runs }: ArmResult): ReturnType<typeof addCounts> {
  return runs.map((run) => run.counts).reduce(addCounts);
}

function armRow(title: string, arm: ArmResult): string[] {
  const counts = totalCounts(arm);
  return [
    title,
    arm.setup.label,
    `2^−${arm.setup.lrShift}`,
    spread(summariseRuns(arm.runs, accuracyOf)),
    spread(summariseRuns(arm.runs, macroF1Of)),
    classF1(arm.runs),
    percent(skippedShare(counts), 0),
    ((1000 * counts.trainMs) / counts.steps).toFixed(0),
  ];
}

function differenceRows({ title, arms }: Comparison): string[][] {
  const yardstick = arms[arms.length - 1];
  return arms
    .slice(0, -1)
    .map((arm) => [
      title,
      `${arm.setup.label} − ${yardstick.setup.label}`,
      interval(summariseDifference(arm, yardstick, accuracyOf)),
      interval(summariseDifference(arm, yardstick, macroF1Of)),
    ]);
}

const armHead = [
  'task',
  'arithmetic',
  'rate',
  'accuracy %',
  'macro-F1 %',
  'F1 by class %',
  'skipped %',
  'µs per step',
];
const differenceHead = ['task', 'difference', 'accuracy, points', 'macro-F1, points'];

function formatTables(comparisons: readonly Comparison[], seeds: number): string {
  const armRows = comparisons.flatMap(({ title, arms }) => arms.map((arm) => armRow(title, arm)));
  return [
    `Test people, last round; mean ± standard deviation of ${seeds} seed(s).`,
    markdownTable(armHead, armRows),
    'Paired by seed; mean ± 95 % confidence interval (Student’s t).',
    markdownTable(differenceHead, comparisons.flatMap(differenceRows)),
  ].join('\n\n');
}

/** Everything the tables are made of. */
function toJson(comparison: Comparison): unknown {
  const yardstick = comparison.arms[comparison.arms.length - 1];
  const arms = comparison.arms.map((arm) => {
    const counts = totalCounts(arm);
    return {
      ...arm.setup,
      accuracy: summariseRuns(arm.runs, accuracyOf),
      macroF1: summariseRuns(arm.runs, macroF1Of),
      ...(arm !== yardstick && {
        accuracyDifference: summariseDifference(arm, yardstick, accuracyOf),
        macroF1Difference: summariseDifference(arm, yardstick, macroF1Of),
      }),
      skippedShare: skippedShare(counts),
      saturations: counts.saturations,
      microsecondsPerStep: (1000 * counts.trainMs) / counts.steps,
      runs: arm.runs.map(({ seed, metrics }) => ({ seed, ...metrics })),
    };
  });
  return { ...comparison, arms };
}

/** The whole command: flags, runs, tables or JSON on stdout. */
export async function compareTasks(
  mode: Plan['kind'],
  defaultTasks: readonly TaskName[],
  defaultSeeds: number,
): Promise<void> {
  const flags = readFlags(defaultTasks, defaultSeeds);
  const comparisons: Comparison[] = [];
  for (const name of flags.tasks) comparisons.push(await compareTask(name, mode, flags));
  const text = flags.json
    ? JSON.stringify(comparisons.map(toJson), null, 2)
    : formatTables(comparisons, flags.seeds);
  process.stdout.write(`${text}\n`);
}
