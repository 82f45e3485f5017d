/** Classifiers: accuracy and macro-F1 after every epoch. */
import { scoreConfusion } from '../../../host/data/metrics.js';
import { buildDescriptor, type ModelSpec } from '../../../host/model/descriptor.js';
import { scoreArm, type Arm, type Problem } from '../arm.js';
import { FloatArm } from '../float-arm.js';
import { LinnetArm } from '../linnet-arm.js';
import { SampleOrder, trainCentralised } from '../training.js';
import type { Arithmetic, RunTrial, Scores } from './task.js';

export function openArm(arithmetic: Arithmetic, problem: Problem): Promise<Arm> {
  return arithmetic === 'linnet' ? LinnetArm.open(problem) : FloatArm.open(problem);
}

export function scoresOf(confusion: readonly number[]): Scores {
  const { accuracy, macroF1 } = scoreConfusion(confusion);
  return { accuracy, macroF1 };
}

export function classify(model: ModelSpec): RunTrial {
  return async (arithmetic, { dataset, train, test }, epochs, tuning, seed) => {
    const descriptor = buildDescriptor(model);
    const arm = await openArm(arithmetic, { dataset, descriptor });
    const order = await SampleOrder.open(descriptor);
    const curve: Scores[] = [];
    let confusion: number[] = [];
    const plan = { kind: 'centralised' as const, epochs };
    trainCentralised(arm, order, train, plan, tuning, seed, () => {
      confusion = scoreArm(arm, dataset, test);
      curve.push(scoresOf(confusion));
    });
    return { seed, curve, counts: arm.counts, confusion };
  };
}
