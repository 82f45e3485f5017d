/** Nodes that all publish at once, through a few connections, to an aggregator in a process of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { receipt, type Announcement } from '../../host/contract/contract.gen.js';
import { idOf, toHex } from '../../host/contract/hash.js';
import { matchTopic, topicOf } from '../../host/contract/topics.js';
import { decodeWire } from '../../host/contract/wire.js';
import { Ledger } from '../../host/federated/ledger.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { connectMqtt } from '../../host/mqtt/connect.js';
import type { MqttSession } from '../../host/mqtt/session.js';
import { startMosquitto } from '../../test/mqtt/mosquitto.js';
import type { AggregatorOrder, MemoryReport } from './aggregator.js';
import { startChild } from './child.js';
import { federation, nodeName, writeKeys } from './models.js';
import { envelopeMaker } from './uploads.js';

export interface CrowdOptions {
  /** aggregator.ts, compiled. */
  readonly program: string;
  readonly descriptor: Uint8Array;
  readonly codec: number;
  readonly nodes: number;
  readonly queueLimit: number;
  readonly retryMs: number;
}

export interface CrowdReport {
  /** Receipts by their codes. */
  readonly codes: ReadonlyMap<number, number>;
  /** Nodes that heard LATER and are in the ledger. */
  readonly returned: number;
  /** Nodes of the ledger's rows, in order. */
  readonly rows: readonly string[];
  /** Of the aggregator before the uploads, with all of them accepted, and after the round. */
  readonly memory: readonly MemoryReport[];
}

const CONNECTIONS = 10;
/** Without a receipt a node publishes again. */
const REPEAT_MS = 30_000;
const scope = { base: 'linnet', federation };

/** No limits: all pressure is on the aggregator. */
const brokerSettings = ['max_queued_messages 0', 'max_inflight_messages 1000'];

class Crowd {
  readonly codes = new Map<number, number>();
  readonly later = new Set<string>();
  /** Publishes the upload of a node again. */
  readonly #waiting = new Map<string, NodeJS.Timeout>();
  #done: () => void = () => undefined;
  readonly #finished = new Promise<void>((resolve) => (this.#done = resolve));

  constructor(
    private readonly sessions: readonly MqttSession[],
    private readonly topicOfNode: (node: string) => string,
    private readonly envelopeOf: (index: number) => Uint8Array,
  ) {}

  async run(nodes: number): Promise<void> {
    for (let index = 0; index < nodes; index++) this.#publishIn(0, index);
    await this.#finished;
  }

  #publishIn(delayMs: number, index: number): void {
    const node = nodeName(index);
    clearTimeout(this.#waiting.get(node));
    const publish = (): void => {
      this.#publishIn(REPEAT_MS, index);
      const session = this.sessions[index % this.sessions.length];
      session.publish(this.topicOfNode(node), this.envelopeOf(index)).catch(() => undefined);
    };
    this.#waiting.set(node, setTimeout(publish, delayMs));
  }

  takeReceipt(node: string, bytes: Uint8Array): void {
    const { code, retryMs = 0 } = decodeWire('Receipt', bytes);
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
    if (!this.#waiting.has(node)) return;
    if (code === receipt.LATER) {
      this.later.add(node);
      this.#publishIn(retryMs, Number(node.slice(nodeName(0).length - 1)));
      return;
    }
    clearTimeout(this.#waiting.get(node));
    this.#waiting.delete(node);
    if (this.#waiting.size === 0) this.#done();
  }
}

async function readAnnouncement(session: MqttSession, topic: string): Promise<Announcement> {
  const bytes = new Promise<Uint8Array>((resolve) => {
    session.onMessage((from, payload) => void (from === topic && resolve(payload)));
  });
  await session.subscribe(topic);
  return decodeWire('Announcement', await bytes);
}

async function publishAll(url: string, { descriptor, nodes }: CrowdOptions): Promise<Crowd> {
  const model = toHex(idOf(parseDescriptor(descriptor).hash));
  const sessions = await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, i) => connectMqtt({ url, clientId: `crowd-${i}` })),
  );
  const [first] = sessions;
  const announcement = await readAnnouncement(first, topicOf('announcement', scope, { model }));
  const crowd = new Crowd(
    sessions,
    (node) => topicOf('upload', scope, { model, version: 0, shard: 0, node }),
    envelopeMaker(announcement, descriptor),
  );
  first.onMessage((topic, bytes) => {
    const node = matchTopic('receipt', scope, topic)?.['node'];
    if (node !== undefined) crowd.takeReceipt(node, bytes);
  });
  await first.subscribe(topicOf('receipt', scope));
  await crowd.run(nodes);
  await Promise.all(sessions.map((session) => session.close()));
  return crowd;
}

function rowsOf(store: string): string[] {
  const ledger = Ledger.openExisting(store, 'read');
  const rows = ledger.marksOf(0).map(({ node }) => node);
  ledger.close();
  return rows;
}

export async function runCrowd(options: CrowdOptions): Promise<CrowdReport> {
  const folder = mkdtempSync(join(tmpdir(), 'linnet-crowd-'));
  const broker = await startMosquitto({ settings: brokerSettings });
  const [keys, store] = [join(folder, 'keys'), join(folder, 'store')];
  writeKeys(keys, options.nodes);
  const { program, descriptor, codec, nodes, queueLimit, retryMs } = options;
  const order: AggregatorOrder = {
    ...{ url: broker.url, store, keys, codec, nodes, queueLimit, retryMs },
    descriptor: toHex(descriptor),
  };
  const aggregator = startChild(['--expose-gc', program, JSON.stringify(order)]);
  try {
    const hear = async (): Promise<MemoryReport> =>
      JSON.parse(await aggregator.hear()) as MemoryReport;
    const memory = [await hear()];
    const { codes, later } = await publishAll(broker.url, options);
    memory.push(await hear(), await hear());
    const rows = rowsOf(store);
    const returned = rows.filter((node) => later.has(node)).length;
    return { codes, returned, rows, memory };
  } finally {
    aggregator.end();
    await broker.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
