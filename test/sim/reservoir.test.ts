/** Nodes whose samples come while they train: what they keep, when they take part, and that real ones keep the same. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareSimulation } from '../../host/cli/sim/prepare.js';
import { receipt, status } from '../../host/contract/contract.gen.js';
import { toHex } from '../../host/contract/hash.js';
import { decodeWire } from '../../host/contract/wire.js';
import { createDataset } from '../../host/data/dataset.js';
import { writeFds1 } from '../../host/data/fds1.js';
import { packagePath } from '../../host/kernel/load.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { Fleet, nodeName, nodeNumber } from '../../host/simulator/fleet.js';
import { NodeSamples } from '../../host/simulator/node-samples.js';
import { parseScenario } from '../../host/simulator/scenario.js';
import { drawAt, purpose } from '../../host/simulator/seeds.js';
import { buildNative } from '../../tools/build-native.mjs';
import { Scene } from '../e2e/scene.js';
import { whereNative } from '../node/native.js';
import { ScriptedHost } from '../node/scripted-host.js';
import { announcementsIn, runScenario, uploadsIn } from './rig.js';

const [slots, everyMinutes, minSamples, rounds] = [12, 0.7, 5, 4];
const hourMs = 3_600_000;
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

const { workerData, aggregator } = prepareSimulation(parseScenario(scenario), '').options;
const { classes, inputs } = parseDescriptor(aggregator.descriptor);
const { group } = new Fleet(parseScenario(scenario));
const { seed, fleet } = parseScenario(scenario);
const reservoirs = fleet.map(({ reservoir }) => reservoir);
const samples = new NodeSamples({ ...workerData, group, reservoirs, seed });
const sensors = [...group.keys()].filter((node) => group[node] === 1);

/** Row of the dataset of a node's own sample. */
const rowOf = (node: number, own: number): number =>
  workerData.indices[workerData.offsets[node] + own];
const labelOf =
  (node: number) =>
  (own: number): number =>
    workerData.label[rowOf(node, own)];

let scene: Scene;
let store: string;
/** When each version came out. */
let announcedMs: number[];

beforeAll(async () => {
  scene = new Scene();
  const folder = scene.path('sim');
  store = join(folder, 'store');
  const { records } = await runScenario(folder, scenario);
  announcedMs = [0, ...records.map(({ hours }) => hours * hourMs)].slice(0, rounds);
});
afterAll(() => scene.end());

/** When a sensor begins with a version: it looks at once and then every minute. */
function beginOf(node: number, version: number): number {
  let at = announcedMs[version] + latencyMs;
  while (samples.held(node, at) < minSamples) at += conditionMs;
  return at;
}

describe('samples that come', () => {
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

it('a node trains on what it holds, once that is enough, and no more than the plan asks for', () => {
  const uploads = uploadsIn(store, rounds).map((line) => line.split(' '));
  const trained = uploads.map(([version, name, envelope]) => {
    const { samples: m, training } = decodeWire('Envelope', Buffer.from(envelope, 'hex'));
    expect(training!.samples).toBe(2 * m);
    return [Number(version), nodeNumber(name), m];
  });
  const expected = Array.from({ length: rounds }, (_, version) =>
    [...group.keys()].map((node) => {
      if (group[node] === 0) return [version, node, 10];
      return [version, node, Math.min(10, samples.held(node, beginOf(node, version)))];
    }),
  ).flat();
  expect(trained).toEqual(expected);
  const first = expected.filter(([version, node]) => version === 0 && group[node] === 1);
  expect(Math.min(...first.map(([, , m]) => m))).toBe(minSamples);
  // Of one node more than enough have come from one look to the next.
  expect(Math.max(...first.map(([, , m]) => m))).toBeGreaterThan(minSamples);
});

await whereNative(() => {
  describe('a native node with the reservoir of the firmware', () => {
    function writeStream(node: number): string {
      const rows = [
        ...samples.stream(node).map((own) => rowOf(node, own)),
        ...Array.from({ length: samples.tests(node) }, (_, i) =>
          rowOf(node, samples.dealt(node) + i),
        ),
      ];
      const path = scene.path(`${nodeName(node)}.fds`);
      const dataset = createDataset({
        name: nodeName(node),
        steps: 1,
        channels: inputs,
        classNames: Array.from({ length: classes }, (_, one) => `class ${one}`),
        x: Int8Array.from(
          rows.flatMap((row) => [...workerData.x.subarray(row * inputs, (row + 1) * inputs)]),
        ),
        label: Uint8Array.from(rows, (row) => workerData.label[row]),
        subject: new Uint16Array(rows.length),
        split: Uint8Array.from(rows, (_, i) => Number(i >= samples.dealt(node))),
        extra: new Uint16Array(0),
        extraCount: 0,
      });
      writeFds1(path, dataset);
      return path;
    }

    it('of the same stream and seed sends the uploads of the simulated one, byte for byte', async () => {
      const [node] = sensors;
      const came = announcedMs.map((_, version) => samples.arrived(node, beginOf(node, version)));
      await buildNative(['linnet-collecting']);
      const child = spawn(
        packagePath('build/linnet-collecting'),
        [
          ...['--name', nodeName(node), '--data', writeStream(node)],
          ...['--flash', scene.path('flash')],
        ],
        {
          env: {
            SLOTS: String(slots),
            INPUTS: String(inputs),
            CLASSES: String(classes),
            SEED: String(drawAt(seed, purpose.reservoir, node)),
            COMES: came.join(','),
          },
        },
      );
      scene.defer(() => void child.kill('SIGKILL'));
      const host = new ScriptedHost({
        send: (bytes) => void child.stdin.write(bytes),
        onBytes: (listener) => void child.stdout.on('data', (chunk: Buffer) => listener(chunk)),
      });
      const objects = join(store, 'objects');
      for (const name of readdirSync(objects))
        host.serve(new Uint8Array(readFileSync(join(objects, name))));
      const announcements = announcementsIn(store);
      for (let version = 0; version < rounds; version++) {
        expect(await host.announceBytes(announcements[version])).toBe(status.OK);
        await host.until('the upload', () => host.uploads.length > version);
        await host.giveReceipt(receipt.ACCEPTED, host.uploads[version], { version });
      }
      const simulated = uploadsIn(store, rounds)
        .map((line) => line.split(' '))
        .filter(([, name]) => name === nodeName(node));
      expect(host.uploads.map((bytes) => toHex(bytes))).toEqual(
        simulated.map(([, , envelope]) => envelope),
      );
      // Each time it held others, first before its slots were full.
      expect(came[0]).toBeLessThan(slots);
      expect(came[1]).toBeGreaterThan(slots);
      expect(came.at(-1)).toBeLessThan(samples.dealt(node));
    });
  });
});
