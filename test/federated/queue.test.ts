import { afterEach, describe, expect, it } from 'vitest';
import { receipt } from '../../host/contract/contract.gen.js';
import { idOf, toHex } from '../../host/contract/hash.js';
import { decodeWire } from '../../host/contract/wire.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { connectMqtt } from '../../host/mqtt/connect.js';
import { brokerCases } from '../mqtt/brokers.js';
import { waitFor } from '../mqtt/wait.js';
import { simulateEnvelope, smallDescriptor } from './fixture.js';
import { defer, endScene, openScene } from './scene.js';

const model = parseDescriptor(smallDescriptor);
const [broker] = brokerCases;

afterEach(endScene);

describe('the queue of an aggregator', () => {
  it('says LATER when more waits than it may keep, and takes it then', async () => {
    const scene = await openScene(broker);
    let release = (): void => undefined;
    const blocked = new Promise<void>((resolve) => (release = resolve));
    const evaluate = async (): Promise<undefined> => {
      await blocked;
    };
    const round = { cohort: 2, quorum: 2 };
    const aggregator = await scene.aggregator({
      evaluate,
      queueLimit: 1,
      retryMs: 30,
      round,
      rounds: 2,
    });
    const early = await Promise.all(['ann', 'dan'].map((name) => scene.idleNode(name)));
    // One after the other: the queue has one place.
    for (const node of early) {
      await node.upload();
      await waitFor('its receipt', () => node.receipts.length > 0);
    }
    await waitFor('the next version', () => early[0].announcement!.version === 1);
    // The loop waits for the scores of version 1 now, and one upload may wait for the loop.
    const nodes = await Promise.all(['ben', 'cleo'].map((name) => scene.node(name)));
    const receipts = () =>
      nodes.flatMap((node) => node.receipts.filter(({ version }) => version === 1));
    await waitFor('LATER', () => receipts().length > 0);
    expect(receipts()[0]).toMatchObject({ code: receipt.LATER, contribution: 0, retryMs: 30 });
    release();
    await aggregator.finished;
    const definite = () => receipts().filter(({ code }) => code !== receipt.LATER);
    await waitFor('an answer to both', () => definite().length >= 2);
    for (const node of nodes) expect(node.codes(1)).toContain(receipt.ACCEPTED);
    expect(scene.rounds[1]).toMatchObject({ contributions: 2, isDegraded: false });
  });

  it('takes a crowd that is much larger than its queue, everybody once', async () => {
    const scene = await openScene(broker);
    const crowd = Array.from({ length: 300 }, (_, i) => `n${i}`);
    const round = { cohort: crowd.length, quorum: 1 };
    const queue = { queueLimit: 40, retryMs: 40 };
    let groups = 0;
    const aggregator = await scene.aggregator({
      ...{ ...queue, round, rounds: 1 },
      faultPoint: (name) => void (name === 'before-commit' && groups++),
    });
    const { url } = scene.running;
    const session = await connectMqtt({ url, protocolVersion: 4, clientId: 'crowd' });
    defer(() => session.close());
    const { announcement } = await scene.idleNode('ann');
    const send = (node: string): void => {
      const topic = `linnet/test/up/${toHex(idOf(model.hash))}/0/0/${node}`;
      const envelope = simulateEnvelope(announcement!, node, model.parameters);
      session.publish(topic, envelope).catch(() => undefined);
    };
    const codes = new Map<number, number>();
    const waiting = new Set(crowd);
    session.onMessage((topic, payload) => {
      const { code, retryMs } = decodeWire('Receipt', payload);
      const node = topic.split('/').at(-2)!;
      codes.set(code, (codes.get(code) ?? 0) + 1);
      if (code === receipt.LATER) setTimeout(() => send(node), retryMs);
      else waiting.delete(node);
    });
    await session.subscribe('linnet/test/n/+/rcpt');
    crowd.forEach(send);
    // Some get no answer at all while as many refusals are on their way as the queue has places.
    const timer = setInterval(() => waiting.forEach(send), 300);
    defer(() => clearInterval(timer));
    await aggregator.finished;
    await waitFor('every receipt', () => waiting.size === 0);
    expect(codes.get(receipt.ACCEPTED)).toBe(crowd.length);
    expect(codes.get(receipt.LATER)).toBeGreaterThan(0);
    expect(groups).toBeLessThan(crowd.length / 2);
    expect(scene.rounds[0].contributions).toBe(crowd.length);
  });

  it('commits what has queued up together, and answers after the commit', async () => {
    const scene = await openScene(broker);
    const events: string[] = [];
    let release = (): void => undefined;
    const blocked = new Promise<void>((resolve) => (release = resolve));
    const crowd = Array.from({ length: 40 }, (_, i) => `n${i}`);
    const aggregator = await scene.aggregator({
      evaluate: async (): Promise<undefined> => {
        await blocked;
      },
      faultPoint: (name) => {
        if (/commit|receipt/.test(name)) events.push(name);
      },
      onReceipt: ({ version, code }) => {
        if (version === 1 && code === receipt.ACCEPTED) events.push('accepted');
      },
      round: { cohort: crowd.length, quorum: 1 },
      rounds: 2,
    });
    defer(() => release());
    // The first cohort opens version 1, whose scores keep the loop busy while everybody uploads to it.
    const nodes = await Promise.all(crowd.map((name) => scene.node(name)));
    await waitFor('version 1', () => nodes.every((node) => node.announcement?.version === 1));
    // Each sends nonsense after its upload: when it is there, the upload is too.
    const nonsense = `linnet/test/up/${toHex(idOf(model.hash))}/x/0/nobody`;
    for (const node of nodes) await node.publishTo(nonsense, new Uint8Array());
    await waitFor('the queue', () => scene.warnings.length === crowd.length);
    events.length = 0;
    release();
    await aggregator.finished;
    expect(events.filter((name) => name === 'after-commit').length).toBeLessThanOrEqual(3);
    const accepted = events.filter((name) => name === 'accepted').length;
    expect(accepted).toBe(crowd.length);
    expect(events.indexOf('accepted')).toBeGreaterThan(events.indexOf('after-commit'));
  });
});
