/** One federation under one scheme, scored and counted after every round. */
import { scoreConfusion } from '../../host/data/metrics.js';
import { buildDescriptor, parseDescriptor } from '../../host/model/descriptor.js';
import { scoreArm } from '../accuracy/arm.js';
import { FloatArm } from '../accuracy/float-arm.js';
import type { Split } from '../accuracy/tasks.js';
import { SampleOrder, trainFederated, type FederatedPlan } from '../accuracy/training.js';
import { CodedArm, floatBytes, type RoundBytes } from './coded-arm.js';
import type { Scheme } from './schemes.js';
import type { TrafficTask } from './tasks.js';

export interface RoundResult extends RoundBytes {
  readonly accuracy: number;
  readonly macroF1: number;
}

/** Trains from the initial model of `seed`; one result per round. */
export async function runScheme(
  task: TrafficTask,
  scheme: Scheme,
  { dataset, clients, test }: Split,
  seed: number,
  plan: FederatedPlan = task.plan,
): Promise<RoundResult[]> {
  const descriptor = buildDescriptor(task.model);
  const { parameters } = parseDescriptor(descriptor);
  const problem = { dataset, descriptor };
  const coded =
    scheme.arithmetic === 'linnet' ? await CodedArm.openCoded(problem, scheme, plan.rounds) : null;
  const arm = coded ?? (await FloatArm.open(problem));
  const order = await SampleOrder.open(descriptor);
  const { skipThreshold, classWeights, shifts } = task;
  const tuning = {
    lrShift: shifts[scheme.arithmetic],
    skipThreshold,
    ...(classWeights && { classWeights }),
  };
  const results: RoundResult[] = [];
  trainFederated(arm, order, clients, plan, tuning, seed, () => {
    const { accuracy, macroF1 } = scoreConfusion(scoreArm(arm, dataset, test));
    const bytes = coded?.takeBytes() ?? floatBytes(parameters, plan.perRound ?? clients.length);
    results.push({ ...bytes, accuracy, macroF1 });
  });
  return results;
}
