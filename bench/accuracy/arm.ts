/**
 * The two sides of the comparison. Both start from the same initial words and are given the same samples in the same
 * order; what they do with them is their own.
 */
import type { Dataset } from '../../host/data/dataset.js';
import { emptyConfusion } from '../../host/data/metrics.js';
import { Kernel, type TrainSettings } from '../../host/kernel/kernel.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { openV8Engine } from '../../host/kernel/v8-engine.js';

/** What is to be learned: samples and the shape of the model. */
export interface Problem {
  readonly dataset: Dataset;
  readonly descriptor: Uint8Array;
  /** Bit l: layer l is not trained. */
  readonly frozenLayers?: number;
}

/** The parameters of a model in an arm's own arithmetic: words of the kernel or float32. */
export type ModelState = Int16Array | Float32Array;

/** Sums over everything an arm trained since {@link Arm.initialise}. */
export interface ArmCounts {
  readonly steps: number;
  /** Steps without a backward pass. */
  readonly skipped: number;
  /** Parameter words at the limits of int16 at the end of each training, added up. */
  readonly saturations: number;
  readonly trainMs: number;
}

/** Samples are indices into the dataset, in training order, repeats included. */
export interface Arm {
  readonly counts: ArmCounts;
  /** The initial model of `seed`. */
  initialise(seed: number): void;
  /** Starts a training of `settings.totalSteps` steps. */
  begin(settings: TrainSettings): void;
  /** Its next steps, on the current model. */
  proceed(samples: readonly number[]): void;
  /** Trains a copy of the current model and keeps the result, with its weight, for closeRound(). */
  contribute(settings: TrainSettings, samples: readonly number[], weight: number): void;
  /** The weighted mean of the contributions becomes the current model. */
  closeRound(): void;
  /** Class that the current model gives to sample `index`. */
  predict(index: number): number;
  /** How far the reconstruction of sample `index` is off: mean square, in the square of the sample's LSB. */
  deviation(index: number): number;
  /** A copy of the current model. */
  save(): ModelState;
  /** Makes `state`, saved by an arm of the same arithmetic, the current model. */
  restore(state: ModelState): void;
}

export const noCounts: ArmCounts = { steps: 0, skipped: 0, saturations: 0, trainMs: 0 };

export function addCounts(a: ArmCounts, b: ArmCounts): ArmCounts {
  return {
    steps: a.steps + b.steps,
    skipped: a.skipped + b.skipped,
    saturations: a.saturations + b.saturations,
    trainMs: a.trainMs + b.trainMs,
  };
}

/** A kernel in V8 that has planned the model of `descriptor`; `wasm` is the portable kernel unless given. */
export async function openKernel(
  descriptor: Uint8Array,
  frozenLayers = 0,
  wasm = loadKernelBytes(),
): Promise<Kernel> {
  const kernel = new Kernel(await openV8Engine(wasm));
  kernel.plan(descriptor, { frozenLayers });
  return kernel;
}

/** Confusion counts of the arm's current model, row-major [true][predicted]. */
export function scoreArm(arm: Arm, dataset: Dataset, samples: readonly number[]): number[] {
  const classes = dataset.classNames.length;
  const confusion = emptyConfusion(classes);
  for (const index of samples) confusion[dataset.label[index] * classes + arm.predict(index)]++;
  return confusion;
}
