import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addConfusion,
  emptyConfusion,
  formatConfusion,
  scoreConfusion,
} from '../../host/data/metrics.js';
import { expectDataError } from './support.js';

describe('scoreConfusion', () => {
  it('scores a matrix worked out by hand', () => {
    const score = scoreConfusion([
      ...[8, 2, 0], // true 0
      ...[1, 3, 0], // true 1
      ...[1, 0, 5], // true 2
    ]);
    expect(score.samples).toBe(20);
    expect(score.accuracy).toBeCloseTo(16 / 20, 12);
    expect(score.classes.map((c) => c.support)).toEqual([10, 4, 6]);
    expect(score.classes.map((c) => c.precision)).toEqual([8 / 10, 3 / 5, 1]);
    expect(score.classes.map((c) => c.recall)).toEqual([8 / 10, 3 / 4, 5 / 6]);
    expect(score.classes.map((c) => c.f1)).toEqual([16 / 20, 6 / 9, 10 / 11]);
    expect(score.macroF1).toBeCloseTo((16 / 20 + 6 / 9 + 10 / 11) / 3, 12);
  });

  it('leaves a class out of macro-F1 only if it is neither true nor predicted', () => {
    expect(scoreConfusion([4, 0, 0, 0]).macroF1).toBe(1);
    // Class 1 is predicted once and never true: it counts, with 0.
    expect(scoreConfusion([3, 1, 0, 0]).macroF1).toBeCloseTo((6 / 7 + 0) / 2, 12);
    // Class 1 is true once and never predicted: likewise.
    expect(scoreConfusion([3, 0, 1, 0]).macroF1).toBeCloseTo((6 / 7 + 0) / 2, 12);
  });

  it('gives 0 and not NaN without samples', () => {
    expect(scoreConfusion(emptyConfusion(3))).toMatchObject({
      samples: 0,
      accuracy: 0,
      macroF1: 0,
    });
  });

  it('equals counting over the list of predictions', () => {
    const pairs = fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 })), { minLength: 1 });
    fc.assert(
      fc.property(pairs, (list) => {
        const confusion = emptyConfusion(4);
        for (const [truth, predicted] of list) confusion[truth * 4 + predicted]++;
        const score = scoreConfusion(confusion);
        const hits = list.filter(([truth, predicted]) => truth === predicted).length;
        expect(score.accuracy).toBeCloseTo(hits / list.length, 12);
        const f1 = [...new Set(list.flat())].map((c) => {
          const { precision, recall } = score.classes[c];
          expect(recall * list.filter(([t]) => t === c).length).toBeCloseTo(
            list.filter(([t, p]) => t === c && p === c).length,
            9,
          );
          return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
        });
        expect(score.macroF1).toBeCloseTo(f1.reduce((a, b) => a + b, 0) / f1.length, 12);
      }),
    );
  });

  it('refuses counts that are no square', () => {
    expectDataError(() => scoreConfusion([]), /0 counts are not a square/);
    expectDataError(() => scoreConfusion([1, 2, 3]), /3 counts are not a square/);
  });
});

it('addConfusion adds entry by entry and refuses other classes', () => {
  expect(addConfusion(Uint32Array.of(1, 2, 3, 4), [10, 20, 30, 2 ** 40])).toEqual([
    ...[11, 22, 33, 2 ** 40 + 4],
  ]);
  expectDataError(() => addConfusion([1], [1, 2, 3, 4]), /1 and 4 counts/);
});

it('formatConfusion prints one aligned line per true class', () => {
  expect(formatConfusion([100, 2, 3, 4], ['N', 'VEB'])).toBe(
    [
      'true \\ predicted    N  VEB',
      '               N  100    2',
      '             VEB    3    4',
    ].join('\n'),
  );
  expectDataError(() => formatConfusion([1], ['N', 'S']), /2 names/);
});
