/**
 * Uploads that one core of an aggregator accepts per second, end to end: published by a process of nodes, through
 * mosquitto, into a committed ledger, answered by receipts. By processor time of the aggregator's process, so that what
 * else the machine does counts for little; medians of paired runs. Runs compiled code, as `linnet` does.
 *
 *   npm run bench:wire -- [--model 1k|10k|50k …] [--runs N]
 */
import { execFile } from 'node:child_process';
import { parseArgs, promisify } from 'node:util';
import { markdownTable, note, runCommand } from '../accuracy/report.js';
import { compileBench } from './compile.js';
import { wireModels, type WireModel } from './models.js';
import type { WireRun } from './run.js';

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function readFlags(): { models: WireModel[]; runs: number } {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', multiple: true, default: wireModels.map(({ name }) => name) },
      runs: { type: 'string', default: '3' },
    },
  });
  const unknown = values.model.find((name) => !wireModels.some((model) => model.name === name));
  if (unknown !== undefined) throw new Error(`no model is called ${unknown}`);
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs takes a whole number from 1');
  return { models: wireModels.filter(({ name }) => values.model.includes(name)), runs };
}

interface Measured {
  readonly model: WireModel;
  readonly runs: readonly WireRun[];
}

async function measure(program: string, model: WireModel, runs: number): Promise<Measured> {
  const results: WireRun[] = [];
  for (let i = 0; i < runs; i++) {
    const { stdout } = await promisify(execFile)(process.execPath, [program, model.name]);
    const run = JSON.parse(stdout) as WireRun;
    const perSecond = Math.round(1e6 / run.federation.microseconds);
    note(`${model.name}, run ${i + 1}: ${perSecond} uploads per second and core`);
    results.push(run);
  }
  return { model, runs: results };
}

const stageNames = ['decode', 'mac', 'add', 'commit'] as const;

function row({ model, runs }: Measured): string[] {
  const total = median(runs.map(({ federation }) => federation.microseconds));
  const share = (of: (run: Measured['runs'][number]) => number): string =>
    `${(100 * median(runs.map((run) => of(run) / run.federation.microseconds))).toFixed(0)} %`;
  const known = ({ stages }: Measured['runs'][number]): number =>
    stageNames.reduce((sum, name) => sum + stages[name], 0);
  const decodeAndAdd = median(runs.map(({ stages }) => stages.decode + stages.add));
  return [
    model.name,
    String(runs[0].federation.uploadBytes),
    Math.round(1e6 / total).toLocaleString('en'),
    Math.round(median(runs.map(({ federation }) => federation.perSecond))).toLocaleString('en'),
    share((run) => run.federation.microseconds - known(run)),
    ...stageNames.map((name) => share(({ stages }) => stages[name])),
    Math.round(1e6 / decodeAndAdd).toLocaleString('en'),
    String(runs.reduce((sum, { federation }) => sum + federation.later, 0)),
  ];
}

const head = [
  'parameters',
  'bytes',
  'uploads per second and core',
  'by the clock',
  'MQTT, receipts',
  'decode',
  'MAC, hash',
  'add',
  'commit',
  'decode + add per second',
  'LATER',
];

await runCommand(async () => {
  const { models, runs } = readFlags();
  const program = compileBench('run.ts');
  try {
    const rows: string[][] = [];
    for (const model of models) rows.push(row(await measure(program.path, model, runs)));
    process.stdout.write(`${markdownTable(head, rows)}\n`);
  } finally {
    program.remove();
  }
});
