import type { CounterSum } from './counters.js';
import type { TrafficRow } from './ledger.js';

/** How a model tells classes apart. */
export interface ClassScores {
  readonly accuracy: number;
  readonly macroF1: number;
  /** Mean cross-entropy, nats per sample. */
  readonly loss: number;
  /** Row-major [true][predicted]. */
  readonly confusion: readonly number[];
}

/** How an autoencoder reconstructs its input. */
export interface ReconstructionScores {
  /** Mean square error, in the square of the input's unit. */
  readonly reconstructionError: number;
}

/** Scores of a model on samples the aggregator holds itself: a demonstration's privilege. */
export type HeldOutScores = ClassScores | ReconstructionScores;

/** What happened to a version that closed, and what it became. */
export interface RoundReport {
  /** The version that was made. */
  readonly version: number;
  /** The version nodes worked on. */
  readonly parent: number;
  /** SHA-256 of the new snapshot, hex. */
  readonly modelHash: string;
  readonly contributions: number;
  /** Of those, scaled down because their norm was far above the median: somebody shouts. */
  readonly bounded: number;
  /** Nodes in the order of their contributions. */
  readonly nodes: readonly string[];
  /** Closed by its deadline, without the whole cohort. */
  readonly isDegraded: boolean;
  /** MQTT payload bytes of the contributions together. */
  readonly uplinkBytes: number;
  /** MQTT payload bytes a node that has the parent needs for the new version: announcement, and difference or snapshot. */
  readonly downlinkBytesPerNode: number;
  /** Counted by the nodes while they trained on the parent. */
  readonly training?: CounterSum;
  /** Counted by the nodes on their test splits, with the parent's weights. */
  readonly evaluation?: CounterSum;
  /** Counted by the nodes on their test splits, each with the words it had trained. */
  readonly personal?: CounterSum;
  /** Of the new version. */
  readonly heldOut?: HeldOutScores;
  /** What the round before this one cost its nodes: bridges tell after the receipts. */
  readonly trafficBefore: readonly TrafficRow[];
  /** From the announcement of the parent, or the aggregator's start, to its close. */
  readonly durationMs: number;
}

/** An upload was answered. */
export interface ReceiptReport {
  readonly node: string;
  readonly version: number;
  /** RECEIPT. */
  readonly code: number;
  /** MQTT payload bytes of the upload. */
  readonly bytes: number;
}

/** A model version as the ledger has it. */
export interface PublishedModel {
  readonly version: number;
  /** SHA-256 of the snapshot, hex. */
  readonly modelHash: string;
  readonly snapshot: Uint8Array;
}
