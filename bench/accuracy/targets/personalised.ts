/**
 * A model trained on some people meets a new one: its last layer alone is trained on that person's first samples, and
 * the person's other samples are scored.
 */
import { distinctSubjects, type Dataset } from '../../../host/data/dataset.js';
import { addConfusion, emptyConfusion, scoreConfusion } from '../../../host/data/metrics.js';
import {
  buildDescriptor,
  parseDescriptor,
  type ModelSpec,
} from '../../../host/model/descriptor.js';
import { addCounts, noCounts, scoreArm, type Arm, type ModelState } from '../arm.js';
import { SampleOrder, trainCentralised, trainFurther, type Tuning } from '../training.js';
import { openArm } from './classification.js';
import type { Arithmetic, RunTrial, Scores, Split } from './task.js';

/** How the last layer is trained on one person. */
export interface Personalisation {
  /** First samples of a person to train on, one experiment each. */
  readonly samples: readonly number[];
  readonly epochs: number;
  /** Starting rates 2^−shift. */
  readonly shifts: Readonly<Record<Arithmetic, number>>;
}

/** Confusion counts of each person. */
type PerPerson = readonly (readonly number[])[];

/** Every layer with parameters but the last. */
function allButLast(descriptor: Uint8Array): number {
  const { layers } = parseDescriptor(descriptor);
  const last = Math.max(...layers.map(({ index }) => index));
  return 2 ** last - 1;
}

/** Samples of each person, in the order they were recorded. */
export function groupPeople(dataset: Dataset, samples: readonly number[]): number[][] {
  return distinctSubjects(dataset, samples).map((person) =>
    samples.filter((index) => dataset.subject[index] === person),
  );
}

function summarisePeople(prefix: string, confusions: PerPerson): Scores {
  const people = confusions.map((confusion) => scoreConfusion(confusion).accuracy);
  const classes = Math.sqrt(confusions[0].length);
  const pooled = scoreConfusion(confusions.reduce(addConfusion, emptyConfusion(classes)));
  return {
    [`${prefix}patientMean`]: people.reduce((sum, value) => sum + value, 0) / people.length,
    [`${prefix}macroF1`]: pooled.macroF1,
  };
}

/** Scores with the last layer trained on `count` samples of each person, and without, on the same samples. */
function personalise(
  arm: Arm,
  base: ModelState,
  order: SampleOrder,
  split: Split,
  count: number,
  epochs: number,
  tuning: Tuning,
  seed: number,
): Scores {
  const { dataset } = split;
  const before: number[][] = [];
  const after: number[][] = [];
  const plan = { kind: 'centralised' as const, epochs };
  for (const own of groupPeople(dataset, split.test)) {
    const [first, rest] = [own.slice(0, count), own.slice(count)];
    arm.restore(base);
    before.push(scoreArm(arm, dataset, rest));
    trainFurther(arm, order, first, plan, tuning, seed);
    after.push(scoreArm(arm, dataset, rest));
  }
  return {
    ...summarisePeople(`before${count}.`, before),
    ...summarisePeople(`after${count}.`, after),
  };
}

/** Trains as classify() does, then personalises; the curve has one entry, the result. */
export function classifyPersonalised(
  model: ModelSpec,
  { samples, epochs: ownEpochs, shifts }: Personalisation,
): RunTrial {
  return async (arithmetic, split, epochs, tuning, seed) => {
    const descriptor = buildDescriptor(model);
    const { dataset, train } = split;
    const arm = await openArm(arithmetic, { dataset, descriptor });
    const order = await SampleOrder.open(descriptor);
    trainCentralised(arm, order, train, { kind: 'centralised', epochs }, tuning, seed);
    const base = arm.save();
    const frozenLayers = allButLast(descriptor);
    const frozen = await openArm(arithmetic, { dataset, descriptor, frozenLayers });
    const ownTuning = { ...tuning, lrShift: shifts[arithmetic] };
    const scores = samples.map((count) =>
      personalise(frozen, base, order, split, count, ownEpochs, ownTuning, seed),
    );
    const counts = addCounts(addCounts(noCounts, arm.counts), frozen.counts);
    return { seed, curve: [Object.assign({}, ...scores) as Scores], counts };
  };
}
