/**
 * Learning rates of the federations whose bytes are counted: of every scheme its own, on training people only.
 *
 *   npx tsx bench/traffic/tune.ts --task har|ecg|mnist [--shifts 3,4,5] [--scheme NAME …] [--seeds N] [--results FOLDER]
 *
 * A run is one seed on one fold. Of the rates whose accuracy after the last round is not below the best by more than a
 * standard error, runs paired, nor by more than half a point, the one is chosen that reaches the goal with the fewest
 * bytes. The goal is 99 % of what float32 FedAvg has at the end of the same run with its most accurate rate; it is looked
 * for in the probe that is scored after every round, the end is then the last round but one. Runs are kept as by main.ts.
 */
import { parseArgs } from 'node:util';
import { markdownTable, percent, runCommand, spread } from '../accuracy/report.js';
import { summarise } from '../accuracy/statistics.js';
import { cachedRun, resultsFolder } from './cache.js';
import type { RoundResult, ScoredSplit } from './run.js';
import { schemes, type Scheme, type SchemeName } from './schemes.js';
import { costOf, costToGoal, goalShare, shortFraming } from './table.js';
import { foldsOf, loadValidationSplits, taskNames, tasks, type TaskName } from './tasks.js';

/** Rates 2^−shift that are tried. */
const grids: Readonly<Record<TaskName, Readonly<Record<Scheme['arithmetic'], readonly number[]>>>> =
  {
    har: { float32: [2, 3, 4, 5], linnet: [2, 3, 4] },
    ecg: { float32: [8, 9, 10], linnet: [7, 8, 9] },
    mnist: { float32: [3, 4, 5], linnet: [3, 4, 5] },
  };

/** Not those of the comparison. */
const firstSeed = 101;

/** One rate of a scheme, by run. */
interface Tried {
  readonly shift: number;
  readonly runs: readonly RoundResult[][];
}

interface Work {
  readonly name: TaskName;
  /** Instead of those of {@link grids}. */
  readonly shifts: readonly number[] | undefined;
  readonly seeds: number;
  readonly folder: string;
  readonly splits: () => readonly ScoredSplit[];
}

const finals = ({ runs }: Tried): number[] => runs.map((run) => run.at(-1)!.accuracy);
const meanFinal = (tried: Tried): number => summarise(finals(tried)).mean;
const bestOf = (grid: readonly Tried[]): Tried =>
  grid.reduce((a, b) => (meanFinal(b) > meanFinal(a) ? b : a));

/** Every rate of one scheme. */
async function tryRates(work: Work, scheme: Scheme): Promise<Tried[]> {
  const { name, folder, splits } = work;
  const grid: Tried[] = [];
  for (const shift of work.shifts ?? grids[name][scheme.arithmetic]) {
    const runs: RoundResult[][] = [];
    for (let seed = firstSeed; seed < firstSeed + work.seeds; seed++) {
      for (let fold = 0; fold < foldsOf(name); fold++) {
        const job = { task: tasks[name], scheme, lrShift: shift, seed, part: `validation ${fold}` };
        runs.push(await cachedRun(job, () => splits()[fold], folder));
      }
    }
    grid.push({ shift, runs });
  }
  return grid;
}

/** What the comparison allows (docs/TRAFFIC.md). */
const marginOfAccuracy = 0.005;

/** Whether a rate is as accurate as the best, as far as these runs can tell. */
function isTied(tried: Tried, best: Tried): boolean {
  const losses = finals(best).map((accuracy, i) => accuracy - finals(tried)[i]);
  const { mean, deviation } = summarise(losses);
  return mean <= Math.min(deviation / Math.sqrt(losses.length), marginOfAccuracy);
}

/** Mean bytes to the goals; a run that misses its goal counts with all it sent. */
function bytesToGoal({ runs }: Tried, goals: readonly number[]): number {
  const costs = runs.map(
    (run, i) => costToGoal(run, goals[i], shortFraming) ?? costOf(run, shortFraming),
  );
  return summarise(costs.map(({ total }) => total)).mean;
}

const hits = ({ runs }: Tried, goals: readonly number[]): number =>
  runs.filter((run, i) => costToGoal(run, goals[i], shortFraming)).length;

function rowsOf(title: string, grid: readonly Tried[], goals: readonly number[]): string[][] {
  const best = bestOf(grid);
  const tied = grid.filter((tried) => isTied(tried, best));
  const chosen = tied.reduce((a, b) => (bytesToGoal(b, goals) < bytesToGoal(a, goals) ? b : a));
  return grid.map((tried) => [
    title,
    `2^−${tried.shift}`,
    spread(summarise(finals(tried))),
    percent(summarise(tried.runs.map((run) => run.at(-1)!.macroF1)).mean),
    tied.includes(tried) ? 'yes' : '',
    `${hits(tried, goals)} of ${goals.length}`,
    (bytesToGoal(tried, goals) / 1000).toFixed(0),
    tried === chosen ? 'chosen' : '',
  ]);
}

const head = [
  'scheme',
  'rate',
  'accuracy %',
  'macro-F1 %',
  'best or tied',
  'reach 99 %',
  'kB until then',
  '',
];

function readFlags(): Work & { readonly chosen: readonly SchemeName[] } {
  const { values } = parseArgs({
    options: {
      task: { type: 'string', default: 'har' },
      shifts: { type: 'string' },
      scheme: { type: 'string', multiple: true },
      seeds: { type: 'string', default: '2' },
      results: { type: 'string', default: resultsFolder },
    },
  });
  const name = taskNames.find((one) => one === values.task);
  if (name === undefined) throw new Error(`no task is called ${values.task}`);
  let loaded: ScoredSplit[] | undefined;
  return {
    name,
    shifts: values.shifts?.split(',').map(Number),
    seeds: Number(values.seeds),
    folder: values.results,
    splits: () => (loaded ??= loadValidationSplits(name)),
    chosen: (values.scheme ?? Object.keys(tasks[name].shifts)).map(schemeOf),
  };
}

function schemeOf(text: string): SchemeName {
  const names = Object.keys(schemes) as SchemeName[];
  const name = names.find((one) => one === text);
  if (name !== undefined) return name;
  throw new Error(`no scheme is called ${text}: use ${names.join(', ')}`);
}

await runCommand(async () => {
  const { chosen, ...work } = readFlags();
  const yardstick = await tryRates(work, schemes.float32);
  // The last round is scored on more samples.
  const goals = bestOf(yardstick).runs.map((run) => goalShare * run.at(-2)!.accuracy);
  const rows: string[][] = [];
  for (const name of chosen) {
    rows.push(...rowsOf(schemes[name].title, await tryRates(work, schemes[name]), goals));
  }
  process.stdout.write(`${markdownTable(head, rows)}\n`);
});
