/** One device and its MQTT connection: the node as the federation sees it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Announcement, HelloRequest } from '../contract/contract.gen.js';
import { receipt as receiptCode } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { equalBytes, idOf, sha256, toHex } from '../contract/hash.js';
import { checkName, matchTopic, topicOf, type TopicScope } from '../contract/topics.js';
import { decodeWire, encodeWire } from '../contract/wire.js';
import { Device, type DeviceHost, type DeviceStats, type SampleServer } from '../device/device.js';
import type { CollectedUpload } from '../device/upload-collector.js';
import { openLink } from '../link/open.js';
import type { MqttOptions, MqttSession } from '../mqtt/session.js';
import { connectMqtt } from '../mqtt/connect.js';
import { ObjectFetcher, objectsOf, type ObjectCache } from './objects.js';
import type { NodeStats } from './stats.js';

export interface BridgedNodeOptions {
  readonly port: string;
  /** Name for a device that has none. */
  readonly node?: string;
  /** Samples for a device that has none. */
  readonly samples?: SampleServer;
  readonly baudRate?: number;
}

export interface BridgeTiming {
  /** Pause before a broken link is opened again. */
  readonly reopenMs: number;
  /** A device is asked for a sign of life this often. */
  readonly pingMs: number;
  /** An upload without a receipt is published again after this. */
  readonly republishMs: number;
}

export const defaultBridgeTiming: BridgeTiming = {
  reopenMs: 1000,
  pingMs: 5000,
  republishMs: 15_000,
};

export interface NodeEvents {
  onLog(node: string, text: string): void;
  onHello(node: string, hello: HelloRequest): void;
}

/** What a node shares with the others of its bridge. */
export interface BridgeContext {
  readonly scope: TopicScope;
  readonly mqtt: Omit<MqttOptions, 'clientId' | 'will'>;
  readonly cache: ObjectCache;
  readonly timing: BridgeTiming;
  readonly events: NodeEvents;
}

interface Identity {
  readonly node: string;
  readonly hello: HelloRequest | undefined;
  readonly kernelHash: Uint8Array | undefined;
}

interface PendingUpload {
  readonly topic: string;
  readonly bytes: Uint8Array;
  readonly id: Uint8Array;
  publishedAt: number;
}

interface Announced {
  readonly bytes: Uint8Array;
  readonly announcement: Announcement;
}

/** A device that ends this often before its first HELLO will not get better. */
const livesWithoutHello = 3;

const emptyDeviceStats: DeviceStats = {
  badFrames: 0,
  malformedMessages: 0,
  objectBytes: 0,
  receivedBytes: 0,
  sentBytes: 0,
};

function addStats(a: DeviceStats, b: DeviceStats): DeviceStats {
  return {
    badFrames: a.badFrames + b.badFrames,
    malformedMessages: a.malformedMessages + b.malformedMessages,
    objectBytes: a.objectBytes + b.objectBytes,
    receivedBytes: a.receivedBytes + b.receivedBytes,
    sentBytes: a.sentBytes + b.sentBytes,
  };
}

const nameOfReceipt = new Map<number, string>(
  Object.entries(receiptCode).map(([name, value]) => [value, name]),
);

export class BridgedNode implements DeviceHost {
  readonly samples?: SampleServer;
  readonly node?: string;
  private name = '';
  private device: Device | undefined;
  private session: MqttSession | undefined;
  private fetcher: ObjectFetcher | undefined;
  private announced: Announced | undefined;
  private pending: PendingUpload | undefined;
  /** Of this connection: Unix seconds, so that a later connection has a larger one. */
  private sequence = 0;
  private hello: HelloRequest | undefined;
  /** Of the last upload: a kernel may have been delivered since HELLO. */
  private kernelHash: Uint8Array | undefined;
  /** Of the device's process. */
  private lastWords = 'none';
  private past = emptyDeviceStats;
  private uplinkBytes = 0;
  private messageBytes = 0;
  private uploads = 0;
  private reconnects = 0;
  private readonly receipts: Record<string, number> = {};

  constructor(
    private readonly options: BridgedNodeOptions,
    private readonly context: BridgeContext,
    private readonly signal: AbortSignal,
  ) {
    if (options.samples) this.samples = options.samples;
    if (options.node !== undefined) this.node = options.node;
  }

  /** Name of the node, empty before its first HELLO; and what its device said of itself. */
  get identity(): Identity {
    return {
      node: this.name || (this.options.node ?? ''),
      hello: this.hello,
      kernelHash: this.kernelHash ?? this.hello?.kernelHash,
    };
  }

  get stats(): NodeStats {
    const device = addStats(this.past, this.device?.stats ?? emptyDeviceStats);
    return {
      uplinkBytes: this.uplinkBytes,
      downlinkBytes: this.messageBytes + device.objectBytes,
      uploads: this.uploads,
      receipts: { ...this.receipts },
      badFrames: device.badFrames,
      malformedMessages: device.malformedMessages,
      linkBytes: device.receivedBytes + device.sentBytes,
      reconnects: this.reconnects,
    };
  }

