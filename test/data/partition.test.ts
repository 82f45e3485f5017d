import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allSamples, countClasses, distinctSubjects } from '../../host/data/dataset.js';
import type { Dataset } from '../../host/data/dataset.js';
import {
  federateDataset,
  holdOutSubjects,
  partitionBySubject,
  partitionDirichlet,
} from '../../host/data/partition.js';
import { arbitraryDataset, expectDataError, makeDataset } from './support.js';

/** `perSubject` samples of each subject, labels in turn. */
function makePeople(subjects: readonly number[], perSubject = 3): Dataset {
  const owners = subjects.flatMap((subject) => new Array<number>(perSubject).fill(subject));
  return makeDataset(
    owners.map((_, i) => i % 3),
    { subject: Uint16Array.from(owners) },
  );
}

const byValue = (a: number, b: number): number => a - b;

function expectDealtOnce(lists: readonly (readonly number[])[], all: readonly number[]): void {
  expect(lists.flat().sort(byValue)).toEqual(all);
}

describe('partitionBySubject', () => {
  it('deals subjects in ascending order, round-robin', () => {
    const dataset = makePeople([40, 10, 30, 20], 1);
    expect(partitionBySubject(dataset, 2)).toEqual([[1, 2], [0, 3]]); // prettier-ignore
    expect(partitionBySubject(dataset, 4)).toEqual([[1], [3], [2], [0]]);
    expect(partitionBySubject(dataset, 2, [0, 3])).toEqual([[3], [0]]);
  });

  it('deals every sample once and no subject twice', () => {
    fc.assert(
      fc.property(arbitraryDataset(), fc.nat(), (dataset, draw) => {
        const subjects = distinctSubjects(dataset).length;
        const nodes = 1 + (draw % subjects);
        const parts = partitionBySubject(dataset, nodes);
        expect(parts.length).toBe(nodes);
        expectDealtOnce(parts, allSamples(dataset));
        const owners = parts.map((part) => distinctSubjects(dataset, part));
        expect(owners.flat().length).toBe(subjects);
        const sizes = owners.map((list) => list.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('refuses more nodes than subjects and names the remedy', () => {
    expectDataError(() => partitionBySubject(makePeople([1, 2]), 3), /2 training .*use 2 nodes/);
    expectDataError(() => partitionBySubject(makePeople([1]), 0), /cannot be dealt to 0 nodes/);
    expectDataError(() => partitionBySubject(makePeople([1]), 1.5), /1\.5 nodes/);
  });
});

describe('partitionDirichlet', () => {
  const alpha = fc.double({ min: 0.01, max: 100, noNaN: true });

  it('deals every sample once, and to every node at least one', () => {
    const dealt = fc.tuple(arbitraryDataset(), fc.nat(), alpha, fc.integer());
    fc.assert(
      fc.property(dealt, ([dataset, draw, a, seed]) => {
        const all = allSamples(dataset);
        const nodes = 1 + (draw % all.length);
        const parts = partitionDirichlet(dataset, nodes, a, seed);
        expect(parts.length).toBe(nodes);
        expectDealtOnce(parts, all);
        for (const part of parts) {
          expect(part.length).toBeGreaterThan(0);
          expect(part).toEqual([...part].sort(byValue));
        }
        expect(partitionDirichlet(dataset, nodes, a, seed)).toEqual(parts);
      }),
    );
  });

  it('depends on the seed', () => {
    const dataset = makePeople([1], 60);
    const deal = (seed: number): number[][] => partitionDirichlet(dataset, 3, 1, seed);
    expect(deal(1)).not.toEqual(deal(2));
  });

  it('has the variance of a Dirichlet-multinomial', () => {
    const [nodes, perClass] = [3, 40];
    const dataset = makePeople([1], 3 * perClass);
    for (const a of [0.5, 5]) {
      const counts: number[] = [];
      for (let seed = 0; seed < 600; seed++) {
        const parts = partitionDirichlet(dataset, nodes, a, seed);
        for (const part of parts) counts.push(countClasses(dataset, part)[0]);
      }
      const mean = perClass / nodes;
      const variance = counts.reduce((sum, c) => sum + (c - mean) ** 2, 0) / counts.length;
      const binomial = (perClass * (nodes - 1)) / nodes ** 2;
      const expected = (binomial * (perClass + nodes * a)) / (1 + nodes * a);
      expect(Math.abs(variance / expected - 1)).toBeLessThan(0.12);
    }
  });

  it('refuses fewer samples than nodes and an alpha that is no parameter', () => {
    const dataset = makePeople([1], 3);
    expectDataError(() => partitionDirichlet(dataset, 4, 1, 1), /3 training sample.*use 3 nodes/);
    for (const bad of [0, -1, NaN, Infinity, 1e7]) {
      expectDataError(() => partitionDirichlet(dataset, 2, bad, 1), /no Dirichlet parameter/);
    }
  });
});

describe('holdOutSubjects', () => {
  it('holds out whole subjects, at least one, and keeps at least one', () => {
    const draws = fc.tuple(
      fc.uniqueArray(fc.nat({ max: 65535 }), { minLength: 2, maxLength: 12 }),
      fc.double({ min: 0.001, max: 0.999, noNaN: true }),
      fc.integer(),
    );
    fc.assert(
      fc.property(draws, ([subjects, fraction, seed]) => {
        const dataset = makePeople(subjects);
        const { train, test, how } = holdOutSubjects(dataset, fraction, seed);
        expectDealtOnce([train, test], allSamples(dataset));
        const held = distinctSubjects(dataset, test);
        const kept = distinctSubjects(dataset, train);
        expect(held.length + kept.length).toBe(subjects.length);
        expect(Math.min(held.length, kept.length)).toBeGreaterThanOrEqual(1);
        expect(Math.abs(held.length - fraction * subjects.length)).toBeLessThanOrEqual(1);
        expect(how).toContain(held.join(', '));
        expect(holdOutSubjects(dataset, fraction, seed)).toEqual({ train, test, how });
      }),
    );
  });

  it('chooses other subjects with another seed', () => {
    const dataset = makePeople([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const choices = [1, 2, 3, 4, 5].map((seed) => holdOutSubjects(dataset, 0.3, seed).test.join());
    expect(new Set(choices).size).toBeGreaterThan(1);
  });

  it('holds out samples of every class where there are no subjects', () => {
    const labels = [...new Array<number>(50).fill(0), ...new Array<number>(10).fill(1), 2];
    const dataset = makeDataset(labels);
    const { train, test, how } = holdOutSubjects(dataset, 0.2, 1);
    expectDealtOnce([train, test], allSamples(dataset));
    expect(countClasses(dataset, test)).toEqual([10, 2, 0]);
    expect(how).toBe('test: 12 seeded held-out samples, by class');
  });

  it('refuses a fraction that leaves a side empty, and single samples', () => {
    for (const bad of [0, 1, -0.1, NaN]) {
      expectDataError(() => holdOutSubjects(makePeople([1, 2]), bad, 1), /not between 0 and 1/);
    }
    expectDataError(() => holdOutSubjects(makeDataset([0, 1]), 0.5, 1), /no class has two samples/);
  });
});

describe('federateDataset', () => {
  const split = (dataset: Dataset, test: readonly number[]): Dataset => ({
    ...dataset,
    split: dataset.split.map((_, i) => (test.includes(dataset.subject[i]) ? 1 : 0)),
    hasSplit: true,
  });

  it('gives each training subject a node and tests on the marked samples', () => {
    const dataset = split(makePeople([1, 2, 3, 9], 2), [9]);
    expect(federateDataset(dataset, { nodes: 3, seed: 1 })).toEqual({
      train: [[0, 1], [2, 3], [4, 5]], // prettier-ignore
      test: [6, 7],
      how: 'training: one subject per node; test: the 2 samples the file marks as test',
    });
  });

  it('deals more subjects than nodes round-robin', () => {
    const dataset = split(makePeople([1, 2, 3, 9], 1), [9]);
    const { train, how } = federateDataset(dataset, { nodes: 2, seed: 1 });
    expect(train).toEqual([[0, 2], [1]]);
    expect(how).toContain('3 subjects dealt round-robin to 2 node(s)');
  });

  it('refuses fewer training subjects than nodes', () => {
    const dataset = split(makePeople([1, 2, 9]), [9]);
    expectDataError(() => federateDataset(dataset, { nodes: 3, seed: 1 }), /use 2 nodes or fewer/);
    expectDataError(() => federateDataset(dataset, { nodes: 0, seed: 1 }), /0 nodes/);
  });

  it('holds out seeded subjects without a test split', () => {
    const dataset = makePeople([1, 2, 3, 4, 5], 2);
    const { train, test, how } = federateDataset(dataset, { nodes: 4, seed: 3 });
    expectDealtOnce([...train, test], allSamples(dataset));
    expect(distinctSubjects(dataset, test).length).toBe(1);
    expect(train.map((part) => distinctSubjects(dataset, part).length)).toEqual([1, 1, 1, 1]);
    expect(how).toMatch(/one subject per node; test: seeded held-out subject\(s\) \d of 5/);
  });

  it('deals by Dirichlet without subjects, with and without a test split', () => {
    const labels = Array.from({ length: 60 }, (_, i) => i % 3);
    const bare = makeDataset(labels);
    const held = federateDataset(bare, { nodes: 5, seed: 1, alpha: 0.3, testFraction: 0.1 });
    expectDealtOnce([...held.train, held.test], allSamples(bare));
    expect(countClasses(bare, held.test)).toEqual([2, 2, 2]);
    expect(held.how).toContain('54 samples dealt to 5 node(s) by a seeded Dirichlet(0.3)');
    const marked = makeDataset(labels, {
      split: Uint8Array.from(labels, (_, i) => (i < 9 ? 1 : 0)),
    });
    expect(federateDataset(marked, { nodes: 5, seed: 1 }).test).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8,
    ]);
  });
});
