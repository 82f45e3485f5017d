/** A Cortex-M4 in QEMU and a native node take part in a simulated federation, and nothing is different. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bridge } from '../../host/bridge/bridge.js';
import { readFds1 } from '../../host/data/fds1.js';
import { serveDataset } from '../../host/device/dataset-server.js';
import { federation } from '../../host/simulator/options.js';
import { commandOf, shortTiming } from '../e2e/rig.js';
import { Scene } from '../e2e/scene.js';
import { hasNative, hasQemu } from '../e2e/toolchains.js';
import { hasMosquitto, startMosquitto, type TestBroker } from '../mqtt/mosquitto.js';
import { runScenario, uploadsIn } from './rig.js';

const rounds = 2;
const virtual = `
seed: 3
nodes: 40
rounds: ${rounds}
deal: { people: 4 }
plan: { samplesPerRound: 6 }
keys: true
`;

describe.runIf(hasNative && hasQemu && hasMosquitto)(
  '38 virtual nodes, one native, one board',
  () => {
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

    it('send what 40 virtual nodes send, and end with their model', async () => {
      const alone = scene.path('alone');
      const { model: expected } = await runScenario(alone, virtual);

      const folder = scene.path('mixed');
      const real = `real: { mqtt: '${broker.url}', nodes: [node-7, node-30] }\n`;
      const mixed = runScenario(folder, virtual + real);
      const shardOf = (node: string): string => join(folder, 'shards', `${node}.fds`);
      const keyOf = (node: string): string => join(folder, 'keys', `${node}.key`);
      const bridge = new Bridge({
        federation,
        mqtt: { url: broker.url },
        devices: [
          {
            port: commandOf(
              { node: 'node-7', path: shardOf('node-7') },
              `--key "${keyOf('node-7')}"`,
            ),
          },
          {
            ...{ port: `qemu:mps2-an386,key=${keyOf('node-30')}`, node: 'node-30' },
            samples: serveDataset(readFds1(shardOf('node-30'))),
          },
        ],
        timing: shortTiming,
      });
      scene.defer(() => bridge.close());
      void bridge.run();
      const { model } = await mixed;

      expect(model.modelHash).toBe(expected.modelHash);
      const sent = uploadsIn(join(folder, 'store'), rounds);
      expect(sent).toHaveLength(40 * rounds);
      expect(sent).toEqual(uploadsIn(join(alone, 'store'), rounds));
    });
  },
);
