/**
 * Choosing hyperparameters of the target tasks, on training people only: no test sample is scored here.
 *
 *   npx tsx bench/accuracy/targets/tune.ts --task har-conv --shifts 5,6,7 [--arms linnet,float32] [--epochs 15]
 *     [--skips 1638,0] [--weights 0,2,1] [--seeds 1] [--folds 3]
 *
 * HAR and ECG: 3 folds over the training people, each person held out once; MNIST: the last 10,000 training images;
 * spoken digits, whose test split has the same speakers: every fifth training recording.
 */
import { parseArgs } from 'node:util';
import { markdownTable, note, percent, runCommand } from '../report.js';
import { summarise } from '../statistics.js';
import { finalScore } from './judge.js';
import { arithmetics, type Arithmetic, type Split, type TargetTask, type Trial } from './task.js';
import { findTask } from './tasks.js';

/** Not the seeds of the comparison. */
const firstSeed = 101;

interface Setup {
  readonly arithmetic: Arithmetic;
  readonly lrShift: number;
  readonly epochs: number;
  readonly skipThreshold: number;
}

function numbersOf(list: string): number[] {
  const numbers = list.split(',').map(Number);
  if (numbers.every((number) => Number.isFinite(number))) return numbers;
  throw new Error(`"${list}" is not a list of numbers`);
}

function readFlags() {
  const { values } = parseArgs({
    options: {
      task: { type: 'string', default: 'har-conv' },
      arms: { type: 'string', default: arithmetics.join(',') },
      shifts: { type: 'string', default: '6,7,8' },
      epochs: { type: 'string' },
      skips: { type: 'string' },
      weights: { type: 'string' },
      seeds: { type: 'string', default: '1' },
      folds: { type: 'string', default: '3' },
    },
  });
  const task = findTask(values.task);
  const arms = arithmetics.filter((name) => values.arms.split(',').includes(name));
  const classWeights = values.weights ? numbersOf(values.weights) : task.plan.classWeights;
  return {
    task,
    arms,
    classWeights,
    shifts: numbersOf(values.shifts),
    epochs: numbersOf(values.epochs ?? String(task.plan.epochs)),
    skips: numbersOf(values.skips ?? String(task.skipThreshold)),
    seeds: Number(values.seeds),
    folds: Number(values.folds),
  };
}

type TuneFlags = ReturnType<typeof readFlags>;

/** Every arm with every value; float32 knows no skipping. */
function setupsOf({ arms, shifts, epochs, skips }: TuneFlags): Setup[] {
  return arms.flatMap((arithmetic) =>
    epochs.flatMap((count) =>
      shifts.flatMap((lrShift) =>
        (arithmetic === 'float32' ? [0] : skips).map((skipThreshold) => ({
          arithmetic,
          lrShift,
          epochs: count,
          skipThreshold,
        })),
      ),
    ),
  );
}

async function runSetup(
  task: TargetTask,
  setup: Setup,
  splits: readonly Split[],
  { classWeights, seeds }: TuneFlags,
): Promise<Trial[]> {
  const { arithmetic, epochs, lrShift, skipThreshold } = setup;
  const tuning = { lrShift, skipThreshold, ...(classWeights && { classWeights }) };
  const trials: Trial[] = [];
  for (let i = 0; i < seeds; i++) {
    for (const split of splits) {
      trials.push(await task.run(arithmetic, split, epochs, tuning, firstSeed + i));
    }
  }
  return trials;
}

function rowOf(setup: Setup, trials: readonly Trial[]): string[] {
  const scores = Object.keys(trials[0].curve.at(-1)!).map((score) => {
    const { mean, deviation } = summarise(trials.map((trial) => finalScore(trial, score)));
    return `${score} ${percent(mean)} ± ${percent(deviation)}`;
  });
  const skipped = summarise(trials.map(({ counts }) => counts.skipped / counts.steps)).mean;
  return [
    setup.arithmetic,
    String(setup.epochs),
    String(setup.lrShift),
    String(setup.skipThreshold),
    scores.join(', '),
    percent(skipped, 0),
  ];
}

async function main(): Promise<void> {
  const flags = readFlags();
  const splits = flags.task.validationSplits().slice(0, flags.folds);
  const rows: string[][] = [];
  for (const setup of setupsOf(flags)) {
    const row = rowOf(setup, await runSetup(flags.task, setup, splits, flags));
    note(row.join('  '));
    rows.push(row);
  }
  const head = ['arithmetic', 'epochs', 'lr shift', 'skip threshold', 'scores %', 'skipped %'];
  process.stdout.write(`${markdownTable(head, rows)}\n`);
}

await runCommand(main);
