import { constant, macKind } from '../contract/contract.gen.js';
import type { Receipt } from '../contract/contract.gen.js';
import { announcementTag, seal } from '../contract/authentic.js';
import { equalBytes, idOf, noMac, sha256, toHex } from '../contract/hash.js';
import { topicOf, type TopicScope } from '../contract/topics.js';
import { encodeWire } from '../contract/wire.js';
import type { MqttSession } from '../mqtt/session.js';
import type { NodeKeys } from './node-keys.js';
import { noFaults, type FaultPoint } from './fault-point.js';

/** An object cut into the slices that are published, `offset` being the last part of the topic. */
function offsetsOf(bytes: number): number[] {
  const slices = Math.ceil(bytes / constant.OBJECT_SLICE_BYTES);
  return Array.from({ length: slices }, (_, i) => i * constant.OBJECT_SLICE_BYTES);
}

/** Tags on their way to the broker together. */
const TAGS_AT_ONCE = 100;

/** What the aggregator says on MQTT. Each method resolves when the broker has it. */
export class Publisher {
  /** Objects known to be on the broker, by hex hash. */
  readonly #published = new Set<string>();
  /** Nodes whose tag of this announcement is on the broker. */
  #tagged = { announcement: noMac, nodes: new Set<string>() };

  constructor(
    private readonly session: MqttSession,
    private readonly scope: TopicScope,
    /** SHA-256 of the descriptor. */
    private readonly model: Uint8Array,
    private readonly faultPoint: FaultPoint = noFaults,
    private readonly keys?: NodeKeys,
  ) {}

  async publishState(state: Uint8Array): Promise<void> {
    await this.session.publish(topicOf('serverState', this.scope), state, { retain: true });
  }

  /** The broker may have lost its retained messages: objects and tags are published again. */
  forgetObjects(): void {
    this.#published.clear();
    this.#tagged = { announcement: noMac, nodes: new Set() };
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
    await this.#publishOfModel('announcement', announcement);
  }

  async publishProof(proof: Uint8Array): Promise<void> {
    await this.#publishOfModel('proof', proof);
  }

  async #publishOfModel(name: string, payload: Uint8Array): Promise<void> {
    const topic = topicOf(name, this.scope, { model: toHex(idOf(this.model)) });
    await this.session.publish(topic, payload, { retain: true });
  }

  /** The tags of an announcement for the nodes that have a key and none of it yet. */
  async publishTags(announcement: Uint8Array): Promise<void> {
    const { keys } = this;
    if (!keys) return;
    const id = idOf(sha256(announcement));
    if (!equalBytes(id, this.#tagged.announcement)) {
      this.#tagged = { announcement: id, nodes: new Set() };
    }
    const untold = keys.nodes().filter((node) => !this.#tagged.nodes.has(node));
    for (let i = 0; i < untold.length; i += TAGS_AT_ONCE) {
      const some = untold.slice(i, i + TAGS_AT_ONCE);
      await Promise.all(some.map((node) => this.publishTag(node, announcement)));
    }
  }

  /** That of one node, if it has a key; whether it is there already or not. */
  async publishTag(node: string, announcement: Uint8Array): Promise<void> {
    const key = this.keys?.find(node);
    if (!key) return;
    const tag = {
      announcement: idOf(sha256(announcement)),
      mac: announcementTag(key, announcement),
    };
    const topic = topicOf('authorisation', this.scope, { node });
    await this.session.publish(topic, encodeWire('Authorisation', tag), { retain: true });
    this.#tagged.nodes.add(node);
  }

  async sendReceipt(node: string, receipt: Receipt): Promise<void> {
    const topic = topicOf('receipt', this.scope, { node });
    await this.session.publish(topic, this.#packReceipt(node, receipt));
  }

  #packReceipt(node: string, receipt: Receipt): Uint8Array {
    const key = this.keys?.find(node);
    if (!key) return encodeWire('Receipt', receipt);
    const bytes = encodeWire('Receipt', { ...receipt, mac: noMac });
    return seal(key, macKind.RECEIPT, this.model, bytes);
  }

  #objectTopic(hash: Uint8Array, offset: number): string {
    return topicOf('object', this.scope, { hash: toHex(hash), offset });
  }
}
