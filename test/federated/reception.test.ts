import { describe, expect, it } from 'vitest';
import { receipt, type Receipt } from '../../host/contract/contract.gen.js';
import { idOf, sha256 } from '../../host/contract/hash.js';
import { topicOf } from '../../host/contract/topics.js';
import { Publisher } from '../../host/federated/publisher.js';
import { Reception, type ReceptionRules } from '../../host/federated/reception.js';
import { decodeWire } from '../../host/contract/wire.js';
import type { MqttSession } from '../../host/mqtt/session.js';
import { scope } from './scripted-node.js';

const topic = (node: string, version = 0): string =>
  topicOf('upload', scope, { model: '0123456789abcdef', version, shard: 0, node });

/** A reception whose broker acknowledges when told, and whose clock is set by hand. */
function openReception(changes: Partial<ReceptionRules> = {}) {
  const sent: { topic: string; receipt: Receipt }[] = [];
  const waiting: (() => void)[] = [];
  const warnings: string[] = [];
  const clock = { now: 1000 };
  const publish = (to: string, payload: Uint8Array): Promise<void> => {
    sent.push({ topic: to, receipt: decodeWire('Receipt', payload) });
    return new Promise((resolve) => waiting.push(resolve));
  };
  const session = { publish } as unknown as MqttSession;
  const rules: ReceptionRules = {
    scope,
    maxUploadBytes: 100,
    queueLimit: 4,
    retryMs: 1000,
    current: () => 3,
    enqueue: () => false,
    ...changes,
  };
  const reception = new Reception(rules, new Publisher(session, scope, new Uint8Array(32)), {
    timers: { now: () => clock.now, start: () => () => undefined },
    onWarning: (text) => warnings.push(text),
  });
  const acknowledge = async (): Promise<void> => {
    waiting.splice(0).forEach((done) => done());
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { reception, sent, warnings, clock, acknowledge };
}

describe('reception', () => {
  it('tells the refused to come back one after the other, a queue of them in each retryMs', () => {
    const { reception, sent } = openReception();
    for (const node of ['a', 'b', 'c', 'd']) reception.receive(topic(node), Uint8Array.of(1));
    expect(sent.map((entry) => entry.receipt.retryMs)).toEqual([1000, 1250, 1500, 1750]);
    expect(sent[0]).toEqual({
      topic: 'linnet/test/n/a/rcpt',
      receipt: {
        code: receipt.LATER,
        version: 0,
        contribution: 0,
        upload: idOf(sha256(Uint8Array.of(1))),
        current: 3,
        retryMs: 1000,
      },
    });
  });

  it('forgets the crowd when it is gone, and is not led astray by a clock that jumps back', async () => {
    const { reception, sent, clock, acknowledge } = openReception();
    const refuse = async (): Promise<number> => {
      reception.receive(topic('a'), Uint8Array.of(1));
      await acknowledge();
      return sent.at(-1)!.receipt.retryMs!;
    };
    expect([await refuse(), await refuse()]).toEqual([1000, 1250]);
    clock.now += 60_000;
    expect(await refuse()).toBe(1000);
    clock.now -= 10 ** 9;
    expect(await refuse()).toBe(600_000);
    clock.now += 600_000;
    expect(await refuse()).toBeLessThanOrEqual(1250);
  });

  it('has no more refusals on their way than the queue has places', async () => {
    const { reception, sent, warnings, acknowledge } = openReception();
    for (let i = 0; i < 10_000; i++) reception.receive(topic(`n${i}`), Uint8Array.of(1));
    expect(sent).toHaveLength(4);
    await acknowledge();
    expect(warnings).toEqual(['9996 uploads got no answer: the broker was slower than they came']);
    reception.receive(topic('again'), Uint8Array.of(1));
    expect(sent).toHaveLength(5);
  });

  it('does not keep what is too long to be an envelope', () => {
    const queued: number[] = [];
    const { reception, sent } = openReception({
      enqueue: ({ bytes }) => queued.push(bytes.length) > 0,
    });
    reception.receive(topic('a', 2), new Uint8Array(101));
    reception.receive(topic('a', 2), new Uint8Array(100));
    expect(queued).toEqual([100]);
    expect(sent.map((entry) => entry.receipt)).toMatchObject([
      { code: receipt.MALFORMED, version: 2, contribution: 0 },
    ]);
  });
});
