/** Classifiers: accuracy and macro-F1 after every epoch. */
import { scoreConfusion } from '../../../host/data/metrics.js';
import { buildDescriptor, type ModelSpec } from '../../../host/model/descriptor.js';
import { scoreArm, type Arm, type Problem } from '../arm.js';
import { FloatArm } from '../float-arm.js';
import { LinnetArm } from '../linnet-arm.js';
import { SampleOrder, trainCentralised, type Tuning } from '../training.js';
import type { Arithmetic, RunTrial, Scores, Split, Trial } from './task.js';

export function openArm(arithmetic: Arithmetic, problem: Problem): Promise<Arm> {
  return arithmetic === 'linnet' ? LinnetArm.open(problem) : FloatArm.open(problem);
}

export function scoresOf(confusion: readonly number[]): Scores {
  const { accuracy, macroF1 } = scoreConfusion(confusion);
  return { accuracy, macroF1 };
}

/** Opens an arm for a problem. */
export type OpenArm = (problem: Problem) => Promise<Arm>;

/** Trains a classifier from the initial model of `seed`, scoring the held-out samples after every epoch. */
export async function trainClassifier(
  open: OpenArm,
  model: ModelSpec,
  { dataset, train, test }: Split,
  epochs: number,
  tuning: Tuning,
  seed: number,
): Promise<Trial> {
  const descriptor = buildDescriptor(model);
  const arm = await open({ dataset, descriptor });
  const order = await SampleOrder.open(descriptor);
  const curve: Scores[] = [];
  let confusion: number[] = [];
  trainCentralised(arm, order, train, { kind: 'centralised', epochs }, tuning, seed, () => {
    confusion = scoreArm(arm, dataset, test);
    curve.push(scoresOf(confusion));
  });
  return { seed, curve, counts: arm.counts, confusion };
}

export function classify(model: ModelSpec): RunTrial {
  return (arithmetic, split, epochs, tuning, seed) =>
    trainClassifier((problem) => openArm(arithmetic, problem), model, split, epochs, tuning, seed);
}
