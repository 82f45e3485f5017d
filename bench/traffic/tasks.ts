/** The federations whose bytes are counted: data, nets, clients and tuned plans. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { constant } from '../../host/contract/contract.gen.js';
import { samplesOfSplit, type Dataset } from '../../host/data/dataset.js';
import type { ModelSpec } from '../../host/model/descriptor.js';
import { loadEcgChannels, loadRecording, recordings } from '../accuracy/targets/data.js';
import { ecgModel, harModel, mnistModel } from '../accuracy/targets/models.js';
import { dealClients, foldPeople, type Split } from '../accuracy/tasks.js';
import { recordingsFolder } from '../recordings.js';
import type { FederatedPlan } from '../accuracy/training.js';
import type { ScoredSplit } from './run.js';
import type { SchemeName } from './schemes.js';

export const taskNames = ['har', 'ecg', 'mnist'] as const;
export type TaskName = (typeof taskNames)[number];

export interface TrafficTask {
  readonly title: string;
  readonly model: ModelSpec;
  readonly plan: FederatedPlan;
  /** The schemes that are compared, and the learning rate 2^−shift of each, chosen by tune.ts on training people alone. */
  readonly shifts: Readonly<Partial<Record<SchemeName, number>>>;
  readonly skipThreshold: number;
  readonly classWeights?: readonly number[];
  readonly load: () => Dataset;
}

const everyRound: FederatedPlan = {
  kind: 'federated',
  rounds: 100,
  localEpochs: 1,
  samplesPerRound: 150,
};
const skipThreshold = constant.SKIP_THRESHOLD_DEFAULT;

export const tasks: Readonly<Record<TaskName, TrafficTask>> = {
  har: {
    title: 'HAR, conv1d, 1,126 parameters, 21 people, all in every round',
    model: harModel,
    plan: everyRound,
    shifts: { float32: 3, dense: 3, sparseUp: 3, sparse10: 3, sparse5: 3 },
    skipThreshold,
    load: () => loadRecording('har'),
  },
  ecg: {
    title: 'ECG, conv1d, 1,219 parameters, 22 patients, all in every round',
    model: ecgModel,
    plan: everyRound,
    shifts: { float32: 9, dense: 9, sparse10: 8, sparse5: 8 },
    skipThreshold,
    classWeights: [0, 2, 1],
    load: loadEcgChannels,
  },
  mnist: {
    title: 'MNIST, conv2d, 9,098 parameters, 100 clients (Dirichlet 0.5), 10 of them in a round',
    model: mnistModel,
    plan: { ...everyRound, samplesPerRound: 0, perRound: 10 },
    shifts: { float32: 4, dense: 5 },
    skipThreshold,
    load: () => loadRecording('mnist'),
  },
};

const mnistClients = 100;
const mnistValidation = 10_000;
const peopleFolds = 3;

/** True where the data of a task is on this machine. */
export function hasData(name: TaskName): boolean {
  return existsSync(join(recordingsFolder(), recordings[name]));
}

function clientsOf(dataset: Dataset, samples: readonly number[]): number[][] {
  return dealClients(dataset, samples, dataset.hasSubjects ? undefined : mnistClients);
}

/** The file's own training and test samples. */
export function loadTestSplit(name: TaskName): Split {
  const dataset = tasks[name].load();
  const clients = clientsOf(dataset, samplesOfSplit(dataset, 0));
  return { dataset, clients, test: samplesOfSplit(dataset, 1) };
}

/** Folds of {@link loadValidationSplits}. */
export function foldsOf(name: TaskName): number {
  return name === 'mnist' ? 1 : peopleFolds;
}

/** Most samples that are scored after a round that is not the last. */
const probeSamples = 1000;

function validationSplit(dataset: Dataset, kept: readonly number[], test: number[]): ScoredSplit {
  const step = Math.ceil(test.length / probeSamples);
  const probe = test.filter((_, rank) => rank % step === 0);
  return { dataset, clients: clientsOf(dataset, kept), test, probe };
}

/** For choosing rates: no sample of the test split; every person is held out in one of the folds. */
export function loadValidationSplits(name: TaskName): ScoredSplit[] {
  const dataset = tasks[name].load();
  if (dataset.hasSubjects)
    return foldPeople(dataset).map(({ kept, held }) => validationSplit(dataset, kept, held));
  const train = samplesOfSplit(dataset, 0);
  const cut = train.length - mnistValidation;
  return [validationSplit(dataset, train.slice(0, cut), train.slice(cut))];
}
