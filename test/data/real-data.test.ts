import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recordingsFolder } from '../../bench/recordings.js';
import {
  countClasses,
  distinctSubjects,
  keepClasses,
  sampleCount,
  samplesOfSplit,
} from '../../host/data/dataset.js';
import { computeRrFeatures, hasRrIntervals } from '../../host/data/ecg-features.js';
import { encodeFds1 } from '../../host/data/fds1.js';
import { loadDataset } from '../../host/data/load.js';
import { federateDataset } from '../../host/data/partition.js';

/** What the .json beside a recording says. */
interface Expected {
  readonly nSamples: number;
  readonly classNames: readonly string[];
  readonly countsPerClass: Readonly<Record<string, number>>;
  readonly countsPerSplit: Readonly<Record<string, number>>;
  readonly countsPerSubjectClass: Readonly<Record<string, readonly number[]>>;
}

/** The path of a recording, or undefined after saying that its test is skipped. */
function findRecording(name: string): string | undefined {
  const path = join(recordingsFolder(), name);
  if (existsSync(path)) return path;
  console.warn(`skipped: ${name} is not in the data folder (set LINNET_RECORDINGS to it)`);
  return undefined;
}

describe.each(['ecg_mitbih_train', 'har_hapt', 'fsdd_logmel'])('%s', (name) => {
  const path = findRecording(`${name}.bin`);

  it.skipIf(!path)(
    'has the counts its description says, and encodes back to the same bytes',
    () => {
      const file = path ?? '';
      const dataset = loadDataset(file);
      const expected = JSON.parse(readFileSync(file.replace('.bin', '.json'), 'utf8')) as Expected;
      expect(sampleCount(dataset)).toBe(expected.nSamples);
      expect(dataset.classNames).toEqual(expected.classNames);
      const counts = countClasses(dataset);
      expect(counts).toEqual(expected.classNames.map((c) => expected.countsPerClass[c]));
      for (const split of [0, 1] as const) {
        expect(samplesOfSplit(dataset, split).length).toBe(expected.countsPerSplit[split]);
      }
      const bySubject = new Map<number, number[]>();
      dataset.subject.forEach((subject, i) => {
        const row = bySubject.get(subject) ?? expected.classNames.map(() => 0);
        row[dataset.label[i]]++;
        bySubject.set(subject, row);
      });
      expect(Object.fromEntries(bySubject)).toEqual(expected.countsPerSubjectClass);
      expect(Buffer.compare(encodeFds1(dataset), readFileSync(file))).toBe(0);
    },
  );
});

describe('ECG', () => {
  const path = findRecording('ecg_mitbih_train.bin');

  it.skipIf(!path)('has early S and V beats by its RR features', () => {
    const dataset = loadDataset(path ?? '');
    expect(hasRrIntervals(dataset)).toBe(true);
    const features = computeRrFeatures(dataset);
    const sums = [0, 0, 0, 0, 0];
    dataset.label.forEach((label, i) => (sums[label] += features[2 * i]));
    const [n, s, v] = countClasses(dataset).map((count, label) => sums[label] / count);
    expect(Math.abs(n)).toBeLessThan(4);
    expect(s).toBeLessThan(-12);
    expect(v).toBeLessThan(-12);
  });

  it.skipIf(!path)('is dealt to 22 nodes, one patient each, tested on others', () => {
    const dataset = keepClasses(loadDataset(path ?? ''), ['N', 'S', 'V']);
    const { train, test, how } = federateDataset(dataset, { nodes: 22, seed: 1 });
    expect(how).toContain('one subject per node');
    for (const part of train) expect(distinctSubjects(dataset, part).length).toBe(1);
    const trained = new Set(distinctSubjects(dataset, train.flat()));
    expect(distinctSubjects(dataset, test).filter((subject) => trained.has(subject))).toEqual([]);
    expect(train.flat().length + test.length).toBe(sampleCount(dataset));
  });
});

describe('MNIST', () => {
  const path = findRecording('mnist');

  it.skipIf(!path)('has 60000 + 10000 images of 784 pixels', () => {
    const dataset = loadDataset(path ?? '');
    expect(dataset).toMatchObject({ steps: 784, channels: 1, hasSubjects: false, hasSplit: true });
    expect(samplesOfSplit(dataset, 0).length).toBe(60000);
    expect(samplesOfSplit(dataset, 1).length).toBe(10000);
    // The published counts of the ten digits in the test set.
    const test = countClasses(dataset, samplesOfSplit(dataset, 1));
    expect(test).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    expect(dataset.x.reduce((a, b) => Math.max(a, b), 0)).toBe(127);
    expect(dataset.x.reduce((a, b) => Math.min(a, b), 0)).toBe(0);
  });
});
