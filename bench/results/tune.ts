/**
 * Learning rates of docs/RESULTS.md, each scheme its own, on training people, recordings and images only.
 *
 *   npx tsx bench/results/tune.ts --task har --scheme dense … --shifts 3,4,5 [--strategy fed-adam:rate=16] [--proximal N]
 *     [--seeds N] [--results FOLDER]
 *
 * A run is one seed on one fold; the rate with the best mean accuracy after the last round is chosen. Runs are kept as
 * by main.ts.
 */
import { parseArgs } from 'node:util';
import { markdownTable, percent, runCommand, spread } from '../accuracy/report.js';
import { summarise } from '../accuracy/statistics.js';
import { cachedRun } from '../traffic/cache.js';
import type { RoundResult, ScoredSplit } from '../traffic/run.js';
import { resultsFolder } from './folder.js';
import { resultSchemes, type ResultScheme } from './schemes.js';
import { loadValidationSplits, taskNames, tasks } from './tasks.js';

/** Not those of the comparison. */
const firstSeed = 101;

function pick<Name extends string>(text: string, names: readonly Name[], what: string): Name {
  const name = names.find((one) => one === text);
  if (name !== undefined) return name;
  throw new Error(`no ${what} is called ${text}: use ${names.join(', ')}`);
}

const schemeNames = Object.keys(resultSchemes) as ResultScheme[];

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      task: { type: 'string', default: 'har' },
      scheme: { type: 'string', multiple: true, default: ['float32', 'dense'] },
      shifts: { type: 'string', default: '3,4,5' },
      strategy: { type: 'string' },
      proximal: { type: 'string' },
      seeds: { type: 'string', default: '1' },
      results: { type: 'string', default: resultsFolder },
    },
  });
  const task = tasks[pick(values.task, taskNames, 'task')];
  let loaded: ScoredSplit[] | undefined;
  const splits = (): ScoredSplit[] => (loaded ??= loadValidationSplits(task));
  const folds = splits().length;
  const { strategy, proximal } = values;
  const changes = {
    ...(strategy !== undefined && { strategy }),
    ...(proximal !== undefined && { proximalShift: Number(proximal) }),
  };
  const rows: string[][] = [];
  for (const name of values.scheme.map((text) => pick(text, schemeNames, 'scheme'))) {
    const scheme = { ...resultSchemes[name], ...changes };
    for (const lrShift of values.shifts.split(',').map(Number)) {
      const runs: RoundResult[][] = [];
      for (let i = 0; i < Number(values.seeds) * folds; i++) {
        const part = `${task.part}, validation ${i % folds}`;
        const seed = firstSeed + Math.floor(i / folds);
        const job = { task, scheme, lrShift, seed, part };
        runs.push(await cachedRun(job, () => splits()[i % folds], values.results));
      }
      const finals = summarise(runs.map((run) => run.at(-1)!.accuracy));
      const macroF1 = summarise(runs.map((run) => run.at(-1)!.macroF1)).mean;
      const { title } = resultSchemes[name];
      rows.push([title, `2^−${lrShift}`, spread(finals), percent(macroF1)]);
    }
  }
  process.stdout.write(`${markdownTable(['scheme', 'rate', 'accuracy %', 'macro-F1 %'], rows)}\n`);
});
