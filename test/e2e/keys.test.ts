/** A federation with keys, and a broker that does what it likes with its messages. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { announcementTag, federationKey } from '../../host/contract/authentic.js';
import { receipt, type Announcement } from '../../host/contract/contract.gen.js';
import { idOf, sha256, toHex } from '../../host/contract/hash.js';
import { matchTopic, topicOf } from '../../host/contract/topics.js';
import { decodeWire, encodeWire } from '../../host/contract/wire.js';
import { Bridge } from '../../host/bridge/bridge.js';
import { KeyFolder } from '../../host/federated/node-keys.js';
import { Aggregator } from '../../host/federated/server.js';
import { packagePath } from '../../host/kernel/load.js';
import { startBroker } from '../../host/mqtt/broker.js';
import { connectMqtt } from '../../host/mqtt/connect.js';
import type { MqttSession } from '../../host/mqtt/session.js';
import { writeFds1 } from '../../host/data/fds1.js';
import { DevicePort } from '../bridge/device-port.js';
import { v8Device } from '../bridge/devices.js';
import { timing } from '../bridge/rig.js';
import { initialWords, planSettings } from '../federated/fixture.js';
import { waitFor } from '../mqtt/wait.js';
import * as fixture from '../node/fixture.js';

const federation = 'keyed';
const scope = { base: 'linnet', federation };
const keyOf = (node: string): Uint8Array => sha256(new TextEncoder().encode(`key of ${node}`));
const nativeNode = packagePath('build/linnet-node');

let ends: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const end of ends.reverse()) await end();
  ends = [];
});

interface Options {
  /** Nodes whose keys the aggregator has; undefined: it asks for no tags. */
  readonly keys?: readonly string[];
  readonly rounds?: number;
  readonly epoch?: number;
}

/** Broker, aggregator and what the test adds to them. */
class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'linnet-keys-'));
  readonly keysFolder = mkdtempSync(join(tmpdir(), 'linnet-keys-of-'));
  readonly receipts: { node: string; code: number }[] = [];
  readonly logs: string[] = [];
  aggregator!: Aggregator;
  url = '';
  /** The hostile broker’s hand: it sees and says everything. */
  hand!: MqttSession;
  readonly seen: [string, Uint8Array][] = [];

  static async open(options: Options): Promise<Stage> {
    const stage = new Stage();
    const broker = await startBroker();
    stage.url = broker.url;
    ends.push(
      () => rmSync(stage.folder, { recursive: true, force: true }),
      () => rmSync(stage.keysFolder, { recursive: true, force: true }),
      () => broker.close(),
    );
    stage.hand = await connectMqtt({ url: broker.url, clientId: 'hand' });
    ends.push(() => stage.hand.close());
    stage.hand.onMessage((topic, bytes) => void stage.seen.push([topic, bytes]));
    await stage.hand.subscribe('linnet/#');
    for (const node of options.keys ?? []) stage.giveKey(node);
    stage.aggregator = await Aggregator.start({
      store: join(stage.folder, 'store'),
      mqtt: { url: stage.url },
      federation,
      descriptor: fixture.descriptor,
      kernels: [fixture.kernelBytes],
      initialWords: () => initialWords(fixture.descriptor),
      rounds: options.rounds ?? 2,
      round: { cohort: 2, quorum: 2 },
      plan: planSettings,
      ...(options.epoch !== undefined && { epoch: options.epoch }),
      ...(options.keys && { keys: new KeyFolder(stage.keysFolder, federation) }),
      onReceipt: (report) => void stage.receipts.push(report),
    });
    ends.push(() => stage.aggregator.close());
    return stage;
  }

  giveKey(node: string): void {
    writeFileSync(join(this.keysFolder, `${node}.key`), `${toHex(keyOf(node))}\n`);
  }

  async join(node: string, key?: Uint8Array): Promise<void> {
    const port = await DevicePort.listen(v8Device(node, key));
    ends.push(() => port.close());
    this.bridge(port.address);
  }

  joinNative(node: string, key: Uint8Array): void {
    const [data, keyFile] = ['data.fds', 'node.key'].map((file) =>
      join(this.folder, `${node}.${file}`),
    );
    writeFds1(data, fixture.dataset);
    writeFileSync(keyFile, toHex(key));
    this.bridge(`exec:"${nativeNode}" --name ${node} --data "${data}" --key "${keyFile}"`);
  }

  private bridge(port: string): void {
    const bridge = new Bridge({
      federation,
      mqtt: { url: this.url, reconnectMs: 30 },
      devices: [{ port }],
      timing,
      events: { onLog: (node, text) => this.logs.push(`${node}: ${text}`) },
    });
    ends.push(() => bridge.close());
    bridge.run().catch(() => undefined);
  }

  codesOf(node: string): number[] {
    return this.receipts.filter((entry) => entry.node === node).map(({ code }) => code);
  }

  last(name: string, node?: string): Uint8Array | undefined {
    const found = this.seen.filter(([topic]) => {
      const values = matchTopic(name, scope, topic);
      return values && (node === undefined || values['node'] === node);
    });
    return found.at(-1)?.[1];
  }

  uploadTopic(node: string, version: number): string {
    const model = toHex(idOf(fixture.descriptorHash));
    return topicOf('upload', scope, { model, version, shard: 0, node });
  }

  /** Publishes an upload in the name of a node; resolves to the code of its receipt. */
  async forge(node: string, version: number, bytes: Uint8Array): Promise<number> {
    const before = this.codesOf(node).length;
    await this.hand.publish(this.uploadTopic(node, version), bytes);
    await waitFor('a receipt', () => this.codesOf(node).length > before);
    return this.codesOf(node)[before];
  }

  async finish(): Promise<string> {
    const final = await this.aggregator.finished;
    return final!.modelHash;
  }
}

