/** A broker that keeps nothing: nodes ask for what they lack, and the final model is the same. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Aggregator } from '../../host/federated/server.js';
import { connectMqtt } from '../../host/mqtt/connect.js';
import { hasMosquitto, startMosquitto } from '../mqtt/mosquitto.js';
import { aggregatorOptions, dealBuiltIn, startBridge, startNativeNodes } from './rig.js';
import { Scene } from './scene.js';
import { runSmallFederation } from './small-federation.js';
import { hasNative } from './toolchains.js';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.end());

describe.skipIf(!hasNative || !hasMosquitto)('a broker without retained messages', () => {
  it.each([4, 5] as const)('serves a federation, in MQTT version %i', async (protocolVersion) => {
    const rounds = 6;
    const broker = await startMosquitto({ retains: false });
    scene.defer(() => broker.close());
    const { url } = broker;
    // It does not take what it would have to keep.
    const retaining = connectMqtt({
      ...{ url, protocolVersion, clientId: 'x' },
      will: { topic: 'x', payload: new Uint8Array(1), retain: true },
    });
    await expect(retaining).rejects.toThrow(protocolVersion === 5 ? /--without-retain/ : /closed/);
    const options = aggregatorOptions(scene.path('store'), url, { rounds });
    const mqtt = { ...options.mqtt, protocolVersion, retains: false };
    const aggregator = await Aggregator.start({ ...options, mqtt });
    scene.defer(() => aggregator.close());
    const nodes = await startNativeNodes(scene, dealBuiltIn(scene));
    // All come after everything was published.
    const ports = nodes.map(({ port }) => port);
    startBridge(scene, url, ports, { protocolVersion, retains: false });
    const final = await aggregator.finished;
    const { summary } = await runSmallFederation(scene, { rounds });
    expect(final?.modelHash).toBe(summary.modelHash);
  });
});
