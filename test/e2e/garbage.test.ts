/** A client that shouts nonsense, and repeats what others said, on every topic somebody listens to. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { receipt } from '../../host/contract/contract.gen.js';
import { idOf, toHex } from '../../host/contract/hash.js';
import { matchTopic, topicOf, type TopicScope } from '../../host/contract/topics.js';
import { Aggregator, type AggregatorOptions } from '../../host/federated/server.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { startBroker, type Broker } from '../../host/mqtt/broker.js';
import { connectMqtt } from '../../host/mqtt/connect.js';
import type { MqttSession } from '../../host/mqtt/session.js';
import {
  aggregatorOptions,
  cohort,
  dealBuiltIn,
  federation,
  startBridge,
  startNativeNodes,
} from './rig.js';
import { Scene } from './scene.js';
import { runSmallFederation } from './small-federation.js';
import { hasNative } from './toolchains.js';

const plan = { rounds: 3, samplesPerRound: 20 };
const scope: TopicScope = { base: 'linnet', federation };

let scene: Scene;
let broker: Broker;
let rogue: MqttSession;
let receipts: Map<number, number>;
beforeEach(async () => {
  scene = new Scene();
  broker = await startBroker();
  scene.defer(() => broker.close());
  rogue = await connectMqtt({ url: broker.url, clientId: 'rogue' });
  scene.defer(() => rogue.close());
  receipts = new Map();
});
afterEach(() => scene.end());

/** Runs a federation of native nodes beside the rogue and expects the models of a quiet one. */
async function expectUndisturbed(options: AggregatorOptions): Promise<void> {
  const hashes: string[] = [];
  const contributions: number[] = [];
  const aggregator = await Aggregator.start({
    ...options,
    onReceipt: ({ code }) => void receipts.set(code, (receipts.get(code) ?? 0) + 1),
    onRound: (report) => {
      hashes.push(report.modelHash);
      contributions.push(report.contributions);
    },
  });
  scene.defer(() => aggregator.close());
  const nodes = await startNativeNodes(scene, dealBuiltIn(scene));
  const ports = nodes.map(({ port }) => port);
  startBridge(scene, broker.url, ports);
  await aggregator.finished;
  const reference = await runSmallFederation(scene, plan);
  expect(hashes).toEqual(reference.rounds.map(({ modelHash }) => modelHash));
  expect(contributions).toEqual(hashes.map(() => cohort));
  expect(receipts.get(receipt.ACCEPTED)).toBe(cohort * plan.rounds);
}

const options = (): AggregatorOptions => aggregatorOptions(scene.path('store'), broker.url, plan);

const nonsense: readonly Uint8Array[] = [
  new Uint8Array([0]),
  new Uint8Array([0xa0]),
  new Uint8Array([0xbf, 0xff, 0xff]),
  new Uint8Array(40).fill(0xff),
  new TextEncoder().encode('{"format":1}'),
  new Uint8Array(200_000).fill(0x5a),
  // Arrays in arrays.
  new Uint8Array(5300).fill(0x81).fill(0, -1),
];

describe.skipIf(!hasNative)('a federation with a rogue on its broker', () => {
  it('counts an upload once however often it is repeated, and no altered one', async () => {
    rogue.onMessage((topic, bytes) => {
      if (copies.has(toHex(bytes))) return;
      const altered = Uint8Array.from(bytes);
      altered[altered.length - 1] ^= 1;
      for (const copy of [bytes, bytes, altered, bytes.subarray(0, bytes.length - 1)]) {
        copies.add(toHex(copy));
        void rogue.publish(topic, copy).catch(() => undefined);
      }
    });
    const copies = new Set<string>();
    await rogue.subscribe(topicOf('upload', scope));
    await expectUndisturbed(options());
    expect(receipts.get(receipt.DUPLICATE)).toBeGreaterThan(0);
    expect(receipts.get(receipt.CONFLICT)).toBeGreaterThan(0);
    expect(receipts.get(receipt.MALFORMED)).toBeGreaterThan(0);
  });

  it('hears nonsense on every topic and goes on', async () => {
    const settings = options();
    const { hash } = parseDescriptor(settings.descriptor);
    const model = toHex(idOf(hash));
    const places = [
      topicOf('upload', scope, { model, version: 0, shard: 0, node: 'node-0' }),
      topicOf('upload', scope, { model, version: 'x', shard: 0, node: 'node-0' }),
      topicOf('upload', scope, { model, version: 4_000_000_000, shard: 9, node: 'no node' }),
      topicOf('receipt', scope, { node: 'node-0' }),
      topicOf('announcement', scope, { model }),
      topicOf('announcement', scope, { model: 'ff' }),
      topicOf('object', scope, { hash: toHex(hash), offset: 0 }),
      topicOf('object', scope, { hash: toHex(hash), offset: -1 }),
      topicOf('birth', scope, { node: 'node-0' }),
      topicOf('death', scope, { node: 'node-0' }),
      topicOf('want', scope, { node: 'node-0' }),
      topicOf('status', scope, { node: 'node-0' }),
      topicOf('authorisation', scope, { node: 'node-0' }),
      topicOf('proof', scope, { model }),
      topicOf('serverState', scope),
    ];
    const shout = async (): Promise<void> => {
      for (const topic of places) for (const bytes of nonsense) await rogue.publish(topic, bytes);
    };
    // Once with every upload, so that it lands in every round.
    rogue.onMessage((topic) => {
      if (matchTopic('upload', scope, topic)?.['node'] === 'node-3')
        void shout().catch(() => undefined);
    });
    await rogue.subscribe(topicOf('upload', scope));
    await expectUndisturbed(settings);
    expect(receipts.get(receipt.MALFORMED)).toBeGreaterThanOrEqual(nonsense.length);
  });
});