async function hashWithoutKeys(): Promise<string> {
  const stage = await Stage.open({});
  await stage.join('ann');
  await stage.join('ben');
  return stage.finish();
}

describe('a federation with keys', () => {
  it('ends with the hash of one without, on whatever runs the nodes', async () => {
    const expected = await hashWithoutKeys();
    const stage = await Stage.open({ keys: ['ann', 'ben'] });
    await stage.join('ann', keyOf('ann'));
    if (existsSync(nativeNode)) stage.joinNative('ben', keyOf('ben'));
    else await stage.join('ben', keyOf('ben'));
    expect(await stage.finish()).toBe(expected);
    const upload = stage.last('upload', 'ann')!;
    expect(decodeWire('Envelope', upload).mac).toHaveLength(16);
  });

  it('shows no key in any message or log', async () => {
    const stage = await Stage.open({ keys: ['ann', 'ben'] });
    await stage.join('ann', keyOf('ann'));
    if (existsSync(nativeNode)) stage.joinNative('ben', keyOf('ben'));
    else await stage.join('ben', keyOf('ben'));
    await stage.finish();
    // A refusal makes a log.
    const topic = topicOf('announcement', scope, { model: toHex(idOf(fixture.descriptorHash)) });
    const forged = { ...decodeWire('Announcement', stage.last('announcement')!), version: 9 };
    const bytes = encodeWire('Announcement', forged);
    const tag = { announcement: idOf(sha256(bytes)), mac: new Uint8Array(16).fill(1) };
    for (const node of ['ann', 'ben']) {
      const place = topicOf('authorisation', scope, { node });
      await stage.hand.publish(place, encodeWire('Authorisation', tag));
    }
    await stage.hand.publish(topic, bytes);
    await waitFor('two refusals', () => stage.logs.length > 1);
    const said = [...stage.seen.map(([, bytes]) => bytes), Buffer.from(stage.logs.join('\n'))];
    expect(said.length).toBeGreaterThan(10);
    for (const node of ['ann', 'ben']) {
      for (const key of [keyOf(node), federationKey(keyOf(node), federation, node)]) {
        for (const shown of [Buffer.from(key), Buffer.from(toHex(key))])
          expect(said.some((bytes) => Buffer.from(bytes).includes(shown))).toBe(false);
      }
    }
  });

  it('lets a node in that got its key while a version waits for it', async () => {
    const stage = await Stage.open({ keys: ['ann'], rounds: 1 });
    await stage.join('ann', keyOf('ann'));
    await stage.join('ben', keyOf('ben'));
    await waitFor('the first upload', () => stage.codesOf('ann').includes(receipt.ACCEPTED));
    stage.giveKey('ben');
    await stage.finish();
    expect(stage.codesOf('ben')).toContain(receipt.ACCEPTED);
  });

  it('counts no upload that is altered, replayed, or of somebody else', async () => {
    const stage = await Stage.open({ keys: ['ann', 'ben'], rounds: 2 });
    await stage.join('ann', keyOf('ann'));
    await waitFor('an upload', () => stage.codesOf('ann').includes(receipt.ACCEPTED));
    const upload = stage.last('upload', 'ann')!;
    for (let at = 0; at < upload.length; at += 1 + Math.floor(upload.length / 60)) {
      const altered = upload.map((byte, i) => (i === at ? byte ^ 4 : byte));
      expect([at, await stage.forge('ann', 0, altered)]).toEqual([at, receipt.BAD_MAC]);
    }
    expect(await stage.forge('ann', 0, upload.slice(0, -18))).toBe(receipt.BAD_MAC);
    expect(await stage.forge('ben', 0, upload)).toBe(receipt.BAD_MAC);
    expect(await stage.forge('eve', 0, upload)).toBe(receipt.BAD_MAC);
    expect(await stage.forge('ann', 1, upload)).toBe(receipt.MALFORMED);
    expect(await stage.forge('ann', 0, upload)).toBe(receipt.DUPLICATE);
    await stage.join('ben', keyOf('ben'));
    await waitFor('the next version', () => stage.aggregator.model.version > 0);
    expect(await stage.forge('ann', 0, upload)).toBe(receipt.DUPLICATE);
    expect(await stage.finish()).toBe(await hashWithoutKeys());
  }, 60_000);

  it('has nodes that follow no altered, older or swapped announcement', async () => {
    const stage = await Stage.open({ keys: ['ann', 'ben'], rounds: 3 });
    await stage.join('ann', keyOf('ann'));
    await stage.join('ben', keyOf('ben'));
    const head = (): Announcement => decodeWire('Announcement', stage.last('announcement')!);
    const tagOf = (node: string): Uint8Array =>
      decodeWire('Authorisation', stage.last('authorisation', node)!).mac;
    await waitFor('the first announcement', () => stage.last('announcement') !== undefined);
    const [first, firstTag] = [stage.last('announcement')!, tagOf('ann')];
    await waitFor('the final version', () => head().final === true);
    const [final, finalTag] = [stage.last('announcement')!, tagOf('ann')];
    const topic = topicOf('announcement', scope, { model: toHex(idOf(fixture.descriptorHash)) });
    const tagTopic = topicOf('authorisation', scope, { node: 'ann' });
    /** What the node's bridge has to say about it. */
    const say = async (bytes: Uint8Array, mac: Uint8Array): Promise<string> => {
      stage.logs.length = 0;
      const tag = encodeWire('Authorisation', { announcement: idOf(sha256(bytes)), mac });
      await stage.hand.publish(tagTopic, tag, { retain: true });
      await stage.hand.publish(topic, bytes, { retain: true });
      const said = (): string | undefined => stage.logs.find((line) => line.startsWith('ann: '));
      await waitFor('a refusal', () => said() !== undefined);
      return said()!;
    };
    const altered = { ...head(), version: 9, final: false };
    const bytes = encodeWire('Announcement', altered);
    expect(await say(bytes, finalTag)).toContain('no tag, or a wrong one');
    expect(await say(final.slice(), tagOf('ben'))).toContain('no tag, or a wrong one');
    expect(await say(first, firstTag)).toContain('older than one');
    const elsewhere = { ...altered, federation: 'elsewhere' };
    const foreign = encodeWire('Announcement', elsewhere);
    const key = federationKey(keyOf('ann'), federation, 'ann');
    expect(await say(foreign, announcementTag(key, foreign))).toContain('no tag, or a wrong one');
    expect(stage.aggregator.model.version).toBe(3);
  });
});
