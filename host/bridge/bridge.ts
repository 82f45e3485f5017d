/**
 * Devices on one side, MQTT on the other; payloads pass unchanged. Each node has its own MQTT
 * connection, so that the broker can tell nodes apart and publish each one's last will.
 */
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { KeyObject } from '../proof/keys.js';
import type { HelloRequest } from '../contract/contract.gen.js';
import { checkName } from '../contract/topics.js';
import { checkBroker } from '../mqtt/check-broker.js';
import type { NodeCredentials } from '../mqtt/credentials.js';
import type { MqttOptions } from '../mqtt/session.js';
import { parseMqttUrl } from '../mqtt/url.js';
import { connectMqtt } from '../mqtt/connect.js';
import { BridgedNode } from './bridged-node.js';
import { ObjectCache } from './objects.js';
import {
  defaultBridgeTiming,
  type BridgedNodeOptions,
  type BridgeTiming,
  type NodeEvents,
} from './options.js';
import { Seen } from './seen.js';
import type { NodeStats } from './stats.js';

export interface BridgeOptions {
  readonly federation: string;
  readonly mqtt: Omit<MqttOptions, 'clientId' | 'will'>;
  /** Each node's own certificate; without, all connect with what `mqtt` says. */
  readonly credentials?: NodeCredentials | undefined;
  /** Public root key of the fleet: only announcements with a proof pass; without, all do. */
  readonly root?: KeyObject | undefined;
  /** Folder of this bridge alone where it remembers the newest version it has seen; without, while it runs. */
  readonly state?: string | undefined;
  readonly devices: readonly BridgedNodeOptions[];
  readonly timing?: BridgeTiming;
  readonly events?: Partial<NodeEvents>;
}

export interface NodeReport {
  readonly node: string;
  /** What the device said last of itself, undefined before its first HELLO. */
  readonly hello: HelloRequest | undefined;
  /** Kernel of its last upload, or of its HELLO. */
  readonly kernelHash: Uint8Array | undefined;
  readonly stats: NodeStats;
}

const ignoreEvents: NodeEvents = {
  onLog: () => undefined,
  onHello: () => undefined,
  onRefusal: () => undefined,
};

export class Bridge {
  private readonly stop = new AbortController();
  private readonly nodes: readonly BridgedNode[];
  private lives: readonly Promise<void>[] = [];

  /** Throws ERR_CONFIG if what the bridge remembers is damaged. */
  constructor(private readonly options: BridgeOptions) {
    const { root, federation, state } = options;
    const scope = {
      base: parseMqttUrl(options.mqtt.url).base,
      federation: checkName(options.federation, 'federation'),
    };
    const context = {
      scope,
      mqtt: options.mqtt,
      credentials: options.credentials,
      proofs: root && { root, federation, seen: new Seen(federation, state) },
      cache: new ObjectCache(),
      timing: options.timing ?? defaultBridgeTiming,
      events: { ...ignoreEvents, ...options.events },
      names: new Set<string>(),
    };
    // Every node listens to it several times over.
    setMaxListeners(0, this.stop.signal);
    this.nodes = options.devices.map(
      (device) => new BridgedNode(device, context, this.stop.signal),
    );
  }

  /**
   * Serves the devices until close(). Rejects if the broker or a port cannot be had the first time,
   * or a device never introduces itself; later failures are logged and tried again.
   */
  async run(): Promise<void> {
    await this.tryBroker();
    this.lives = this.nodes.map((node) => node.run());
    await Promise.all(this.lives);
  }

  get report(): NodeReport[] {
    return this.nodes.map((node) => ({ ...node.identity, stats: node.stats }));
  }

  async close(): Promise<void> {
    this.stop.abort();
    await Promise.allSettled(this.lives);
  }

  /** A wrong address or password is to be known before the first device says HELLO. */
  private async tryBroker(): Promise<void> {
    const { mqtt, credentials } = this.options;
    if (credentials) return checkBroker(mqtt, credentials.any());
    const clientId = `linnet-bridge-${randomUUID()}`;
    const session = await connectMqtt({ ...mqtt, clientId });
    await session.close();
  }
}
