/**
 * A bridge that dies again and again while the broker is away: what it told a device was complete is counted
 * once, though the device forgets it at that word and goes away.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { bridgeFaultPointNames } from '../../host/bridge/fault-point.js';
import { idOf } from '../../host/contract/hash.js';
import { decodeWire } from '../../host/contract/wire.js';
import { Ledger } from '../../host/federated/ledger.js';
import { Aggregator } from '../../host/federated/server.js';
import { startBroker } from '../../host/mqtt/broker.js';
import { TestProcess } from '../e2e/process.js';
import { Scene } from '../e2e/scene.js';
import { compileChild, type CompiledChild } from '../federated/compile-child.js';
import { aggregatorOptions, cohort, expectedHashes } from '../federated/federation.js';
import { simulateEnvelope } from '../federated/fixture.js';
import { findFreePort, hasMosquitto, startMosquitto, type TestBroker } from '../mqtt/mosquitto.js';
import { waitFor } from '../mqtt/wait.js';
import { DevicePort } from './device-port.js';
import { ScriptedDevice } from './devices.js';
import { timing } from './rig.js';

const startAnyBroker = (port: number): Promise<TestBroker> =>
  hasMosquitto ? startMosquitto({ port }) : startBroker({ port });

let scene: Scene;
let child: CompiledChild;

beforeEach(() => {
  scene = new Scene();
  const rooms = [
    'bridge',
    'contract',
    'data',
    'device',
    'durable',
    'frame',
    'link',
    'mqtt',
    'proof',
  ];
  child = compileChild(join(import.meta.dirname, 'run-bridge.ts'), [
    ...rooms.map((room) => `host/${room}`),
    'test/bridge',
    'test/e2e',
  ]);
  scene.defer(() => child.remove());
});
afterEach(() => scene.end());

/** Knows its upload until it is told that it is complete. */
class Forgetful {
  readonly device: ScriptedDevice;
  port!: DevicePort;
  isDelivered = false;

  constructor(readonly name: string) {
    this.device = new ScriptedDevice({ node: name });
  }

  get hasVersion(): boolean {
    return this.device.announcements.length > 0;
  }

  async deliver(): Promise<void> {
    const announcement = decodeWire('Announcement', this.device.announcements[0]);
    const envelope = simulateEnvelope(announcement, this.name, 43);
    while (!this.isDelivered) {
      await this.device.upload(envelope, 0, idOf(announcement.descriptorHash)).then(
        () => (this.isDelivered = true),
        () => new Promise((resolve) => setTimeout(resolve, 50)),
      );
    }
  }
}

interface Federation {
  readonly aggregator: Aggregator;
  readonly devices: readonly Forgetful[];
  broker: TestBroker;
  readonly startBridge: (faultPoint?: string) => TestProcess;
}

/** Everything runs, and every device has version 0. */
async function startFederation(): Promise<Federation> {
  const port = await findFreePort();
  const broker = await startAnyBroker(port);
  const url = `mqtt://127.0.0.1:${port}`;
  const aggregator = await Aggregator.start(aggregatorOptions(scene.folder, url, { rounds: 1 }));
  const devices = cohort.map((name) => new Forgetful(name));
  for (const device of devices) {
    device.port = await DevicePort.listen(device.device.program);
    scene.defer(() => device.port.close());
  }
  const options = {
    federation: 'test',
    mqtt: { url, reconnectMs: 30 },
    devices: devices.map((device) => ({ port: device.port.address })),
    state: scene.path('state'),
    timing,
  };
  const startBridge = (faultPoint = ''): TestProcess =>
    new TestProcess(scene, process.execPath, [child.path, JSON.stringify(options)], {
      env: { LINNET_FAULT_POINT: faultPoint },
    });
  const federation: Federation = { aggregator, devices, broker, startBridge };
  scene.defer(() => aggregator.close());
  scene.defer(() => federation.broker.close());
  return federation;
}

const expectKilledAt = async (bridge: TestProcess, point: string): Promise<void> => {
  const { signal, stderr } = await bridge.ended;
  expect(signal, stderr).toBe('SIGKILL');
  expect(stderr).toContain(`killed at ${point}`);
};

async function expectEachOnce({ aggregator }: Federation): Promise<void> {
  const final = await aggregator.finished;
  await aggregator.close();
  expect(final!.modelHash).toBe(expectedHashes(1)[1]);
  const ledger = Ledger.openExisting(join(scene.folder, 'store'), 'read');
  expect([...ledger.uploadsOf(0)].map(({ node }) => node).sort()).toEqual(cohort);
  ledger.close();
}

const writing = bridgeFaultPointNames.slice(0, 3);
const removing = bridgeFaultPointNames.slice(3);

describe(`a bridge with a state folder (${hasMosquitto ? 'mosquitto' : 'embedded broker'})`, () => {
  it.each(writing.map((name, i) => `${name}:${i + 1}`))(
    'killed at %s delivers each upload once, its devices being gone',
    async (point) => {
      const federation = await startFederation();
      const { devices, startBridge } = federation;
      const first = startBridge(point);
      await waitFor('version 0', () => devices.every((device) => device.hasVersion), 20_000);
      await federation.broker.close();
      const uploads = devices.map((device) => device.deliver());
      await expectKilledAt(first, point.split(':')[0]);
      const second = startBridge();
      await Promise.all(uploads);
      await second.kill();
      for (const device of devices) device.device.hello = undefined;
      const [name] = removing;
      const third = startBridge(`${name}:2`);
      federation.broker = await startAnyBroker(federation.broker.port);
      await expectKilledAt(third, name);
      startBridge();
      await expectEachOnce(federation);
    },
    60_000,
  );

  it.each(removing)(
    'killed at %s, and at random before, counts each upload once',
    async (point) => {
      const federation = await startFederation();
      const { devices, startBridge } = federation;
      let bridge = startBridge();
      await waitFor('version 0', () => devices.every((device) => device.hasVersion), 20_000);
      await federation.broker.close();
      const uploads = devices.map((device) => device.deliver());
      let seed = point.length;
      while (!devices.every(({ isDelivered }) => isDelivered)) {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        await new Promise((resolve) => setTimeout(resolve, 300 + (seed >>> 22)));
        await bridge.kill();
        bridge = startBridge();
      }
      await Promise.all(uploads);
      await bridge.kill();
      bridge = startBridge(`${point}:1`);
      federation.broker = await startAnyBroker(federation.broker.port);
      await expectKilledAt(bridge, point);
      startBridge();
      await expectEachOnce(federation);
    },
    60_000,
  );
});
