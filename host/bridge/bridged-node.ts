/** One device and its MQTT connection: the node as the federation sees it. */
import type { Envelope, FaultRequest, HelloRequest, Traffic } from '../contract/contract.gen.js';
import { receipt as receiptCode, task } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { equalBytes, toHex } from '../contract/hash.js';
import { checkName, matchTopic } from '../contract/topics.js';
import { decodeWire } from '../contract/wire.js';
import type { SampleServer } from '../device/device.js';
import type { CollectedUpload } from '../device/upload-collector.js';
import type { BrokerChange } from '../mqtt/session.js';
import { Announcer } from './announcer.js';
import { LinkKeeper, type LinkOwner } from './link-keeper.js';
import { NodeConnection, type ConnectionOwner } from './node-connection.js';
import type { BridgeContext, BridgedNodeOptions } from './options.js';
import { Outbox, uploadTopic } from './outbox.js';
import { ProofGate } from './proof-gate.js';
import type { NodeStats } from './stats.js';
import { StatusKeeper } from './status-keeper.js';

export type { BridgedNodeOptions, BridgeTiming, NodeEvents } from './options.js';

interface Identity {
  readonly node: string;
  readonly hello: HelloRequest | undefined;
  readonly kernelHash: Uint8Array | undefined;
}

const nameOfReceipt = new Map<number, string>(
  Object.entries(receiptCode).map(([name, value]) => [value, name]),
);

/**
 * The broker does not trust the node or we not the broker or what it brings; credentials are missing or wrong;
 * the bridge's disk is full.
 */
const refusals: readonly string[] = ['ERR_AUTH', 'ERR_USAGE', 'ERR_STORE'];

export class BridgedNode implements LinkOwner, ConnectionOwner {
  readonly samples?: SampleServer;
  readonly node?: string;
  private readonly keeper: LinkKeeper;
  /** Of the node's name: none before the first HELLO. */
  private outbox: Outbox | undefined;
  private readonly announcer: Announcer;
  private readonly gate: ProofGate | undefined;
  private connection: NodeConnection | undefined;
  private hello: HelloRequest | undefined;
  /** Of the last upload: a kernel may have been delivered since HELLO. */
  private kernelHash: Uint8Array | undefined;
  private lastSequence = 0;
  private status = new StatusKeeper();
  private statusAtMs = 0;
  /** MQTT bytes of connections that were replaced. */
  private pastMqtt = { sent: 0, received: 0 };
  private lastRefusal: string | undefined;
  /** Starts of the aggregator, as it said last. */
  private serverEpoch: number | undefined;
  private uplinkBytes = 0;
  private messageBytes = 0;
  private uploads = 0;
  private readonly receipts: Record<string, number> = {};

  constructor(
    private readonly options: BridgedNodeOptions,
    private readonly context: BridgeContext,
    private readonly signal: AbortSignal,
  ) {
    if (options.samples) this.samples = options.samples;
    if (options.node !== undefined) this.node = options.node;
    const { timing, cache, proofs } = context;
    this.keeper = new LinkKeeper(options, this, timing, signal);
    this.announcer = new Announcer(
      cache,
      () => this.keeper.device,
      () => this.connection?.fetcher,
    );
    this.gate = proofs && new ProofGate(proofs, timing.proofMs, (error) => this.onFailure(error));
  }

  /** Name of the node, empty before its first HELLO; and what its device said of itself. */
  get identity(): Identity {
    return {
      node: this.connection?.node ?? this.options.node ?? '',
      hello: this.hello,
      kernelHash: this.kernelHash ?? this.hello?.kernelHash,
    };
  }

  get stats(): NodeStats {
    const link = this.keeper.stats;
    return {
      uplinkBytes: this.uplinkBytes,
      downlinkBytes: this.messageBytes + link.objectBytes,
      uploads: this.uploads,
      receipts: { ...this.receipts },
      badFrames: link.badFrames,
      malformedMessages: link.malformedMessages,
      linkBytes: link.receivedBytes + link.sentBytes,
      reconnects: this.keeper.reconnects,
    };
  }

