import type { blockWord } from '../../host/contract/contract.gen.js';
import type { KernelFunction } from '../../host/kernel/engine.js';

/**
 * Scripts say what to do with a kernel, in words that need no pointers: the oracle executes them
 * (test/oracle/run-script.ts) and the conformance suite turns them into tapes for a runtime
 * (test/conformance/compile.ts). Both give one outcome per step.
 */

export type BlockWord = keyof typeof blockWord;

/** A sample: literal int8 values, or filled from a seed (see fill.ts). */
export type InputFill =
  | { readonly values: readonly number[] }
  | {
      readonly kind: 'zero' | 'uniform' | 'sparse' | 'signs' | 'tiny' | 'top' | 'bottom' | 'tokens';
      readonly seed?: number;
    };

/** Parameter words: literal int16 values, or filled from a seed (see fill.ts). */
export type WordFill =
  | { readonly values: readonly number[] }
  | {
      readonly kind: 'neutral' | 'small' | 'uniform' | 'limits' | 'top' | 'bottom';
      readonly seed?: number;
    };

export interface Settings {
  readonly federationSeed: number;
  readonly baseVersion: number;
  readonly nodeKey: number;
  readonly lrShift: number;
  readonly lrDecay: number;
  readonly totalSteps: number;
  readonly skipThreshold: number;
  /** 0 if absent. */
  readonly proximalShift?: number;
  /** 0 if absent; `hash` and `counters` are for where it is. */
  readonly personalLayers?: number;
  /** int8 exponent per class; zeros if absent. */
  readonly classWeights?: readonly number[];
}

export interface Counters {
  readonly step: number;
  readonly samples: number;
  readonly skipped: number;
  /** Q10 bits of a softmax, 1/256 of the square of the unit of a reconstruction. */
  readonly loss: number;
  /** [true class, predicted class, count] of every pair that was counted. */
  readonly confusion: readonly (readonly [number, number, number])[];
}

/** The counted pairs of a row-major [true][predicted] matrix. */
export function listConfusion(matrix: ArrayLike<number>, classes: number): Counters['confusion'] {
  return Array.from(matrix, (count, at): [number, number, number] => [
    Math.floor(at / classes),
    at % classes,
    count,
  ]).filter(([, , count]) => count > 0);
}

export interface Logits {
  readonly exponent: number;
  readonly values: readonly number[];
}

export interface Trajectory {
  /** One letter per step: T trained, S skipped. */
  readonly steps: string;
  /** SHA-256 of all parameters after each step. */
  readonly hashes: readonly string[];
}

export type Step =
  /**
   * Writes memoryBytes, frozenLayers (0 if absent) and the descriptor (hex), calls plan, or its three parts.
   * Outcome: first negative status or 0.
   */
  | {
      readonly do: 'plan';
      readonly descriptor: string;
      readonly memoryBytes: number;
      readonly frozenLayers?: number;
      readonly inParts?: true;
    }
  /** Loads all parameters in slices, or those of personal layers. Outcome: first negative status or 0. */
  | { readonly do: 'load'; readonly words: WordFill }
  /** Writes the settings and class weights, calls begin. Outcome: status. */
  | { readonly do: 'begin'; readonly settings: Settings }
  /** Writes a sample, or leaves the last one where it is, and calls. Outcome: what the call returns. */
  | { readonly do: 'train' | 'evaluate'; readonly x?: InputFill; readonly label: number }
  | { readonly do: 'infer'; readonly x?: InputFill }
  /** A bare call. Outcome: what it returns. */
  | { readonly do: 'call'; readonly name: KernelFunction; readonly args: readonly number[] }
  /** Writes words to the transfer buffer and calls load. Outcome: status. */
  | { readonly do: 'loadSlice'; readonly offset: number; readonly values: readonly number[] }
  /** Calls store and reads the transfer buffer. Outcome: the words. */
  | { readonly do: 'storeSlice'; readonly offset: number; readonly count: number }
  /** Passes words through store, which changes those of personal layers. Outcome: the words. */
  | { readonly do: 'keep'; readonly words: WordFill }
  /** Passes a base through delta. Outcome: the words. */
  | { readonly do: 'delta'; readonly base: WordFill }
  /** Passes a base through pull. Outcome: first negative status or 0. */
  | { readonly do: 'pull'; readonly base: WordFill }
  /** Codes the difference to a base. Outcome: the payload, hex, or a status. */
  | { readonly do: 'encode'; readonly codec: number; readonly base: WordFill }
  /**
   * Codes the difference to a base and a residual by SPARSE_TERNARY. Outcome: the payload, hex, SHA-256 of the
   * new residual and its saturations, or a status.
   */
  | {
      readonly do: 'encodeSparse';
      readonly base: WordFill;
      readonly residual: WordFill;
      readonly density: number;
    }
  /** Reads a payload, hex. Outcome: the delta, or a status. */
  | { readonly do: 'decode'; readonly codec: number; readonly payload: string }
  /** Calls saturations. Outcome: a negative status, or the number that the call and the block give. */
  | { readonly do: 'saturations' }
  /** Words of the parameter block. Outcome: unsigned numbers. */
  | { readonly do: 'words'; readonly names: readonly BlockWord[] }
  | { readonly do: 'counters' }
  | { readonly do: 'logits' }
  /** Outcome: SHA-256 of all parameters, hex. */
  | { readonly do: 'hash' }
  /** order() at every index. Outcome: the permutation. */
  | { readonly do: 'permutation'; readonly stream: number; readonly count: number }
  /** `steps` training steps on noisy prototypes, one per class (see fill.ts). Outcome: Trajectory. */
  | { readonly do: 'trajectory'; readonly seed: number; readonly steps: number };

export type Outcome = number | string | readonly number[] | Counters | Logits | Trajectory;

export interface Case {
  readonly name: string;
  readonly script: readonly Step[];
  /** One per step. */
  readonly outcomes: readonly Outcome[];
}

/**
 * Cases that run one after the other on one kernel instance; only the first may find it without a
 * plan.
 */
export interface VectorFile {
  readonly group: string;
  /** Linear memory that is enough for every case, bytes. */
  readonly memoryBytes: number;
  readonly cases: readonly Case[];
}
