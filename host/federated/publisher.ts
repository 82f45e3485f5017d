import { constant } from '../contract/contract.gen.js';
import type { Receipt } from '../contract/contract.gen.js';
import { idOf, toHex } from '../contract/hash.js';
import { topicOf, type TopicScope } from '../contract/topics.js';
import { encodeWire } from '../contract/wire.js';
import type { MqttSession } from '../mqtt/session.js';
import { noFaults, type FaultPoint } from './fault-point.js';

/** An object cut into the slices that are published, `offset` being the last part of the topic. */
function offsetsOf(bytes: number): number[] {
  const slices = Math.ceil(bytes / constant.OBJECT_SLICE_BYTES);
  return Array.from({ length: slices }, (_, i) => i * constant.OBJECT_SLICE_BYTES);
}

/** What the aggregator says on MQTT. Each method resolves when the broker has it. */
export class Publisher {
  /** Objects known to be on the broker, by hex hash. */
  readonly #published = new Set<string>();

  constructor(
    private readonly session: MqttSession,
    private readonly scope: TopicScope,
    /** SHA-256 of the descriptor. */
    private readonly model: Uint8Array,
    private readonly faultPoint: FaultPoint = noFaults,
  ) {}

  async publishState(state: Uint8Array): Promise<void> {
    await this.session.publish(topicOf('serverState', this.scope), state, { retain: true });
  }

  /** The broker may have lost its retained messages: publishObject() works from the start again. */
  forgetObjects(): void {
    this.#published.clear();
  }

  /** Publishes an object unless it is there already. */
  async publishObject(hash: Uint8Array, bytes: Uint8Array): Promise<void> {
    if (this.#published.has(toHex(hash))) return;
    for (const offset of offsetsOf(bytes.length)) {
      if (offset > 0) this.faultPoint('between-slices');
      const slice = bytes.subarray(offset, offset + constant.OBJECT_SLICE_BYTES);
      await this.session.publish(this.#objectTopic(hash, offset), slice, { retain: true });
    }
    this.#published.add(toHex(hash));
  }

  /** Publishes the slice at an offset, if there is one, whether it is there already or not. */
  async publishSlice(hash: Uint8Array, bytes: Uint8Array, offset: number): Promise<void> {
    if (!offsetsOf(bytes.length).includes(offset)) return;
    const slice = bytes.subarray(offset, offset + constant.OBJECT_SLICE_BYTES);
    await this.session.publish(this.#objectTopic(hash, offset), slice, { retain: true });
  }

  /** Takes an object of so many bytes off the broker. */
  async clearObject(hash: Uint8Array, bytes: number): Promise<void> {
    this.#published.delete(toHex(hash));
    for (const offset of offsetsOf(bytes)) {
      await this.session.publish(this.#objectTopic(hash, offset), new Uint8Array(), {
        retain: true,
      });
    }
  }

  async publishAnnouncement(announcement: Uint8Array): Promise<void> {
    const topic = topicOf('announcement', this.scope, { model: toHex(idOf(this.model)) });
    await this.session.publish(topic, announcement, { retain: true });
  }

  async sendReceipt(node: string, receipt: Receipt): Promise<void> {
    const topic = topicOf('receipt', this.scope, { node });
    await this.session.publish(topic, encodeWire('Receipt', receipt));
  }

  #objectTopic(hash: Uint8Array, offset: number): string {
    return topicOf('object', this.scope, { hash: toHex(hash), offset });
  }
}
