import { constant } from '../../host/contract/contract.gen.js';
import type { Announcement, Birth, Death, Envelope } from '../../host/contract/contract.gen.js';
import { idOf, sha256, toHex } from '../../host/contract/hash.js';
import { matchTopic, topicOf } from '../../host/contract/topics.js';
import { decodeWire, encodeWire } from '../../host/contract/wire.js';
import { connectMqtt } from '../../host/mqtt/connect.js';
import type { MqttSession } from '../../host/mqtt/session.js';
import * as fixture from '../node/fixture.js';

export const scope = { base: 'linnet', federation: fixture.federation };

export interface ArrivedUpload {
  readonly topic: string;
  readonly node: string;
  readonly bytes: Uint8Array;
  readonly envelope: Envelope;
}

/** What the federation sees of one node: the last retained birth and death. */
export interface Presence {
  birth?: Birth | undefined;
  death?: Death | undefined;
}

/** The other side of the broker: publishes versions and answers uploads as the test says. */
export class ScriptedAggregator {
  readonly uploads: ArrivedUpload[] = [];
  readonly nodes = new Map<string, Presence>();
  /** What nodes asked for, as `hash/offset`, or `announcement`. */
  readonly wants: string[] = [];
  /** Births and deaths in the order of their arrival, as `birth n` and `death n`. */
  readonly history: string[] = [];

  private constructor(private readonly session: MqttSession) {}

  static async connect(url: string, clientId = 'aggregator'): Promise<ScriptedAggregator> {
    const session = await connectMqtt({ url, clientId, reconnectMs: 30 });
    const aggregator = new ScriptedAggregator(session);
    session.onMessage((topic, payload) => aggregator.take(topic, payload));
    for (const name of ['upload', 'birth', 'death', 'want'])
      await session.subscribe(topicOf(name, scope));
    return aggregator;
  }

  /** All objects of a version, retained, and then its announcement. */
  async publishVersion(version: number, rest: Partial<Announcement> = {}): Promise<Uint8Array> {
    for (const object of [fixture.kernelBytes, fixture.descriptor, fixture.snapshotOf(version)]) {
      await this.publishObject(object);
    }
    return this.announce(fixture.announcementOf(version, {}, rest));
  }

  async publishObject(object: Uint8Array, hash = sha256(object), retain = true): Promise<void> {
    const step = constant.OBJECT_SLICE_BYTES;
    for (let offset = 0; offset < object.length; offset += step) {
      const topic = topicOf('object', scope, { hash: toHex(hash), offset });
      await this.session.publish(topic, object.subarray(offset, offset + step), { retain });
    }
  }

  async announce(announcement: Announcement): Promise<Uint8Array> {
    const bytes = encodeWire('Announcement', announcement);
    await this.publishAnnouncement(bytes);
    return bytes;
  }

  publishAnnouncement(bytes: Uint8Array): Promise<void> {
    return this.publishOfModel('announcement', bytes);
  }

  publishProof(bytes: Uint8Array): Promise<void> {
    return this.publishOfModel('proof', bytes);
  }

  private async publishOfModel(name: string, bytes: Uint8Array): Promise<void> {
    const topic = topicOf(name, scope, { model: toHex(idOf(fixture.descriptorHash)) });
    await this.session.publish(topic, bytes, { retain: true });
  }

  async giveReceipt(upload: ArrivedUpload, code: number, retryMs?: number): Promise<Uint8Array> {
    const receipt = encodeWire('Receipt', {
      code,
      version: upload.envelope.version,
      contribution: upload.envelope.contribution,
      upload: idOf(sha256(upload.bytes)),
      current: upload.envelope.version,
      ...(retryMs !== undefined && { retryMs }),
    });
    await this.sendToNode(upload.node, receipt);
    return receipt;
  }

  sendToNode(node: string, payload: Uint8Array): Promise<void> {
    return this.session.publish(topicOf('receipt', scope, { node }), payload);
  }

  uploadsOf(node: string): ArrivedUpload[] {
    return this.uploads.filter((upload) => upload.node === node);
  }

  /** Whether the retained messages say that the node is there. */
  isAlive(node: string): boolean {
    const { birth, death } = this.nodes.get(node) ?? {};
    return birth !== undefined && (death === undefined || death.sequence < birth.sequence);
  }

  close(): Promise<void> {
    return this.session.close();
  }

  private take(topic: string, payload: Uint8Array): void {
    const upload = matchTopic('upload', scope, topic);
    if (upload) {
      const envelope = decodeWire('Envelope', payload);
      this.uploads.push({ topic, node: upload['node'], bytes: payload, envelope });
      return;
    }
    if (matchTopic('want', scope, topic)) {
      const { hash, offset = 0 } = decodeWire('Want', payload);
      this.wants.push(hash ? `${toHex(hash)}/${offset}` : 'announcement');
      return;
    }
    const node = (matchTopic('birth', scope, topic) ?? matchTopic('death', scope, topic)!)['node'];
    const presence = this.nodes.get(node) ?? {};
    this.nodes.set(node, presence);
    if (matchTopic('birth', scope, topic)) {
      presence.birth = decodeWire('Birth', payload);
      this.history.push(`birth ${node}`);
    } else if (payload.length === 0) {
      presence.death = undefined;
    } else {
      presence.death = decodeWire('Death', payload);
      this.history.push(`death ${node}`);
    }
  }
}
