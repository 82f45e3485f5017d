/**
 * The tasks of the comparison: which data, which model, who the clients are and who is held out. The tuned values were
 * found with tune.ts on training people only (docs/ACCURACY.md).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  distinctSubjects,
  keepClasses,
  samplesOfSplit,
  type Dataset,
} from '../../host/data/dataset.js';
import { withRrFeatures } from '../../host/data/ecg-features.js';
import { loadDataset } from '../../host/data/load.js';
import { partitionBySubject, partitionDirichlet } from '../../host/data/partition.js';
import { generateSyntheticEcg } from '../../host/data/synthetic-ecg.js';
import { buildDescriptor, type ModelSpec } from '../../host/model/descriptor.js';
import { recordingsFolder } from '../recordings.js';
import type { CentralisedPlan, FederatedPlan } from './training.js';

export const taskNames = ['ecg', 'har', 'mnist', 'synthetic'] as const;
export type TaskName = (typeof taskNames)[number];

/** Clients to train on and samples to score on, as indices into a dataset. */
export interface Split {
  readonly dataset: Dataset;
  readonly clients: readonly (readonly number[])[];
  readonly test: readonly number[];
}

/** Starting learning rates 2^−shift, one per arm: each the best on validation. */
export interface Shifts {
  readonly linnet: number;
  readonly float32: number;
}

/** What tune.ts found. */
export interface TunedTask {
  readonly title: string;
  readonly hidden: number;
  /** Real input = int8 · 2^inputExponent. */
  readonly inputExponent: number;
  readonly classWeights?: readonly number[];
  readonly federated: FederatedPlan & { readonly shifts: Shifts };
  readonly centralised: CentralisedPlan & { readonly shifts: Shifts };
}

export const tunedTasks: Readonly<Record<TaskName, TunedTask>> = {
  ecg: {
    title: 'ECG, 130-32-3, 22 patients (DS1) → 11 patients (first half of DS2)',
    hidden: 32,
    inputExponent: -6,
    classWeights: [0, 2, 1],
    federated: {
      kind: 'federated',
      rounds: 40,
      localEpochs: 1,
      samplesPerRound: 500,
      shifts: { linnet: 6, float32: 6 },
    },
    centralised: { kind: 'centralised', epochs: 3, shifts: { linnet: 8, float32: 8 } },
  },
  har: {
    title: 'HAR, 1152-32-6, 21 people → 9 people',
    hidden: 32,
    inputExponent: -6,
    federated: {
      kind: 'federated',
      // As in the study that chose the arithmetic.
      rounds: 100,
      localEpochs: 1,
      samplesPerRound: 150,
      shifts: { linnet: 5, float32: 5 },
    },
    centralised: { kind: 'centralised', epochs: 10, shifts: { linnet: 7, float32: 7 } },
  },
  mnist: {
    title: 'MNIST, 784-64-10',
    hidden: 64,
    inputExponent: -7,
    federated: {
      kind: 'federated',
      rounds: 20,
      localEpochs: 1,
      samplesPerRound: 1000,
      shifts: { linnet: 5, float32: 5 },
    },
    centralised: { kind: 'centralised', epochs: 5, shifts: { linnet: 6, float32: 6 } },
  },
  synthetic: {
    title: 'Synthetic ECG, 130-32-3, 4 people → 6 people',
    hidden: 32,
    inputExponent: -6,
    classWeights: [0, 2, 1],
    federated: {
      kind: 'federated',
      rounds: 10,
      localEpochs: 1,
      samplesPerRound: 0,
      shifts: { linnet: 6, float32: 6 },
    },
    centralised: { kind: 'centralised', epochs: 10, shifts: { linnet: 7, float32: 7 } },
  },
};

/** Nodes of the tasks without people of their own. */
const mnistNodes = 4;
const mnistAlpha = 0.5;
const partitionSeed = 1;
const syntheticNodes = 4;

/** Dealt for the final comparison; the people of the other seeds are for validation. */
const syntheticSeed = 2003;
const syntheticValidationSeeds = [11, 12, 13];

const folds = 3;
const mnistValidation = 10_000;

