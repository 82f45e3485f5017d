import { setTimeout as delay } from 'node:timers/promises';
import type { HelloRequest, NodeStatus } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { topicOf } from '../contract/topics.js';
import { encodeWire } from '../contract/wire.js';
import { connectMqtt } from '../mqtt/connect.js';
import type { BrokerChange, MqttSession, MqttTraffic } from '../mqtt/session.js';
import { ObjectFetcher, wantPauses } from './objects.js';
import { backoffMs, type BridgeContext } from './options.js';

/** How long a death may take to reach the broker before the connection closes. */
const farewellMs = 1000;

/** What birth, death and last will of a connection have in common. */
export interface BirthMark {
  readonly node: string;
  readonly bootEpoch: number;
  /** Larger than that of every connection of this node before. */
  readonly sequence: number;
}

export interface ConnectionOwner {
  takeMessage(topic: string, payload: Uint8Array): void;
  /** Whether the node knows what is announced. */
  readonly isInformed: boolean;
  /** The broker is there again; what it forgot meanwhile is to be repeated. */
  onReconnect(): void;
  /** Said once; the session mends itself. */
  onBroker(change: BrokerChange): void;
  /** An attempt to connect failed; the next one follows. */
  onFailure(error: Error): void;
}

/**
 * The MQTT connection of one node since one start of its device: birth, death and last will agree on
 * (bootEpoch, sequence), so a will that comes late ends no later birth.
 */
export class NodeConnection {
  private readonly stop = new AbortController();
  private readonly opening: Promise<void>;
  private session: MqttSession | undefined;
  fetcher: ObjectFetcher | undefined;

  /** `before` is the end of the connection this one replaces: the two have one client id. */
  constructor(
    private readonly birth: BirthMark,
    private readonly context: BridgeContext,
    private readonly owner: ConnectionOwner,
    before: Promise<void> = Promise.resolve(),
  ) {
    this.opening = before.then(() => this.open());
    this.opening.catch(() => undefined);
  }

  get node(): string {
    return this.birth.node;
  }

  get bootEpoch(): number {
    return this.birth.bootEpoch;
  }

  /** Whether the broker has ever taken the node; it may be away now. */
  get isOpen(): boolean {
    return this.session !== undefined;
  }

  /** Of its session so far. */
  get traffic(): MqttTraffic {
    return this.session?.traffic ?? { sent: 0, received: 0 };
  }

  /** Resolves when the broker knows the node; rejects when the connection is closed before. */
  opened(): Promise<void> {
    return this.opening;
  }

  /** Rejects with ERR_MQTT while there is no connection, and when it closes before the broker answered. */
  async publish(topic: string, payload: Uint8Array, retain = false): Promise<void> {
    if (!this.session) throw new LinnetError('ERR_MQTT', `${this.node} is not connected`);
    await this.session.publish(topic, payload, { retain });
  }

  /** The birth, and no death beside it: a later subscriber must not find both. */
  async publishBirth(hello: HelloRequest, kernelHash: Uint8Array): Promise<void> {
    const birth = encodeWire('Birth', {
      bootEpoch: this.birth.bootEpoch,
      sequence: this.birth.sequence,
      runtime: hello.runtime,
      engine: hello.engine,
      kernelHash,
      numerics: hello.numerics,
      resetReason: hello.resetReason,
      kernelMemoryBytes: hello.kernelMemoryBytes,
    });
    await this.publish(this.topic('birth'), birth, true);
    await this.publish(this.topic('death'), new Uint8Array(), true);
  }

  async publishStatus(status: NodeStatus): Promise<void> {
    await this.publish(this.topic('status'), encodeWire('NodeStatus', status), true);
  }

  /** Does not wait for a broker that is away: it has published the will. */
  async publishDeath(): Promise<void> {
    const published = this.publish(this.topic('death'), this.death(), true);
    await Promise.race([
      published.catch(() => undefined),
      delay(farewellMs, undefined, { ref: false }),
    ]);
  }

  /** Publishes the death and closes. */
  async leave(): Promise<void> {
    await this.publishDeath();
    const reason = new LinnetError('ERR_MQTT', `the connection of ${this.node} was closed`);
    this.stop.abort(reason);
    this.fetcher?.close(reason);
    await this.session?.close();
  }

  /** Asks for a slice of an object, or for what is announced. Nobody waits for it: it is asked for again. */
  private want(hash?: Uint8Array, offset = 0): void {
    const want = { ...(hash && { hash }), ...(offset > 0 && { offset }) };
    this.publish(this.topic('want'), encodeWire('Want', want)).catch(() => undefined);
  }

  /** Until there is an announcement; where none is retained, the one there is may be old. */
  private async wantAnnouncement(isRetained: boolean): Promise<void> {
    if (!isRetained) this.want();
    for (const pauseMs of wantPauses(true, this.context.timing.wantMs)) {
      await delay(pauseMs, undefined, { signal: this.stop.signal });
      if (this.owner.isInformed) return;
      this.want();
    }
  }

  topic(name: string): string {
    return topicOf(name, this.context.scope, { node: this.node });
  }

  private death(): Uint8Array {
    const { bootEpoch, sequence } = this.birth;
    return encodeWire('Death', { bootEpoch, sequence });
  }

  /** Tries until the broker takes the node; from then on the session mends itself. */
  private async open(): Promise<void> {
    const { signal } = this.stop;
    for (let failures = 1; ; failures++) {
      signal.throwIfAborted();
      try {
        return await this.attempt();
      } catch (error) {
        signal.throwIfAborted();
        this.owner.onFailure(error as Error);
      }
      await delay(backoffMs(this.context.timing, failures), undefined, { signal });
    }
  }

  private async attempt(): Promise<void> {
    const { scope, mqtt, credentials, timing } = this.context;
    const { wantMs } = timing;
    const session = await connectMqtt({
      ...mqtt,
      ...credentials?.of(this.node),
      clientId: `linnet-${scope.federation}-${this.node}`,
      will: { topic: this.topic('death'), payload: this.death(), retain: true },
      onRefusal: (error) => this.owner.onFailure(error),
      onBroker: (change) => this.owner.onBroker(change),
    });
    try {
      this.stop.signal.throwIfAborted();
      this.session = session;
      this.fetcher = new ObjectFetcher(session, scope, (...slice) => this.want(...slice), wantMs);
      session.onMessage((topic, payload) => {
        if (!this.fetcher?.takeMessage(topic, payload)) this.owner.takeMessage(topic, payload);
      });
      session.onReconnect(() => {
        if (!session.retains) this.want();
        this.owner.onReconnect();
      });
      await session.subscribe(this.topic('receipt'));
      if (this.context.proofs) await session.subscribe(topicOf('proof', scope));
      // Before the announcement, which waits for its tag if there is one.
      await session.subscribe(this.topic('authorisation'));
      await session.subscribe(topicOf('announcement', scope));
      await session.subscribe(topicOf('serverState', scope));
      void this.wantAnnouncement(session.retains).catch(() => undefined);
    } catch (error) {
      this.session = undefined;
      this.fetcher = undefined;
      await session.close();
      throw error;
    }
  }
}
