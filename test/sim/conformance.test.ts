/** Virtual nodes are nodes: real ones with the same names and data send the same bytes and end with the same model. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bridge } from '../../host/bridge/bridge.js';
import { federation } from '../../host/simulator/simulation.js';
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
plan: { samplesPerRound: 10, downlink: dense-3, snapshotEvery: 5, weightUnit: 50, codec: CODEC }
`;
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

describe.runIf(hasNative && hasMosquitto).each(['dense-3', 'sparse'])('codec %s', (codec) => {
  const yaml = scenario.replace('CODEC', codec);
  let real: string;
  let realHash: string;
  let simulated: string[];

  beforeAll(async () => {
    real = scene.path(`real-${codec}`);
    const { summary } = await runSmallFederation(scene, {
      ...{ rounds, codec, v8: 1, mqtt: broker.url, folder: real },
    });
    realHash = summary.modelHash;
  });

  it('virtual nodes send what native nodes send, and end with their model', async () => {
    const folder = scene.path(`simulated-${codec}`);
    const { model } = await runScenario(folder, yaml);
    simulated = uploadsIn(join(folder, 'store'), rounds);
    expect(simulated).toHaveLength(4 * rounds);
    const sent = uploadsIn(join(real, 'store'), rounds);
    expect(ofNode(simulated, [1, 2, 3])).toEqual(ofNode(sent, [1, 2, 3]));
    expect(model.modelHash).toBe(realHash);
  });

  it('without intrinsics they send what V8 nodes send', async () => {
    const folder = scene.path(`simulated-v8-${codec}`);
    const { model } = await runScenario(folder, yaml + ofV8);
    const sent = uploadsIn(join(real, 'store'), rounds);
    expect(ofNode(uploadsIn(join(folder, 'store'), rounds), [0])).toEqual(ofNode(sent, [0]));
    expect(model.modelHash).toBe(realHash);
  });

  it('native nodes that join virtual ones over a broker change nothing', async () => {
    const folder = scene.path(`mixed-${codec}`);
    const names = ['node-1', 'node-3'];
    const joined = `real: { mqtt: '${broker.url}', nodes: [${names.join(', ')}] }\n`;
    const bridge = new Bridge({
      federation,
      mqtt: { url: broker.url },
      devices: names.map((node) => ({
        port: commandOf({ node, path: join(folder, 'shards', `${node}.fds`) }),
      })),
      timing: shortTiming,
    });
    scene.defer(() => bridge.close());
    const mixed = runScenario(folder, yaml + joined);
    void bridge.run();
    const { model } = await mixed;
    await bridge.close();
    expect(model.modelHash).toBe(realHash);
    expect(uploadsIn(join(folder, 'store'), rounds)).toEqual(simulated);
    rmSync(folder, { recursive: true });
  });
});
