/**
 * Bytes a federation sends until it is as good as float32 FedAvg (docs/TRAFFIC.md).
 *
 *   npm run bench:traffic -- [--task har|ecg|mnist …] [--seeds N] [--rounds N] [--results FOLDER]
 *
 * Every finished run is a file in the results folder and is not run again, so an interrupted command goes on where it
 * was; a change of the kernel, whose codecs make the bytes, the plan or the scheme makes it another run.
 */
import { parseArgs } from 'node:util';
import { note, percent, runCommand } from '../accuracy/report.js';
import type { Split } from '../accuracy/tasks.js';
import { cachedRun, resultsFolder } from './cache.js';
import { framingOf } from './framing.js';
import type { RoundResult } from './run.js';
import { schemes, type Scheme, type SchemeName } from './schemes.js';
import { formatTable, goalShare, shortFraming } from './table.js';
import { hasData, loadTestSplit, taskNames, tasks, type TaskName } from './tasks.js';

interface Flags {
  readonly names: readonly TaskName[];
  readonly seeds: number;
  readonly rounds: number | undefined;
  readonly folder: string;
}

function wholeNumber(text: string, flag: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`${flag} takes a whole number from 1`);
}

function readFlags(): Flags {
  const { values } = parseArgs({
    options: {
      task: { type: 'string', multiple: true, default: [...taskNames] },
      seeds: { type: 'string', default: '5' },
      rounds: { type: 'string' },
      results: { type: 'string', default: resultsFolder },
    },
  });
  const unknown = values.task.find((name) => !(taskNames as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new Error(`no task is called ${unknown}: use ${taskNames.join(', ')}`);
  return {
    names: taskNames.filter((name) => values.task.includes(name)),
    seeds: wholeNumber(values.seeds, '--seeds'),
    rounds: values.rounds === undefined ? undefined : wholeNumber(values.rounds, '--rounds'),
    folder: values.results,
  };
}

async function report(name: TaskName, { seeds, rounds, folder }: Flags): Promise<string> {
  const tuned = tasks[name];
  const plan = rounds === undefined ? tuned.plan : { ...tuned.plan, rounds };
  const task = { ...tuned, plan };
  let loaded: Split | undefined;
  const split = (): Split => (loaded ??= loadTestSplit(name));
  const table = [];
  for (const [scheme, lrShift] of Object.entries(task.shifts)) {
    const chosen: Scheme = schemes[scheme as SchemeName];
    const runs: RoundResult[][] = [];
    for (let seed = 1; seed <= seeds; seed++) {
      runs.push(await cachedRun({ task, scheme: chosen, lrShift, seed }, split, folder));
    }
    const framing = chosen.arithmetic === 'linnet' ? framingOf(task, chosen) : shortFraming;
    table.push({ title: chosen.title, lrShift, framing, runs });
  }
  return `${task.title}; ${plan.rounds} rounds, mean ± standard deviation of ${seeds} seeds\n\n${formatTable(table)}`;
}

await runCommand(async () => {
  const flags = readFlags();
  const parts: string[] = [];
  for (const name of flags.names) {
    if (hasData(name)) parts.push(await report(name, flags));
    else note(`${name}: skipped, its data is absent (LINNET_RECORDINGS names the folder)`);
  }
  const legend = `"Fewer" is how many times the bytes of float32 FedAvg (4 bytes a parameter both ways, 12-byte headers), until the accuracy is ${percent(goalShare, 0)} % of what float32 FedAvg has in the last round.`;
  process.stdout.write(`${[...parts, legend].join('\n\n')}\n`);
});
