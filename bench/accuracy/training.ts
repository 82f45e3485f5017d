/** How a model is trained, the same for every arm: the order of the samples and the schedule come from here. */
import { constant, decay } from '../../host/contract/contract.gen.js';
import { nodeKeyOf } from '../../host/contract/hash.js';
import { SeededRandom } from '../../host/data/random.js';
import { contributionWeight } from '../../host/federated/strategies/weighted-mean.js';
import { linearDecayShift } from '../../host/federated/plan.js';
import type { Kernel, TrainSettings } from '../../host/kernel/kernel.js';
import { sampleOfStep } from '../../host/sim/node-rules.js';
import { openKernel, type Arm } from './arm.js';

/** Clients take part in every round unless `perRound` draws some of them; the rate of round r of R is lr·(1 − r/R) to the nearest power of two. */
export interface FederatedPlan {
  readonly kind: 'federated';
  readonly rounds: number;
  readonly localEpochs: number;
  /** Samples per client, round and epoch; 0 = all it has. */
  readonly samplesPerRound: number;
  /** Clients of a round, drawn by the seed; absent = all. */
  readonly perRound?: number;
}

/** One client with everything; the rate halves at 50, 75 and 90 % of the steps. */
export interface CentralisedPlan {
  readonly kind: 'centralised';
  readonly epochs: number;
}

export type Plan = FederatedPlan | CentralisedPlan;

/** What an arm may choose for itself. */
export interface Tuning {
  /** Learning rate 2^−lrShift at the start. */
  readonly lrShift: number;
  /** Q15; ignored by float32. */
  readonly skipThreshold: number;
  /** Exponent per class: the gradient of its samples times 2^exponent. */
  readonly classWeights?: readonly number[];
}

/** The order in which nodes visit their samples, asked of the kernel itself (SPEC, section 7, step 5). */
export class SampleOrder {
  private constructor(private readonly kernel: Kernel) {}

  static async open(descriptor: Uint8Array): Promise<SampleOrder> {
    return new SampleOrder(await openKernel(descriptor));
  }

  /** The samples of all steps, of which there are `settings.totalSteps`; `perEpoch` of `own` make an epoch. */
  list(settings: TrainSettings, own: readonly number[], perEpoch: number): number[] {
    // The order does not depend on the learning rate, and a fractional one is not for the kernel.
    this.kernel.begin({ ...settings, lrShift: 0 });
    return Array.from(
      { length: settings.totalSteps },
      (_, t) => own[sampleOfStep(this.kernel, t, perEpoch, own.length)],
    );
  }
}

function settingsOf(
  tuning: Tuning,
  seed: number,
  rest: Pick<TrainSettings, 'baseVersion' | 'nodeKey' | 'lrShift' | 'lrDecay' | 'totalSteps'>,
): TrainSettings {
  return {
    federationSeed: seed,
    skipThreshold: tuning.skipThreshold,
    ...rest,
    ...(tuning.classWeights && { classWeights: Int8Array.from(tuning.classWeights) }),
  };
}

/** Purpose of the draws of {@link participantsOf}. */
const PARTICIPATION = 1;

/** Clients that take part in a round, in ascending order. */
export function participantsOf(
  clients: number,
  perRound: number,
  seed: number,
  round: number,
): number[] {
  const all = Array.from({ length: clients }, (_, client) => client);
  const drawn = new SeededRandom(seed, PARTICIPATION, round).shuffle(all).slice(0, perRound);
  return drawn.sort((a, b) => a - b);
}

/**
 * Trains `arm` from the initial model of `seed` over `clients`, one list of samples each; `afterRound` may look at the
 * model between rounds.
 */
export function trainFederated(
  arm: Arm,
  order: SampleOrder,
  clients: readonly (readonly number[])[],
  plan: FederatedPlan,
  tuning: Tuning,
  seed: number,
  afterRound: (round: number) => void = () => undefined,
): void {
  const perEpoch = clients.map((own) =>
    plan.samplesPerRound === 0 ? own.length : Math.min(own.length, plan.samplesPerRound),
  );
  const weightUnit = Math.ceil(Math.max(...perEpoch) / constant.MAX_CONTRIBUTION_WEIGHT);
  arm.initialise(seed);
  for (let round = 0; round < plan.rounds; round++) {
    for (const client of participantsOf(
      clients.length,
      plan.perRound ?? clients.length,
      seed,
      round,
    )) {
      const own = clients[client];
      const settings = settingsOf(tuning, seed, {
        baseVersion: round,
        nodeKey: nodeKeyOf(`node-${client}`),
        lrShift: tuning.lrShift + linearDecayShift(round, plan.rounds),
        lrDecay: decay.CONSTANT,
        totalSteps: plan.localEpochs * perEpoch[client],
      });
      const samples = order.list(settings, own, perEpoch[client]);
      arm.contribute(settings, samples, contributionWeight(perEpoch[client], weightUnit));
    }
    arm.closeRound();
    afterRound(round);
  }
}

/**
 * Trains `arm` from the initial model of `seed` on `samples`, the way `linnet train` does; `afterEpoch` may look at the
 * model between epochs.
 */
export function trainCentralised(
  arm: Arm,
  order: SampleOrder,
  samples: readonly number[],
  plan: CentralisedPlan,
  tuning: Tuning,
  seed: number,
  afterEpoch: (epoch: number) => void = () => undefined,
): void {
  arm.initialise(seed);
  trainFurther(arm, order, samples, plan, tuning, seed, afterEpoch);
}

/** {@link trainCentralised} from the model that `arm` has. */
export function trainFurther(
  arm: Arm,
  order: SampleOrder,
  samples: readonly number[],
  plan: CentralisedPlan,
  tuning: Tuning,
  seed: number,
  afterEpoch: (epoch: number) => void = () => undefined,
): void {
  const settings = settingsOf(tuning, seed, {
    baseVersion: 0,
    nodeKey: 0,
    lrShift: tuning.lrShift,
    lrDecay: decay.STEPS,
    totalSteps: plan.epochs * samples.length,
  });
  const steps = order.list(settings, samples, samples.length);
  arm.begin(settings);
  for (let epoch = 0; epoch < plan.epochs; epoch++) {
    arm.proceed(steps.slice(epoch * samples.length, (epoch + 1) * samples.length));
    afterEpoch(epoch);
  }
}
