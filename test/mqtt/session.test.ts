import { afterEach, describe, expect, it } from 'vitest';
import { connectMqtt } from '../../host/mqtt/connect.js';
import type { MqttOptions, MqttSession } from '../../host/mqtt/session.js';
import { brokerCases, type BrokerCase } from './brokers.js';
import type { TestBroker } from './mosquitto.js';
import { waitFor } from './wait.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

let cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups) await cleanup();
  cleanups = [];
});

async function startCase(broker: BrokerCase, port?: number): Promise<TestBroker> {
  const started = await broker.start(port);
  cleanups.push(() => started.close());
  return started;
}

async function open(options: MqttOptions): Promise<MqttSession> {
  const session = await connectMqtt({ reconnectMs: 50, ...options });
  cleanups.unshift(() => session.close());
  return session;
}

/** Everything a session receives, as `topic=payload` with `!` for retained. */
function record(session: MqttSession): string[] {
  const seen: string[] = [];
  session.onMessage((topic, payload, retained) => {
    seen.push(`${topic}=${text(payload)}${retained ? '!' : ''}`);
  });
  return seen;
}

describe.each(brokerCases)('session on $name', (broker) => {
  const { protocolVersion } = broker;

  it('delivers in order, tells retained from live and clears with an empty payload', async () => {
    const { url } = await startCase(broker);
    const a = await open({ url, clientId: 'a', protocolVersion });
    const b = await open({ url, clientId: 'b', protocolVersion });
    await a.publish('t/kept', bytes('old'), { retain: true });
    const seen = record(b);
    await b.subscribe('t/#');
    await waitFor('the retained message', () => seen.length === 1);
    for (let i = 0; i < 20; i++) await a.publish('t/live', bytes(String(i)));
    await waitFor('20 messages', () => seen.length === 21);
    const live = Array.from({ length: 20 }, (_, i) => `t/live=${i}`);
    expect(seen).toEqual(['t/kept=old!', ...live]);

    await a.publish('t/kept', new Uint8Array(0), { retain: true });
    const c = await open({ url, clientId: 'c', protocolVersion });
    const late = record(c);
    await c.subscribe('t/#');
    await a.publish('t/end', bytes(''));
    await waitFor('the end', () => late.includes('t/end='));
    expect(late).toEqual(['t/end=']);
    await b.unsubscribe('t/#');
    await a.publish('t/after', bytes(''));
    await c.subscribe('other');
    expect(seen).not.toContain('t/after=');
  });

  it('says once that another client has its name', async () => {
    const { url } = await startCase(broker);
    const refusals: string[] = [];
    const onRefusal = ({ message }: Error): void => void refusals.push(message);
    const options = { url, clientId: 'twin', protocolVersion };
    await open({ ...options, onRefusal });
    const other = await open(options);
    await waitFor('the complaint', () => refusals.length > 0);
    await other.close();
    expect(refusals).toEqual([
      expect.stringMatching(/ends every connection of twin at once: give every node a name/),
    ]);
  });

  it('carries 300 KB in one message', async () => {
    const { url } = await startCase(broker);
    const a = await open({ url, clientId: 'a', protocolVersion });
    const big = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) >> 3);
    let received: Uint8Array | undefined;
    a.onMessage((_, payload) => void (received = payload));
    await a.subscribe('big');
    await a.publish('big', big);
    await waitFor('the packet', () => received !== undefined);
    expect(Buffer.from(received!).equals(Buffer.from(big))).toBe(true);
  });

  it('keeps the promise of two clients apart that share an options object', async () => {
    const { url } = await startCase(broker);
    const options: MqttOptions = { url, clientId: 'one', protocolVersion };
    const one = await open(options);
    const two = await open({ ...options, clientId: 'two' });
    expect(options).toEqual({ url, clientId: 'one', protocolVersion });
    await one.publish('x', bytes(''));
    await two.publish('x', bytes(''));
    expect([one.connected, two.connected]).toEqual([true, true]);
  });

  it('acknowledges after the handler: an unfinished message comes again', async () => {
    const { url } = await startCase(broker);
    const sender = await open({ url, clientId: 'sender', protocolVersion });
    const receiver = { url, clientId: 'receiver', protocolVersion, clean: false } as const;
    const first = await open(receiver);
    let started = 0;
    first.onMessage(() => new Promise(() => void started++));
    await first.subscribe('work');
    await sender.publish('work', bytes('1'));
    await waitFor('the first delivery', () => started === 1);
    first.abort();
    const second = await open(receiver);
    const seen = record(second);
    await waitFor('the second delivery', () => seen.length === 1);
    expect(seen).toEqual(['work=1']);
  });

  it('keeps what was published while a kept session was away, even before a handler is there', async () => {
    const { url } = await startCase(broker);
    const sender = await open({ url, clientId: 'sender', protocolVersion });
    const receiver = { url, clientId: 'receiver', protocolVersion, clean: false } as const;
    const first = await connectMqtt(receiver);
    await first.subscribe('work');
    await first.close();
    await sender.publish('work', bytes('1'));
    await sender.publish('work', bytes('2'));
    const second = await open(receiver);
    await second.publish('elsewhere', bytes(''));
    const seen = record(second);
    await waitFor('both messages', () => seen.length === 2);
    expect(seen).toEqual(['work=1', 'work=2']);
  });

  it('publishes the will after abort() and not after close()', async () => {
    const { url } = await startCase(broker);
    const watcher = await open({ url, clientId: 'watcher', protocolVersion });
    const seen = record(watcher);
    await watcher.subscribe('will/#');
    const will = (name: string): MqttOptions => ({
      url,
      clientId: name,
      protocolVersion,
      will: { topic: `will/${name}`, payload: bytes('gone'), retain: true },
    });
    const polite = await connectMqtt(will('polite'));
    await polite.close();
    const crashed = await connectMqtt(will('crashed'));
    crashed.abort();
    await waitFor('the will', () => seen.length > 0);
    expect(seen).toEqual(['will/crashed=gone']);
  });

  it('reconnects, subscribes again and sends what waited', async () => {
    const first = await broker.start();
    const session = await open({ url: first.url, clientId: 'a', protocolVersion });
    const seen = record(session);
    let reconnects = 0;
    session.onReconnect(() => reconnects++);
    await session.subscribe('t');
    await first.close();
    await waitFor('the loss of the connection', () => !session.connected);
    const waiting = session.publish('t', bytes('meanwhile'));
    await startCase(broker, first.port);
    await waiting;
    await waitFor('the reconnection', () => reconnects === 1);
    await waitFor('the renewed subscription', () => {
      void session.publish('t', bytes('after'));
      return seen.includes('t=after');
    });
  });

  it('says once that the broker is lost, and that it is back once a connection lasts', async () => {
    const first = await broker.start();
    const changes: string[] = [];
    const onBroker = (change: string): void => void changes.push(change);
    const session = await open({ url: first.url, clientId: 'a', protocolVersion, onBroker });
    await first.close();
    await waitFor('the loss', () => changes.length > 0);
    // Several attempts.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const second = await broker.start(first.port);
    await waitFor('the reconnection', () => session.connected);
    await second.close();
    await waitFor('the second loss', () => !session.connected);
    expect(changes).toEqual(['lost']);
    await startCase(broker, first.port);
    await waitFor('the return', () => changes.length > 1);
    expect(changes).toEqual(['lost', 'back']);
    await session.close();
    expect(changes).toEqual(['lost', 'back']);
  });

  it('survives a handler that throws', async () => {
    const { url } = await startCase(broker);
    const session = await open({ url, clientId: 'a', protocolVersion });
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    cleanups.push(() => void process.off('warning', onWarning));
    let calls = 0;
    session.onMessage(() => {
      calls++;
      throw new Error('a defect');
    });
    await session.subscribe('t');
    await session.publish('t', bytes('1'));
    await session.publish('t', bytes('2'));
    await waitFor('both calls', () => calls === 2 && warnings.length === 2);
    expect(warnings[0].message).toBe('a defect');
  });

  it('rejects what is asked of a closed session, and what it still owed', async () => {
    const started = await broker.start();
    const session = await open({ url: started.url, clientId: 'a', protocolVersion });
    await started.close();
    await waitFor('the loss of the connection', () => !session.connected);
    const owed = session.publish('t', bytes(''));
    const outcome = expect(owed).rejects.toMatchObject({ code: 'ERR_MQTT' });
    await session.close();
    await outcome;
    await expect(session.publish('t', bytes(''))).rejects.toMatchObject({ code: 'ERR_MQTT' });
    await expect(session.subscribe('t')).rejects.toMatchObject({ code: 'ERR_MQTT' });
  });
});
