/** What the commands of this folder have in common: flags, tables, progress. */
import { parseArgs } from 'node:util';
import type { ArmCounts } from './arm.js';
import type { Run } from './runs.js';
import { summarise, type Summary } from './statistics.js';
import { hasData, taskNames, type TaskName } from './tasks.js';

export interface Flags {
  /** Machine-readable results on stdout instead of a table. */
  readonly json: boolean;
  readonly seeds: number;
  /** A smoke run: everything a quarter as long. */
  readonly quick: boolean;
  readonly tasks: readonly TaskName[];
}

const quickSeeds = '2';

function isTaskName(name: string): name is TaskName {
  return (taskNames as readonly string[]).includes(name);
}

/** Tasks by name whose data is here; says on stderr which are skipped. Throws for an unknown name. */
export function selectTasks(names: readonly string[]): TaskName[] {
  return names.filter(isKnown).filter((name) => {
    if (!hasData(name))
      note(`${name}: skipped, its data is absent (LINNET_RECORDINGS names the folder)`);
    return hasData(name);
  });
}

function isKnown(name: string): name is TaskName {
  if (isTaskName(name)) return true;
  throw new Error(`no task is called ${name}: use ${taskNames.join(', ')}`);
}

/** Flags of federated.ts and centralised.ts. Throws for what makes no sense. */
export function readFlags(defaultTasks: readonly TaskName[], defaultSeeds: number): Flags {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      seeds: { type: 'string' },
      task: { type: 'string', multiple: true, default: [...defaultTasks] },
    },
  });
  const seeds = Number(values.seeds ?? (values.quick ? quickSeeds : defaultSeeds));
  if (!Number.isInteger(seeds) || seeds < 1) throw new Error('--seeds takes a whole number from 1');
  return { json: values.json, quick: values.quick, seeds, tasks: selectTasks(values.task) };
}

/** Progress, on stderr. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function percent(share: number, digits = 2): string {
  return (100 * share).toFixed(digits);
}

/** `mean ± deviation` in percent. */
export function spread({ mean, deviation }: Summary): string {
  return `${percent(mean)} ± ${percent(deviation)}`;
}

/** In points of a percent; without an interval for a single seed. */
export function interval({ mean, halfWidth }: Summary): string {
  const sign = mean < 0 ? '−' : '+';
  const width = Number.isFinite(halfWidth) ? ` ± ${percent(halfWidth)}` : '';
  return `${sign}${percent(Math.abs(mean))}${width}`;
}

/** F1 of each class in percent, averaged over runs. */
export function classF1(runs: readonly Run[]): string {
  return runs[0].metrics.classes
    .map((_, c) => percent(summarise(runs.map((run) => run.metrics.classes[c].f1)).mean, 1))
    .join(' / ');
}

export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Share of steps without a backward pass. */
export function skippedShare(counts: ArmCounts): number {
  return counts.skipped / counts.steps;
}

/** Runs a command; what it throws is one line on stderr and exit code 2. */
export async function runCommand(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    note(error instanceof Error ? error.message : String(error));
    process.exitCode = 2;
  }
}
