/** The federations whose bytes are counted: data, nets, clients and tuned plans. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { constant } from '../../host/contract/contract.gen.js';
import { samplesOfSplit, type Dataset } from '../../host/data/dataset.js';
import type { ModelSpec } from '../../host/model/descriptor.js';
import { loadEcgChannels, loadRecording, recordings } from '../accuracy/targets/data.js';
import { ecgModel, harModel, mnistModel } from '../accuracy/targets/models.js';
import { dataFolder, dealClients, foldPeople, type Shifts, type Split } from '../accuracy/tasks.js';
import type { FederatedPlan } from '../accuracy/training.js';

export const taskNames = ['har', 'ecg', 'mnist'] as const;
export type TaskName = (typeof taskNames)[number];

export interface TrafficTask {
  readonly title: string;
  readonly model: ModelSpec;
  readonly plan: FederatedPlan;
  /** Chosen on training people alone (--tune). */
  readonly shifts: Shifts;
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
    shifts: { linnet: 4, float32: 4 },
    skipThreshold,
    load: () => loadRecording('har'),
  },
  ecg: {
    title: 'ECG, conv1d, 1,219 parameters, 22 patients, all in every round',
    model: ecgModel,
    plan: everyRound,
    shifts: { linnet: 10, float32: 10 },
    skipThreshold,
    classWeights: [0, 2, 1],
    load: loadEcgChannels,
  },
  mnist: {
    title: 'MNIST, conv2d, 9,098 parameters, 100 clients (Dirichlet 0.5), 10 of them in a round',
    model: mnistModel,
    plan: { ...everyRound, samplesPerRound: 0, perRound: 10 },
    shifts: { linnet: 5, float32: 5 },
    skipThreshold,
    load: () => loadRecording('mnist'),
  },
};

const mnistClients = 100;
const mnistValidation = 10_000;

/** True where the data of a task is on this machine. */
export function hasData(name: TaskName): boolean {
  return existsSync(join(dataFolder(), recordings[name]));
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

/** For choosing rates: no sample of the test split, and of people one fold in three. */
export function loadValidationSplit(name: TaskName): Split {
  const dataset = tasks[name].load();
  if (!dataset.hasSubjects) {
    const train = samplesOfSplit(dataset, 0);
    const kept = train.slice(0, -mnistValidation);
    return { dataset, clients: clientsOf(dataset, kept), test: train.slice(-mnistValidation) };
  }
  const { kept, held } = foldPeople(dataset)[0];
  return { dataset, clients: clientsOf(dataset, kept), test: held };
}
