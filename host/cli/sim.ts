/** `linnet sim`: a federation of virtual nodes in virtual time. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { LinnetError } from '../contract/error.js';
import { parseScenario, type Scenario } from '../simulator/scenario.js';
import { simulate } from '../simulator/simulation.js';
import { globalOptions, interruptSignal } from './context.js';
import type { Output } from './output.js';
import { addSettings, resolveSettings, type Resolved, type SettingTable } from './settings.js';
import { drawFigures } from './sim/figures.js';
import { prepareSimulation } from './sim/prepare.js';
import { SimulationReport, summaryOf } from './sim/report.js';

const settings = {
  out: {
    kind: 'text',
    short: '-o',
    value: 'folder',
    text: 'where records, figures, model and ledger go; continued if it exists',
  },
  seed: { kind: 'integer', text: 'instead of the seed of the scenario' },
  workers: {
    kind: 'integer',
    text: 'threads that train; absent: one for each core',
    minimum: 1,
    maximum: 256,
  },
  batch: {
    kind: 'integer',
    text: 'most uploads given to the aggregator at once; decides nothing but speed',
    default: 256,
    minimum: 1,
    maximum: 256,
  },
} as const satisfies SettingTable;

function readScenario(path: string): Scenario {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new LinnetError('ERR_CONFIG', `${path}: cannot be read`, {
      remedy: 'name a scenario that exists, such as examples/wearables.yaml',
      source: error,
    });
  }
  return parseScenario(text);
}

async function runSimulation(
  path: string,
  flags: Resolved<typeof settings>,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const { out: folder, workers = availableParallelism(), batch } = flags;
  if (folder === undefined) {
    throw new LinnetError('ERR_USAGE', 'there is no folder for the results', {
      remedy: 'name one with --out',
    });
  }
  const written = readScenario(path);
  const scenario = { ...written, ...(flags.seed !== undefined && { seed: flags.seed }) };
  mkdirSync(folder, { recursive: true });
  const prepared = prepareSimulation(scenario, folder);
  const report = new SimulationReport(output, scenario, prepared.task.model);
  report.begin(prepared.how);
  const started = performance.now();
  const result = await simulate({
    ...prepared.options,
    folder,
    scenario,
    workers,
    batch,
    signal,
    onRecord: (record) => report.add(record),
    onProgress: (progress) => report.progress(progress),
  }).finally(() => output.endProgress());
  const summary = summaryOf(scenario, result);
  writeFileSync(join(folder, 'summary.json'), `${JSON.stringify(summary, undefined, 2)}\n`);
  writeFileSync(join(folder, 'model.lns'), result.model.snapshot);
  writeFileSync(join(folder, 'model.lnd'), prepared.task.descriptor);
  drawFigures(folder, scenario.name, result.records);
  report.end(summary, result.trained, (performance.now() - started) / 1000, folder);
}

export function addSimCommand(program: Command): void {
  const command = program
    .command('sim')
    .argument('<scenario>', 'YAML file, see docs/SIMULATION.md')
    .description('runs a federation of virtual nodes in virtual time');
  addSettings(command, settings).action(
    async (path: string, flags: Record<string, unknown>, self: Command) => {
      const { output, configPath } = globalOptions(self);
      const resolved = resolveSettings('sim', settings, flags, configPath);
      await runSimulation(path, resolved, output, interruptSignal());
    },
  );
}