  /**
   * Keeps the link open until the signal aborts; a broken one is opened again. Rejects if the link
   * cannot be opened at all, or broke several times before the device said its first HELLO.
   */
  async run(): Promise<void> {
    for (let lives = 1; !this.signal.aborted; lives++) {
      try {
        await this.runLink();
      } catch (error) {
        if (lives === 1 && !this.signal.aborted) throw error;
        this.log(`${this.options.port}: ${(error as Error).message}`);
      }
      if (this.signal.aborted) break;
      if (!this.hello && lives >= livesWithoutHello) {
        throw new LinnetError(
          'ERR_LINK',
          `${this.options.port} ended before it introduced itself`,
          {
            remedy: `see its last words: ${this.lastWords}`,
          },
        );
      }
      this.reconnects++;
      await delay(this.context.timing.reopenMs, undefined, { signal: this.signal }).catch(
        () => undefined,
      );
    }
    await this.session?.close();
  }

  findObject(hash: Uint8Array): Uint8Array | 'later' | undefined {
    const object = this.context.cache.find(hash);
    if (object) return object;
    const name =
      this.announced &&
      objectsOf(this.announced.announcement).find((entry) => equalBytes(entry.hash, hash));
    if (!name || !this.fetcher) return undefined;
    this.fetch(name).catch(() => undefined);
    return 'later';
  }

  onHello(hello: HelloRequest): void {
    this.hello = hello;
    this.kernelHash = undefined;
    this.guard(this.welcome(hello));
  }

  onUpload(upload: CollectedUpload): void {
    this.guard(this.publishUpload(upload));
  }

  onLog(level: number, text: string): void {
    this.log(`[${level}] ${text}`);
  }

  /** One life of the link, from opening to closing. */
  private async runLink(): Promise<void> {
    const { port, baudRate } = this.options;
    const link = await openLink(port, {
      ...(baudRate !== undefined && { baudRate }),
      onLog: (line) => {
        this.lastWords = line;
        this.log(line);
      },
    });
    const closed = new Promise<string>((resolve) => link.onClose(resolve));
    const device = new Device(link, this);
    this.device = device;
    const stop = (): void => void device.close();
    this.signal.addEventListener('abort', stop, { once: true });
    try {
      const reason = await Promise.race([closed, this.watch(device)]);
      if (!this.signal.aborted) this.log(`lost ${link.description}: ${reason}`);
    } finally {
      this.signal.removeEventListener('abort', stop);
      this.past = addStats(this.past, device.stats);
      this.device = undefined;
      await device.close();
      if (!this.signal.aborted) await this.publishDeath();
    }
  }

  /** Pings the device and repeats uploads; resolves when the device stays silent. */
  private async watch(device: Device): Promise<string> {
    const { pingMs } = this.context.timing;
    while (this.device === device && !this.signal.aborted) {
      await delay(pingMs, undefined, { signal: this.signal }).catch(() => undefined);
      if (this.device !== device || this.signal.aborted) break;
      this.republish();
      if (!device.hello) continue;
      try {
        await device.ping();
      } catch (error) {
        if (error instanceof LinnetError && error.code === 'ERR_TIMEOUT') return error.message;
      }
    }
    return 'stopped';
  }

  /** Connects the node to MQTT on its first HELLO and tells the device what is going on. */
  private async welcome(hello: HelloRequest): Promise<void> {
    if (!this.session) {
      this.name = checkName(hello.node || (this.options.node ?? ''), 'node');
      await this.connect(hello);
    }
    this.context.events.onHello(this.name, hello);
    await this.publishBirth(hello);
    await this.forwardAnnouncement();
  }

  private async connect(hello: HelloRequest): Promise<void> {
    const { scope, mqtt } = this.context;
    this.sequence = Math.floor(Date.now() / 1000);
    const death = { bootEpoch: hello.bootEpoch, sequence: this.sequence };
    const session = await connectMqtt({
      ...mqtt,
      clientId: `linnet-${scope.federation}-${this.name}`,
      will: { topic: this.topic('death'), payload: encodeWire('Death', death), retain: true },
    });
    this.session = session;
    this.fetcher = new ObjectFetcher(session, scope);
    session.onMessage((topic, payload) => this.takeMessage(topic, payload));
    session.onReconnect(() => {
      if (this.hello) this.guard(this.publishBirth(this.hello));
      this.republish(true);
    });
    await session.subscribe(this.topic('receipt'));
    await session.subscribe(topicOf('announcement', scope));
  }

