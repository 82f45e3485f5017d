import { describe, expect, it } from 'vitest';
import { constant } from '../../host/contract/contract.gen.js';
import { keepClasses } from '../../host/data/dataset.js';
import { withRrFeatures } from '../../host/data/ecg-features.js';
import { SeededRandom } from '../../host/data/random.js';
import { generateSyntheticEcg } from '../../host/data/synthetic-ecg.js';
import { buildDescriptor, parseDescriptor } from '../../host/model/descriptor.js';
import { noCounts, openKernel } from '../../bench/accuracy/arm.js';
import { areaUnderRoc, detectAnomalies } from '../../bench/accuracy/targets/anomaly.js';
import { classify, openArm } from '../../bench/accuracy/targets/classification.js';
import { officialSplit, personFolds } from '../../bench/accuracy/targets/data.js';
import { drawTask } from '../../bench/accuracy/targets/figure.js';
import { judge, type Trials } from '../../bench/accuracy/targets/judge.js';
import { groupPeople } from '../../bench/accuracy/people.js';
import { classifyPersonalised } from '../../bench/accuracy/targets/personalised.js';
import { arithmetics, type Trial } from '../../bench/accuracy/targets/task.js';
import { findTask, targetTasks } from '../../bench/accuracy/targets/tasks.js';

const ecg = withRrFeatures(
  generateSyntheticEcg({ subjects: 6, testSubjects: 3, beatsPerSubject: 60, seed: 3 }),
  'channels',
);
const split = officialSplit(ecg);
const ecgTask = findTask('ecg-conv');
const tuning = { lrShift: 7, skipThreshold: 0, classWeights: [0, 2, 1] };

describe('nets of the target table', () => {
  it.each([
    ['har-conv', 1126],
    ['ecg-conv', 1219],
    ['mnist-conv', 9098],
  ])('%s has the %i parameters asked for', (name, parameters) => {
    expect(parseDescriptor(buildDescriptor(findTask(name).model)).parameters).toBe(parameters);
  });

  it.each(targetTasks.map(({ name, model }) => [name, model] as const))(
    '%s: both arms start as one function',
    async (_name, model) => {
      const descriptor = buildDescriptor(model);
      const kernel = await openKernel(descriptor);
      const info = parseDescriptor(descriptor);
      const random = new SeededRandom(5);
      const length = info.inputs;
      const samples = Array.from({ length: 40 }, () =>
        Int8Array.from({ length }, (_, i) =>
          Math.round(60 * Math.sin(i * (0.05 + 0.3 * random.unit()))),
        ),
      );
      const x = Int8Array.from(samples.flatMap((sample) => [...sample]));
      const zeros = new Uint8Array(samples.length);
      const dataset = {
        ...ecg,
        x,
        label: zeros,
        steps: length,
        channels: 1,
        classNames: ['a'],
      };
      const [linnet, float] = await Promise.all(
        arithmetics.map((arithmetic) => openArm(arithmetic, { dataset, descriptor })),
      );
      linnet.initialise(2);
      float.initialise(2);
      const indices = samples.map((_, i) => i);
      if (info.loss === 'squared-error') {
        for (const i of indices) {
          // Four int8 units hold all that passes the bottleneck.
          const ratio = linnet.deviation(i) / float.deviation(i);
          expect(Math.abs(Math.log(ratio))).toBeLessThan(0.1);
        }
      } else {
        const agreeing = indices.filter((i) => linnet.predict(i) === float.predict(i));
        expect(agreeing.length).toBeGreaterThanOrEqual(36);
      }
      kernel.close();
    },
  );
});

describe('areaUnderRoc', () => {
  it('is the share of pairs in the right order, ties half', () => {
    expect(areaUnderRoc([1, 2, 3], [4, 5])).toBe(1);
    expect(areaUnderRoc([4, 5], [1, 2, 3])).toBe(0);
    expect(areaUnderRoc([1, 1], [1])).toBe(0.5);
    // Pairs: 2>1, 2<3, 3>1, 3=3.
    expect(areaUnderRoc([1, 3], [2, 3])).toBe(2.5 / 4);
  });

  it('agrees with counting all pairs', () => {
    const random = new SeededRandom(1);
    const draw = (): number[] => Array.from({ length: 50 }, () => random.below(20));
    const [negative, positive] = [draw(), draw()];
    let wins = 0;
    for (const a of negative) for (const b of positive) wins += b > a ? 1 : b === a ? 0.5 : 0;
    expect(areaUnderRoc(negative, positive)).toBe(wins / 2500);
  });
});

