/** How well a model serves each person, and those it serves worst. */
import { countClasses, distinctSubjects, type Dataset } from '../../host/data/dataset.js';
import { scoreConfusion } from '../../host/data/metrics.js';
import { scoreArm, type Arm } from './arm.js';
import type { Split } from './tasks.js';

/** Samples of each person, in the order they were recorded. */
export function groupPeople(dataset: Dataset, samples: readonly number[]): number[][] {
  return distinctSubjects(dataset, samples).map((person) =>
    samples.filter((index) => dataset.subject[index] === person),
  );
}

/** Accuracy where classes are as frequent as among `own` samples: the mean of recalls with these weights. */
export function accuracyOfMix(
  dataset: Dataset,
  own: readonly number[],
  confusion: readonly number[],
): number {
  const { classes } = scoreConfusion(confusion);
  const counts = countClasses(dataset, own);
  return classes.reduce((sum, { recall }, c) => sum + recall * counts[c], 0) / own.length;
}

/** Of each test person; where people are not known, of each client, on test samples mixed as its own classes are. */
export function accuracyOfPeople(arm: Arm, { dataset, clients, test }: Split): number[] {
  if (dataset.hasSubjects)
    return groupPeople(dataset, test).map(
      (own) => scoreConfusion(scoreArm(arm, dataset, own)).accuracy,
    );
  const confusion = scoreArm(arm, dataset, test);
  return clients.map((own) => accuracyOfMix(dataset, own, confusion));
}

/** Mean of the worst tenth of people, at least one of them: ⌈n / 10⌉. */
export function worstDecile(people: readonly number[]): number {
  const worst = [...people].sort((a, b) => a - b).slice(0, Math.ceil(people.length / 10));
  return worst.reduce((sum, value) => sum + value, 0) / worst.length;
}
