/**
 * The nodes of a measurement in a process of their own: in every round each publishes one upload as fast as the broker
 * takes them, again after LATER, until it has its receipt. Speaks lines with its parent: an order in JSON in, and in
 * every round `ready` out, anything in to begin, a report in JSON out.
 */
import { createInterface } from 'node:readline';
import { receipt, type Announcement } from '../../host/contract/contract.gen.js';
import { idOf, toHex } from '../../host/contract/hash.js';
import { matchTopic, topicOf } from '../../host/contract/topics.js';
import { decodeWire } from '../../host/contract/wire.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { connectMqtt } from '../../host/mqtt/connect.js';
import type { MqttSession } from '../../host/mqtt/session.js';
import { nodeName } from './models.js';
import { makeEnvelopes } from './uploads.js';

export interface PublisherOrder {
  readonly url: string;
  readonly base: string;
  readonly federation: string;
  /** Hex. */
  readonly descriptor: string;
  readonly nodes: number;
  readonly rounds: number;
  /** Nodes that wait for their receipts at a time. */
  readonly atATime: number;
}

export interface PublisherReport {
  /** Mean length of an envelope. */
  readonly uploadBytes: number;
  /** Receipts that said LATER. */
  readonly later: number;
  /** Receipts that said neither that nor ACCEPTED or DUPLICATE. */
  readonly refused: number;
}

/** Without a receipt an upload is published again, as a node would. */
const REPEAT_MS = 30_000;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function nextLine(): Promise<string> {
  const line = await lines.next();
  if (line.done) process.exit(0);
  return line.value;
}

/** Announcements as they come, the first one retained on the broker. */
class Announcements {
  #newest: Announcement | undefined;
  #notify: () => void = () => undefined;

  take(bytes: Uint8Array): void {
    this.#newest = decodeWire('Announcement', bytes);
    this.#notify();
  }

  async await(version: number): Promise<Announcement> {
    while (this.#newest?.version !== version) {
      await new Promise<void>((resolve) => (this.#notify = resolve));
    }
    return this.#newest;
  }
}

/** Nodes that publish and wait for their receipts, so many of them at a time. */
class Crowd {
  /** Takes the receipt of a node that waits. */
  readonly #waiting = new Map<number, (code: number, retryMs: number) => void>();
  #later = 0;
  #refused = 0;

  constructor(
    private readonly session: MqttSession,
    private readonly topicOfNode: (index: number) => string,
    private readonly envelopes: readonly Uint8Array[],
  ) {}

  async run(atATime: number): Promise<PublisherReport> {
    let next = 0;
    await Promise.all(
      Array.from({ length: atATime }, async () => {
        while (next < this.envelopes.length) await this.#upload(next++);
      }),
    );
    const bytes = this.envelopes.reduce((sum, { length }) => sum + length, 0);
    return {
      uploadBytes: Math.round(bytes / this.envelopes.length),
      later: this.#later,
      refused: this.#refused,
    };
  }

  async #upload(index: number): Promise<void> {
    for (;;) {
      const answer = this.#awaitReceipt(index);
      await this.session.publish(this.topicOfNode(index), this.envelopes[index]);
      const { code, retryMs } = await answer;
      if (code === receipt.LATER) {
        this.#later++;
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      } else {
        if (code !== receipt.ACCEPTED && code !== receipt.DUPLICATE) this.#refused++;
        return;
      }
    }
  }

  #awaitReceipt(index: number): Promise<{ code: number; retryMs: number }> {
    return new Promise((resolve) => {
      const settle = (code: number, retryMs: number): void => {
        clearTimeout(timer);
        this.#waiting.delete(index);
        resolve({ code, retryMs });
      };
      const timer = setTimeout(() => settle(receipt.LATER, 0), REPEAT_MS);
      this.#waiting.set(index, settle);
    });
  }

  takeReceipt(index: number, bytes: Uint8Array): void {
    const { code, retryMs = 0 } = decodeWire('Receipt', bytes);
    this.#waiting.get(index)?.(code, retryMs);
  }
}

const order = JSON.parse(await nextLine()) as PublisherOrder;
const descriptor = Uint8Array.from(Buffer.from(order.descriptor, 'hex'));
const model = toHex(idOf(parseDescriptor(descriptor).hash));
const announcementTopic = topicOf('announcement', order, { model });
const announcements = new Announcements();
let crowd: Crowd | undefined;
const session = await connectMqtt({ url: order.url, clientId: 'publisher' });
session.onMessage((topic, bytes) => {
  if (topic === announcementTopic) return announcements.take(bytes);
  const node = matchTopic('receipt', order, topic)?.['node'];
  if (node !== undefined) crowd?.takeReceipt(Number(node.slice(nodeName(0).length - 1)), bytes);
});
await session.subscribe(topicOf('receipt', order));
await session.subscribe(announcementTopic);
for (let version = 0; version < order.rounds; version++) {
  const announcement = await announcements.await(version);
  crowd = new Crowd(
    session,
    (index) => topicOf('upload', order, { model, version, shard: 0, node: nodeName(index) }),
    makeEnvelopes(announcement, descriptor, order.nodes),
  );
  process.stdout.write('ready\n');
  await nextLine();
  process.stdout.write(`${JSON.stringify(await crowd.run(order.atATime))}\n`);
}
await session.close();
process.exit(0);