describe('trials', () => {
  it.each(arithmetics)(
    '%s learns to classify, and its curve has every epoch',
    async (arithmetic) => {
      const trial = await classify(ecgTask.model)(arithmetic, split, 6, tuning, 1);
      expect(trial.curve.length).toBe(6);
      expect(trial.counts.steps).toBe(6 * split.train.length);
      expect(trial.curve[5].accuracy).toBeGreaterThan(0.8);
      expect(trial.curve[5].accuracy).toBeGreaterThan(trial.curve[0].accuracy);
      const total = trial.confusion!.reduce((sum, count) => sum + count, 0);
      expect(total).toBe(split.test.length);
    },
  );

  it.each(arithmetics)('%s tells anomalies by their reconstruction', async (arithmetic) => {
    const dataset = keepClasses(
      generateSyntheticEcg({ subjects: 6, testSubjects: 3, beatsPerSubject: 80, seed: 3 }),
      ['N', 'V'],
    );
    const { model } = findTask('ecg-anomaly');
    const own = { lrShift: 8, skipThreshold: 0 };
    const trial = await detectAnomalies(model)(arithmetic, officialSplit(dataset), 8, own, 1);
    expect(trial.curve[7].auc).toBeGreaterThan(0.75);
    const normal = officialSplit(dataset).train.filter((i) => dataset.label[i] === 0);
    expect(trial.counts.steps).toBe(8 * normal.length);
  });

  it.each(arithmetics)(
    '%s personalises the last layer on the first samples',
    async (arithmetic) => {
      // A base that has learnt next to nothing.
      const plan = { epochs: 1, shifts: { linnet: 20, float32: 20 }, classWeights: [0, 2, 1] };
      const run = classifyPersonalised(ecgTask.model, [{ count: 20, shiftChange: 0 }], plan);
      const { curve, counts } = await run(arithmetic, split, 10, tuning, 1);
      const [scores] = curve;
      expect(Object.keys(scores).sort()).toEqual([
        'after20.macroF1',
        'after20.patientMean',
        'before20.macroF1',
        'before20.patientMean',
      ]);
      expect(counts.steps).toBe(10 * 20 * groupPeople(ecg, split.test).length);
      expect(scores['after20.patientMean']).toBeGreaterThan(scores['before20.patientMean']);
      // Nothing is learnt from one person about another: the same call again gives the same.
      expect((await run(arithmetic, split, 10, tuning, 1)).curve).toEqual(curve);
    },
  );
});

describe('folds', () => {
  it('hold every training person out once and touch no test sample', () => {
    const folds = personFolds(ecg);
    const held = folds.flatMap(({ test }) => test).sort((a, b) => a - b);
    expect(held).toEqual(split.train);
    for (const { train, test } of folds) {
      const people = new Set(train.map((index) => ecg.subject[index]));
      expect(test.some((index) => people.has(ecg.subject[index]))).toBe(false);
    }
  });
});

function trialsOf(linnet: readonly number[], float32: readonly number[]): Trials {
  const make = (values: readonly number[]): Trial[] =>
    values.map((accuracy, seed) => ({
      seed,
      // The best epoch is not the last one.
      curve: [{ accuracy: 0.99 }, { accuracy }],
      counts: noCounts,
    }));
  return { linnet: make(linnet), float32: make(float32) };
}

describe('judge', () => {
  const trials = trialsOf([0.91, 0.92], [0.92, 0.92]);

  it('takes the last epoch and the paired difference', () => {
    const verdict = judge({ score: 'accuracy', margin: 0.006 }, trials);
    expect(verdict.linnet.mean).toBeCloseTo(0.915, 10);
    expect(verdict.difference.mean).toBeCloseTo(-0.005, 10);
    expect(verdict.reached).toBe(true);
  });

  it('misses by the margin or by the floor', () => {
    expect(judge({ score: 'accuracy', margin: 0.004 }, trials).reached).toBe(false);
    expect(judge({ score: 'accuracy', margin: 0.006, floor: 0.92 }, trials).reached).toBe(false);
    expect(judge({ score: 'accuracy', margin: 0.006, floor: 0.91 }, trials).reached).toBe(true);
  });

  it('refuses a score that was not measured', () => {
    expect(() => judge({ score: 'auc', margin: 1 }, trials)).toThrow('no score is called auc');
  });

  it('is fed with trials that skip what the plan lets them skip', async () => {
    const skipping = { ...tuning, skipThreshold: constant.SKIP_THRESHOLD_DEFAULT };
    const run = classify(ecgTask.model);
    const { counts } = await run('linnet', split, 6, skipping, 1);
    expect(counts.skipped).toBeGreaterThan(counts.steps / 10);
    expect((await run('float32', split, 1, skipping, 1)).counts.skipped).toBe(0);
  });
});

describe('figures', () => {
  it('draw both arms, the floor and a label for each step', () => {
    const task = {
      ...findTask('har-conv'),
      targets: [{ score: 'accuracy', floor: 0.905, margin: 0 }],
      panels: [{ title: 'accuracy & more', score: 'accuracy' }],
    };
    const svg = drawTask(task, trialsOf([0.91, 0.92], [0.92, 0.93]));
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg.match(/<polyline/g)?.length).toBe(2);
    expect(svg.match(/<polygon/g)?.length).toBe(2);
    expect(svg).toContain('accuracy &amp; more');
    expect(svg).toContain('at least 90.5');
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });
});
