/** The target tasks (issue "the kernel in full", what it must show): data, nets, tuned plans and targets. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { constant } from '../../../host/contract/contract.gen.js';
import { keepClasses } from '../../../host/data/dataset.js';
import { recordingsFolder } from '../../recordings.js';
import { detectAnomalies } from './anomaly.js';
import { classify } from './classification.js';
import {
  holdOutEvery,
  holdOutLast,
  loadEcgChannels,
  loadRecording,
  officialSplit,
  personFolds,
  recordings,
} from './data.js';
import type { StepPanel } from './figure.js';
import { anomalyModel, digitsModel, ecgModel, harModel, mnistModel } from './models.js';
import { classifyPersonalised, type OwnSamples } from './personalised.js';
import type { TargetTask } from './task.js';

/** Own beats of a patient to train on. */
const personalSamples: readonly OwnSamples[] = [
  { count: 20, shiftChange: 3 },
  { count: 100, shiftChange: 0 },
];

const ecgPlan = {
  epochs: 3,
  shifts: { linnet: 12, float32: 12 },
  classWeights: [0, 2, 1],
};

/** Of the last layer, on a patient's own beats. */
const personalPlan = { ...ecgPlan, epochs: 20, shifts: { linnet: 7, float32: 7 } };

function personalPanel(title: string, score: string): StepPanel {
  const after = personalSamples.map(({ count }) => ({
    label: String(count),
    score: `after${count}.${score}`,
  }));
  const steps = [{ label: '0', score: `before${personalSamples[0].count}.${score}` }, ...after];
  return { title, axis: 'own beats trained on', steps };
}

const skipThreshold = constant.SKIP_THRESHOLD_DEFAULT;

export const targetTasks: readonly TargetTask[] = [
  {
    name: 'har-conv',
    title: 'HAR, conv1d, 1,126 parameters, 21 people → 9 people',
    model: harModel,
    data: recordings.har,
    plan: { epochs: 15, shifts: { linnet: 7, float32: 7 } },
    skipThreshold,
    targets: [{ score: 'accuracy', floor: 0.905, margin: 0.003 }],
    panels: [
      { title: 'accuracy, %', score: 'accuracy' },
      { title: 'macro-F1, %', score: 'macroF1' },
    ],
    testSplit: () => officialSplit(loadRecording('har')),
    validationSplits: () => personFolds(loadRecording('har')),
    run: classify(harModel),
  },
  {
    name: 'ecg-conv',
    title:
      'ECG N/S/V, conv1d, 1,219 parameters, 22 patients (DS1) → 11 patients (first half of DS2)',
    model: ecgModel,
    data: recordings.ecg,
    plan: ecgPlan,
    skipThreshold,
    targets: [
      { score: 'accuracy', margin: 0.003 },
      { score: 'macroF1', margin: 0.01 },
    ],
    panels: [
      { title: 'accuracy, %', score: 'accuracy' },
      { title: 'macro-F1, %', score: 'macroF1' },
    ],
    testSplit: () => officialSplit(loadEcgChannels()),
    validationSplits: () => personFolds(loadEcgChannels()),
    run: classify(ecgModel),
  },
  {
    name: 'ecg-personal',
    title: 'ECG, last layer trained on the first 20 and 100 beats of each of the 11 patients',
    model: ecgModel,
    data: recordings.ecg,
    plan: personalPlan,
    // With all but the last layer frozen a backward pass costs next to nothing.
    skipThreshold: 0,
    targets: personalSamples.flatMap(({ count }) => [
      { score: `after${count}.patientMean`, margin: 0.01 },
      { score: `after${count}.macroF1`, margin: 0.01 },
    ]),
    panels: [
      personalPanel('accuracy, mean over patients, %', 'patientMean'),
      personalPanel('macro-F1, all patients pooled, %', 'macroF1'),
    ],
    testSplit: () => officialSplit(loadEcgChannels()),
    validationSplits: () => personFolds(loadEcgChannels()),
    run: classifyPersonalised(ecgModel, personalSamples, ecgPlan),
  },
  {
    name: 'mnist-conv',
    title: 'MNIST, conv2d, 9,098 parameters, 60,000 → 10,000 images',
    model: mnistModel,
    data: recordings.mnist,
    plan: { epochs: 5, shifts: { linnet: 6, float32: 7 } },
    skipThreshold,
    targets: [{ score: 'accuracy', floor: 0.983, margin: 0.002 }],
    panels: [{ title: 'accuracy, %', score: 'accuracy' }],
    testSplit: () => officialSplit(loadRecording('mnist')),
    validationSplits: () => holdOutLast(loadRecording('mnist'), 10_000),
    run: classify(mnistModel),
  },
  {
    name: 'digits',
    title: 'Spoken digits, conv1d, 2,700 → 300 recordings of 6 speakers',
    model: digitsModel,
    data: recordings.digits,
    plan: { epochs: 20, shifts: { linnet: 8, float32: 7 } },
    skipThreshold,
    targets: [{ score: 'accuracy', margin: 0.01 }],
    panels: [{ title: 'accuracy, %', score: 'accuracy' }],
    testSplit: () => officialSplit(loadRecording('digits')),
    validationSplits: () => holdOutEvery(loadRecording('digits'), 5),
    run: classify(digitsModel),
  },
  {
    name: 'ecg-anomaly',
    title:
      'ECG anomaly, autoencoder trained on N beats of DS1, V against N in the first half of DS2',
    model: anomalyModel,
    data: recordings.ecg,
    plan: { epochs: 3, shifts: { linnet: 8, float32: 8 } },
    // Two LSB of the sample: the default of a softmax is six and cost a little.
    skipThreshold: 512,
    targets: [{ score: 'auc', margin: 0.01 }],
    panels: [{ title: 'area under the ROC curve, %', score: 'auc' }],
    testSplit: () => officialSplit(keepClasses(loadRecording('ecg'), ['N', 'V'])),
    validationSplits: () => personFolds(keepClasses(loadRecording('ecg'), ['N', 'V'])),
    run: detectAnomalies(anomalyModel),
  },
];

/** True where the data of a task is on this machine. */
export function hasRecording({ data }: TargetTask): boolean {
  return existsSync(join(recordingsFolder(), data));
}

/** Throws for a name that no task has. */
export function findTask(name: string): TargetTask {
  const task = targetTasks.find((one) => one.name === name);
  if (task === undefined) {
    throw new Error(
      `no task is called ${name}: use ${targetTasks.map((one) => one.name).join(', ')}`,
    );
  }
  return task;
}
