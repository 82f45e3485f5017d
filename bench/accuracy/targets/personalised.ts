/**
 * A model trained on some people meets a new one: its last layer alone is trained on that person's first samples, and
 * the person's other samples are scored.
 */
import { constant } from '../../../host/contract/contract.gen.js';
import type { Dataset } from '../../../host/data/dataset.js';
import { addConfusion, emptyConfusion, scoreConfusion } from '../../../host/data/metrics.js';
import {
  buildDescriptor,
  parseDescriptor,
  type ModelSpec,
} from '../../../host/model/descriptor.js';
import { scoreArm, type Arm, type ModelState } from '../arm.js';
import { groupPeople } from '../people.js';
import { SampleOrder, trainCentralised, trainFurther, type Tuning } from '../training.js';
import { openArm } from './classification.js';
import type { Arithmetic, RunTrial, Scores, Split, TunedPlan } from './task.js';

/** An experiment: how many of a person's first samples are trained on. */
export interface OwnSamples {
  readonly count: number;
  /** Added to the shift of the plan: few samples want a smaller rate. */
  readonly shiftChange: number;
}

/** Confusion counts of each person. */
type PerPerson = readonly (readonly number[])[];

/** Every layer with parameters but the last. */
export function allButLast(descriptor: Uint8Array): number {
  const { layers } = parseDescriptor(descriptor);
  const last = Math.max(...layers.map(({ index }) => index));
  return 2 ** last - 1;
}

export function summarisePeople(prefix: string, confusions: PerPerson): Scores {
  const people = confusions.map((confusion) => scoreConfusion(confusion).accuracy);
  const classes = Math.sqrt(confusions[0].length);
  const pooled = scoreConfusion(confusions.reduce(addConfusion, emptyConfusion(classes)));
  return {
    [`${prefix}patientMean`]: people.reduce((sum, value) => sum + value, 0) / people.length,
    [`${prefix}macroF1`]: pooled.macroF1,
  };
}

/** Samples of one person. */
export interface OwnSplit {
  readonly train: readonly number[];
  readonly test: readonly number[];
}

/** Confusion counts of each person with the last layer, all that `arm` trains, trained on the person's own samples. */
export function tunePeople(
  arm: Arm,
  base: ModelState,
  order: SampleOrder,
  dataset: Dataset,
  people: readonly OwnSplit[],
  epochs: number,
  tuning: Tuning,
  seed: number,
): number[][] {
  return people.map(({ train, test }) => {
    arm.restore(base);
    if (train.length > 0)
      trainFurther(arm, order, train, { kind: 'centralised', epochs }, tuning, seed);
    return scoreArm(arm, dataset, test);
  });
}

/** Scores with the last layer trained on the first `count` samples of each person, and without, on the other samples. */
function personalise(
  arm: Arm,
  base: ModelState,
  order: SampleOrder,
  { dataset, test }: Split,
  count: number,
  epochs: number,
  tuning: Tuning,
  seed: number,
): Scores {
  const people = groupPeople(dataset, test).map((own) => ({
    train: own.slice(0, count),
    test: own.slice(count),
  }));
  const untrained = people.map((person) => ({ ...person, train: [] }));
  const tune = (some: readonly OwnSplit[]): number[][] =>
    tunePeople(arm, base, order, dataset, some, epochs, tuning, seed);
  return {
    ...summarisePeople(`before${count}.`, tune(untrained)),
    ...summarisePeople(`after${count}.`, tune(people)),
  };
}

/** A model trained by `plan` on the training people, made once for each split, arithmetic and seed. */
export class Bases {
  private readonly models = new WeakMap<Split, Map<string, ModelState>>();

  constructor(
    private readonly descriptor: Uint8Array,
    private readonly plan: TunedPlan,
  ) {}

  async train(
    arithmetic: Arithmetic,
    split: Split,
    order: SampleOrder,
    seed: number,
  ): Promise<ModelState> {
    const known = this.models.get(split) ?? new Map<string, ModelState>();
    this.models.set(split, known);
    const key = `${arithmetic} ${seed}`;
    const found = known.get(key);
    if (found) return found;
    const { descriptor, plan } = this;
    const arm = await openArm(arithmetic, { dataset: split.dataset, descriptor });
    const { classWeights } = plan;
    const base = {
      lrShift: plan.shifts[arithmetic],
      skipThreshold: constant.SKIP_THRESHOLD_DEFAULT,
      ...(classWeights && { classWeights }),
    };
    const centralised = { kind: 'centralised' as const, epochs: plan.epochs };
    trainCentralised(arm, order, split.train, centralised, base, seed);
    const state = arm.save();
    known.set(key, state);
    return state;
  }
}

/**
 * Trains as classify() does by `basePlan`, then the last layer on each person's first samples; epochs and tuning are
 * those of the last layer. The curve has one entry, the result.
 */
export function classifyPersonalised(
  model: ModelSpec,
  samples: readonly OwnSamples[],
  basePlan: TunedPlan,
): RunTrial {
  const descriptor = buildDescriptor(model);
  const frozenLayers = allButLast(descriptor);
  const bases = new Bases(descriptor, basePlan);
  return async (arithmetic, split, epochs, tuning, seed) => {
    const { dataset } = split;
    const order = await SampleOrder.open(descriptor);
    const base = await bases.train(arithmetic, split, order, seed);
    const frozen = await openArm(arithmetic, { dataset, descriptor, frozenLayers });
    const scores = samples.map(({ count, shiftChange }) => {
      const own = { ...tuning, lrShift: tuning.lrShift + shiftChange };
      return personalise(frozen, base, order, split, count, epochs, own, seed);
    });
    return { seed, curve: [Object.assign({}, ...scores) as Scores], counts: frozen.counts };
  };
}
