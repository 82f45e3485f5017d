import type { Socket } from 'node:net';
import type { MqttClient } from 'mqtt';
import { LinnetError } from '../contract/error.js';
import { brokerError } from './broker-error.js';
import type { MessageHandler, MqttOptions, MqttSession, MqttTraffic } from './session.js';

/** Patience of close() with a broker that owes acknowledgements. */
const CLOSE_TIMEOUT_MS = 2000;

/** For a topic that the broker's access list does not allow. */
const TOPIC_REMEDY =
  'use the credentials of this node or of the aggregator, and the base and federation they are for';

/** Lowest reason code that refuses a subscription, in SUBACK of both versions. */
const FIRST_REFUSAL = 128;

/** A connection that ends sooner was not meant to last; after so many one after the other somebody has to know. */
const BRIEF_MS = 3000;
const MANY_BRIEF = 4;

function sessionClosed(): LinnetError {
  return new LinnetError('ERR_MQTT', 'the MQTT session was closed', { remedy: 'open another one' });
}

function takenOver(clientId: string | undefined): LinnetError {
  const cause = `the broker ends every connection of ${clientId ?? 'this client'} at once`;
  return new LinnetError('ERR_AUTH', cause, {
    remedy:
      'give every node a name of its own and run one aggregator; the log of the broker says more',
  });
}

const noTraffic: MqttTraffic = { sent: 0, received: 0 };

/** A socket counts what goes through it; one of TLS what stands in it. */
function trafficOf(stream: unknown): MqttTraffic {
  const { bytesWritten = 0, bytesRead = 0 } = (stream ?? {}) as Partial<Socket>;
  return { sent: bytesWritten, received: bytesRead };
}

function add(a: MqttTraffic, b: MqttTraffic): MqttTraffic {
  return { sent: a.sent + b.sent, received: a.received + b.received };
}

interface Message {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retained: boolean;
}

function warn(error: unknown): void {
  // A message that broke a handler once would break it again: acknowledge, and say so.
  process.emitWarning(error instanceof Error ? error : new Error(String(error)));
}

/** A promise if the handler gives one; it does not reject. */
function handle(handler: MessageHandler, message: Message): Promise<void> | undefined {
  const { topic, payload, retained } = message;
  try {
    return handler(topic, payload, retained)?.catch(warn);
  } catch (error) {
    warn(error);
    return undefined;
  }
}

/** MqttSession on a client of mqtt.js. */
export class ClientSession implements MqttSession {
  readonly #client: MqttClient;
  readonly #messageHandlers: MessageHandler[] = [];
  readonly #reconnectHandlers: (() => void)[] = [];
  /** Calls that wait for the broker: mqtt.js would leave some of them waiting for ever on end(). */
  readonly #waiting = new Set<(error: LinnetError) => void>();
  /** Came in before there was a handler, as retained messages and those of a kept session do. */
  readonly #early: Message[] = [];
  /** As long as they are being handled. */
  #earlyHandled: Promise<void> | undefined;
  #isGathering = false;
  #connections = 0;
  /** Of connections that have ended. */
  #past: MqttTraffic = noTraffic;
  #stream: unknown;
  #lastRefusal: string | undefined;
  /** When the broker took us last, and how many connections before were brief ones. */
  #connectedMs = -Infinity;
  #briefConnections = 0;
  /** No connection has lasted since the broker was lost. */
  #isLost = false;
  #untilBack: NodeJS.Timeout | undefined;
  #ended = false;

  readonly retains: boolean;