  /** Serves the device until the signal aborts; rejects as LinkKeeper.run does. */
  async run(): Promise<void> {
    try {
      await this.keeper.run();
    } finally {
      this.outbox?.close();
      this.announcer.close();
      this.gate?.close();
      await this.disconnect();
    }
  }

  findObject(hash: Uint8Array): Uint8Array | 'later' | undefined {
    return this.announcer.findObject(hash);
  }

  onHello(hello: HelloRequest): void {
    this.hello = hello;
    this.kernelHash = undefined;
    this.announcer.forgetAnswer();
    this.guard(this.welcome(hello));
  }

  /** Throws ERR_LATER if the upload cannot be kept: the device offers it again. */
  onUpload(upload: CollectedUpload): void {
    let envelope: Envelope;
    try {
      envelope = this.readUpload(upload);
    } catch (error) {
      this.log((error as Error).message);
      return;
    }
    this.keepUpload(upload, envelope);
    this.status.noteScores(envelope);
    this.guard(this.noteKernel(envelope));
  }

  onLog(level: number, text: string): void {
    this.status.noteLog(level, text, performance.now());
    this.context.events.onDeviceLog(this.identity.node || this.options.port, level, text);
  }

  onFault(fault: FaultRequest): void {
    this.status.noteFault(fault, this.hello?.bootEpoch ?? 0);
    this.context.events.onFault(this.identity.node || this.options.port, fault);
    this.guard(this.publishStatus());
  }

  onTick(): void {
    this.guard(this.announcer.forward());
    const isDue = performance.now() - this.statusAtMs >= this.context.timing.statusMs;
    this.guard(isDue ? this.publishStatus() : this.publishInstalled());
  }

  /** The connection stays, for the outbox and for the device that comes back. */
  async onLost(): Promise<void> {
    await this.connection?.publishDeath();
  }

  get isInformed(): boolean {
    return this.announcer.announcement !== undefined;
  }

  onReconnect(): void {
    if (this.keeper.device?.hello) this.guard(this.publishBirth());
  }

  onBroker(change: BrokerChange): void {
    this.context.events.onBroker(this.identity.node, change);
  }

  onFailure(error: Error): void {
    if (!this.reportRefusal(error)) this.log(error.message);
  }

  log(text: string): void {
    this.context.events.onLog(this.identity.node || this.options.port, text);
  }

  /** Never waits for the broker: the session delivers nothing meanwhile. */
  takeMessage(topic: string, payload: Uint8Array): void {
    const { scope } = this.context;
    const announced = matchTopic('announcement', scope, topic);
    const proven = matchTopic('proof', scope, topic);
    if (announced) this.guard(this.takeAnnounced('announcement', announced['model'], payload));
    else if (proven) this.guard(this.takeAnnounced('proof', proven['model'], payload));
    else if (matchTopic('serverState', scope, topic)) this.takeServerState(payload);
    else if (topic === this.connection?.topic('authorisation')) this.guard(this.takeTag(payload));
    else if (topic === this.connection?.topic('receipt')) this.guard(this.takeReceipt(payload));
  }

  /** An aggregator that started anew has lost the uploads it had acknowledged but not committed. */
  private takeServerState(payload: Uint8Array): void {
    try {
      const { epoch, online } = decodeWire('ServerState', payload);
      if (!online || epoch === this.serverEpoch) return;
      this.serverEpoch = epoch;
      this.outbox?.resend();
    } catch (error) {
      this.log(`a server state was dropped: ${(error as Error).message}`);
    }
  }

