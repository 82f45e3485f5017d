/** The federations of docs/RESULTS.md: data, nets, clients and plans. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { constant } from '../../host/contract/contract.gen.js';
import { samplesOfSplit, type Dataset } from '../../host/data/dataset.js';
import { partitionDirichlet } from '../../host/data/partition.js';
import { dealShards } from '../../host/simulator/deal.js';
import {
  holdOutEvery,
  holdOutLast,
  loadRecording,
  personFolds,
  recordings,
} from '../accuracy/targets/data.js';
import { digitsModel } from '../accuracy/targets/models.js';
import { findTask } from '../accuracy/targets/tasks.js';
import { dealClients } from '../accuracy/tasks.js';
import { recordingsFolder } from '../recordings.js';
import type { FederatedPlan } from '../accuracy/training.js';
import type { RunTask, ScoredSplit } from '../traffic/run.js';
import { tasks as trafficTasks } from '../traffic/tasks.js';
import type { ResultScheme } from './schemes.js';

export const taskNames = ['har', 'ecg', 'digits', 'dirichlet', 'shards'] as const;
export type TaskName = (typeof taskNames)[number];

export interface ResultTask extends RunTask {
  /** Short, for tables of several tasks. */
  readonly label: string;
  readonly recording: keyof typeof recordings;
  /** Names training and test samples in the cache. */
  readonly part: string;
  /** Of accuracy/targets, whose epochs and rate the centralised rows have. */
  readonly central: string;
  /** Schemes of table 1. */
  readonly schemes: readonly ResultScheme[];
  /** Learning rate 2^−shift that is tried first. */
  readonly firstShift: number;
  readonly load: () => Dataset;
  readonly clientsOf: (dataset: Dataset, samples: readonly number[]) => number[][];
  /** Training samples, of which no more than so many. */
  readonly most?: number;
  /** Of the test samples, one in so many is scored after rounds that are not the last. */
  readonly probeStep: number;
}

const clients = 100;
const partitionSeed = 1;

const peoplePlan: FederatedPlan = {
  kind: 'federated',
  rounds: 100,
  localEpochs: 1,
  samplesPerRound: 150,
};

const mnist = {
  ...{ model: trafficTasks.mnist.model, plan: { ...peoplePlan, samplesPerRound: 0, perRound: 10 } },
  ...{ skipThreshold: constant.SKIP_THRESHOLD_DEFAULT, central: 'mnist-conv' },
  recording: 'mnist' as const,
  ...{ load: () => loadRecording('mnist'), most: 20_000, probeStep: 10 },
  schemes: ['float32', 'exact', 'dense', 'sparseUp'] as const,
  firstShift: 4,
};

const allSchemes = ['float32', 'exact', 'dense', 'sparseUp', 'sparse10'] as const;

const people = {
  clientsOf: (dataset: Dataset, samples: readonly number[]) => dealClients(dataset, samples),
  probeStep: 1,
};

export const tasks: Readonly<Record<TaskName, ResultTask>> = {
  har: {
    ...{ ...trafficTasks.har, ...people, recording: 'har', part: 'har', central: 'har-conv' },
    label: 'HAR',
    ...{ schemes: allSchemes, firstShift: 3 },
  },
  ecg: {
    ...{ ...trafficTasks.ecg, ...people, recording: 'ecg', part: 'ecg', central: 'ecg-conv' },
    probeStep: 10,
    label: 'ECG',
    ...{ schemes: allSchemes, firstShift: 8 },
  },
  digits: {
    ...{ ...people, recording: 'digits', part: 'digits', central: 'digits' },
    ...{ model: digitsModel, plan: peoplePlan, skipThreshold: constant.SKIP_THRESHOLD_DEFAULT },
    title: 'Spoken digits, conv1d, 6 speakers, all in every round; recordings nobody trained on',
    label: 'Digits',
    ...{ schemes: allSchemes, firstShift: 4 },
    load: () => loadRecording('digits'),
  },
  dirichlet: {
    ...mnist,
    title:
      'MNIST, conv2d, 9,098 parameters, 20,000 images, 100 clients (Dirichlet 0.5), 10 a round',
    label: 'MNIST, Dirichlet 0.5',
    part: 'mnist dirichlet',
    clientsOf: (dataset, samples) =>
      partitionDirichlet(dataset, clients, 0.5, partitionSeed, samples),
  },
  shards: {
    ...mnist,
    title: 'MNIST, the same, but each client has two shards of one class',
    label: 'MNIST, two-class shards',
    part: 'mnist shards',
    clientsOf: (dataset, samples) => dealShards(dataset, samples, clients, 2, partitionSeed),
  },
};

/** True where the data of a task is on this machine. */
export function hasData(name: TaskName): boolean {
  return existsSync(join(recordingsFolder(), recordings[tasks[name].recording]));
}

function scoredSplit(
  task: ResultTask,
  dataset: Dataset,
  train: readonly number[],
  test: readonly number[],
): ScoredSplit {
  const clients = task.clientsOf(dataset, train.slice(0, task.most));
  const probe = test.filter((_, rank) => rank % task.probeStep === 0);
  return { dataset, clients, test, probe };
}

/** The file's own training and test samples. */
export function loadTestSplit(task: ResultTask): ScoredSplit {
  const dataset = task.load();
  return scoredSplit(task, dataset, samplesOfSplit(dataset, 0), samplesOfSplit(dataset, 1));
}

const mnistValidation = 10_000;
const digitsStride = 5;

/** For choosing rates, without any test sample: a third of the people, a fifth of the recordings, the last images. */
export function loadValidationSplit(task: ResultTask): ScoredSplit {
  const dataset = task.load();
  const [{ train, test }] = {
    har: () => personFolds(dataset),
    ecg: () => personFolds(dataset),
    digits: () => holdOutEvery(dataset, digitsStride),
    mnist: () => holdOutLast(dataset, mnistValidation),
  }[task.recording]();
  return scoredSplit(task, dataset, train, test);
}

/** Epochs, rate and class weights of one client with everything. */
export function centralPlanOf(task: ResultTask) {
  return findTask(task.central).plan;
}
