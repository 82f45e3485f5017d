import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { call, finish, settings } from '../vectors/groups/common.js';
import type { Step } from '../vectors/script.js';
import { plan } from '../vectors/groups/common.js';
import { descriptor, script, words } from './arbitraries.js';
import { Driver } from './driver.js';

/** Kernel in V8 against the oracle, on random models, parameters, plans and samples. */

let driver: Driver;
beforeAll(async () => {
  driver = await Driver.open();
});

describe('kernel and oracle agree', () => {
  it('on training, evaluation and inference', () => {
    const property = fc.property(script, (steps) => {
      expect(driver.compare(steps)).toBeUndefined();
    });
    fc.assert(property, { numRuns: 1000 });
  });

  it('on initial weights', () => {
    const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    const property = fc.property(descriptor, int32, (bytes, seed) => {
      const steps: Step[] = [plan(bytes), call('initialise', seed), { do: 'hash' }];
      expect(driver.compare(steps)).toBeUndefined();
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('on deltas', () => {
    const property = fc.property(descriptor, words, words, (bytes, current, base) => {
      const steps: Step[] = [
        plan(bytes),
        { do: 'load', words: current },
        { do: 'delta', base },
        { do: 'hash' },
        call('check'),
      ];
      expect(driver.compare(steps)).toBeUndefined();
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('on permutations', () => {
    const stream = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    const place = fc
      .integer({ min: 1, max: 2 ** 30 })
      .chain((count) => fc.tuple(fc.constant(count), fc.nat(count - 1)));
    const seed = fc.integer({ min: 0, max: 0xffffffff });
    const property = fc.property(descriptor, seed, stream, place, (bytes, nodeKey, id, at) => {
      const steps: Step[] = [
        plan(bytes),
        { do: 'begin', settings: settings({ nodeKey }) },
        call('order', id, ...at),
        { do: 'permutation', stream: id, count: Math.min(40, at[0]) },
        ...finish,
      ];
      expect(driver.compare(steps)).toBeUndefined();
    });
    fc.assert(property, { numRuns: 200 });
  });
});