const recordings = { ecg: 'ecg_mitbih_train.bin', har: 'har_hapt.bin', mnist: 'mnist' } as const;

/** True where the data of a task is on this machine. */
export function hasData(name: TaskName): boolean {
  return name === 'synthetic' || existsSync(join(recordingsFolder(), recordings[name]));
}

/** N, S and V as the field scores them; the RR features need every beat, so they come first. */
function readyEcg(dataset: Dataset): Dataset {
  return keepClasses(withRrFeatures(dataset, 'append'), ['N', 'S', 'V']);
}

function syntheticSplit(seed: number): Split {
  const dataset = readyEcg(
    generateSyntheticEcg({ subjects: syntheticNodes, testSubjects: 6, beatsPerSubject: 300, seed }),
  );
  return testSplit(dataset);
}

function loadTaskData(name: keyof typeof recordings): Dataset {
  const dataset = loadDataset(join(recordingsFolder(), recordings[name]));
  return name === 'ecg' ? readyEcg(dataset) : dataset;
}

/** People dealt to `nodes` clients, by default one each; a Dirichlet partition where people are not known. */
export function dealClients(
  dataset: Dataset,
  samples: readonly number[],
  nodes?: number,
): number[][] {
  if (!dataset.hasSubjects) {
    return partitionDirichlet(dataset, nodes ?? mnistNodes, mnistAlpha, partitionSeed, samples);
  }
  return partitionBySubject(dataset, nodes ?? distinctSubjects(dataset, samples).length, samples);
}

function testSplit(dataset: Dataset, nodes?: number): Split {
  const clients = dealClients(dataset, samplesOfSplit(dataset, 0), nodes);
  return { dataset, clients, test: samplesOfSplit(dataset, 1) };
}

/** The split the final comparison uses: the file's own training and test samples. */
export function loadTestSplit(name: TaskName, nodes?: number): Split {
  return name === 'synthetic'
    ? syntheticSplit(syntheticSeed)
    : testSplit(loadTaskData(name), nodes);
}

/** Training samples without and of the people held out: every third person, so that all of them are once. */
export function foldPeople(dataset: Dataset): { kept: number[]; held: number[] }[] {
  const train = samplesOfSplit(dataset, 0);
  const people = distinctSubjects(dataset, train);
  return Array.from({ length: folds }, (_, fold) => {
    const out = new Set(people.filter((_, rank) => rank % folds === fold));
    const isHeld = (index: number): boolean => out.has(dataset.subject[index]);
    return { kept: train.filter((index) => !isHeld(index)), held: train.filter(isHeld) };
  });
}

/** Person-wise folds of clients. */
export function validationFolds(dataset: Dataset, nodes?: number): Split[] {
  return foldPeople(dataset).map(({ kept, held }) => ({
    dataset,
    clients: dealClients(dataset, kept, nodes),
    test: held,
  }));
}

/** Splits for choosing hyperparameters: none of them holds a sample of the test split. */
export function loadValidationSplits(name: TaskName, nodes?: number): Split[] {
  if (name === 'synthetic') return syntheticValidationSeeds.map(syntheticSplit);
  const dataset = loadTaskData(name);
  if (dataset.hasSubjects) return validationFolds(dataset, nodes);
  const train = samplesOfSplit(dataset, 0);
  const cut = train.length - mnistValidation;
  const clients = dealClients(dataset, train.slice(0, cut), nodes);
  return [{ dataset, clients, test: train.slice(cut) }];
}

/** One hidden layer with ReLU. */
export function denseModel(dataset: Dataset, hidden: number, inputExponent: number): ModelSpec {
  return {
    input: { width: dataset.steps, channels: dataset.channels, exponent: inputExponent },
    layers: [
      { op: 'dense', outputs: hidden, activation: 'relu' },
      { op: 'dense', outputs: dataset.classNames.length },
    ],
    loss: 'softmax-cross-entropy',
  };
}

/** Its descriptor. */
export function describeModel(dataset: Dataset, hidden: number, inputExponent: number): Uint8Array {
  return buildDescriptor(denseModel(dataset, hidden, inputExponent));
}
