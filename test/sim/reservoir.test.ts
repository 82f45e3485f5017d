/** Nodes whose samples come while they train: what they keep, when they take part, and that real ones keep the same. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { prepareSimulation, type PreparedSimulation } from '../../host/cli/sim/prepare.js';
import { receipt, status } from '../../host/contract/contract.gen.js';
import { toHex } from '../../host/contract/hash.js';
import { decodeWire } from '../../host/contract/wire.js';
import { createDataset } from '../../host/data/dataset.js';
import { writeFds1 } from '../../host/data/fds1.js';
import { packagePath } from '../../host/kernel/load.js';
import { parseDescriptor, type ModelInfo } from '../../host/model/descriptor.js';
import { Fleet, nodeName, nodeNumber } from '../../host/simulator/fleet.js';
import { NodeSamples } from '../../host/simulator/node-samples.js';
import { parseScenario, type Scenario } from '../../host/simulator/scenario.js';
import { drawAt, purpose } from '../../host/simulator/seeds.js';
import { hourMs } from '../../host/simulator/virtual-timers.js';
import { buildNative } from '../../tools/build-native.mjs';
import { Scene } from '../e2e/scene.js';
import { whereNative } from '../node/native.js';
import { ScriptedHost } from '../node/scripted-host.js';
import { announcementsIn, runScenario, uploadsIn } from './rig.js';

const [slots, everyMinutes, minSamples, rounds] = [12, 0.7, 5, 4];
const latencyMs = 100;
const conditionMs = 60_000;

/** Sleepers make a version last, sensors hear of it at once. Of a node's beats most are normal ones. */
const scenario = `
seed: 4
nodes: 6
rounds: ${rounds}
keys: false
evaluateEvery: ${rounds}
deal: { people: 6, samplesPerNode: 300, testShare: 0.1 }
plan: { samplesPerRound: 10, localEpochs: 2, codec: sparse, downlink: raw, nodeScores: both, minSamples: ${minSamples} }
round: { cohort: 6 }
fleet:
  - { name: sleepers, share: 1, awake: { everyMinutes: 60, forMinutes: 1 } }
  - name: sensors
    share: 2
    link: { latencyMs: ${latencyMs} }
    reservoir: { slots: ${slots}, everyMinutes: ${everyMinutes} }
`;

const autoencoder = `
input: { width: 130, exponent: -6 }
layers: [{ dense: 8, activation: relu }, { dense: 130 }]
loss: squared-error
`;

const scene = new Scene();
afterAll(() => scene.end());

/** What a scenario gives its nodes. */
class Given {
  readonly scenario: Scenario;
  readonly data: PreparedSimulation['options']['workerData'];
  readonly model: ModelInfo;
  readonly group: Uint8Array;
  /** Nodes with a reservoir. */
  readonly sensors: readonly number[];
  readonly samples: NodeSamples;

  constructor(readonly yaml: string) {
    this.scenario = parseScenario(yaml);
    this.data = prepareSimulation(this.scenario, '').options.workerData;
    this.model = parseDescriptor(this.data.descriptor);
    const { group } = new Fleet(this.scenario);
    this.group = group;
    this.sensors = [...group.keys()].filter((node) => group[node] === 1);
    const { seed, fleet } = this.scenario;
    const reservoirs = fleet.map(({ reservoir }) => reservoir);
    this.samples = new NodeSamples({ ...this.data, group, reservoirs, seed });
  }

  /** Row of the dataset of a node's own sample. */
  rowOf(node: number, own: number): number {
    return this.data.indices[this.data.offsets[node] + own];
  }

  labelOf(node: number): (own: number) => number {
    return (own) => this.data.label[this.rowOf(node, own)];
  }

  /** When a sensor begins with a version that came out at `announcedMs`: it looks at once and then every minute. */
  beginOf(node: number, announcedMs: number): number {
    let at = announcedMs + latencyMs;
    while (this.samples.held(node, at) < minSamples) at += conditionMs;
    return at;
  }

