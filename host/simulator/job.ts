/** What the simulation and its worker threads say to each other. */

import type { Lie } from './lies.js';
import type { SharedLocal } from './local-words.js';
import type { ReservoirSettings } from './node-samples.js';

/** What a worker has from its start on; the arrays are shared. */
export interface WorkerData {
  readonly kernel: Uint8Array;
  readonly descriptor: Uint8Array;
  /** int8 [N][inputs]. */
  readonly x: Int8Array<SharedArrayBuffer>;
  readonly label: Uint8Array<SharedArrayBuffer>;
  readonly offsets: Uint32Array<SharedArrayBuffer>;
  readonly indices: Uint32Array<SharedArrayBuffer>;
  /** Of each node: how many of its samples, the last of them, it tests on. */
  readonly tests: Uint32Array<SharedArrayBuffer>;
  /** Group of each node. */
  readonly group: Uint8Array;
  /** Of each group: what its nodes send instead of the truth. */
  readonly lies: readonly (Lie | undefined)[];
  /** Of each group: what its nodes keep of the samples that come; undefined: they have all from the beginning on. */
  readonly reservoirs: readonly (ReservoirSettings | undefined)[];
  /** Of the scenario. */
  readonly seed: number;
  /** Whether nodes have keys. */
  readonly hasKeys: boolean;
  /** Absent where nothing stays on the nodes. */
  readonly local?: SharedLocal;
}

/** A version that nodes work on. */
export interface Version {
  readonly version: number;
  readonly announcedMs: number;
  /** Of each group of nodes: SHA-256 of the kernel it has chosen. */
  readonly kernels: readonly Uint8Array[];
  readonly announcement: Uint8Array;
  readonly words: Int16Array;
}

export type Job =
  | { readonly type: 'version'; readonly version: Version }
  /** Versions before this one are not asked for any more. */
  | { readonly type: 'forget'; readonly before: number }
  | {
      readonly type: 'train';
      readonly id: number;
      readonly version: number;
      readonly nodes: readonly number[];
      /** When each of them took the version. */
      readonly beginMs: readonly number[];
    }
  /** Predictions for samples of the dataset. */
  | {
      readonly type: 'evaluate';
      readonly id: number;
      readonly words: Int16Array;
      readonly samples: readonly number[];
    };

/** What a model does with some samples. */
export interface Evaluation {
  /** Of each sample: whether its class was predicted. */
  readonly correct: Uint8Array;
  readonly samples: number;
  readonly loss: number;
  /** Row-major [true][predicted]. */
  readonly confusion: Uint32Array;
}

/** What a training of a node gives. */
export interface Trained {
  readonly envelope: Uint8Array;
  /** [P]: what stays on the node if the upload counts; absent where nothing does. */
  readonly local?: Int16Array;
}

export type JobResult =
  /** One behind the other, and the length of each; [nodes][P] words that stay on the nodes. */
  | {
      readonly id: number;
      readonly envelopes: Uint8Array;
      readonly lengths: readonly number[];
      readonly local?: Int16Array;
    }
  | { readonly id: number; readonly evaluation: Evaluation }
  | { readonly id: number; readonly error: { readonly code?: string; readonly message: string } };