  /** Connects the node to MQTT and tells the device what is going on. */
  private async welcome(hello: HelloRequest): Promise<void> {
    const name = checkName(hello.node || (this.options.node ?? ''), 'node');
    const isConnected =
      this.connection?.node === name && this.connection.bootEpoch === hello.bootEpoch;
    const connection = isConnected ? this.connection! : this.connect(name, hello.bootEpoch);
    await connection.opened();
    this.lastRefusal = undefined;
    // The device may have left or come back while the broker was away.
    if (connection !== this.connection || this.keeper.device?.hello !== hello) return;
    this.context.events.onHello(name, hello);
    await this.publishBirth();
    this.guard(this.publishStatus());
    this.outbox?.resend();
    await this.announcer.forward();
  }

  /** Replaces the connection. Throws ERR_CONFIG if another device of the bridge has the name. */
  private connect(name: string, bootEpoch: number): NodeConnection {
    const before = this.connection;
    if (before?.node !== name) {
      this.claimName(name, before?.node);
      this.outbox?.close();
      this.outbox = this.openOutbox(name);
      if (before) this.status = new StatusKeeper(this.traffic);
      this.announcer.forgetTag();
    }
    this.lastSequence = Math.max(this.lastSequence + 1, Math.floor(Date.now() / 1000));
    const birth = { node: name, bootEpoch, sequence: this.lastSequence };
    // One at a time: a broker may give all connections of a node one client id.
    const courier = this.context.couriers.get(name);
    if (before) {
      const { sent, received } = before.traffic;
      this.pastMqtt = {
        sent: this.pastMqtt.sent + sent,
        received: this.pastMqtt.received + received,
      };
    }
    const left = Promise.all([before?.leave(), courier?.close()]).then(() => undefined);
    this.connection = new NodeConnection(birth, this.context, this, left);
    return this.connection;
  }

  private claimName(name: string, before: string | undefined): void {
    const { names } = this.context;
    if (names.has(name)) {
      throw new LinnetError('ERR_CONFIG', `another device is called "${name}" already`, {
        remedy: 'give each device a name of its own',
      });
    }
    if (before !== undefined) names.delete(before);
    names.add(name);
  }

  private async takeAnnounced(
    part: 'announcement' | 'proof',
    model: string,
    bytes: Uint8Array,
  ): Promise<void> {
    this.messageBytes += bytes.length;
    const announcement = this.gate ? this.gate.take(part, model, bytes) : bytes;
    if (!announcement || !this.announcer.take(announcement)) return;
    this.outbox?.hasten();
    await this.announcer.forward();
  }

  private async takeTag(bytes: Uint8Array): Promise<void> {
    this.messageBytes += bytes.length;
    if (this.announcer.takeTag(bytes)) await this.announcer.forward();
  }

  private async takeReceipt(bytes: Uint8Array): Promise<void> {
    this.messageBytes += bytes.length;
    const receipt = decodeWire('Receipt', bytes);
    const name = nameOfReceipt.get(receipt.code) ?? String(receipt.code);
    this.receipts[name] = (this.receipts[name] ?? 0) + 1;
    const isDefinite = receipt.code !== receiptCode.LATER;
    if (isDefinite) this.outbox?.settle(receipt.upload);
    else this.outbox?.postpone(receipt.upload, receipt.retryMs ?? 0);
    await this.keeper.device?.sendReceipt(bytes);
    if (!isDefinite) return;
    this.status.endRound(receipt.version, this.traffic);
    await this.publishStatus();
  }

  /** What the node has cost since the bridge started. */
  private get traffic(): Traffic {
    const link = this.keeper.stats;
    const mqtt = this.connection?.traffic ?? { sent: 0, received: 0 };
    return {
      payloadUp: this.uplinkBytes,
      payloadDown: this.messageBytes + link.objectBytes,
      linkUp: link.receivedBytes,
      linkDown: link.sentBytes,
      mqttUp: this.pastMqtt.sent + mqtt.sent,
      mqttDown: this.pastMqtt.received + mqtt.received,
    };
  }

