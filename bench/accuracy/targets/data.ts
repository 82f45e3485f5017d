/** The data of the target tasks and how it is split. */
import { join } from 'node:path';
import { keepClasses, samplesOfSplit, type Dataset } from '../../../host/data/dataset.js';
import { withRrFeatures } from '../../../host/data/ecg-features.js';
import { loadDataset } from '../../../host/data/load.js';
import { recordingsFolder } from '../../recordings.js';
import { foldPeople } from '../tasks.js';
import type { Split } from './task.js';

export const recordings = {
  ecg: 'ecg_mitbih_train.bin',
  har: 'har_hapt.bin',
  digits: 'fsdd_logmel.bin',
  mnist: 'mnist',
} as const;

export function loadRecording(name: keyof typeof recordings): Dataset {
  return loadDataset(join(recordingsFolder(), recordings[name]));
}

/** Beats of classes N, S, V with the two RR features as constant channels beside the waveform, 128 × 3. */
export function loadEcgChannels(): Dataset {
  return keepClasses(withRrFeatures(loadRecording('ecg'), 'channels'), ['N', 'S', 'V']);
}

/** The file's own training and test samples. */
export function officialSplit(dataset: Dataset): Split {
  return { dataset, train: samplesOfSplit(dataset, 0), test: samplesOfSplit(dataset, 1) };
}

/** Folds over the people of the training split: each is held out once. */
export function personFolds(dataset: Dataset): Split[] {
  return foldPeople(dataset).map(({ kept, held }) => ({ dataset, train: kept, test: held }));
}

/** One fold: the last `held` training samples. */
export function holdOutLast(dataset: Dataset, held: number): Split[] {
  const train = samplesOfSplit(dataset, 0);
  return [{ dataset, train: train.slice(0, -held), test: train.slice(-held) }];
}

/** One fold: every `stride`-th training sample, for data whose test split has the same people. */
export function holdOutEvery(dataset: Dataset, stride: number): Split[] {
  const train = samplesOfSplit(dataset, 0);
  const isHeld = (_: number, rank: number): boolean => rank % stride === 0;
  return [
    {
      dataset,
      train: train.filter((index, rank) => !isHeld(index, rank)),
      test: train.filter(isHeld),
    },
  ];
}
