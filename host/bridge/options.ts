/** What a bridge is given, and what its nodes share. */
import type { FaultRequest, HelloRequest } from '../contract/contract.gen.js';
import type { LinnetError } from '../contract/error.js';
import type { TopicScope } from '../contract/topics.js';
import { defaultPeerTiming, type SampleServer } from '../device/device.js';
import type { PeerTiming } from '../frame/peer.js';
import type { NodeCredentials } from '../mqtt/credentials.js';
import type { BrokerChange, MqttOptions } from '../mqtt/session.js';
import type { Courier } from './courier.js';
import type { ObjectCache } from './objects.js';
import type { OutboxLimits } from './outbox.js';
import type { UploadFolder } from './upload-folder.js';
import type { ProofTrust } from './proof-gate.js';

export interface BridgedNodeOptions {
  readonly port: string;
  /** Name for a device that has none. */
  readonly node?: string;
  /** Samples for a device that has none. */
  readonly samples?: SampleServer;
  readonly baudRate?: number;
}

export interface BridgeTiming {
  /** Pause before a broken link or a refused connection is tried again; doubled up to 32 times. */
  readonly reopenMs: number;
  /** A device is asked for a sign of life this often. */
  readonly pingMs: number;
  /** An upload without a receipt is published again after this. */
  readonly republishMs: number;
  /** An announcement may wait this long for its proof before that is said aloud. */
  readonly proofMs: number;
  /** Something that does not come by itself is asked for after this; pauses double up to 30 times. */
  readonly wantMs: number;
  /** The status of a node is published after every definite receipt, and this long after the last time. */
  readonly statusMs: number;
  /** Of requests to the device. */
  readonly peer: PeerTiming;
}

export const defaultBridgeTiming: BridgeTiming = {
  reopenMs: 1000,
  pingMs: 5000,
  republishMs: 15_000,
  proofMs: 5000,
  wantMs: 2000,
  statusMs: 60_000,
  peer: defaultPeerTiming,
};

/** Pause before the next attempt after `failures` in a row, the first counted as 1. */
export function backoffMs(timing: BridgeTiming, failures: number): number {
  return timing.reopenMs * 2 ** Math.min(5, Math.max(0, failures - 1));
}

export interface NodeEvents {
  onLog(node: string, text: string): void;
  /** A line the device itself wrote; level is a LOG_LEVEL. */
  onDeviceLog(node: string, level: number, text: string): void;
  onFault(node: string, fault: FaultRequest): void;
  onHello(node: string, hello: HelloRequest): void;
  /** The broker does not take the node or what it publishes, or an upload cannot be kept; it is tried again. */
  onRefusal(node: string, error: LinnetError): void;
  /** The connection of the node to the broker was lost, or is there again. */
  onBroker(node: string, change: BrokerChange): void;
}

/** What a node shares with the others of its bridge. */
export interface BridgeContext {
  readonly scope: TopicScope;
  readonly mqtt: Omit<MqttOptions, 'clientId' | 'will'>;
  /** Each node's own, stronger than what stands in `mqtt`. */
  readonly credentials?: NodeCredentials | undefined;
  /** Only announcements with a proof pass; without, all do. */
  readonly proofs?: ProofTrust | undefined;
  readonly cache: ObjectCache;
  readonly timing: BridgeTiming;
  readonly events: NodeEvents;
  /** Names of the nodes that are connected: a second device of a name is refused. */
  readonly names: Set<string>;
  /** Uploads on disk; without, they do not outlive the bridge. */
  readonly uploads?: UploadFolder | undefined;
  readonly outboxLimits?: OutboxLimits | undefined;
  /** By node: they deliver what was kept for nodes that have not come back. */
  readonly couriers: Map<string, Courier>;
}
