/** The runs of a table: made once, then read from the folder of results. */
import { version } from '../../host/contract/contract.gen.js';
import { scoreConfusion } from '../../host/data/metrics.js';
import { buildDescriptor } from '../../host/model/descriptor.js';
import { scoreArm } from '../accuracy/arm.js';
import { FloatArm } from '../accuracy/float-arm.js';
import { accuracyOfPeople } from '../accuracy/people.js';
import { note, percent } from '../accuracy/report.js';
import { SampleOrder, trainCentralised } from '../accuracy/training.js';
import { cachedRun, cachedValue } from '../traffic/cache.js';
import type { RoundResult, ScoredSplit } from '../traffic/run.js';
import { resultSchemes, type ResultScheme } from './schemes.js';
import { chooseRate, validationSeed, type Choice } from './rate.js';
import { centralPlanOf, loadTestSplit, loadValidationSplit, type ResultTask } from './tasks.js';

/** How a command runs. */
export interface Work {
  readonly seeds: number;
  /** Where finished runs are. */
  readonly folder: string;
}

/** What is left of a run in the end. */
export interface Final {
  readonly accuracy: number;
  readonly macroF1: number;
  readonly people: readonly number[];
}

/** Loaded once for each task. */
function remember(load: (task: ResultTask) => ScoredSplit): (task: ResultTask) => ScoredSplit {
  const splits = new Map<ResultTask, ScoredSplit>();
  return (task) => {
    const known = splits.get(task) ?? load(task);
    splits.set(task, known);
    return known;
  };
}

export const testSplitOf = remember(loadTestSplit);
const validationSplitOf = remember(loadValidationSplit);

/** 1, 2, … as many as asked for. */
export function seedsOf({ seeds }: Work): number[] {
  return Array.from({ length: seeds }, (_, i) => i + 1);
}

/** One run a seed, with the rate that was chosen. */
export interface Runs {
  readonly choice: Choice;
  readonly runs: readonly RoundResult[][];
}

export async function federatedRuns(
  task: ResultTask,
  name: ResultScheme,
  work: Work,
): Promise<Runs> {
  const { folder } = work;
  const scheme = resultSchemes[name];
  const choice = await chooseRate(task.firstShift, async (lrShift) => {
    const job = { task, scheme, lrShift, seed: validationSeed, part: `${task.part}, validation 0` };
    return finalOf(await cachedRun(job, () => validationSplitOf(task), folder)).accuracy;
  });
  const { lrShift } = choice;
  const runs: RoundResult[][] = [];
  for (const seed of seedsOf(work)) {
    const job = { task, scheme, lrShift, seed, part: task.part };
    runs.push(await cachedRun(job, () => testSplitOf(task), folder));
  }
  return { choice, runs };
}

export function finalOf(run: readonly RoundResult[]): Final {
  const { accuracy, macroF1, people = [] } = run.at(-1)!;
  return { accuracy, macroF1, people };
}

async function centralRun(task: ResultTask, seed: number): Promise<Final> {
  const { epochs, shifts, classWeights } = centralPlanOf(task);
  const split = testSplitOf(task);
  const descriptor = buildDescriptor(task.model);
  const arm = await FloatArm.open({ dataset: split.dataset, descriptor });
  const order = await SampleOrder.open(descriptor);
  const samples = split.clients.flat().sort((a, b) => a - b);
  const tuning = {
    ...{ lrShift: shifts.float32, skipThreshold: 0 },
    ...(classWeights && { classWeights }),
  };
  trainCentralised(arm, order, samples, { kind: 'centralised', epochs }, tuning, seed);
  const { accuracy, macroF1 } = scoreConfusion(scoreArm(arm, split.dataset, split.test));
  note(`${task.label}: centralised float32, seed ${seed}: ${percent(accuracy)} %`);
  return { accuracy, macroF1, people: accuracyOfPeople(arm, split) };
}

/** float32 with all training samples in one place, by the plan of `npm run bench:accuracy`. */
export async function centralRuns(task: ResultTask, work: Work): Promise<Final[]> {
  const finals: Final[] = [];
  for (const seed of seedsOf(work)) {
    const { model, part } = task;
    const inputs = {
      kind: 'centralised',
      ...{ model, part, seed, plan: centralPlanOf(task), numerics: version.NUMERICS },
    };
    finals.push(await cachedValue(work.folder, inputs, () => centralRun(task, seed)));
  }
  return finals;
}
