import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { denseChain } from '../vectors/descriptor.js';
import { call, finish, plan, ready } from '../vectors/groups/common.js';
import type { InputFill, Step } from '../vectors/script.js';
import { script } from './arbitraries.js';
import { Driver } from './driver.js';

/** Training is a function of parameters, samples and plan: nothing else may leak in or out. */

let driver: Driver;
beforeAll(async () => {
  driver = await Driver.open();
});

const model = denseChain(20, 12, 4);
const x = (seed: number): InputFill => ({ kind: 'uniform', seed });
const train = (t: number): Step => ({ do: 'train', x: x(t), label: t % 4 });
const start = ready(model, { kind: 'small', seed: 3 }, { lrShift: 5 });

function trained(...steps: readonly Step[]): unknown {
  return driver.run([...start, ...steps, { do: 'hash' }]).at(-1);
}

describe('training', () => {
  it('twice from the same state gives the same bytes, whatever ran before', () => {
    const property = fc.property(script, script, (first, other) => {
      const alone = driver.run(first);
      driver.run(other);
      expect(driver.run(first)).toEqual(alone);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('gives the same bytes on another instance', async () => {
    const steps = [...start, ...[0, 1, 2, 3, 4, 5].map(train), { do: 'hash' } as const, ...finish];
    const expected = driver.run(steps);
    expect((await Driver.open()).run(steps)).toEqual(expected);
  });

  it('does not notice inferences and evaluations in between', () => {
    const quiet = trained(train(0), train(1), train(2));
    const busy = trained(
      { do: 'infer', x: x(50) },
      train(0),
      { do: 'evaluate', x: x(51), label: 3 },
      { do: 'infer', x: { kind: 'top' } },
      train(1),
      call('order', 1, 9, 3),
      { do: 'evaluate', x: x(52), label: 0 },
      { do: 'storeSlice', offset: 0, count: 128 },
      train(2),
    );
    expect(busy).toBe(quiet);
  });

  it('does not notice refused calls in between', () => {
    const disturbed = trained(
      train(0),
      { do: 'train', x: x(60), label: 4 },
      call('load', -1, 5),
      train(1),
      call('delta', 0, 129),
      call('order', 1, 0, 0),
      train(2),
    );
    expect(disturbed).toBe(trained(train(0), train(1), train(2)));
  });

  it('depends on the number of the step, the sample and the label', () => {
    const same = trained(train(0));
    const differing = [
      trained(train(1)),
      trained({ do: 'train', x: x(0), label: 1 }),
      driver
        .run([
          ...ready(model, { kind: 'small', seed: 4 }, { lrShift: 5 }),
          train(0),
          { do: 'hash' },
        ])
        .at(-1),
      trained(train(0), { do: 'load', words: { kind: 'small', seed: 3 } }, train(0)),
    ];
    expect(new Set([same, ...differing]).size).toBe(5);
  });
});

describe('inference and evaluation', () => {
  it('leave the parameters alone', () => {
    const before = driver.run([plan(model), call('initialise', 5), { do: 'hash' }]).at(-1);
    const after = driver.run([
      plan(model),
      call('initialise', 5),
      ...start.slice(2),
      { do: 'infer', x: x(1) },
      { do: 'evaluate', x: x(2), label: 1 },
      { do: 'hash' },
    ]);
    expect(after.at(-1)).toBe(before);
  });
});
