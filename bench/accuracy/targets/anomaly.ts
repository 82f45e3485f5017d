/** An autoencoder that has seen normal samples only; how far a reconstruction is off is the anomaly score. */
import { buildDescriptor, type ModelSpec } from '../../../host/model/descriptor.js';
import { SampleOrder, trainCentralised } from '../training.js';
import { openArm } from './classification.js';
import type { RunTrial, Scores } from './task.js';

/**
 * Area under the ROC curve: the chance that a sample of `positive` scores above one of `negative`, ties counting half
 * (Hanley and McNeil 1982, Radiology 143(1)). 0.5 if one of them is empty.
 */
export function areaUnderRoc(negative: readonly number[], positive: readonly number[]): number {
  if (negative.length === 0 || positive.length === 0) return 0.5;
  const below = Float64Array.from(negative).sort();
  let wins = 0;
  for (const value of positive) {
    wins += (countBelow(below, value, false) + countBelow(below, value, true)) / 2;
  }
  return wins / (negative.length * positive.length);
}

/** Entries of ascending `sorted` below `value`, or with `orEqual` not above it. */
function countBelow(sorted: Float64Array, value: number, orEqual: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const counts = orEqual ? sorted[middle] <= value : sorted[middle] < value;
    if (counts) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Trains on class 0 of the training samples, tells the other classes of the test samples from it. */
export function detectAnomalies(model: ModelSpec): RunTrial {
  return async (arithmetic, { dataset, train, test }, epochs, tuning, seed) => {
    const descriptor = buildDescriptor(model);
    const arm = await openArm(arithmetic, { dataset, descriptor });
    const order = await SampleOrder.open(descriptor);
    const isNormal = (index: number): boolean => dataset.label[index] === 0;
    const curve: Scores[] = [];
    const plan = { kind: 'centralised' as const, epochs };
    trainCentralised(arm, order, train.filter(isNormal), plan, tuning, seed, () => {
      const deviations = test.map((index) => arm.deviation(index));
      const normal = deviations.filter((_, i) => isNormal(test[i]));
      const abnormal = deviations.filter((_, i) => !isNormal(test[i]));
      curve.push({ auc: areaUnderRoc(normal, abnormal) });
    });
    return { seed, curve, counts: arm.counts };
  };
}
