import { describe, expect, it } from 'vitest';
import { decay } from '../../host/contract/contract.gen.js';
import { nodeKeyOf } from '../../host/contract/hash.js';
import { distinctSubjects, sampleAt, type Dataset } from '../../host/data/dataset.js';
import { withRrFeatures } from '../../host/data/ecg-features.js';
import { scoreConfusion } from '../../host/data/metrics.js';
import { generateSyntheticEcg } from '../../host/data/synthetic-ecg.js';
import type { TrainSettings } from '../../host/kernel/kernel.js';
import { noCounts, openKernel, scoreArm, type Arm } from '../../bench/accuracy/arm.js';
import { FloatArm, shiftOfStep } from '../../bench/accuracy/float-arm.js';
import { LinnetArm } from '../../bench/accuracy/linnet-arm.js';
import { summarise } from '../../bench/accuracy/statistics.js';
import { describeModel, validationFolds } from '../../bench/accuracy/tasks.js';
import { SampleOrder, trainCentralised, trainFederated } from '../../bench/accuracy/training.js';

const dataset: Dataset = withRrFeatures(
  generateSyntheticEcg({ subjects: 6, testSubjects: 1, beatsPerSubject: 40, seed: 1 }),
  'append',
);
const descriptor = describeModel(dataset, 8, -6);
const problem = { dataset, descriptor };
const tuning = { lrShift: 6, skipThreshold: 0, classWeights: [0, 2, 1] };
const clients = [0, 1, 2].map((c) => Array.from({ length: 40 }, (_, i) => 40 * c + i));

async function openArms(): Promise<Arm[]> {
  return [await LinnetArm.open(problem), await FloatArm.open(problem)];
}

interface TrainCall {
  readonly settings: TrainSettings;
  readonly samples: number[];
  readonly weight: number;
}

/** An arm that only writes down what it is asked to train. */
function spyArm(): { arm: Arm; calls: TrainCall[] } {
  const calls: TrainCall[] = [];
  let begun: TrainSettings | undefined;
  const record = (settings: TrainSettings, samples: readonly number[], weight: number): void => {
    calls.push({ settings, samples: [...samples], weight });
  };
  const arm: Arm = {
    counts: noCounts,
    initialise: () => undefined,
    begin: (settings) => {
      begun = settings;
    },
    proceed: (samples) => record(begun!, samples, 0),
    contribute: record,
    closeRound: () => undefined,
    predict: () => 0,
    deviation: () => 0,
    save: () => new Int16Array(),
    restore: () => undefined,
  };
  return { arm, calls };
}

describe('validation folds', () => {
  it('hold every training person out once, and never train on one who is held out', () => {
    const folds = validationFolds(dataset);
    const held = folds.flatMap(({ test }) => distinctSubjects(dataset, test));
    expect(held.sort()).toEqual([1, 2, 3, 4, 5, 6]);
    for (const { clients: kept, test } of folds) {
      const trained = new Set(kept.flatMap((client) => distinctSubjects(dataset, client)));
      expect(distinctSubjects(dataset, test).some((person) => trained.has(person))).toBe(false);
      for (const index of [...kept.flat(), ...test]) expect(dataset.split[index]).toBe(0);
    }
  });
});

