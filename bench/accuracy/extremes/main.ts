/**
 * What training does with rates, data and labels it should never be given: every exponent, every saturated word.
 *
 *   npm run bench:extremes -- [--steps 2000] [--recordings] [--json]
 *
 * With --recordings also the tasks of the target table at 16 times their rate, both arms.
 * Exit code 1 if an exponent leaves its range, 2 if the kernel says anything but OK.
 */
import { parseArgs } from 'node:util';
import { buildDescriptor } from '../../../host/model/descriptor.js';
import { markdownTable, note, percent, runCommand } from '../report.js';
import { finalScore } from '../targets/judge.js';
import { arithmetics, type Arithmetic, type TargetTask } from '../targets/task.js';
import { hasRecording, targetTasks } from '../targets/tasks.js';
import { endure, type Endurance } from './endure.js';
import type { Extent } from './observed-kernel.js';
import { scenarios } from './scenarios.js';

/** Limits of every exponent (SPEC, section 2). */
const [leastExponent, greatestExponent] = [-64, 63];

interface Row extends Endurance {
  readonly model: string;
  readonly scenario: string;
}

export function isInRange(extent: Extent | undefined): boolean {
  if (extent === undefined || extent.isEmpty) return true;
  return extent.least >= leastExponent && extent.greatest <= greatestExponent;
}

function formatExtent(extent: Extent | undefined): string {
  if (extent === undefined) return 'not watched';
  return extent.isEmpty ? '–' : `${extent.least} … ${extent.greatest}`;
}

function cells(row: Row): string[] {
  return [
    row.model,
    row.scenario,
    formatExtent(row.activations),
    formatExtent(row.errors),
    String(row.saturations),
    String(row.parameters),
    String(row.moved),
  ];
}

const head = [
  'model',
  'scenario',
  'exponents of activations',
  'of errors',
  'words at the limits',
  'of',
  'words that moved',
];

/** The shift of a rate 16 times as large. */
const rateChange = -4;

interface Collapse {
  readonly task: string;
  readonly score: string;
  readonly values: Readonly<Record<Arithmetic, number>>;
}

/** The first target's score of a task trained at 16 times its rate, for both arms. */
async function trainTooFast(task: TargetTask): Promise<Collapse> {
  const split = task.testSplit();
  const { epochs, shifts, classWeights } = task.plan;
  const [{ score }] = task.targets;
  const values = { linnet: 0, float32: 0 };
  for (const arithmetic of arithmetics) {
    note(`${task.name}: ${arithmetic}, rate × 16`);
    const tuning = {
      lrShift: shifts[arithmetic] + rateChange,
      skipThreshold: task.skipThreshold,
      ...(classWeights && { classWeights }),
    };
    const trial = await task.run(arithmetic, split, epochs, tuning, 1);
    values[arithmetic] = finalScore(trial, score);
  }
  return { task: task.name, score, values };
}

function collapseCells({ task, score, values }: Collapse): string[] {
  return [task, score, percent(values.linnet), percent(values.float32)];
}

const collapseHead = ['task, rate × 16', 'score', 'Linnet %', 'float32 %'];

function formatTables(rows: readonly Row[], collapses: readonly Collapse[]): string {
  const tables = [markdownTable(head, rows.map(cells))];
  if (collapses.length > 0) tables.push(markdownTable(collapseHead, collapses.map(collapseCells)));
  return tables.join('\n\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      recordings: { type: 'boolean', default: false },
      steps: { type: 'string' },
    },
  });
  const steps = Number(values.steps ?? '2000');
  if (!Number.isInteger(steps) || steps < 1) throw new Error('--steps takes a whole number from 1');
  const rows: Row[] = [];
  // The personalised task has the model of another one.
  const tasks = targetTasks.filter(({ name }) => name !== 'ecg-personal');
  for (const task of tasks) {
    const descriptor = buildDescriptor(task.model);
    for (const scenario of scenarios) {
      note(`${task.name}: ${scenario.name}`);
      const { linnet } = task.plan.shifts;
      const endurance = await endure(descriptor, scenario, linnet, steps, 1);
      rows.push({ model: task.name, scenario: scenario.name, ...endurance });
    }
  }
  const collapses: Collapse[] = [];
  for (const task of values.recordings ? tasks.filter(hasRecording) : []) {
    collapses.push(await trainTooFast(task));
  }
  const text = values.json
    ? JSON.stringify({ rows, collapses }, null, 2)
    : formatTables(rows, collapses);
  process.stdout.write(`${text}\n`);
  const escaped = rows.filter((row) => !isInRange(row.activations) || !isInRange(row.errors));
  if (escaped.length > 0) process.exitCode = 1;
}

await runCommand(main);
