import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countClasses,
  distinctSubjects,
  extrasAt,
  keepClasses,
  sampleAt,
  sampleCount,
  samplesOfSplit,
  selectSamples,
} from '../../host/data/dataset.js';
import { arbitraryDataset, expectDataError, makeDataset } from './support.js';

describe('createDataset', () => {
  it('tells whether there are subjects and a split', () => {
    const alike = makeDataset([0, 1], {
      subject: Uint16Array.of(7, 7),
      split: Uint8Array.of(1, 1),
    });
    expect(alike).toMatchObject({ hasSubjects: false, hasSplit: false });
    const unlike = makeDataset([0, 1], {
      subject: Uint16Array.of(7, 8),
      split: Uint8Array.of(1, 0),
    });
    expect(unlike).toMatchObject({ hasSubjects: true, hasSplit: true });
  });

  it('refuses parts that make no sense', () => {
    expectDataError(() => makeDataset([]), /no samples/);
    expectDataError(() => makeDataset([0, 3]), /sample 1 has label 3, but there are 3 classes/);
    expectDataError(() => makeDataset([0], { split: Uint8Array.of(2) }), /sample 0 has split 2/);
    expectDataError(() => makeDataset([0], { steps: 0, x: new Int8Array(0) }), /is empty/);
    expectDataError(() => makeDataset([0], { classNames: [] }), /0 classes/);
    expectDataError(() => makeDataset([0], { classNames: ['A', 'A'] }), /one name/);
    expectDataError(() => makeDataset([0], { x: new Int8Array(2) }), /disagree/);
    expectDataError(() => makeDataset([0], { extraCount: 1 }), /disagree/);
  });
});

describe('selectSamples', () => {
  it('copies everything that belongs to the chosen samples', () => {
    const choice = arbitraryDataset().chain((dataset) =>
      fc.tuple(
        fc.constant(dataset),
        fc.array(fc.nat({ max: sampleCount(dataset) - 1 }), { minLength: 1 }),
      ),
    );
    fc.assert(
      fc.property(choice, ([dataset, indices]) => {
        const selected = selectSamples(dataset, indices);
        expect(sampleCount(selected)).toBe(indices.length);
        indices.forEach((index, row) => {
          expect(sampleAt(selected, row)).toEqual(sampleAt(dataset, index));
          expect(extrasAt(selected, row)).toEqual(extrasAt(dataset, index));
          expect(selected.label[row]).toBe(dataset.label[index]);
          expect(selected.subject[row]).toBe(dataset.subject[index]);
          expect(selected.split[row]).toBe(dataset.split[index]);
        });
      }),
    );
  });

  it('does not share memory with its source', () => {
    const dataset = makeDataset([0, 1]);
    selectSamples(dataset, [0, 1]).x[0] = 99;
    expect(dataset.x[0]).toBe(0);
  });

  it('refuses an index that is no sample, and none at all', () => {
    for (const index of [-1, 2, 0.5, NaN]) {
      expectDataError(() => selectSamples(makeDataset([0, 1]), [index]), /does not exist/);
    }
    expectDataError(() => selectSamples(makeDataset([0]), []), /no samples/);
  });
});

describe('keepClasses', () => {
  it('drops other classes and numbers labels in the order asked for', () => {
    const kept = keepClasses(makeDataset([0, 1, 2, 0, 2]), ['C', 'A']);
    expect(kept.classNames).toEqual(['C', 'A']);
    expect([...kept.label]).toEqual([1, 0, 1, 0]);
    expect([...kept.x]).toEqual([0, 2, 3, 4]);
  });

  it('refuses unknown and repeated classes, and classes without samples', () => {
    expectDataError(() => keepClasses(makeDataset([0]), ['A', 'X']), /no class "X".*A, B, C/);
    expectDataError(() => keepClasses(makeDataset([0]), ['A', 'A']), /named twice/);
    expectDataError(() => keepClasses(makeDataset([0]), ['B']), /no samples/);
  });
});

it('counts classes and lists splits and subjects', () => {
  const dataset = makeDataset([0, 2, 2], {
    subject: Uint16Array.of(30, 4, 30),
    split: Uint8Array.of(0, 1, 0),
  });
  expect(countClasses(dataset)).toEqual([1, 0, 2]);
  expect(countClasses(dataset, [1])).toEqual([0, 0, 1]);
  expect(samplesOfSplit(dataset, 0)).toEqual([0, 2]);
  expect(samplesOfSplit(dataset, 1)).toEqual([1]);
  expect(distinctSubjects(dataset)).toEqual([4, 30]);
  expect(distinctSubjects(dataset, [0, 2])).toEqual([30]);
});
