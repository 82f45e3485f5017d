import type { Announcement, StatusName } from '../contract/contract.gen.js';
import type { AnsweredName, RequestBodies, ResponseBodies } from '../contract/pack.js';
import type { PendingLocal, StoredLocal } from './node-local.js';
import type { SampleSource } from './node-samples.js';
import type { NodeTiming } from './node-timing.js';

/** An object with the hash it was verified against. */
export interface StoredObject {
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
}

export interface StoredKernel extends StoredObject {
  readonly numerics: number;
}

/** An envelope, and what it answers. */
export interface StoredUpload {
  readonly node: string;
  readonly announcement: Announcement;
  readonly envelope: Uint8Array;
}

/** What a device keeps in flash. It survives a reset. */
export interface NodeObjects {
  /** The proved kernel that ran last. */
  kernel?: StoredKernel;
  /** The one before it. */
  formerKernel?: StoredKernel;
  /** A kernel that is not proved yet. */
  candidate?: StoredObject;
  /** Hashes of the last kernels that failed their trial. */
  failedKernels?: readonly Uint8Array[];
  descriptor?: StoredObject;
  snapshot?: StoredObject;
  /** Version that was installed last. */
  installedVersion?: number;
  /** The name the host gave a node that had none. */
  name?: string;
  /** The last upload of a node with samples of its own. */
  upload?: StoredUpload;
  /** The newest announcement that a node with a key has followed. */
  followed?: Pick<Announcement, 'epoch' | 'version'>;
  /** Of the last upload that was accepted. */
  local?: StoredLocal;
  /** Of an upload without a receipt. */
  pendingLocal?: PendingLocal;
}

/** What a round needs of the node that runs it. */
export interface NodeHost {
  /** Name of the node; empty until the host gave one to a node without. */
  readonly node: string;
  /** Largest message both ends take, bytes. */
  readonly maxPayload: number;
  /** Grows with every HELLO that was answered. */
  readonly session: number;
  readonly timing: NodeTiming;
  readonly samples: SampleSource;
  /** Of the node alone; absent: it follows whoever announces. */
  readonly key?: Uint8Array;
  readonly objects: NodeObjects;
  /** The value of a CONDITION; negative: unknown. */
  conditionOf(kind: number): number;
  /** Set of intrinsics it supplies, 0 = none. */
  readonly intrinsicSet: number;
  /** What a call of a kernel on trial may take. */
  readonly watchdogMs: number;
  /** A kernel was passed over or failed its trial. */
  noteKernel(hash: Uint8Array, hasFailed: boolean, code: StatusName, cause: string): void;
  /** Resolves at the next answered HELLO. */
  nextSession(signal: AbortSignal): Promise<void>;
  /** Shows a NODE_STATE to STATUS. */
  enter(state: number): void;
  /** The version whose model is loaded now, for STATUS. */
  install(version: number): void;
  /** Progress of training, for STATUS. */
  countSteps(step: number, totalSteps: number): void;
  /** Words of the residual just made that were limited, for STATUS. */
  noteResidualSaturations(words: number): void;
  /**
   * The host's answer; pauses and asks again as long as it refuses or the link is lost. Throws the
   * `decisive` refusal.
   */
  ask<N extends AnsweredName>(
    name: N,
    body: RequestBodies[N],
    signal: AbortSignal,
    decisive?: StatusName,
  ): Promise<ResponseBodies[N]>;
  /** As ask, but after a refusal (and its pause) or a lost link resolves with undefined. */
  askOnce<N extends AnsweredName>(
    name: N,
    body: RequestBodies[N],
    signal: AbortSignal,
  ): Promise<ResponseBodies[N] | undefined>;
}
