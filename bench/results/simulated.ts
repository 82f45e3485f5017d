/** Runs of `linnet sim` on the HAR recordings, with the net of `bench:accuracy`. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { prepareSimulation } from '../../host/cli/sim/prepare.js';
import { version } from '../../host/contract/contract.gen.js';
import { createDataset, samplesOfSplit, selectSamples } from '../../host/data/dataset.js';
import { writeFds1 } from '../../host/data/fds1.js';
import { buildDescriptor } from '../../host/model/descriptor.js';
import type { RoundRecord } from '../../host/simulator/records.js';
import { parseScenario } from '../../host/simulator/scenario.js';
import { simulate } from '../../host/simulator/simulation.js';
import { note, percent } from '../accuracy/report.js';
import { loadRecording, recordings } from '../accuracy/targets/data.js';
import { harModel } from '../accuracy/targets/models.js';
import { foldPeople } from '../accuracy/tasks.js';
import { recordingsFolder } from '../recordings.js';
import { cachedValue, kernelHash } from '../traffic/cache.js';
import { chooseRate, validationSeed, type Choice } from './rate.js';
import { seedsOf, type Work } from './runs.js';

/** A scenario as a file would say it, but for data, model and seed. */
export type ScenarioParts = Readonly<Record<string, unknown>> & { readonly name: string };

/** test: people of the file; validation: every third training person is held out, and no test person is there. */
export type Part = 'test' | 'validation';

/** The training people as a recording of its own. */
function writeValidation(path: string): void {
  const dataset = loadRecording('har');
  const held = new Set(foldPeople(dataset)[0].held);
  const train = samplesOfSplit(dataset, 0);
  const split = Uint8Array.from(train, (index) => (held.has(index) ? 1 : 0));
  writeFds1(path, createDataset({ ...selectSamples(dataset, train), split }));
}

async function run(parts: ScenarioParts, part: Part, seed: number): Promise<RoundRecord[]> {
  const folder = mkdtempSync(join(tmpdir(), 'linnet-results-'));
  try {
    const [model, data] = [join(folder, 'har.lnd'), join(folder, 'har.fds')];
    writeFileSync(model, buildDescriptor(harModel));
    if (part === 'validation') writeValidation(data);
    const recording = join(recordingsFolder(), recordings.har);
    const task = { data: part === 'test' ? recording : data, model };
    const scenario = parseScenario(stringify({ ...parts, task, seed }));
    const out = join(folder, 'run');
    mkdirSync(out);
    const { options } = prepareSimulation(scenario, out);
    const { records } = await simulate({ ...options, folder: out, scenario, workers: 1 });
    return [...records];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The record of every version, from `folder` if they are there. */
function simulatedRun(
  parts: ScenarioParts,
  part: Part,
  seed: number,
  folder: string,
): Promise<RoundRecord[]> {
  const { name, ...rest } = parts;
  const inputs = {
    ...{ kind: 'simulated', model: harModel, scenario: rest, part, seed },
    ...{ numerics: version.NUMERICS, kernel: kernelHash },
  };
  return cachedValue(folder, inputs, async () => {
    const records = await run(parts, part, seed);
    const accuracy = records.at(-1)!.scores!['accuracy'];
    note(`HAR, simulated: ${name}, ${part}, seed ${seed}: ${percent(accuracy)} %`);
    return records;
  });
}

/** On the test people, a run for each seed. */
export async function testRuns(scenario: ScenarioParts, work: Work): Promise<RoundRecord[][]> {
  const runs: RoundRecord[][] = [];
  for (const seed of seedsOf(work))
    runs.push(await simulatedRun(scenario, 'test', seed, work.folder));
  return runs;
}

/** One run a seed, with the rate that was chosen. */
export interface SimulatedRuns {
  readonly choice: Choice;
  readonly runs: readonly RoundRecord[][];
}

export async function simulatedRuns(
  scenarioOf: (lrShift: number) => ScenarioParts,
  firstShift: number,
  work: Work,
): Promise<SimulatedRuns> {
  const choice = await chooseRate(firstShift, async (lrShift) => {
    const parts = scenarioOf(lrShift);
    const run = await simulatedRun(parts, 'validation', validationSeed, work.folder);
    return run.at(-1)!.scores!['accuracy'];
  });
  return { choice, runs: await testRuns(scenarioOf(choice.lrShift), work) };
}
