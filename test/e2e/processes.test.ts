/** Aggregator, bridge and nodes as separate processes of the real CLI, on every broker there is. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dealShards, type Shard } from '../../host/cli/demo/shards.js';
import { noTraffic } from '../../host/bridge/status-keeper.js';
import { nativeNodePath } from '../../host/cli/demo/runtimes.js';
import { prepareTask } from '../../host/cli/task.js';
import { findFreePort, hasMosquitto, startMosquitto } from '../mqtt/mosquitto.js';
import { parseRecords, startCli, type TestProcess } from './process.js';
import { Scene } from './scene.js';
import { flagsOfPlan, runSmallFederation, smallPlan } from './small-federation.js';
import { hasNative } from './toolchains.js';

const cohort = 4;

let scene: Scene;
let shards: readonly Shard[];
beforeEach(() => {
  scene = new Scene();
  const { dataset } = prepareTask({ subjects: cohort });
  shards = dealShards(dataset, cohort, smallPlan.seed, scene.path('shards')).shards;
});
afterEach(() => scene.end());

interface Place {
  readonly name: string;
  readonly mqttVersion: 4 | 5;
  /** URL of the broker, and what the aggregator is told about it. */
  readonly open: () => Promise<{ url: string; aggregatorFlags: readonly string[] }>;
}

const places: readonly Place[] = [
  {
    name: 'the embedded broker',
    mqttVersion: 4,
    open: async () => {
      const port = await findFreePort();
      return { url: `mqtt://127.0.0.1:${port}`, aggregatorFlags: ['--broker', String(port)] };
    },
  },
  ...(hasMosquitto
    ? ([4, 5] as const).map((mqttVersion) => ({
        name: `mosquitto, MQTT ${mqttVersion === 4 ? '3.1.1' : '5'}`,
        mqttVersion,
        open: async () => {
          const broker = await startMosquitto();
          scene.defer(() => broker.close());
          const url = `${broker.url}/some/where`;
          return { url, aggregatorFlags: ['--mqtt', url] };
        },
      }))
    : []),
];

/** A bridge with two native devices, and two nodes with bridges of their own: a native and a V8 one. */
function startNodes(url: string, mqttVersion: number): TestProcess[] {
  const broker = ['--mqtt', url, '--mqtt-version', String(mqttVersion)];
  const flash = (shard: Shard): string => scene.path(`${shard.node}.flash`);
  const ports = shards.slice(0, 2).map((shard) => {
    const { node, path } = shard;
    return `exec:${nativeNodePath()} --name ${node} --data ${path} --flash ${flash(shard)}`;
  });
  const [third, fourth] = shards.slice(2);
  const node = ({ node, path }: Shard): string[] => ['node', '--name', node, '--data', path];
  return [
    startCli(scene, ['bridge', ...broker, '--port', ...ports]),
    startCli(scene, [...node(third), ...broker, '--flash', flash(third)]),
    startCli(scene, [...node(fourth), ...broker, '--runtime', 'v8']),
  ];
}

type Entry = Record<string, unknown>;

/** Each round cost something once, and what it cost its nodes adds up to it. */
function expectTraffic(records: readonly Entry[], nodes: readonly string[]): void {
  const costs = records.filter(({ type }) => type === 'traffic');
  const rounds = records.filter(({ type, round }) => type === 'round' && round !== 0);
  expect(costs.map(({ round }) => round)).toEqual(rounds.map(({ round }) => round));
  costs.forEach((cost, i) => {
    const shares = cost['nodes'] as Entry[];
    expect(shares.map(({ node }) => node)).toEqual([...nodes].sort());
    for (const part of Object.keys(noTraffic))
      expect(cost[part]).toBe(shares.reduce((sum, share) => sum + Number(share[part]), 0));
    // Repeats are counted too; on the way everything gets a header.
    expect(cost['payloadUp']).toBeGreaterThanOrEqual(Number(rounds[i]['uplinkBytes']));
    expect(cost['linkUp']).toBeGreaterThan(Number(cost['payloadUp']));
    expect(cost['mqttUp']).toBeGreaterThan(Number(cost['payloadUp']));
  });
}

describe.skipIf(!hasNative)('a federation of separate processes', () => {
  it.each(places)('ends with the hash of the demo on $name', async ({ mqttVersion, open }) => {
    const { url, aggregatorFlags } = await open();
    const aggregator = startCli(scene, [
      'aggregator',
      ...aggregatorFlags,
      ...['--mqtt-version', String(mqttVersion), '--store', scene.path('store'), '--json'],
      ...['--cohort', String(cohort), ...flagsOfPlan()],
    ]);
    await aggregator.waitForOutput('federation linnet');
    const nodes = startNodes(url, mqttVersion);
    const { code, stdout } = await aggregator.ended;
    expect(code).toBe(0);
    const records = parseRecords(stdout);
    const rounds = records.filter(({ type }) => type === 'round');
    expectTraffic(
      records,
      shards.map(({ node }) => node),
    );
    const reference = await runSmallFederation(scene);
    expect(rounds.map(({ modelHash }) => modelHash)).toEqual(
      reference.rounds.map(({ modelHash }) => modelHash),
    );
    expect(rounds.map(({ contributions }) => contributions)).toEqual([cohort, cohort]);
    for (const node of nodes) {
      const ended = await node.kill('SIGTERM');
      expect(ended).toMatchObject({ code: 0, signal: null });
    }
  });
});

describe('an aggregator', () => {
  it('says what each round cost, the last one too', async () => {
    const { url, aggregatorFlags } = await places[0].open();
    const flags = ['--store', scene.path('store'), '--cohort', '1', ...flagsOfPlan()];
    const aggregator = startCli(scene, ['aggregator', ...aggregatorFlags, ...flags]);
    await aggregator.waitForOutput('federation linnet');
    const [{ node, path }] = shards;
    const own = ['--name', node, '--data', path, '--runtime', 'v8'];
    startCli(scene, ['node', ...own, '--mqtt', url]);
    const { code, stdout } = await aggregator.ended;
    expect(code).toBe(0);
    const lines = stdout.split('\n').filter((line) => line.startsWith('  round'));
    const size = '\\d[\\d.]* (?:Ki)?B';
    const pair = `${size} ↑ ${size} ↓`;
    expect(lines).toEqual(
      [1, 2].map(
        (round) =>
          expect.stringMatching(
            new RegExp(
              `^  round ${round} cost 1 nodes payload ${pair}, MQTT ${pair}, link ${pair}$`,
            ),
          ) as string,
      ),
    );
  });
});
