/** kill -9 of the aggregator, with real nodes: the final model is that of an undisturbed run. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { faultPointNames, type FaultPointName } from '../../host/federated/fault-point.js';
import { replayStore } from '../../host/federated/replay.js';
import { startBroker } from '../../host/mqtt/broker.js';
import type { ChildSettings } from './aggregator-child.js';
import { startCli, TestProcess } from './process.js';
import {
  aggregatorOptions,
  cohort,
  dealBuiltIn,
  federation,
  startBridge,
  startNativeNodes,
} from './rig.js';
import { Scene } from './scene.js';
import { flagsOfPlan, runSmallFederation, type FederationRun } from './small-federation.js';
import { hasNative } from './toolchains.js';

const childPath = join(import.meta.dirname, 'aggregator-child.ts');

let scene: Scene;
let url: string;
beforeEach(async () => {
  scene = new Scene();
  const broker = await startBroker();
  scene.defer(() => broker.close());
  url = broker.url;
  const nodes = await startNativeNodes(scene, dealBuiltIn(scene));
  startBridge(
    scene,
    url,
    nodes.map(({ port }) => port),
  );
});
afterEach(() => scene.end());

/** Writes what the children are told; returns the file. */
function writeSettings(rounds: number): string {
  const path = scene.path('settings.json');
  const options = aggregatorOptions(scene.path('store'), url, { rounds });
  const { store, mqtt, round, plan, downlink, descriptor, initialWords } = options;
  const settings: ChildSettings = {
    ...{ store, mqtt, federation, rounds, round, initialWords, ...(downlink && { downlink }) },
    descriptor: [...descriptor],
    plan: { ...plan, classWeights: [...plan.classWeights!] },
  };
  writeFileSync(path, JSON.stringify(settings));
  return path;
}

function startChild(settings: string, faultPoint = ''): TestProcess {
  const args = ['--import', 'tsx', childPath, settings];
  const cwd = join(import.meta.dirname, '../..');
  return new TestProcess(scene, process.execPath, args, {
    cwd,
    env: { LINNET_FAULT_POINT: faultPoint },
  });
}

/** Every version is the average of one upload from each node, and as without the kills. */
function expectWholeLedger({ rounds, summary }: FederationRun): void {
  const versions = [...replayStore(scene.path('store'))];
  expect(versions.map(({ published }) => published)).toEqual([
    summary.initialModelHash,
    ...rounds.map(({ modelHash }) => modelHash),
  ]);
  expect(versions.every(({ isEqual }) => isEqual)).toBe(true);
  expect(versions.slice(1).map(({ contributions }) => contributions)).toEqual(
    rounds.map(() => cohort),
  );
}

/** Where to kill, and at which passing: some points are passed at every start already. */
const kills: readonly [FaultPointName, number][] = [
  ['before-commit', 1],
  ['after-commit', 2],
  ['before-receipt', 1],
  ['after-receipt', 1],
  ['before-object-rename', 1],
  ['after-snapshot-file', 1],
  ['after-difference-file', 1],
  ['before-version-commit', 1],
  ['after-version-commit', 1],
  ['between-objects-and-announcement', 2],
  ['after-announcement', 2],
  ['before-clear', 2],
  ['after-clear', 1],
];

/** Its objects are smaller than a slice; test/federated kills there. */
const notPassed: readonly FaultPointName[] = ['between-slices'];

/** Seeded, so that a failure can be repeated. */
function* randomNumbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

describe.skipIf(!hasNative)('an aggregator with native nodes', () => {
  it('ends with the hash of an undisturbed run, killed at every named point', async () => {
    expect(
      kills
        .map(([name]) => name)
        .concat(notPassed)
        .sort(),
    ).toEqual([...faultPointNames].sort());
    const rounds = 12;
    const settings = writeSettings(rounds);
    for (const [name, count] of kills) {
      const { signal, stderr } = await startChild(settings, `${name}:${count}`).ended;
      expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: `killed at ${name}\n` });
    }
    const reference = await runSmallFederation(scene, { rounds });
    const last = await startChild(settings).ended;
    expect(last).toMatchObject({ code: 0, stderr: '' });
    expect(last.stdout).toBe(`started\n${reference.summary.modelHash}\n`);
    expectWholeLedger(reference);
  });

  it('ends with the same hash, killed at random times', async () => {
    const rounds = 30;
    const flags = ['--federation', federation, '--store', scene.path('store'), '--mqtt', url];
    const start = (): TestProcess =>
      startCli(scene, ['aggregator', ...flags, '--json', ...flagsOfPlan({ rounds })]);
    const random = randomNumbers(20260101);
    for (let kill = 0; kill < 3; kill++) {
      const life = start();
      await life.waitForOutput('"type":"round"');
      await new Promise((resolve) => setTimeout(resolve, 300 * random.next().value));
      const { signal } = await life.kill();
      expect(signal).toBe('SIGKILL');
    }
    const reference = await runSmallFederation(scene, { rounds });
    expect((await start().ended).code).toBe(0);
    expectWholeLedger(reference);
  });
});
