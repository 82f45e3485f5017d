/** One arm on some splits of a task, seed by seed. */
import { addConfusion, scoreConfusion, type Metrics } from '../../host/data/metrics.js';
import { addCounts, noCounts, scoreArm, type Arm, type ArmCounts, type Problem } from './arm.js';
import { FloatArm } from './float-arm.js';
import { LinnetArm } from './linnet-arm.js';
import { describeModel, type Split } from './tasks.js';
import {
  SampleOrder,
  trainCentralised,
  trainFederated,
  type Plan,
  type Tuning,
} from './training.js';

/** A row of a table. */
export interface ArmSetup extends Tuning {
  readonly label: string;
  readonly arithmetic: 'linnet' | 'float32';
}

export interface Shape {
  readonly hidden: number;
  readonly inputExponent: number;
}

export interface Run {
  readonly seed: number;
  /** Over the test samples of all splits together. */
  readonly metrics: Metrics;
  readonly counts: ArmCounts;
}

function openArm(setup: ArmSetup, problem: Problem): Promise<Arm> {
  return setup.arithmetic === 'linnet' ? LinnetArm.open(problem) : FloatArm.open(problem);
}

/** All samples in the order of the file, as `linnet train` sees them. */
function poolClients(clients: readonly (readonly number[])[]): number[] {
  return clients.flat().sort((a, b) => a - b);
}

async function runSplit(
  setup: ArmSetup,
  split: Split,
  shape: Shape,
  plan: Plan,
  seed: number,
): Promise<{ confusion: number[]; counts: ArmCounts }> {
  const { dataset, clients, test } = split;
  const descriptor = describeModel(dataset, shape.hidden, shape.inputExponent);
  const arm = await openArm(setup, { dataset, descriptor });
  const order = await SampleOrder.open(descriptor);
  if (plan.kind === 'federated') trainFederated(arm, order, clients, plan, setup, seed);
  else trainCentralised(arm, order, poolClients(clients), plan, setup, seed);
  return { confusion: scoreArm(arm, dataset, test), counts: arm.counts };
}

/** Trains on each split from the initial model of `seed` and scores what it holds out. */
export async function runSeed(
  setup: ArmSetup,
  splits: readonly Split[],
  shape: Shape,
  plan: Plan,
  seed: number,
): Promise<Run> {
  let confusion: number[] | undefined;
  let counts = noCounts;
  for (const split of splits) {
    const result = await runSplit(setup, split, shape, plan, seed);
    confusion = confusion ? addConfusion(confusion, result.confusion) : result.confusion;
    counts = addCounts(counts, result.counts);
  }
  return { seed, metrics: scoreConfusion(confusion!), counts };
}
