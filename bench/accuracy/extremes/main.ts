/**
 * What training does with rates, data and labels it should never be given: every exponent, every saturated word.
 *
 *   npm run bench:extremes -- [--steps 2000] [--seeds 1] [--json]
 *
 * Exit code 1 if an exponent leaves its range or the kernel says anything but OK.
 */
import { parseArgs } from 'node:util';
import { buildDescriptor } from '../../../host/model/descriptor.js';
import { markdownTable, note, runCommand } from '../report.js';
import { targetTasks } from '../targets/tasks.js';
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

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { json: { type: 'boolean', default: false }, steps: { type: 'string' } },
  });
  const steps = Number(values.steps ?? '2000');
  if (!Number.isInteger(steps) || steps < 1) throw new Error('--steps takes a whole number from 1');
  const rows: Row[] = [];
  // The personalised task has the model of another one.
  for (const task of targetTasks.filter(({ name }) => name !== 'ecg-personal')) {
    const descriptor = buildDescriptor(task.model);
    for (const scenario of scenarios) {
      note(`${task.name}: ${scenario.name}`);
      const { linnet } = task.plan.shifts;
      const endurance = await endure(descriptor, scenario, linnet, steps, 1);
      rows.push({ model: task.name, scenario: scenario.name, ...endurance });
    }
  }
  const text = values.json ? JSON.stringify(rows, null, 2) : markdownTable(head, rows.map(cells));
  process.stdout.write(`${text}\n`);
  const escaped = rows.filter((row) => !isInRange(row.activations) || !isInRange(row.errors));
  if (escaped.length > 0) process.exitCode = 1;
}

await runCommand(main);
