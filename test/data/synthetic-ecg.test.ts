import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  countClasses,
  distinctSubjects,
  extrasAt,
  sampleAt,
  sampleCount,
  samplesOfSplit,
} from '../../host/data/dataset.js';
import type { Dataset } from '../../host/data/dataset.js';
import { withRrFeatures } from '../../host/data/ecg-features.js';
import { scoreConfusion } from '../../host/data/metrics.js';
import { federateDataset } from '../../host/data/partition.js';
import { generateSyntheticEcg } from '../../host/data/synthetic-ecg.js';
import { evaluate, FloatMlp, trainRound } from './float-mlp.js';
import { expectDataError } from './support.js';

const OPTIONS = { subjects: 8, testSubjects: 4, beatsPerSubject: 300, seed: 1 };
const ecg = generateSyntheticEcg(OPTIONS);
const [N, S, V] = [0, 1, 2];

const samplesWhere = (condition: (index: number) => boolean): number[] =>
  [...ecg.label.keys()].filter(condition);

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** As a Buffer, which compares fast. */
const bytesOf = (x: Int8Array): Buffer => Buffer.from(x.buffer, x.byteOffset, x.byteLength);

function hashOf(dataset: Dataset): string {
  const hash = createHash('sha256');
  hash.update(dataset.x).update(dataset.label).update(dataset.split);
  for (const wide of [dataset.subject, dataset.extra]) {
    for (const value of wide) hash.update(Uint8Array.of(value & 255, value >> 8));
  }
  return hash.digest('hex');
}

describe('determinism', () => {
  it('gives the same bytes for the same options', () => {
    expect(hashOf(generateSyntheticEcg(OPTIONS))).toBe(hashOf(ecg));
  });

  // Locks x, label, split, subject and RR intervals of 2 + 1 subjects. It must hold on every platform and engine;
  // it changes only when the generator is changed on purpose, and then every published demo number changes too.
  it('gives the same bytes on every platform', () => {
    const small = generateSyntheticEcg({
      subjects: 2,
      testSubjects: 1,
      beatsPerSubject: 50,
      seed: 7,
    });
    expect(hashOf(small)).toBe('9eebf4524a8c33548f0827860304375430c4e9ae9c09c558472f8172bc2c15cf');
  });

  it('gives other bytes for another seed', () => {
    const other = generateSyntheticEcg({ ...OPTIONS, seed: 2 });
    expect(bytesOf(other.x).equals(bytesOf(ecg.x))).toBe(false);
    expect(other.extra.join()).not.toBe(ecg.extra.join());
  });

  it('gives the same people whatever the number of others', () => {
    const few = generateSyntheticEcg({ ...OPTIONS, subjects: 3, testSubjects: 1 });
    const length = 300 * 128;
    const own = (dataset: Dataset, person: number): Buffer =>
      bytesOf(dataset.x).subarray(person * length, (person + 1) * length);
    for (const person of [0, 1, 2]) {
      expect(own(few, person).equals(own(ecg, person))).toBe(true);
    }
    expect(own(few, 3).equals(own(ecg, 8))).toBe(true);
    expect(own(few, 3).equals(own(ecg, 9))).toBe(false);
  });
});

