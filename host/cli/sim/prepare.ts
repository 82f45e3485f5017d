/** Everything a simulation needs, from its scenario: data, model, plan, and how its versions are scored. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf } from '../../contract/bytes.js';
import { LinnetError } from '../../contract/error.js';
import { sha256, toHex } from '../../contract/hash.js';
import { keySuffix } from '../../contract/node-key.js';
import { createDataset, sampleLength, selectSamples, type Dataset } from '../../data/dataset.js';
import { writeFds1 } from '../../data/fds1.js';
import { loadKernelBytes } from '../../kernel/load.js';
import { dealSamples, type Dealt } from '../../simulator/deal.js';
import { nodeNumber } from '../../simulator/fleet.js';
import { nodeKeyOfSeed } from '../../simulator/keys.js';
import type { SimulationOptions } from '../../simulator/options.js';
import type { WorkerPool } from '../../simulator/pool.js';
import type { RoundRecord } from '../../simulator/records.js';
import { hasKeys, type Scenario } from '../../simulator/scenario.js';
import { participationOf, participationSettings } from '../participation-settings.js';
import { downlinkOfFlags, planOfFlags, planSettings } from '../plan-settings.js';
import { nodeScoreFields, nodeScoresOf, scoreFields, scoresOf } from '../scores.js';
import { settingsOfRecord } from '../settings.js';
import { dataSettings, kernelsOf, prepareTask, type Task } from '../task.js';

/** A scenario says these two itself. */
const { rounds: _rounds, seed: _seed, ...trainingPlan } = planSettings;
const { sample: _s, overSelection: _o, fleetSize: _f, ...conditions } = participationSettings;
const scenarioPlan = { ...trainingPlan, ...conditions };

/** People of the built-in task, unless the scenario says how many: making them takes time. */
const mostPeople = 200;

export interface PreparedSimulation {
  readonly task: Task;
  /** One line for people. */
  readonly how: string;
  readonly options: Pick<
    SimulationOptions,
    'aggregator' | 'workerData' | 'fingerprint' | 'evaluate' | 'describe'
  >;
}

function shared(values: Int8Array): Int8Array<SharedArrayBuffer>;
function shared(values: Uint8Array): Uint8Array<SharedArrayBuffer>;
function shared(values: Int8Array | Uint8Array): Int8Array | Uint8Array {
  const buffer = new SharedArrayBuffer(values.length);
  const copy = values instanceof Int8Array ? new Int8Array(buffer) : new Uint8Array(buffer);
  copy.set(values);
  return copy;
}

/** Samples of a real node, in the form a device reads. */
function writeShard(folder: string, name: string, dataset: Dataset, dealt: Dealt): void {
  const node = nodeNumber(name);
  const [first, end] = [dealt.offsets[node], dealt.offsets[node + 1]];
  const { extraNames: _extraNames, ...parts } = selectSamples(dataset, [
    ...dealt.indices.subarray(first, end),
  ]);
  const flat = createDataset({
    ...parts,
    name,
    steps: 1,
    channels: sampleLength(dataset),
    split: new Uint8Array(end - first).fill(1, end - first - dealt.tests[node]),
    extra: new Uint16Array(0),
    extraCount: 0,
  });
  mkdirSync(folder, { recursive: true });
  writeFds1(join(folder, `${name}.fds`), flat);
}

/** Key of a real node, in the form a device reads. */
function writeKey(folder: string, name: string, seed: number): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name + keySuffix), `${toHex(nodeKeyOfSeed(seed, name))}\n`);
}

/** Scores on the samples no node has, all together and of each person. */
function evaluator({ model, dataset }: Task, { test }: Dealt) {
  return async (
    pool: WorkerPool,
    words: Int16Array,
  ): Promise<Pick<RoundRecord, 'scores' | 'people'>> => {
    if (test.length === 0) return {};
    const counted = await pool.evaluate(words, test);
    const scores = scoreFields(scoresOf(model, counted));
    if (!dataset.hasSubjects || model.classes === 1) return { scores };
    const sums = new Map<number, [correct: number, samples: number]>();
    test.forEach((index, i) => {
      const [correct, samples] = sums.get(dataset.subject[index]) ?? [0, 0];
      sums.set(dataset.subject[index], [correct + counted.correct[i], samples + 1]);
    });
    const people = [...sums].map(([person, [correct, samples]]) => [person, correct / samples]);
    return { scores, people: Object.fromEntries(people) as Record<string, number> };
  };
}

export function prepareSimulation(scenario: Scenario, folder: string): PreparedSimulation {
  const { seed, nodes, deal } = scenario;
  const { overSelection } = scenario.round;
  const taskFlags = settingsOfRecord('task', dataSettings, scenario.task);
  const planFlags = {
    ...settingsOfRecord('plan', scenarioPlan, scenario.plan),
    rounds: scenario.rounds,
    seed,
  };
  const subjects = deal.people ?? Math.min(nodes, mostPeople);
  const task = prepareTask({ ...taskFlags, subjects });
  const { dataset, descriptor, model } = task;
  if (model.classes === 1 && scenario.fleet.some(({ lies }) => lies === 'flip-labels')) {
    throw new LinnetError('ERR_CONFIG', 'an autoencoder has no labels to flip', {
      remedy: 'give lies: scale-10 or random-words',
    });
  }
  const dealt = dealSamples(dataset, scenario);
  const real = scenario.real?.nodes ?? [];
  for (const name of real) {
    writeShard(join(folder, 'shards'), name, dataset, dealt);
    if (hasKeys(scenario)) writeKey(join(folder, 'keys'), name, seed);
  }
  const kernels = kernelsOf(planFlags.kernel);
  const { offsets, indices, tests } = dealt;
  const [x, label] = [shared(dataset.x), shared(dataset.label)];
  // Where the broker is decides nothing.
  const known = { ...scenario, ...(scenario.real && { real }) };
  const decided = new TextEncoder().encode(JSON.stringify(known));
  const parts = [decided, descriptor, ...kernels, bytesOf(x), label, offsets, indices, tests];
  return {
    task,
    how: dealt.how,
    options: {
      aggregator: {
        descriptor,
        kernels,
        initialWords: seed,
        strategy: planFlags.strategy,
        plan: { ...planOfFlags(planFlags, task), ...participationOf(planFlags) },
        ...(overSelection && { sampling: { fleetSize: nodes, overSelection } }),
        downlink: downlinkOfFlags(planFlags),
      },
      workerData: { kernel: loadKernelBytes(), descriptor, x, label, offsets, indices, tests },
      fingerprint: toHex(sha256(...parts.map((part) => sha256(bytesOf(part))))),
      evaluate: evaluator(task, dealt),
      describe: (counted) => {
        const nodes = nodeScoresOf(task.model, counted);
        return nodes ? { nodes: nodeScoreFields(nodes) } : {};
      },
    },
  };
}
