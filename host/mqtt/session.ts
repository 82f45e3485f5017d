/** What a bridge or an aggregator needs of MQTT: QoS 1, at-least-once, reconnecting by itself. */
import type { LinnetError } from '../contract/error.js';

export interface MqttWill {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
}

/** `back`: a connection has lasted some seconds. */
export type BrokerChange = 'lost' | 'back';

export interface MqttOptions {
  /** `mqtt[s]://user:password@host:port/base`; see parseMqttUrl(). */
  readonly url: string;
  /** Unique on the broker: a second client of the same name throws the first one out. */
  readonly clientId: string;
  /** 4 is MQTT 3.1.1, the default. */
  readonly protocolVersion?: 4 | 5;
  /** Published by the broker when the connection breaks without close(). */
  readonly will?: MqttWill;
  /** Stronger than the user and password of the URL. */
  readonly username?: string;
  readonly password?: string;
  /** Paths of PEM files, as with mosquitto_pub. */
  readonly cafile?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Accepts any certificate of the broker. */
  readonly insecure?: boolean;
  /** false: the broker takes no retained messages; they are published without the flag. Default true. */
  readonly retains?: boolean;
  /** false: the broker keeps subscriptions and messages while the client is away; default true. */
  readonly clean?: boolean;
  /** Pause before each attempt to reconnect; default 1000. */
  readonly reconnectMs?: number;
  /**
   * Called when a broker that had taken us does not take us back, once for each reason: our certificate
   * was revoked, its own has expired; or when it ends one connection after the other, as it does if another
   * client has our name. The session tries again all the same.
   */
  readonly onRefusal?: (error: LinnetError) => void;
  /** Called once when the broker that had taken us is lost, and once when it is back. */
  readonly onBroker?: (change: BrokerChange) => void;
  /** Patience with a broker that does not answer the first time; default 10000. */
  readonly connectTimeoutMs?: number;
}

/**
 * Receives a message; `retained` is true for what was published before the subscription. The
 * acknowledgement goes out when the promise settles, and nothing else comes in until then: a
 * handler must not await a publish, a subscribe or an unsubscribe of the same session.
 */
export type MessageHandler = (
  topic: string,
  payload: Uint8Array,
  retained: boolean,
) => Promise<void> | undefined | void;

/** Bytes of MQTT packets, headers included, without what TLS and TCP add. */
export interface MqttTraffic {
  readonly sent: number;
  readonly received: number;
}

export interface MqttSession {
  readonly connected: boolean;
  /** Whether the broker keeps what is published with `retain`. */
  readonly retains: boolean;
  /** Of all its connections so far. */
  readonly traffic: MqttTraffic;
  /**
   * Resolves when the broker has acknowledged. While the connection is down the message waits and
   * goes out first after it is back. The payload must not change until then. Rejects with ERR_MQTT if the session closes before that.
   */
  publish(topic: string, payload: Uint8Array, options?: { retain?: boolean }): Promise<void>;
  /** Resolves when the broker has granted it, throws ERR_AUTH if it refuses; renewed on reconnect. */
  subscribe(filter: string): Promise<void>;
  unsubscribe(filter: string): Promise<void>;
  onMessage(handler: MessageHandler): void;
  /** After every connection but the first; what was lost meanwhile is the caller's to repeat. */
  onReconnect(handler: () => void): void;
  /** Waits a moment for open acknowledgements, then takes leave: the will is not published. */
  close(): Promise<void>;
  /** Breaks the connection as a crash would: the broker publishes the will. */
  abort(): void;
}
