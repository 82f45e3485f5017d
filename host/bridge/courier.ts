import { setTimeout as delay } from 'node:timers/promises';
import { receipt as receiptCode } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { topicOf } from '../contract/topics.js';
import { decodeWire } from '../contract/wire.js';
import { connectMqtt } from '../mqtt/connect.js';
import type { MqttSession } from '../mqtt/session.js';
import { backoffMs, type BridgeContext } from './options.js';
import { Outbox, uploadTopic } from './outbox.js';

/**
 * Delivers what the last run of the bridge kept of a node, until everything has its receipt or the device is
 * there to do it itself. It is no birth of the node, so it leaves no will either.
 */
export class Courier {
  private readonly stop = new AbortController();
  private readonly outbox: Outbox;
  private readonly life: Promise<void>;
  private session: MqttSession | undefined;

  constructor(
    private readonly node: string,
    private readonly context: BridgeContext,
  ) {
    const { scope, timing, uploads } = context;
    this.outbox = new Outbox(scope.federation, node, {
      publish: (key, bytes) => this.publish(uploadTopic(scope, key), bytes),
      republishMs: timing.republishMs,
      folder: uploads,
    });
    this.life = this.run().catch(() => undefined);
  }

  /** What is not delivered yet stays in the folder. */
  async close(): Promise<void> {
    this.stop.abort();
    await this.life;
  }

  private async run(): Promise<void> {
    const { signal } = this.stop;
    try {
      for (let failures = 1; !this.session; failures++) {
        try {
          this.session = await this.connect();
        } catch (error) {
          this.report(error as LinnetError, failures);
          await delay(backoffMs(this.context.timing, failures), undefined, { signal });
        }
      }
      this.outbox.resend();
      while (!this.outbox.isEmpty) await delay(this.context.timing.reopenMs, undefined, { signal });
    } finally {
      this.outbox.close();
      await this.session?.close();
    }
  }

  private async connect(): Promise<MqttSession> {
    const { scope, mqtt, credentials } = this.context;
    const session = await connectMqtt({
      ...mqtt,
      ...credentials?.of(this.node),
      clientId: `linnet-${scope.federation}-${this.node}-outbox`,
      // If the broker gives it the client id of the node, which lives on another bridge, they take turns.
      reconnectMs: this.context.timing.republishMs,
    });
    session.onMessage((_, payload) => this.takeReceipt(payload));
    session.onReconnect(() => this.outbox.resend());
    try {
      await session.subscribe(topicOf('receipt', scope, { node: this.node }));
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  }

  private takeReceipt(payload: Uint8Array): void {
    try {
      const { code, upload } = decodeWire('Receipt', payload);
      // LATER may be long, and no new version is heard of here that would end it: the upload comes as often as usual.
      if (code !== receiptCode.LATER) this.outbox.settle(upload);
    } catch (error) {
      this.context.events.onLog(this.node, `a receipt was dropped: ${(error as Error).message}`);
    }
  }

  private async publish(topic: string, bytes: Uint8Array): Promise<void> {
    if (!this.session) throw new LinnetError('ERR_MQTT', `${this.node} is not connected`);
    await this.session.publish(topic, bytes);
  }

  private report(error: LinnetError, failures: number): void {
    if (failures > 1) return;
    const { events } = this.context;
    if (error.code === 'ERR_MQTT') events.onLog(this.node, error.message);
    else events.onRefusal(this.node, error);
  }
}
