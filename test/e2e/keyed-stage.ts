/** A federation with keys, and a broker that does what it likes with its messages. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { idOf, sha256, toHex } from '../../host/contract/hash.js';
import { matchTopic, topicOf } from '../../host/contract/topics.js';
import { Bridge } from '../../host/bridge/bridge.js';
import type { BridgedNodeOptions } from '../../host/bridge/options.js';
import { serveDataset } from '../../host/device/dataset-server.js';
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

export const federation = 'keyed';
export const scope = { base: 'linnet', federation };
export const keyOf = (node: string): Uint8Array =>
  sha256(new TextEncoder().encode(`key of ${node}`));
export const nativeNode = packagePath('build/linnet-node');

let ends: (() => Promise<unknown> | void)[] = [];

/** Ends all that stages have opened. */
export async function endStages(): Promise<void> {
  for (const end of ends.reverse()) await end();
  ends = [];
}

interface Options {
  /** Nodes whose keys the aggregator has; undefined: it asks for no tags. */
  readonly keys?: readonly string[];
  readonly rounds?: number;
  readonly epoch?: number;
}

/** Broker, aggregator and what the test adds to them. */
export class Stage {
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
    this.bridge({ port: port.address });
  }

  joinNative(node: string, key: Uint8Array): void {
    const [data, keyFile] = ['data.fds', 'node.key'].map((file) =>
      join(this.folder, `${node}.${file}`),
    );
    writeFds1(data, fixture.dataset);
    writeFileSync(keyFile, toHex(key));
    this.bridge({
      port: `exec:"${nativeNode}" --name ${node} --data "${data}" --key "${keyFile}"`,
    });
  }

  /** A Cortex-M4 in QEMU, whose key is where a factory puts it. */
  joinBoard(node: string, key?: Uint8Array): void {
    const keyFile = join(this.folder, `${node}.key`);
    if (key) writeFileSync(keyFile, toHex(key));
    this.bridge({
      port: `qemu:mps2-an386${key ? `,key=${keyFile}` : ''}`,
      node,
      samples: serveDataset(fixture.dataset),
    });
  }

  private bridge(device: BridgedNodeOptions): void {
    const bridge = new Bridge({
      federation,
      mqtt: { url: this.url, reconnectMs: 30 },
      devices: [device],
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

export async function hashWithoutKeys(): Promise<string> {
  const stage = await Stage.open({});
  await stage.join('ann');
  await stage.join('ben');
  return stage.finish();
}