describe('arms', () => {
  it('start from one model: they agree before training', async () => {
    const [linnet, float] = await openArms();
    linnet.initialise(7);
    float.initialise(7);
    const samples = Array.from({ length: 240 }, (_, i) => i);
    const agreeing = samples.filter((i) => linnet.predict(i) === float.predict(i));
    expect(agreeing.length).toBeGreaterThan(225);
    expect(new Set(samples.map((i) => linnet.predict(i))).size).toBeGreaterThan(1);
  });

  it('learn the same task', async () => {
    const order = await SampleOrder.open(descriptor);
    for (const arm of await openArms()) {
      trainFederated(
        arm,
        order,
        clients,
        { kind: 'federated', rounds: 12, localEpochs: 4, samplesPerRound: 30 },
        tuning,
        1,
      );
      expect(arm.counts.steps).toBe(12 * 3 * 120);
      const confusion = scoreArm(arm, dataset, clients.flat());
      for (const { recall } of scoreConfusion(confusion).classes) {
        expect(recall, JSON.stringify(confusion)).toBeGreaterThan(0.7);
      }
    }
  });

  it('publish, alone in a federation, what the kernel trained', async () => {
    const arm = await LinnetArm.open(problem);
    const order = await SampleOrder.open(descriptor);
    const plan = { kind: 'federated', rounds: 1, localEpochs: 1, samplesPerRound: 25 } as const;
    trainFederated(arm, order, [clients[0]], plan, tuning, 5);

    const kernel = await openKernel(descriptor);
    kernel.initialise(5);
    const initial = kernel.storeParameters();
    kernel.begin({
      federationSeed: 5,
      baseVersion: 0,
      nodeKey: nodeKeyOf('node-0'),
      lrShift: 6,
      lrDecay: decay.CONSTANT,
      totalSteps: 25,
      skipThreshold: 0,
      classWeights: Int8Array.of(0, 2, 1),
    });
    for (let t = 0; t < 25; t++) {
      const index = kernel.order(0, 40, kernel.order(1, 25, t));
      kernel.train(sampleAt(dataset, index), dataset.label[index]);
    }
    expect(arm.save()).toEqual(kernel.storeParameters());
    expect(arm.save()).not.toEqual(initial);
  });

  it('are given the weights and the schedule of the exact aggregation', async () => {
    const { arm, calls } = spyArm();
    const order = await SampleOrder.open(descriptor);
    const plan = { kind: 'federated', rounds: 4, localEpochs: 2, samplesPerRound: 0 } as const;
    trainFederated(arm, order, [clients[0], clients[1].slice(0, 3)], plan, tuning, 1);
    // A unit of ⌈40 / 15⌉ = 3 samples.
    expect(calls.map(({ weight }) => weight)).toEqual([14, 1, 14, 1, 14, 1, 14, 1]);
    expect(calls.map(({ samples }) => samples.length)).toEqual([80, 6, 80, 6, 80, 6, 80, 6]);
    const shifts = calls.map(({ settings }) => settings.lrShift - tuning.lrShift);
    expect(shifts).toEqual([0, 0, 0, 0, 1, 1, 2, 2]);
    expect(calls.map(({ settings }) => settings.baseVersion)).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  });

  it('take the whole training set in the order of the kernel when centralised', async () => {
    const { arm, calls } = spyArm();
    const order = await SampleOrder.open(descriptor);
    const plan = { kind: 'centralised', epochs: 2 } as const;
    trainCentralised(arm, order, clients[1], plan, tuning, 1);
    const epochs = calls.map(({ samples }) => samples);
    expect(epochs.length).toBe(2);
    for (const epoch of epochs) expect(epoch.toSorted((a, b) => a - b)).toEqual(clients[1]);
    expect(epochs[1]).not.toEqual(epochs[0]);
    expect(calls.every(({ settings }) => settings.totalSteps === 80)).toBe(true);
  });
});

describe('shiftOfStep', () => {
  it('halves the rate at 50, 75 and 90 % of the steps', () => {
    const settings = {
      federationSeed: 1,
      baseVersion: 0,
      nodeKey: 0,
      lrShift: 8,
      lrDecay: decay.STEPS,
      totalSteps: 20,
      skipThreshold: 0,
    };
    const shifts = [0, 9, 10, 14, 15, 17, 18, 19].map((t) => shiftOfStep(settings, t));
    expect(shifts).toEqual([8, 8, 9, 9, 10, 10, 11, 11]);
    expect(shiftOfStep({ ...settings, lrDecay: decay.CONSTANT }, 19)).toBe(8);
  });
});

describe('summarise', () => {
  it('gives the t interval of the mean', () => {
    // Mean 3, deviation sqrt(2.5), t(4) = 2.776.
    const { mean, deviation, halfWidth } = summarise([1, 2, 3, 4, 5]);
    expect(mean).toBe(3);
    expect(deviation).toBeCloseTo(1.5811, 4);
    expect(halfWidth).toBeCloseTo(1.963, 3);
  });

  it('claims no confidence from one value', () => {
    expect(summarise([2])).toEqual({ mean: 2, deviation: 0, halfWidth: Infinity });
  });
});
