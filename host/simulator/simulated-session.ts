import { matchTopic, type TopicScope } from '../contract/topics.js';
import type { MessageHandler, MqttSession, MqttTraffic } from '../mqtt/session.js';

/** What the aggregator has said to nodes. */
export interface SimulatedReader {
  announce(announcement: Uint8Array): void;
  isReal(node: string): boolean;
  /** True if it was for a virtual node. */
  receive(node: string, receipt: Uint8Array): boolean;
}

/**
 * The aggregator's connection to virtual nodes, in this process and without a broker. With `broker`, a session of a real
 * one, everything but the receipts of virtual nodes goes there too, and what comes from there is passed on.
 */
export class SimulatedSession implements MqttSession {
  #handler: MessageHandler = () => undefined;

  constructor(
    private readonly scope: TopicScope,
    private readonly reader: SimulatedReader,
    private readonly broker?: MqttSession,
  ) {}

  get connected(): boolean {
    return this.broker?.connected ?? true;
  }

  get retains(): boolean {
    return this.broker?.retains ?? true;
  }

  get traffic(): MqttTraffic {
    return this.broker?.traffic ?? { sent: 0, received: 0 };
  }

  /** A message of a virtual node. */
  deliver(topic: string, payload: Uint8Array): void {
    void this.#handler(topic, payload, false);
  }

  async publish(topic: string, payload: Uint8Array, options?: { retain?: boolean }): Promise<void> {
    const receipt = matchTopic('receipt', this.scope, topic);
    if (receipt && this.reader.receive(receipt['node'], payload)) return;
    const tag = matchTopic('authorisation', this.scope, topic);
    if (tag && !this.reader.isReal(tag['node'])) return;
    if (matchTopic('announcement', this.scope, topic)) this.reader.announce(payload);
    await this.broker?.publish(topic, payload, options);
  }

  async subscribe(filter: string): Promise<void> {
    await this.broker?.subscribe(filter);
  }

  async unsubscribe(filter: string): Promise<void> {
    await this.broker?.unsubscribe(filter);
  }

  onMessage(handler: MessageHandler): void {
    this.#handler = handler;
    this.broker?.onMessage(handler);
  }

  onReconnect(handler: () => void): void {
    this.broker?.onReconnect(handler);
  }

  async close(): Promise<void> {
    await this.broker?.close();
  }

  abort(): void {
    this.broker?.abort();
  }
}