  /** Store, and when each version came out. */
  async run(name: string): Promise<[store: string, announcedMs: readonly number[]]> {
    const folder = scene.path(name);
    const { records } = await runScenario(folder, this.yaml);
    return [
      join(folder, 'store'),
      [0, ...records.map(({ hours }) => hours * hourMs)].slice(0, rounds),
    ];
  }
}

const given = new Given(scenario);

describe('samples that come', () => {
  const { samples, sensors, group } = given;
  const { classes } = given.model;
  const labelOf = (node: number): ((own: number) => number) => given.labelOf(node);
  const [node] = sensors;
  const periodMs = everyMinutes * 60_000;

  it('come at equal intervals until all have, and the reservoir has its slots', () => {
    const dealt = samples.dealt(node);
    const times = Array.from({ length: dealt }, (_, i) => samples.holdsMs(node, i + 1));
    times.slice(0, slots).forEach((timeMs, i) => {
      expect(samples.arrived(node, timeMs - 1)).toBe(i);
      expect(samples.arrived(node, timeMs)).toBe(i + 1);
      expect(samples.held(node, timeMs)).toBe(i + 1);
      expect(timeMs).toBe(times[0] + i * periodMs);
    });
    expect(times[0]).toBeLessThanOrEqual(periodMs);
    expect(samples.holdsMs(node, slots + 1)).toBe(Infinity);
    const endMs = times[0] + dealt * periodMs;
    expect([samples.arrived(node, endMs), samples.held(node, endMs)]).toEqual([dealt, slots]);
  });

  it('come in an order of their own for each node, each once', () => {
    const orders = sensors.map((sensor) => [...samples.stream(sensor)]);
    orders.forEach((order, i) => {
      const all = Array.from({ length: samples.dealt(sensors[i]) }, (_, own) => own);
      expect([...order].sort((a, b) => a - b)).toEqual(all);
      expect(order).not.toEqual(all);
    });
    expect(orders[0]).not.toEqual(orders[1]);
  });

  it('leave as many of each class, though most are of one', () => {
    for (const sensor of sensors) {
      const late = 1000 * hourMs;
      const shown = [...samples.stream(sensor)].map(labelOf(sensor));
      const kept = samples.kept(sensor, late, classes, labelOf(sensor))!.map(labelOf(sensor));
      const shares = (labels: readonly number[]): number[] =>
        Array.from({ length: classes }, (_, one) => labels.filter((l) => l === one).length);
      const fair = slots / classes;
      expect(Math.max(...shares(shown))).toBeGreaterThan(0.6 * shown.length);
      expect(Math.min(...shares(shown))).toBeGreaterThanOrEqual(fair);
      for (const share of shares(kept)) expect(Math.abs(share - fair)).toBeLessThanOrEqual(1);
    }
  });

  it('are all there from the beginning on without a reservoir', () => {
    const other = group.indexOf(0);
    expect(samples.held(other, 0)).toBe(samples.dealt(other));
    expect(samples.kept(other, 0, classes, labelOf(other))).toBeUndefined();
  });
});

it('a node trains on what it holds, once that is enough, and no more than the plan asks for', async () => {
  const { samples, group } = given;
  const [store, announcedMs] = await given.run('sim');
  const trained = uploadsIn(store, rounds).map((line) => {
    const [version, name, envelope] = line.split(' ');
    const { samples: m, training } = decodeWire('Envelope', Buffer.from(envelope, 'hex'));
    expect(training!.samples).toBe(2 * m);
    return [Number(version), nodeNumber(name), m];
  });
  const expected = announcedMs.flatMap((timeMs, version) =>
    [...group.keys()].map((node) => {
      if (group[node] === 0) return [version, node, 10];
      return [version, node, Math.min(10, samples.held(node, given.beginOf(node, timeMs)))];
    }),
  );
  expect(trained).toEqual(expected);
  const first = expected.filter(([version, node]) => version === 0 && group[node] === 1);
  expect(Math.min(...first.map(([, , m]) => m))).toBe(minSamples);
  // Of one node more than enough have come from one look to the next.
  expect(Math.max(...first.map(([, , m]) => m))).toBeGreaterThan(minSamples);
});

