/** One federation under one scheme, scored and counted after every round. */
import { scoreConfusion } from '../../host/data/metrics.js';
import { buildDescriptor, parseDescriptor } from '../../host/model/descriptor.js';
import { scoreArm } from '../accuracy/arm.js';
import { FloatArm } from '../accuracy/float-arm.js';
import { accuracyOfPeople } from '../accuracy/people.js';
import type { Split } from '../accuracy/tasks.js';
import { SampleOrder, trainFederated } from '../accuracy/training.js';
import { CodedArm, floatBytes, type RoundBytes } from './coded-arm.js';
import type { Scheme } from './schemes.js';
import type { TrafficTask } from './tasks.js';

export interface RoundResult extends RoundBytes {
  readonly accuracy: number;
  readonly macroF1: number;
  /** Of the last round: accuracyOfPeople(). */
  readonly people?: readonly number[];
}

/** What is scored after the last round, and of it after the others. */
export interface ScoredSplit extends Split {
  readonly probe?: readonly number[];
}

/** Of a task, what decides a run. */
export type RunTask = Pick<
  TrafficTask,
  'title' | 'model' | 'plan' | 'skipThreshold' | 'classWeights'
>;

export interface Setup {
  readonly task: RunTask;
  readonly scheme: Scheme;
  /** Learning rate 2^−lrShift in the first round. */
  readonly lrShift: number;
  readonly seed: number;
}

/** Trains from the initial model of the seed; one result per round. */
export async function runScheme(
  { task, scheme, lrShift, seed }: Setup,
  split: ScoredSplit,
): Promise<RoundResult[]> {
  const { dataset, clients, test, probe = test } = split;
  const { model, plan, skipThreshold, classWeights } = task;
  const descriptor = buildDescriptor(model);
  const { parameters } = parseDescriptor(descriptor);
  const problem = { dataset, descriptor };
  const coded =
    scheme.arithmetic === 'linnet' ? await CodedArm.openCoded(problem, scheme, plan.rounds) : null;
  const arm = coded ?? (await FloatArm.open(problem));
  const order = await SampleOrder.open(descriptor);
  const tuning = { lrShift, skipThreshold, ...(classWeights && { classWeights }) };
  const results: RoundResult[] = [];
  trainFederated(arm, order, clients, plan, tuning, seed, (round) => {
    const isLast = round + 1 === plan.rounds;
    const { accuracy, macroF1 } = scoreConfusion(scoreArm(arm, dataset, isLast ? test : probe));
    const bytes = coded?.takeBytes() ?? floatBytes(parameters, plan.perRound ?? clients.length);
    const people = isLast ? { people: accuracyOfPeople(arm, split) } : {};
    results.push({ ...bytes, accuracy, macroF1, ...people });
  });
  return results;
}