describe('form', () => {
  it('is that of the recorded ECG', () => {
    expect(ecg).toMatchObject({
      steps: 128,
      channels: 1,
      classNames: ['N', 'S', 'V'],
      hasSubjects: true,
      hasSplit: true,
      extraNames: ['rr_pre_ms', 'rr_post_ms'],
    });
    expect(sampleCount(ecg)).toBe(12 * 300);
    expect(distinctSubjects(ecg, samplesOfSplit(ecg, 0))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(distinctSubjects(ecg, samplesOfSplit(ecg, 1))).toEqual([9, 10, 11, 12]);
  });

  it('has about three normal beats in four, and every kind in every subject', () => {
    const share = countClasses(ecg).map((count) => count / sampleCount(ecg));
    expect(share[N]).toBeGreaterThan(0.68);
    expect(share[N]).toBeLessThan(0.82);
    expect(share[S]).toBeGreaterThan(0.06);
    expect(share[S]).toBeLessThan(0.14);
    for (const subject of distinctSubjects(ecg)) {
      const own = samplesWhere((i) => ecg.subject[i] === subject);
      expect(Math.min(...countClasses(ecg, own))).toBeGreaterThan(5);
    }
  });

  it('has the R peak of about 64 at index 64', () => {
    const peaks = samplesWhere((i) => ecg.label[i] !== V).map((i) => {
      const around = sampleAt(ecg, i).subarray(51, 78).map(Math.abs);
      const height = Math.max(...around);
      return { at: 51 + around.indexOf(height), height };
    });
    const near = peaks.filter(({ at }) => Math.abs(at - 64) <= 1).length;
    expect(near / peaks.length).toBeGreaterThan(0.97);
    expect(Math.abs(median(peaks.map(({ height }) => height)) - 64)).toBeLessThan(6);
  });

  it('refuses numbers that make no record', () => {
    for (const bad of [
      { subjects: 0 },
      { subjects: 1.5 },
      { testSubjects: -1 },
      { beatsPerSubject: 0 },
      { seed: NaN },
      { subjects: 65535 },
      { beatsPerSubject: 1e9 },
    ]) {
      expectDataError(() => generateSyntheticEcg({ ...OPTIONS, ...bad }), /cannot be made/);
    }
  });
});

describe('rhythm', () => {
  const before = (i: number): number => extrasAt(ecg, i)[0];
  const after = (i: number): number => extrasAt(ecg, i)[1];

  it('counts the interval after a beat as the one before the next', () => {
    const joined = samplesWhere((i) => i > 0 && ecg.subject[i] === ecg.subject[i - 1]);
    for (const i of joined) expect(before(i)).toBe(after(i - 1));
  });

  it('makes S and V early; V pauses in full, S does not', () => {
    for (const subject of distinctSubjects(ecg)) {
      const own = samplesWhere((i) => ecg.subject[i] === subject);
      const kind = (label: number): number[] => own.filter((i) => ecg.label[i] === label);
      const sinus = median(kind(N).map(before));
      expect(sinus).toBeGreaterThan(550);
      expect(sinus).toBeLessThan(1100);
      for (const early of [S, V]) {
        expect(median(kind(early).map(before)) / sinus).toBeLessThan(0.9);
      }
      const span = (i: number): number => (before(i) + after(i)) / sinus;
      expect(Math.abs(median(kind(V).map(span)) - 2)).toBeLessThan(0.08);
      expect(median(kind(S).map(span))).toBeLessThan(1.95);
      expect(Math.abs(median(kind(S).map(after)) / sinus - 1.05)).toBeLessThan(0.1);
    }
  });
});

describe('waves', () => {
  /** Samples around the peak that are above half of it. */
  const widthOf = (i: number): number => {
    const x = sampleAt(ecg, i);
    const half = Math.abs(x[64]) / 2;
    let [first, last] = [64, 64];
    while (first > 0 && x[first - 1] * Math.sign(x[64]) > half) first--;
    while (last < 127 && x[last + 1] * Math.sign(x[64]) > half) last++;
    return last - first + 1;
  };
  const meanOver = (i: number, from: number, to: number): number =>
    sampleAt(ecg, i)
      .subarray(from, to)
      .reduce((a, b) => a + b, 0) /
    (to - from);

  it('makes V wider than N in every subject', () => {
    for (const subject of distinctSubjects(ecg)) {
      const width = [N, S, V].map((label) =>
        median(
          samplesWhere((i) => ecg.subject[i] === subject && ecg.label[i] === label).map(widthOf),
        ),
      );
      expect(width[V]).toBeGreaterThan(width[N]);
      expect(Math.abs(width[S] - width[N])).toBeLessThanOrEqual(1);
    }
  });

  it('has a P before N and none before V, and a T against the QRS of V', () => {
    const pHeight = (i: number): number => meanOver(i, 40, 46) - meanOver(i, 32, 36);
    const pOf = (label: number): number =>
      median(samplesWhere((i) => ecg.label[i] === label).map(pHeight));
    expect(pOf(N)).toBeGreaterThan(4);
    expect(pOf(S)).toBeLessThan(pOf(N) / 2);
    expect(Math.abs(pOf(V))).toBeLessThan(pOf(N) / 2);
    const ventricular = samplesWhere((i) => ecg.label[i] === V);
    const discordant = ventricular.filter((i) => meanOver(i, 95, 105) * sampleAt(ecg, i)[64] < 0);
    expect(discordant.length / ventricular.length).toBeGreaterThan(0.9);
  });
});

describe('use', () => {
  it('is made in less than a second', () => {
    const start = process.cpuUsage();
    generateSyntheticEcg({ ...OPTIONS, seed: 99 });
    expect(process.cpuUsage(start).user / 1e6).toBeLessThan(1);
  });

  it('can be learned by a small federated MLP in ten rounds, and not in one', () => {
    const scores = [1, 2, 3].map((seed) => {
      const made = generateSyntheticEcg({ ...OPTIONS, subjects: 4, seed });
      const dataset = withRrFeatures(made, 'append');
      const { train, test } = federateDataset(dataset, { nodes: 4, seed });
      const mlp = new FloatMlp(130, 32, 3, seed);
      const rounds = [scoreConfusion(evaluate(mlp, dataset, test))];
      for (let round = 1; round <= 10; round++) {
        trainRound(mlp, dataset, train, 0.0156, round);
        rounds.push(scoreConfusion(evaluate(mlp, dataset, test)));
      }
      return rounds;
    });
    const mean = (round: number, key: 'accuracy' | 'macroF1'): number =>
      scores.reduce((sum, rounds) => sum + rounds[round][key], 0) / scores.length;
    expect(mean(0, 'accuracy')).toBeLessThan(0.7);
    expect(mean(1, 'macroF1')).toBeLessThan(0.75);
    expect(mean(10, 'accuracy')).toBeGreaterThan(0.94);
    expect(mean(10, 'macroF1')).toBeGreaterThan(0.85);
  });
});
