/** What a real mosquitto lets through with the configuration and the lists of a fleet. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { topics } from '../../host/contract/schema.js';
import { topicOf } from '../../host/contract/topics.js';
import { createFleet } from '../../host/fleet/create.js';
import { Fleet } from '../../host/fleet/fleet.js';
import { connectMqtt } from '../../host/mqtt/connect.js';
import { readCredentials } from '../../host/mqtt/credentials.js';
import type { MqttOptions, MqttSession } from '../../host/mqtt/session.js';
import { hasMosquitto } from '../mqtt/mosquitto.js';
import { waitFor } from '../mqtt/wait.js';
import { SecuredBroker } from './secured-broker.js';

const scope = { base: 'test/base', federation: 'linnet' };
const dayMs = 24 * 60 * 60 * 1000;
const x = new Uint8Array([1]);

describe.runIf(hasMosquitto)('a fleet on mosquitto', () => {
  let broker: SecuredBroker;
  let sessions: MqttSession[] = [];

  beforeAll(async () => {
    broker = await SecuredBroker.start(['a', 'b', 'c'], new Date(Date.now() - 30 * dayMs));
  });
  afterAll(() => broker.close());
  afterEach(async () => {
    await Promise.all(sessions.map((session) => session.close()));
    sessions = [];
  });

  async function open(identity: string, options?: Partial<MqttOptions>): Promise<MqttSession> {
    const session = await broker.connect(identity, options);
    sessions.push(session);
    return session;
  }

  /** Topics of what a session that subscribed to everything receives. */
  async function listen(session: MqttSession): Promise<string[]> {
    const received: string[] = [];
    session.onMessage((topic, payload, retained) => {
      if (payload.length > 0 && !retained) received.push(topic);
    });
    await session.subscribe('#');
    return received;
  }

  const topicFor = (name: string, node: string, version = 0): string =>
    topicOf(name, scope, { node, model: 'm', hash: 'h', offset: 0, version, shard: 0 });

  it.each([4, 5] as const)(
    'lets everybody write and read what the schema says, MQTT version %i',
    async (protocolVersion) => {
      const names = ['a', 'b', '@aggregator'];
      const all = await Promise.all(names.map((name) => open(name, { protocolVersion })));
      const received = await Promise.all(all.map(listen));
      const [expected, refused]: [string[][], string[]] = [[[], [], []], []];
      const role = (name: string) => (name === '@aggregator' ? 'aggregator' : 'node');
      const answers: string[] = [];
      for (const [i, writer] of names.entries()) {
        for (const { name, pattern, writer: mayWrite, readers } of topics) {
          for (const node of ['a', 'b']) {
            const topic = topicFor(name, node, i);
            const isNodes = pattern.includes('{node}');
            const isOwn = (who: string): boolean =>
              role(who) === 'aggregator' || !isNodes || who === node;
            await all[i].publish(topic, x).catch(({ code }: { code: string }) => {
              answers.push(`${code} ${topic}`);
            });
            if (mayWrite !== role(writer) || !isOwn(writer)) refused.push(`ERR_AUTH ${topic}`);
            else {
              names.forEach((reader, k) => {
                if (readers.includes(role(reader)) && isOwn(reader)) expected[k].push(topic);
              });
            }
          }
        }
      }
      // What comes last says that all that was allowed has come.
      await all[0].publish(topicFor('birth', 'a', 9), x);
      await all[2].publish(topicFor('serverState', 'a', 9), x);
      const last = [
        topicFor('serverState', 'a'),
        topicFor('serverState', 'a'),
        topicFor('birth', 'a'),
      ];
      last.forEach((topic, k) => expected[k].push(topic));
      await waitFor('the last messages', () =>
        received.every((list, k) => list.length >= expected[k].length),
      );
      expect(received).toEqual(expected);
      // MQTT 3.1.1 has no way to say no.
      expect(answers).toEqual(protocolVersion === 5 ? refused : []);
      expect(refused.length).toBeGreaterThan(20);
    },
  );

  it('publishes no last will in the name of another', async () => {
    const aggregator = await open('@aggregator');
    const received = await listen(aggregator);
    for (const node of ['a', 'b']) {
      const will = { topic: topicFor('death', node), payload: x, retain: false };
      (await open('b', { will })).abort();
      if (node === 'b') await waitFor('the will', () => received.length > 0);
    }
    expect(received).toEqual([topicFor('death', 'b')]);
  });

  it('keeps a node connected whatever another calls itself', async () => {
    const a = await open('a', { clientId: 'same' });
    let reconnects = 0;
    a.onReconnect(() => reconnects++);
    await (await open('b', { clientId: 'same' })).publish(topicFor('birth', 'b'), x);
    await a.publish(topicFor('birth', 'a'), x);
    expect({ connected: a.connected, reconnects }).toEqual({ connected: true, reconnects: 0 });
    // The same node a second time does take its place.
    await open('a', { clientId: 'other' });
    await waitFor('the first connection to be replaced', () => !a.connected || reconnects > 0);
  });

  describe('refuses', () => {
    let folder: string;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'linnet-foreign-'));
      const options = { ...scope, hosts: ['127.0.0.1'], port: 1, authorityDays: 3650, days: 365 };
      await createFleet(join(folder, 'fleet'), options);
      await new Fleet(join(folder, 'fleet')).add(['a'], 365);
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    const attempt = (options: Partial<MqttOptions>): Promise<unknown> =>
      connectMqtt({ url: broker.url, clientId: 'x', ...options });

    it('whoever shows no certificate, and whoever speaks without TLS', async () => {
      const { cafile } = broker.credentialsOf('a');
      await expect(attempt({ cafile })).rejects.toMatchObject({
        code: 'ERR_AUTH',
        message: expect.stringMatching(/certificate required".*--credentials/) as string,
      });
      const url = broker.url.replace('mqtts', 'mqtt');
      await expect(attempt({ url })).rejects.toMatchObject({ code: 'ERR_MQTT' });
    });

    it('a node of the same name from another fleet', async () => {
      const foreign = readCredentials(join(folder, 'fleet/nodes/a'), 'a');
      const { cafile } = broker.credentialsOf('a');
      await expect(attempt({ ...foreign, cafile })).rejects.toMatchObject({
        code: 'ERR_AUTH',
        message: expect.stringMatching(/unknown ca".*authority that the broker trusts/) as string,
      });
      // The other way round the node does not trust this broker.
      await expect(attempt(foreign)).rejects.toMatchObject({
        code: 'ERR_AUTH',
        message: expect.stringContaining('--credentials') as string,
      });
    });

    it('a certificate for servers, and one that has expired', async () => {
      const [cert, key] = ['server.pem', 'server.key'].map((file) =>
        join(broker.fleetFolder, 'broker', file),
      );
      const { cafile } = broker.credentialsOf('a');
      await expect(attempt({ cafile, cert, key })).rejects.toMatchObject({ code: 'ERR_AUTH' });
      await broker.fleet(new Date(Date.now() - 10 * dayMs)).add(['old'], 5);
      await broker.reload();
      const old = join(broker.fleetFolder, 'nodes/old');
      const [oldCert, oldKey] = ['cert.pem', 'key.pem'].map((file) => join(old, file));
      await expect(attempt({ cafile, cert: oldCert, key: oldKey })).rejects.toMatchObject({
        code: 'ERR_AUTH',
        message: expect.stringMatching(/certificate expired".*linnet fleet renew/) as string,
      });
    });
  });

  it('has a certificate for its names alone, renewed without a restart', async () => {
    const url = broker.url.replace('127.0.0.1', 'localhost');
    await expect(broker.connect('a', { url })).rejects.toMatchObject({
      code: 'ERR_AUTH',
      message: expect.stringContaining('linnet fleet init --host') as string,
    });
    await broker.fleet(new Date(Date.now() - 10 * dayMs)).renew(['@broker'], 5);
    await broker.reload();
    await expect(broker.connect('a')).rejects.toMatchObject({
      code: 'ERR_AUTH',
      message: expect.stringMatching(/expired.*renew @broker/) as string,
    });
    await broker.fleet().renew(['@broker'], 5);
    await broker.reload();
    await (await open('a')).publish(topicFor('birth', 'a'), x);
  });

  it('silences a revoked node at once, keeps it out, and goes on with the others', async () => {
    const aggregator = await open('@aggregator');
    const received = await listen(aggregator);
    const a = await open('a');
    const refusals: string[] = [];
    const onRefusal = ({ message }: Error): void => void refusals.push(message);
    const c = await open('c', { protocolVersion: 5, onRefusal });
    await c.publish(topicFor('birth', 'c'), x);
    const receipts = await listen(c);
    await aggregator.publish(topicFor('receipt', 'c'), x);
    await waitFor('a receipt', () => receipts.length > 0);
    let reconnects = 0;
    a.onReconnect(() => reconnects++);
    const credentials = broker.credentialsOf('c');
    const [cert, key] = [credentials.cert, credentials.key];
    await broker.fleet().revoke(['c']);
    await broker.reload();
    await expect(c.publish(topicFor('birth', 'c'), x)).rejects.toMatchObject({
      code: 'ERR_AUTH',
      message: expect.stringContaining('use the credentials of this node') as string,
    });
    await aggregator.publish(topicFor('receipt', 'c'), x);
    await a.publish(topicFor('birth', 'a'), x);
    await waitFor('what is allowed', () => received.length === 2);
    expect({ reconnects, receipts }).toEqual({
      reconnects: 0,
      receipts: [topicFor('receipt', 'c')],
    });
    expect(received).toEqual([topicFor('birth', 'c'), topicFor('birth', 'a')]);
    const old = {
      cert: cert.replace('nodes/c', 'old/c.1'),
      key: key.replace('nodes/c', 'old/c.1'),
    };
    const again = connectMqtt({
      url: broker.url,
      clientId: 'x',
      ...broker.credentialsOf('a'),
      ...old,
    });
    await expect(again).rejects.toMatchObject({
      code: 'ERR_AUTH',
      message: expect.stringMatching(/certificate revoked".*linnet fleet add/) as string,
    });
    // Its connection ends with the broker's next restart, and it is told why.
    expect(refusals).toEqual([]);
    await a.publish(topicFor('birth', 'a'), new Uint8Array([7]), { retain: true });
    await broker.restart();
    await waitFor('the refusal', () => refusals.length > 0 && a.connected && aggregator.connected);
    expect(refusals[0]).toMatch(/certificate revoked/);
    await a.publish(topicFor('birth', 'a'), x);
    await waitFor('the node that stayed', () => received.length >= 3);
    // Retained messages have survived, and so has what was retained before.
    await aggregator.close();
    const late = await open('@aggregator');
    const retained: number[] = [];
    late.onMessage((_, payload, isRetained) => void (isRetained && retained.push(payload[0])));
    await late.subscribe(topicFor('birth', 'a'));
    await waitFor('the retained birth', () => retained.includes(7));
    // With new credentials it is welcome again.
    await broker.fleet().add(['c'], 1);
    await broker.reload();
    await (await open('c')).publish(topicFor('birth', 'c'), x);
  });

  it('does not start without its access list', async () => {
    const putBack = broker.hide('acl');
    await expect(broker.restart()).rejects.toThrow(/did not start.*acl/s);
    putBack();
    await broker.restart();
    await (await open('a')).publish(topicFor('birth', 'a'), x);
  });
});
