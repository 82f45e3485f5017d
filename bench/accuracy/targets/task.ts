/** What a task of the target table is: data, model, plan, what is measured, and what must be reached. */
import type { Dataset } from '../../../host/data/dataset.js';
import type { ModelSpec } from '../../../host/model/descriptor.js';
import type { ArmCounts } from '../arm.js';
import type { Shifts } from '../tasks.js';
import type { Tuning } from '../training.js';
import type { PanelSpec } from './figure.js';

export const arithmetics = ['linnet', 'float32'] as const;
export type Arithmetic = (typeof arithmetics)[number];

/** Measured values by name, all in 0…1. */
export type Scores = Readonly<Record<string, number>>;

/** One arm, one seed. */
export interface Trial {
  readonly seed: number;
  /** After each epoch; the last entry is the result. */
  readonly curve: readonly Scores[];
  readonly counts: ArmCounts;
  /** Confusion counts of the result, row-major [true][predicted], where there are classes. */
  readonly confusion?: readonly number[];
}

/** Samples to train and to score on, as indices into a dataset. */
export interface Split {
  readonly dataset: Dataset;
  readonly train: readonly number[];
  readonly test: readonly number[];
}

/** A score that Linnet must reach, by itself and beside float32. */
export interface Target {
  readonly score: string;
  /** The mean over seeds is not below this. */
  readonly floor?: number;
  /** The mean of the paired differences Linnet − float32 is not below minus this. */
  readonly margin: number;
}

/** What tune.ts chose on training people alone. */
export interface TunedPlan {
  readonly epochs: number;
  readonly shifts: Shifts;
  readonly classWeights?: readonly number[];
}

/** Trains on `split` and scores what it holds out. */
export type RunTrial = (
  arithmetic: Arithmetic,
  split: Split,
  epochs: number,
  tuning: Tuning,
  seed: number,
) => Promise<Trial>;

export interface TargetTask {
  readonly name: string;
  readonly title: string;
  readonly model: ModelSpec;
  readonly plan: TunedPlan;
  readonly skipThreshold: number;
  readonly targets: readonly Target[];
  readonly panels: readonly PanelSpec[];
  /** Files or folders below the data folder that it needs. */
  readonly data: string;
  /** The split of the table. */
  readonly testSplit: () => Split;
  /** Splits for choosing hyperparameters: none of them holds a sample of the test split. */
  readonly validationSplits: () => Split[];
  readonly run: RunTrial;
}
