import { expect, it } from 'vitest';
import { scoreOf } from '../../host/bridge/score.js';
import type { Counters } from '../../host/contract/contract.gen.js';

it.each<[string, Partial<Counters>, object | undefined]>([
  ['two classes', { confusion: [3, 1, 2, 4] }, { samples: 10, correct: 7 }],
  ['one class, as of an autoencoder', { confusion: [10] }, undefined],
  ['no square', { confusion: [5, 5] }, undefined],
  ['a matrix that does not add up', { confusion: [3, 1, 2, 5] }, undefined],
  ['counts beyond all numbers', { confusion: [2 ** 53 - 1, 1, 1, 2 ** 53 - 1] }, undefined],
  ['no samples', { samples: 0, confusion: [0, 0, 0, 0] }, undefined],
  ['a training', { correct: 7 }, undefined],
])('an accuracy of %s', (_, changes, score) => {
  const counted = { samples: 10, loss: 0, skipped: 0, saturations: 0, ...changes };
  expect(scoreOf(counted)).toEqual(score);
  expect(scoreOf(undefined)).toBeUndefined();
});
