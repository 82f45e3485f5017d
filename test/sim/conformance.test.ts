/** Virtual nodes are nodes: real ones with the same names and data send the same bytes and end with the same model. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bridge } from '../../host/bridge/bridge.js';
import type { FederationOptions } from '../../host/cli/demo/federation.js';
import type { FaultPointName } from '../../host/federated/fault-point.js';
import { federation } from '../../host/simulator/options.js';
import { commandOf, shortTiming } from '../e2e/rig.js';
import { Scene } from '../e2e/scene.js';
import { runSmallFederation } from '../e2e/small-federation.js';
import { hasNative } from '../e2e/toolchains.js';
import { hasMosquitto, startMosquitto, type TestBroker } from '../mqtt/mosquitto.js';
import { runScenario, uploadsIn } from './rig.js';

const rounds = 3;

/** runSmallFederation() as a scenario, but for its codec. */
const scenario = `
seed: 11
nodes: 4
rounds: ${rounds}
evaluateEvery: ${rounds}
plan: { samplesPerRound: 10, downlink: dense-3, snapshotEvery: 5, weightUnit: 50, PLAN }
deal: { DEAL }
`;

interface Case {
  readonly name: string;
  readonly flags: Partial<FederationOptions>;
  readonly deal?: string;
  /** Versions that nodes work on. */
  readonly versions?: number;
}

const cases: readonly Case[] = [
  { name: 'dense', flags: { codec: 'dense-3' } },
  { name: 'sparse', flags: { codec: 'sparse' } },
  {
    name: 'personal',
    flags: { codec: 'sparse', personalLayers: 'head', fineTune: 2 },
    deal: 'testShare: 0.2',
    versions: rounds + 1,
  },
];

const yamlOf = (flags: object): string =>
  Object.entries(flags)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ');
const ofV8 = '\nfleet: [{ intrinsics: false }]\n';

let scene: Scene;
let broker: TestBroker;

beforeAll(async () => {
  scene = new Scene();
  broker = await startMosquitto();
});
afterAll(async () => {
  await scene.end();
  await broker.close();
});

const ofNode = (uploads: readonly string[], nodes: readonly number[]): string[] =>
  uploads.filter((upload) => nodes.some((node) => upload.includes(` node-${node} `)));

describe.runIf(hasNative && hasMosquitto).each(cases)('$name', (given) => {
  const { name, flags, deal = '', versions = rounds } = given;
  const yaml = scenario.replace('PLAN', yamlOf(flags)).replace('DEAL', deal);
  let real: string;
  let realHash: string;
  let simulated: string[];
  /** Records of a run with native nodes. */
  let undisturbed: string;

  beforeAll(async () => {
    real = scene.path(`real-${name}`);
    const { summary } = await runSmallFederation(scene, {
      ...{ rounds, ...flags, v8: 1, mqtt: broker.url, folder: real },
    });
    realHash = summary.modelHash;
  });

  it('virtual nodes send what native nodes send, and end with their model', async () => {
    const folder = scene.path(`simulated-${name}`);
    const { model } = await runScenario(folder, yaml);
    simulated = uploadsIn(join(folder, 'store'), versions);
    expect(simulated).toHaveLength(4 * versions);
    const sent = uploadsIn(join(real, 'store'), versions);
    expect(ofNode(simulated, [1, 2, 3])).toEqual(ofNode(sent, [1, 2, 3]));
    expect(model.modelHash).toBe(realHash);
  });

  it('without intrinsics they send what V8 nodes send', async () => {
    const folder = scene.path(`simulated-v8-${name}`);
    const { model } = await runScenario(folder, yaml + ofV8);
    const sent = uploadsIn(join(real, 'store'), versions);
    expect(ofNode(uploadsIn(join(folder, 'store'), versions), [0])).toEqual(ofNode(sent, [0]));
    expect(model.modelHash).toBe(realHash);
  });

  /** The scenario with native nodes in it, and the bridge they come over. */
  function withNative(folder: string): [yaml: string, bridge: Bridge] {
    const names = ['node-1', 'node-3'];
    const bridge = new Bridge({
      federation,
      mqtt: { url: broker.url },
      devices: names.map((node) => ({
        port: commandOf({ node, path: join(folder, 'shards', `${node}.fds`) }),
      })),
      timing: shortTiming,
    });
    scene.defer(() => bridge.close());
    return [`${yaml}real: { mqtt: '${broker.url}', nodes: [${names.join(', ')}] }\n`, bridge];
  }

  it('native nodes that join virtual ones over a broker change nothing', async () => {
    const folder = scene.path(`mixed-${name}`);
    const [joined, bridge] = withNative(folder);
    const mixed = runScenario(folder, joined);
    void bridge.run();
    const { model, text } = await mixed;
    await bridge.close();
    expect(model.modelHash).toBe(realHash);
    expect(uploadsIn(join(folder, 'store'), versions)).toEqual(simulated);
    undisturbed = text;
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['before-commit', 1],
    ['after-commit', 3],
    ['after-version-commit', 2],
  ] as const)('nor does an end at %s, the %i. time', async (point, times) => {
    const folder = scene.path(`resumed-${name}-${point}`);
    const [joined, bridge] = withNative(folder);
    let left = times;
    const crash = new Error('crash');
    const faultPoint = (passed: FaultPointName): void => {
      if (passed === point && --left === 0) throw crash;
    };
    const mixed = runScenario(folder, joined, { faultPoint });
    void bridge.run();
    await expect(mixed).rejects.toBe(crash);
    const { text } = await runScenario(folder, joined);
    await bridge.close();
    expect(text).toBe(undisturbed);
    expect(uploadsIn(join(folder, 'store'), versions)).toEqual(simulated);
    rmSync(folder, { recursive: true });
  });
});