/** The samples of a node in the order in which they come, then its test samples, in the form a device reads. */
function writeStream(of: Given, node: number, path: string): void {
  const { samples, data } = of;
  const { inputs, classes } = of.model;
  const dealt = samples.dealt(node);
  const tests = Array.from({ length: samples.tests(node) }, (_, i) => dealt + i);
  const rows = [...samples.stream(node), ...tests].map((own) => of.rowOf(node, own));
  const dataset = createDataset({
    name: nodeName(node),
    steps: 1,
    channels: inputs,
    classNames: Array.from({ length: classes }, (_, one) => `class ${one}`),
    x: Int8Array.from(
      rows.flatMap((row) => [...data.x.subarray(row * inputs, (row + 1) * inputs)]),
    ),
    // Nobody labels the samples of an autoencoder.
    label: Uint8Array.from(rows, (row) => (classes === 1 ? 0 : data.label[row])),
    subject: new Uint16Array(rows.length),
    split: Uint8Array.from(rows, (_, i) => Number(i >= dealt)),
    extra: new Uint16Array(0),
    extraCount: 0,
  });
  writeFds1(path, dataset);
}

/** A native node that keeps a reservoir of its stream; `came`: how many samples when each round begins. */
function startNative(of: Given, node: number, came: readonly number[], name: string): ScriptedHost {
  const path = scene.path(`${name}.fds`);
  writeStream(of, node, path);
  const child = spawn(
    packagePath('build/linnet-collecting'),
    ['--name', nodeName(node), '--data', path, '--flash', scene.path(`${name}.flash`)],
    {
      env: {
        SLOTS: String(slots),
        INPUTS: String(of.model.inputs),
        CLASSES: String(of.model.classes),
        SEED: String(drawAt(of.scenario.seed, purpose.reservoir, node)),
        COMES: came.join(','),
      },
    },
  );
  scene.defer(() => void child.kill('SIGKILL'));
  return new ScriptedHost({
    send: (bytes) => void child.stdin.write(bytes),
    onBytes: (listener) => void child.stdout.on('data', (chunk: Buffer) => listener(chunk)),
  });
}

await whereNative(() => {
  const cases = [
    ['of classes', ''],
    ['without labels', 'task: { model: MODEL }\n'],
  ] as const;

  it.each(cases)(
    'a native node with the reservoir of the firmware and the same stream, %s, sends the same bytes',
    async (name, task) => {
      const path = scene.path('autoencoder.yaml');
      writeFileSync(path, autoencoder);
      const of = new Given(scenario + task.replace('MODEL', path));
      const [node] = of.sensors;
      const [store, announcedMs] = await of.run(`sim ${name}`);
      const came = announcedMs.map((timeMs) => of.samples.arrived(node, of.beginOf(node, timeMs)));
      await buildNative(['linnet-collecting']);
      const host = startNative(of, node, came, name);
      const objects = join(store, 'objects');
      for (const file of readdirSync(objects))
        host.serve(new Uint8Array(readFileSync(join(objects, file))));
      for (const [version, announcement] of announcementsIn(store).slice(0, rounds).entries()) {
        expect(await host.announceBytes(announcement)).toBe(status.OK);
        await host.until('the upload', () => host.uploads.length > version);
        await host.giveReceipt(receipt.ACCEPTED, host.uploads[version], { version });
      }
      const simulated = uploadsIn(store, rounds).map((line) => line.split(' '));
      expect(host.uploads.map((bytes) => toHex(bytes))).toEqual(
        simulated.filter(([, other]) => other === nodeName(node)).map(([, , envelope]) => envelope),
      );
      // Each time it held others, first before its slots were full.
      expect(came[0]).toBeLessThan(slots);
      expect(came[1]).toBeGreaterThan(slots);
      expect(came.at(-1)).toBeLessThan(of.samples.dealt(node));
    },
  );
});
