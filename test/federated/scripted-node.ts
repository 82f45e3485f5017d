import { receipt as receiptCode, task } from '../../host/contract/contract.gen.js';
import type { Announcement, Envelope, Receipt } from '../../host/contract/contract.gen.js';
import { equalBytes, idOf, sha256, toHex } from '../../host/contract/hash.js';
import { topicOf, type TopicScope } from '../../host/contract/topics.js';
import { decodeWire } from '../../host/contract/wire.js';
import { connectMqtt } from '../../host/mqtt/connect.js';
import type { MqttSession } from '../../host/mqtt/session.js';
import { simulateEnvelope } from './fixture.js';

export const scope: TopicScope = { base: 'linnet', federation: 'test' };

export interface ScriptedNodeOptions {
  readonly url: string;
  readonly protocolVersion: 4 | 5;
  readonly name: string;
  readonly parameters: number;
  /** Uploads by itself what a version asks for, until it has a definite receipt; default true. */
  readonly isDiligent?: boolean;
}

/** A node and its bridge as the aggregator sees them, with simulated deltas. */
export class ScriptedNode {
  readonly receipts: Receipt[] = [];
  readonly announcements: Announcement[] = [];
  readonly #options: ScriptedNodeOptions;
  readonly #session: MqttSession;
  readonly #resend: NodeJS.Timeout;
  #pending: Uint8Array | undefined;
  #epoch = 0;

  private constructor(options: ScriptedNodeOptions, session: MqttSession) {
    this.#options = options;
    this.#session = session;
    this.#resend = setInterval(() => this.#send(), 1000);
  }

  static async start(options: ScriptedNodeOptions): Promise<ScriptedNode> {
    const { url, protocolVersion, name } = options;
    const session = await connectMqtt({
      url,
      protocolVersion,
      clientId: `node-${name}`,
      reconnectMs: 50,
    });
    const node = new ScriptedNode(options, session);
    session.onMessage((topic, payload) => node.#receive(topic, payload));
    await session.subscribe(topicOf('receipt', scope, { node: name }));
    await session.subscribe(topicOf('announcement', scope));
    await session.subscribe(topicOf('serverState', scope));
    return node;
  }

  get name(): string {
    return this.#options.name;
  }

  get announcement(): Announcement | undefined {
    return this.announcements.at(-1);
  }

  /** RECEIPT codes of a version, in order. */
  codes(version?: number): number[] {
    const wanted = this.receipts.filter(
      (entry) => version === undefined || entry.version === version,
    );
    return wanted.map(({ code }) => code);
  }

  /** Uploads the expected envelope for the newest announcement, spoilt by `changes`. */
  async upload(changes: Partial<Envelope> = {}): Promise<Uint8Array> {
    const { name, parameters } = this.#options;
    const envelope = simulateEnvelope(this.announcement!, name, parameters, changes);
    await this.publish(envelope, changes.version ?? this.announcement!.version);
    return envelope;
  }

  /** Publishes any bytes on the upload topic of this node. */
  async publish(bytes: Uint8Array, version: number | string): Promise<void> {
    const model = toHex(idOf(this.announcement!.descriptorHash));
    const values = { model, version, shard: 0, node: this.name };
    await this.#session.publish(topicOf('upload', scope, values), bytes);
  }

  async publishTo(topic: string, bytes: Uint8Array): Promise<void> {
    await this.#session.publish(topic, bytes);
  }

  #receive(topic: string, payload: Uint8Array): void {
    if (topic.endsWith('/rcpt')) this.#takeReceipt(decodeWire('Receipt', payload));
    else if (topic.endsWith('/ann')) this.#takeAnnouncement(decodeWire('Announcement', payload));
    else {
      const state = decodeWire('ServerState', payload);
      // Whatever the last aggregator had in its queue is gone with it.
      if (state.online && state.epoch !== this.#epoch) this.#send();
      this.#epoch = state.epoch;
    }
  }

  #takeReceipt(receipt: Receipt): void {
    this.receipts.push(receipt);
    if (!this.#pending || !equalBytes(receipt.upload, idOf(sha256(this.#pending)))) return;
    if (receipt.code !== receiptCode.LATER) this.#pending = undefined;
    else setTimeout(() => this.#send(), receipt.retryMs).unref();
  }

  #takeAnnouncement(announcement: Announcement): void {
    if (this.announcement?.version === announcement.version) return;
    this.announcements.push(announcement);
    const { isDiligent = true, parameters } = this.#options;
    if (!isDiligent) return;
    const works = announcement.plan.task !== task.NONE;
    this.#pending = works ? simulateEnvelope(announcement, this.name, parameters) : undefined;
    this.#send();
  }

  #send(): void {
    if (!this.#pending) return;
    const { version } = this.announcement!;
    this.publish(this.#pending, version).catch(() => undefined);
  }

  async close(): Promise<void> {
    clearInterval(this.#resend);
    await this.#session.close();
  }
}
