/**
 * Learning rates, input exponents and skip thresholds on validation people: no sample of a test split is scored here.
 *
 *   npx tsx bench/accuracy/tune.ts --task har --exponents=-6,-7 --shifts 4,5,6
 *
 * ECG and HAR: 3 folds over the training people, each person held out once, counts of the folds added up; MNIST: the
 * last 10,000 training images; synthetic ECG: other people than those of the demo.
 */
import { parseArgs } from 'node:util';
import { constant } from '../../host/contract/contract.gen.js';
import { addCounts } from './arm.js';
import {
  classF1,
  markdownTable,
  note,
  percent,
  runCommand,
  selectTasks,
  skippedShare,
} from './report.js';
import { runSeed, type ArmSetup, type Run, type Shape } from './runs.js';
import { summarise } from './statistics.js';
import { loadValidationSplits, tunedTasks, type Split, type TunedTask } from './tasks.js';
import type { Plan } from './training.js';

/** Not the seeds of the comparison. */
const firstSeed = 101;

const options = {
  task: { type: 'string', default: 'har' },
  mode: { type: 'string', default: 'federated' },
  arms: { type: 'string', default: 'linnet,float32' },
  exponents: { type: 'string' },
  shifts: { type: 'string', default: '5,6,7' },
  skips: { type: 'string', default: String(constant.SKIP_THRESHOLD_DEFAULT) },
  weights: { type: 'string' },
  rounds: { type: 'string' },
  samples: { type: 'string' },
  epochs: { type: 'string' },
  nodes: { type: 'string' },
  seeds: { type: 'string', default: '1' },
} as const;

type TuneFlags = ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];

function numbersOf(list: string): number[] {
  const numbers = list.split(',').map(Number);
  if (numbers.every((number) => Number.isFinite(number))) return numbers;
  throw new Error(`"${list}" is not a list of numbers`);
}

const numberOr = (text: string | undefined, fallback: number): number =>
  text === undefined ? fallback : numbersOf(text)[0];

function planOf(task: TunedTask, flags: TuneFlags): Plan {
  if (flags.mode === 'centralised') {
    return { ...task.centralised, epochs: numberOr(flags.epochs, task.centralised.epochs) };
  }
  return {
    ...task.federated,
    rounds: numberOr(flags.rounds, task.federated.rounds),
    samplesPerRound: numberOr(flags.samples, task.federated.samplesPerRound),
    localEpochs: numberOr(flags.epochs, task.federated.localEpochs),
  };
}

/** Every arm with every learning rate; float32 knows no skipping. */
function setupsOf(task: TunedTask, flags: TuneFlags): ArmSetup[] {
  const classWeights = flags.weights ? numbersOf(flags.weights) : task.classWeights;
  const skips = numbersOf(flags.skips);
  return flags.arms.split(',').flatMap((arm) =>
    numbersOf(flags.shifts).flatMap((lrShift) =>
      (arm === 'float32' ? [0] : skips).map((skipThreshold) => ({
        label: arm === 'float32' ? 'float32' : 'Linnet',
        arithmetic: arm === 'float32' ? ('float32' as const) : ('linnet' as const),
        lrShift,
        skipThreshold,
        ...(classWeights && { classWeights }),
      })),
    ),
  );
}

async function tuneRow(
  setup: ArmSetup,
  splits: readonly Split[],
  shape: Shape,
  plan: Plan,
  seeds: number,
): Promise<string[]> {
  const runs: Run[] = [];
  for (let i = 0; i < seeds; i++) {
    runs.push(await runSeed(setup, splits, shape, plan, firstSeed + i));
  }
  const counts = runs.map((run) => run.counts).reduce(addCounts);
  const row = [
    setup.label,
    String(shape.inputExponent),
    String(setup.lrShift),
    setup.arithmetic === 'linnet' ? String(setup.skipThreshold) : '–',
    percent(summarise(runs.map((run) => run.metrics.accuracy)).mean),
    percent(summarise(runs.map((run) => run.metrics.macroF1)).mean),
    classF1(runs),
    percent(skippedShare(counts), 0),
    String(counts.saturations),
  ];
  note(row.join('  '));
  return row;
}

const head = [
  'arithmetic',
  'input exponent',
  'lr shift',
  'skip threshold',
  'accuracy %',
  'macro-F1 %',
  'F1 by class %',
  'skipped %',
  'saturations',
];

async function main(): Promise<void> {
  const { values: flags } = parseArgs({ options });
  const [name] = selectTasks([flags.task]);
  if (name === undefined) return;
  const task = tunedTasks[name];
  const splits = loadValidationSplits(name, flags.nodes ? Number(flags.nodes) : undefined);
  const plan = planOf(task, flags);
  const rows: string[][] = [];
  for (const inputExponent of flags.exponents ? numbersOf(flags.exponents) : [task.inputExponent]) {
    const shape = { hidden: task.hidden, inputExponent };
    for (const setup of setupsOf(task, flags)) {
      rows.push(await tuneRow(setup, splits, shape, plan, Number(flags.seeds)));
    }
  }
  process.stdout.write(
    `${JSON.stringify({ task: name, ...plan })}\n\n${markdownTable(head, rows)}\n`,
  );
}

await runCommand(main);
