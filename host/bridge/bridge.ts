/**
 * Devices on one side, MQTT on the other; payloads pass unchanged. Each node has its own MQTT
 * connection, so that the broker can tell nodes apart and publish each one's last will.
 */
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { KeyObject } from '../proof/keys.js';
import type { HelloRequest } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { checkName } from '../contract/topics.js';
import { checkBroker } from '../mqtt/check-broker.js';
import type { NodeCredentials } from '../mqtt/credentials.js';
import type { MqttOptions } from '../mqtt/session.js';
import { parseMqttUrl } from '../mqtt/url.js';
import { connectMqtt } from '../mqtt/connect.js';
import { BridgedNode } from './bridged-node.js';
import { Courier } from './courier.js';
import type { BridgeFaultPoint } from './fault-point.js';
import { ObjectCache } from './objects.js';
import {
  defaultBridgeTiming,
  type BridgeContext,
  type BridgedNodeOptions,
  type BridgeTiming,
  type NodeEvents,
} from './options.js';
import type { OutboxLimits } from './outbox.js';
import { Seen } from './seen.js';
import type { NodeStats } from './stats.js';
import { UploadFolder } from './upload-folder.js';

export interface BridgeOptions {
  readonly federation: string;
  readonly mqtt: Omit<MqttOptions, 'clientId' | 'will'>;
  /** Each node's own certificate; without, all connect with what `mqtt` says. */
  readonly credentials?: NodeCredentials | undefined;
  /** Public root key of the fleet: only announcements with a proof pass; without, all do. */
  readonly root?: KeyObject | undefined;
  readonly devices: readonly BridgedNodeOptions[];
  readonly timing?: BridgeTiming;
  /**
   * Folder of this bridge alone: uploads wait there for their receipts, and it says what is the newest version that was
   * seen; without, neither outlives the bridge.
   */
  readonly state?: string | undefined;
  readonly outboxLimits?: OutboxLimits;
  /** Tests stop the process here. */
  readonly faultPoint?: BridgeFaultPoint;
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
  onDeviceLog: () => undefined,
  onFault: () => undefined,
  onHello: () => undefined,
  onRefusal: () => undefined,
  onBroker: () => undefined,
};

export class Bridge {
  private readonly stop = new AbortController();
  private readonly context: BridgeContext;
  private readonly nodes: readonly BridgedNode[];
  private lives: readonly Promise<void>[] = [];

  /** Throws ERR_CONFIG if what the bridge remembers is damaged. */
  constructor(private readonly options: BridgeOptions) {
    const { root, federation, state, faultPoint } = options;
    const events = { ...ignoreEvents, ...options.events };
    const onDamage = (text: string): void => events.onLog('outbox', text);
    this.context = {
      scope: {
        base: parseMqttUrl(options.mqtt.url).base,
        federation: checkName(federation, 'federation'),
      },
      mqtt: options.mqtt,
      credentials: options.credentials,
      proofs: root && { root, federation, seen: new Seen(federation, state) },
      cache: new ObjectCache(),
      timing: options.timing ?? defaultBridgeTiming,
      events,
      names: new Set(),
      uploads: state === undefined ? undefined : UploadFolder.open(state, onDamage, faultPoint),
      outboxLimits: options.outboxLimits,
      couriers: new Map(),
    };
    // Every node listens to it several times over.
    setMaxListeners(0, this.stop.signal);
    this.nodes = options.devices.map(
      (device) => new BridgedNode(device, this.context, this.stop.signal),
    );
  }

  /**
   * Serves the devices until close(). Rejects if a port, or the broker without a state folder, cannot be had
   * the first time, or a device never introduces itself; later failures are logged and tried again.
   */
  async run(): Promise<void> {
    await this.tryBroker();
    this.startCouriers();
    this.lives = this.nodes.map((node) => node.run());
    await Promise.all(this.lives);
  }

  get report(): NodeReport[] {
    return this.nodes.map((node) => ({ ...node.identity, stats: node.stats }));
  }

  async close(): Promise<void> {
    this.stop.abort();
    const couriers = [...this.context.couriers.values()];
    await Promise.allSettled([...this.lives, ...couriers.map((courier) => courier.close())]);
  }

  /** For the nodes of which the last run kept something. */
  private startCouriers(): void {
    const { uploads, scope, couriers } = this.context;
    const kept = uploads?.list(scope.federation) ?? [];
    for (const node of new Set(kept.map(({ key }) => key.node)))
      couriers.set(node, new Courier(node, this.context));
  }

  /**
   * A wrong address or password is to be known before the first device says HELLO. A bridge that can keep
   * uploads has work to do while the broker is away.
   */
  private async tryBroker(): Promise<void> {
    const { mqtt, credentials } = this.options;
    try {
      if (credentials) return await checkBroker(mqtt, credentials.any());
      const clientId = `linnet-bridge-${randomUUID()}`;
      const session = await connectMqtt({ ...mqtt, clientId });
      await session.close();
    } catch (error) {
      const isAway = error instanceof LinnetError && error.code === 'ERR_MQTT';
      if (!isAway || !this.context.uploads) throw error;
      this.context.events.onLog('outbox', `uploads are kept meanwhile: ${error.message}`);
    }
  }
}