  /** Asks the device how it is; one that does not answer now is as it was. */
  private async publishStatus(): Promise<void> {
    const { hello, connection } = this;
    if (!hello || !connection?.isOpen) return;
    this.statusAtMs = performance.now();
    await this.askStatus();
    const { badFrames } = this.keeper.stats;
    await connection.publishStatus(this.status.statusOf(hello, this.traffic, badFrames));
  }

  private async askStatus(): Promise<void> {
    const answer = await this.keeper.device?.status().catch(() => undefined);
    if (answer) this.status.noteStatus(answer);
  }

  /** No receipt will show that the device has installed a version it need not work for, such as the last one. */
  private async publishInstalled(): Promise<void> {
    const { announcement } = this.announcer;
    if (announcement?.plan.task !== task.NONE || this.status.version === announcement.version)
      return;
    await this.askStatus();
    if (this.status.version === announcement.version) await this.publishStatus();
  }

  private openOutbox(node: string): Outbox {
    const { scope, timing, uploads, outboxLimits } = this.context;
    return new Outbox(scope.federation, node, {
      publish: (key, bytes) => this.publish(uploadTopic(scope, key), bytes),
      republishMs: timing.republishMs,
      folder: uploads,
      limits: outboxLimits,
    });
  }

  /** Throws what is wrong with it: nothing that comes again would be better. */
  private readUpload({ version, bytes }: CollectedUpload): Envelope {
    const envelope = decodeWire('Envelope', bytes);
    const node = this.connection?.node;
    if (node === undefined || envelope.version !== version) {
      throw new LinnetError('ERR_MESSAGE', 'the upload is not what its offer said');
    }
    return envelope;
  }

  private keepUpload({ model, bytes }: CollectedUpload, { version, contribution }: Envelope): void {
    const { federation } = this.context.scope;
    const node = this.connection!.node;
    const place = { federation, node, model: toHex(model), version, contribution };
    try {
      this.outbox!.put(place, bytes);
      this.lastRefusal = undefined;
    } catch (error) {
      if (error instanceof LinnetError) this.refuse(error);
      throw error;
    }
  }

  private async publish(topic: string, bytes: Uint8Array): Promise<void> {
    if (!this.connection?.isOpen) throw new LinnetError('ERR_MQTT', 'the node is not connected');
    this.uploads++;
    this.uplinkBytes += bytes.length;
    await this.connection.publish(topic, bytes).catch((error: unknown) => {
      this.reportRefusal(error);
      throw error;
    });
  }

  /** Tells the federation when the device trains with another kernel than its birth said. */
  private async noteKernel({ epoch, version, kernel }: Envelope): Promise<void> {
    const { announcement } = this.announcer;
    const isIts = announcement?.epoch === epoch && announcement.version === version;
    const hash = isIts ? announcement.kernels[kernel]?.hash : undefined;
    if (!hash || !this.hello || equalBytes(hash, this.identity.kernelHash!)) return;
    this.kernelHash = hash;
    await this.publishBirth();
  }

  private async publishBirth(): Promise<void> {
    const { hello, kernelHash } = this.identity;
    await this.connection?.publishBirth(hello!, kernelHash!);
  }

  private async disconnect(): Promise<void> {
    const { connection } = this;
    if (!connection) return;
    await connection.leave();
    this.context.names.delete(connection.node);
  }

  /** Failures of one message concern one message. */
  private guard(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (this.signal.aborted || this.reportRefusal(error)) return;
      this.log((error as Error).message);
    });
  }

  /** What will not mend itself is said aloud, once; true if `error` is such. */
  private reportRefusal(error: unknown): boolean {
    const isRefusal = error instanceof LinnetError && refusals.includes(error.code);
    if (isRefusal) this.refuse(error);
    return isRefusal;
  }

  private refuse(error: LinnetError): void {
    if (error.message === this.lastRefusal) return;
    this.lastRefusal = error.message;
    this.context.events.onRefusal(this.identity.node || this.options.port, error);
  }
}