  constructor(
    client: MqttClient,
    {
      onRefusal = () => undefined,
      onBroker = () => undefined,
      retains = true,
    }: Pick<MqttOptions, 'onRefusal' | 'onBroker' | 'retains'> = {},
  ) {
    this.#client = client;
    this.retains = retains;
    client.handleMessage = (packet, done) => {
      const { topic, payload, retain } = packet as {
        topic: string;
        payload: Buffer;
        retain: boolean;
      };
      this.#gatherWrites();
      // Copied: the parser's buffer holds whole network reads and would stay alive with a slice.
      const message = { topic, payload: new Uint8Array(payload), retained: retain };
      const handled = this.#receive(message);
      if (handled) void handled.then(() => done());
      else done();
    };
    client.on('close', () => {
      this.#countStream(undefined);
      if (this.#isNewLoss()) onBroker('lost');
      if (this.#endsInBrief()) onRefusal(takenOver(client.options.clientId));
    });
    client.on('packetsend', () => this.#countStream(client.stream));
    // A broken connection is not an event for anybody: mqtt.js tries again until end().
    client.on('error', (error) => {
      const refusal = brokerError('reconnecting', error);
      const isNews = refusal.message !== this.#lastRefusal;
      if (this.#connections === 0 || refusal.code !== 'ERR_AUTH' || !isNews) return;
      this.#lastRefusal = refusal.message;
      onRefusal(refusal);
    });
    client.on('connect', () => {
      this.#connections++;
      this.#connectedMs = performance.now();
      this.#lastRefusal = undefined;
      if (this.#isLost) this.#untilBack = this.#afterBrief(() => onBroker('back'));
      if (this.#connections > 1) this.#reconnectHandlers.forEach((handler) => handler());
    });
  }

  get connected(): boolean {
    return this.#client.connected;
  }

  get traffic(): MqttTraffic {
    return add(this.#past, trafficOf(this.#stream));
  }

  /** mqtt.js takes a new stream for every connection; the first thing it does there is to send. */
  #countStream(stream: unknown): void {
    if (stream === this.#stream) return;
    this.#past = add(this.#past, trafficOf(this.#stream));
    this.#stream = stream;
  }

  /** Whether the connection that has ended is the last of many brief ones; true once until one lasts. */
  #endsInBrief(): boolean {
    const lastedMs = performance.now() - this.#connectedMs;
    this.#connectedMs = -Infinity;
    // An attempt that the broker did not take.
    if (lastedMs === Infinity || this.#ended) return false;
    this.#briefConnections = lastedMs < BRIEF_MS ? this.#briefConnections + 1 : 0;
    return this.#briefConnections === MANY_BRIEF;
  }

  #isNewLoss(): boolean {
    clearTimeout(this.#untilBack);
    if (this.#isLost || this.#connections === 0 || this.#ended) return false;
    this.#isLost = true;
    return true;
  }

  /** A broker that throws us out at once is not back. */
  #afterBrief(tell: () => void): NodeJS.Timeout {
    const settle = (): void => {
      this.#isLost = false;
      tell();
    };
    return setTimeout(settle, BRIEF_MS).unref();
  }

  /** Until the next turn all that is written waits, acknowledgements above all, and goes out in one system call. */
  #gatherWrites(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    const { stream } = this.#client;
    stream.cork();
    setImmediate(() => {
      this.#isGathering = false;
      stream.uncork();
    });
  }

  /** A promise if there is something to wait for. */
  #receive(message: Message): Promise<void> | undefined {
    if (this.#messageHandlers.length === 0) this.#early.push(message);
    else if (this.#earlyHandled) return this.#earlyHandled.then(() => this.#dispatch(message));
    else return this.#dispatch(message);
    return undefined;
  }

  #dispatch(message: Message): Promise<void> | undefined {
    const pending = this.#messageHandlers
      .map((handler) => handle(handler, message))
      .filter((promise) => promise !== undefined);
    return pending.length === 0 ? undefined : Promise.all(pending).then(() => undefined);
  }

  async #handleEarly(): Promise<void> {
    for (const message of this.#early.splice(0)) await this.#dispatch(message);
    this.#earlyHandled = undefined;
  }

  /**
   * Calls mqtt.js until the broker has answered. mqtt.js gives up what is on its way when the
   * connection breaks (a subscription, or a publication while older ones are sent again); giving
   * it once more makes it wait for the next connection.
   */
  #untilAnswered<T>(
    what: string,
    start: (done: (error?: Error | null, value?: T) => void) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const attempt = (): void => {
        if (this.#ended) return reject(sessionClosed());
        this.#waiting.add(reject);
        start((error, value) => {
          if (error?.message === 'Connection closed' && !this.#ended) return attempt();
          this.#waiting.delete(reject);
          if (error) reject(brokerError(what, error, TOPIC_REMEDY));
          else resolve(value as T);
        });
      };
      attempt();
    });
  }

  async publish(topic: string, payload: Uint8Array, options?: { retain?: boolean }): Promise<void> {
    await this.#untilAnswered(`publish ${topic}`, (done) =>
      this.#client.publish(
        topic,
        Buffer.from(payload.buffer, payload.byteOffset, payload.length),
        { qos: 1, retain: this.retains && (options?.retain ?? false) },
        done,
      ),
    );
  }

  async subscribe(filter: string): Promise<void> {
    const granted = await this.#untilAnswered<{ qos: number }[]>(`subscribe ${filter}`, (done) =>
      this.#client.subscribe(filter, { qos: 1 }, (error, grants) => {
        const refused = grants?.some(({ qos }) => qos >= FIRST_REFUSAL) ?? false;
        done(refused ? undefined : error, grants);
      }),
    );
    if (granted.some(({ qos }) => qos >= FIRST_REFUSAL)) {
      const cause = `the broker refused the subscription to ${filter}`;
      throw new LinnetError('ERR_AUTH', cause, { remedy: TOPIC_REMEDY });
    }
  }

  async unsubscribe(filter: string): Promise<void> {
    await this.#untilAnswered(`unsubscribe ${filter}`, (done) =>
      this.#client.unsubscribe(filter, done),
    );
  }

  onMessage(handler: MessageHandler): void {
    this.#messageHandlers.push(handler);
    if (this.#messageHandlers.length === 1) {
      this.#earlyHandled = Promise.resolve().then(() => this.#handleEarly());
    }
  }

  onReconnect(handler: () => void): void {
    this.#reconnectHandlers.push(handler);
  }

  #rejectWaiting(): void {
    for (const reject of this.#waiting) reject(sessionClosed());
    this.#waiting.clear();
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const client = this.#client;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => client.stream.destroy(), CLOSE_TIMEOUT_MS);
      const finish = (): void => {
        clearTimeout(timer);
        resolve();
      };
      // A connection that breaks meanwhile will not bring the acknowledgements any more.
      client.once('close', finish);
      client.end(!client.connected, finish);
    });
    this.#rejectWaiting();
  }

  abort(): void {
    this.#ended = true;
    this.#client.end(true);
    this.#rejectWaiting();
  }
}