  /** Never awaits a publish: the session delivers nothing meanwhile. */
  private takeMessage(topic: string, payload: Uint8Array): void {
    if (this.fetcher?.takeMessage(topic, payload)) return;
    if (matchTopic('announcement', this.context.scope, topic)) this.takeAnnouncement(payload);
    else if (topic === this.topic('receipt')) this.guard(this.takeReceipt(payload));
  }

  private takeAnnouncement(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.messageBytes += bytes.length;
    try {
      this.announced = { bytes, announcement: decodeWire('Announcement', bytes) };
    } catch (error) {
      this.log(`an announcement was dropped: ${(error as Error).message}`);
      return;
    }
    this.guard(this.forwardAnnouncement());
  }

  /** Fetches what the device will ask for, then announces; a newer announcement overtakes this one. */
  private async forwardAnnouncement(): Promise<void> {
    const announced = this.announced;
    const device = this.device;
    if (!announced || !device?.hello) return;
    const { announcement } = announced;
    const hasKernel = announcement.kernels.some((kernel) =>
      equalBytes(kernel.hash, device.hello!.kernelHash),
    );
    const names = objectsOf(announcement).slice(0, hasKernel ? 2 : 3);
    await Promise.all(names.map((name) => this.fetch(name)));
    if (this.announced !== announced || this.device !== device) return;
    await device.announce(announced.bytes);
  }

  private fetch(name: { hash: Uint8Array; bytes: number }): Promise<Uint8Array> {
    return this.context.cache.obtain(name, () => this.fetcher!.fetch(name, this.signal));
  }

  private async takeReceipt(bytes: Uint8Array): Promise<void> {
    this.messageBytes += bytes.length;
    const receipt = decodeWire('Receipt', bytes);
    const name = nameOfReceipt.get(receipt.code) ?? String(receipt.code);
    this.receipts[name] = (this.receipts[name] ?? 0) + 1;
    const settles = receipt.code !== receiptCode.LATER;
    if (settles && this.pending && equalBytes(this.pending.id, receipt.upload))
      this.pending = undefined;
    await this.device?.sendReceipt(bytes);
  }

  private async publishUpload(upload: CollectedUpload): Promise<void> {
    const envelope = decodeWire('Envelope', upload.bytes);
    if (envelope.node !== this.name) {
      throw new LinnetError('ERR_MESSAGE', `an upload of ${envelope.node} came from ${this.name}`);
    }
    const topic = topicOf('upload', this.context.scope, {
      model: toHex(envelope.model),
      version: envelope.version,
      shard: 0,
      node: this.name,
    });
    this.pending = { topic, bytes: upload.bytes, id: idOf(sha256(upload.bytes)), publishedAt: 0 };
    this.republish(true);
    await this.noteKernel(envelope.kernel);
  }

  /** Tells the federation when the device trains with another kernel than its birth said. */
  private async noteKernel(id: Uint8Array): Promise<void> {
    const kernels = this.announced?.announcement.kernels ?? [];
    const hash = kernels.find((kernel) => equalBytes(idOf(kernel.hash), id))?.hash;
    if (!hash || !this.hello || equalBytes(hash, this.identity.kernelHash!)) return;
    this.kernelHash = hash;
    await this.publishBirth(this.hello);
  }

  /** Publishes the pending upload if its receipt is overdue. */
  private republish(now = false): void {
    const upload = this.pending;
    if (!upload || !this.session) return;
    if (!now && Date.now() - upload.publishedAt < this.context.timing.republishMs) return;
    upload.publishedAt = Date.now();
    this.uploads++;
    this.uplinkBytes += upload.bytes.length;
    this.guard(this.session.publish(upload.topic, upload.bytes));
  }

  private async publishBirth(hello: HelloRequest): Promise<void> {
    const birth = {
      bootEpoch: hello.bootEpoch,
      sequence: this.sequence,
      runtime: hello.runtime,
      engine: hello.engine,
      kernelHash: this.kernelHash ?? hello.kernelHash,
      numerics: hello.numerics,
      resetReason: hello.resetReason,
      kernelMemoryBytes: hello.kernelMemoryBytes,
    };
    await this.session?.publish(this.topic('birth'), encodeWire('Birth', birth), { retain: true });
  }

  private async publishDeath(): Promise<void> {
    if (!this.session || !this.hello) return;
    const death = { bootEpoch: this.hello.bootEpoch, sequence: this.sequence };
    const published = this.session.publish(this.topic('death'), encodeWire('Death', death), {
      retain: true,
    });
    await Promise.race([published.catch(() => undefined), delay(1000)]);
  }

  private topic(name: string): string {
    return topicOf(name, this.context.scope, { node: this.name });
  }

  private log(text: string): void {
    this.context.events.onLog(this.identity.node || this.options.port, text);
  }

  /** Failures of one message concern one message. */
  private guard(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!this.signal.aborted) this.log((error as Error).message);
    });
  }
}
