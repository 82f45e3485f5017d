/**
 * Devices on one side, MQTT on the other; payloads pass unchanged. Each node has its own MQTT
 * connection, so that the broker can tell nodes apart and publish each one's last will.
 */
import { setMaxListeners } from 'node:events';
import type { HelloRequest } from '../contract/contract.gen.js';
import { checkName } from '../contract/topics.js';
import type { MqttOptions } from '../mqtt/session.js';
import { parseMqttUrl } from '../mqtt/url.js';
import {
  BridgedNode,
  defaultBridgeTiming,
  type BridgedNodeOptions,
  type BridgeTiming,
  type NodeEvents,
} from './bridged-node.js';
import { ObjectCache } from './objects.js';
import type { NodeStats } from './stats.js';

export interface BridgeOptions {
  readonly federation: string;
  readonly mqtt: Omit<MqttOptions, 'clientId' | 'will'>;
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

const ignoreEvents: NodeEvents = { onLog: () => undefined, onHello: () => undefined };

export class Bridge {
  private readonly stop = new AbortController();
  private readonly nodes: readonly BridgedNode[];
  private running: Promise<unknown> | undefined;

  constructor(options: BridgeOptions) {
    const scope = {
      base: parseMqttUrl(options.mqtt.url).base,
      federation: checkName(options.federation, 'federation'),
    };
    const context = {
      scope,
      mqtt: options.mqtt,
      cache: new ObjectCache(),
      timing: options.timing ?? defaultBridgeTiming,
      events: { ...ignoreEvents, ...options.events },
    };
    // Every node listens to it several times over.
    setMaxListeners(0, this.stop.signal);
    this.nodes = options.devices.map(
      (device) => new BridgedNode(device, context, this.stop.signal),
    );
  }

  /**
   * Serves the devices until close(). Rejects if a port cannot be opened the first time; later
   * failures are logged and tried again.
   */
  run(): Promise<void> {
    this.running = Promise.all(this.nodes.map((node) => node.run()));
    return this.running.then(() => undefined);
  }

  get report(): NodeReport[] {
    return this.nodes.map((node) => ({ ...node.identity, stats: node.stats }));
  }

  async close(): Promise<void> {
    this.stop.abort();
    await this.running?.catch(() => undefined);
  }
}
