import { decay } from '../../../host/contract/contract.gen.js';
import { SeededRandom } from '../../../host/data/random.js';
import { parseDescriptor } from '../../../host/model/descriptor.js';
import { ObservedKernel, type Extent } from './observed-kernel.js';
import type { Scenario } from './scenarios.js';

export interface Endurance {
  readonly steps: number;
  readonly skipped: number;
  readonly activations: Extent;
  readonly errors: Extent | undefined;
  /** Parameter words at the limits of int16 at the end. */
  readonly saturations: number;
  readonly parameters: number;
  /** Parameter words that training changed. */
  readonly moved: number;
}

/**
 * Trains `steps` steps of `scenario` on an initial model of `descriptor`, whose tuned rate is 2^−lrShift.
 *
 * Throws what the kernel says: a trap, an overwritten canary or any other status.
 */
export async function endure(
  descriptor: Uint8Array,
  scenario: Scenario,
  lrShift: number,
  steps: number,
  seed: number,
): Promise<Endurance> {
  const model = parseDescriptor(descriptor);
  const observed = await ObservedKernel.open(descriptor);
  const { kernel, activations, errors } = observed;
  kernel.initialise(seed);
  const initial = kernel.storeParameters();
  kernel.begin({
    federationSeed: seed,
    baseVersion: 0,
    nodeKey: 0,
    lrShift: Math.max(0, lrShift + scenario.shiftChange),
    lrDecay: decay.CONSTANT,
    totalSteps: steps,
    skipThreshold: 0,
    classWeights: new Int8Array(model.classes).fill(scenario.classWeight),
  });
  const random = new SeededRandom(seed);
  for (let step = 0; step < steps; step++) {
    const { x, label } = scenario.sample(model, random);
    observed.train(x, label);
  }
  kernel.check();
  const { skipped, saturations } = kernel.counters();
  const final = kernel.storeParameters();
  const moved = final.filter((word, i) => word !== initial[i]).length;
  kernel.close();
  const { parameters } = model;
  return { steps, skipped, activations, errors, saturations, parameters, moved };
}
