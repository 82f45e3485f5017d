import { Kernel } from '../host/kernel/kernel.js';
import { loadKernelBytes } from '../host/kernel/load.js';
import { openV8Engine } from '../host/kernel/v8-engine.js';
import { constant, decay } from '../host/contract/contract.gen.js';
import { countInstructions, initSeed, settingsOf } from './instructions.js';
import type { MeasuredModel } from './models.js';
import type { Recording } from './samples.js';

/** What a step costs on average where small errors skip the backward pass. */
export interface WholeRun {
  readonly steps: number;
  /** Share of all steps that skipped. */
  readonly skipped: number;
  /** Means of the steps that did not, and did. */
  readonly taken: number;
  readonly skip: number;
  /** Mean of all steps. */
  readonly train: number;
}

/** Steps counted in QEMU: the first of the run. */
const countedSteps = 4000;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Trains as users do — every epoch, the rate halving at 50, 75 and 90 % — and counts what is skipped. */
async function shareOfSkipped(
  model: MeasuredModel,
  { samples }: Recording,
  epochs: number,
): Promise<number> {
  const totalSteps = epochs * samples.length;
  const kernel = new Kernel(await openV8Engine(loadKernelBytes()));
  kernel.plan(model.descriptor);
  kernel.initialise(initSeed);
  const settings = settingsOf(model, totalSteps, constant.SKIP_THRESHOLD_DEFAULT);
  kernel.begin({ ...settings, lrDecay: decay.STEPS });
  for (let step = 0; step < totalSteps; step++) {
    const { x, label } = samples[step % samples.length];
    kernel.train(x, label);
  }
  const { skipped } = kernel.counters();
  kernel.close();
  return skipped / totalSteps;
}

/**
 * The share of skipped steps is that of the whole run, trained in V8 to the same bits; what a step costs
 * is the mean of the first ones on the core.
 */
export async function measureWholeRun(
  implementation: 'accelerated' | 'int8',
  model: MeasuredModel,
  recording: Recording,
): Promise<WholeRun> {
  const first = recording.samples.slice(0, countedSteps);
  const threshold = constant.SKIP_THRESHOLD_DEFAULT;
  const counts = await countInstructions(implementation, model, first, 0, threshold);
  const costs = (isSkip: boolean): number[] =>
    counts.train.filter((_, step) => counts.skipped[step] === isSkip);
  const [taken, skip] = [mean(costs(false)), mean(costs(true))];
  const skipped = await shareOfSkipped(model, recording, recording.epochs);
  const steps = recording.epochs * recording.samples.length;
  return { steps, skipped, taken, skip, train: (1 - skipped) * taken + skipped * skip };
}
