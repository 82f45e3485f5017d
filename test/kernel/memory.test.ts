import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { constant, status } from '../../host/contract/contract.gen.js';
import { readModel } from '../oracle/descriptor.js';
import { generousMemoryBytes } from '../oracle/memory.js';
import { denseChain } from '../vectors/descriptor.js';
import { call, plan, ready } from '../vectors/groups/common.js';
import type { BlockWord, Step } from '../vectors/script.js';
import { descriptor, script } from './arbitraries.js';
import { Driver } from './driver.js';
import { expectPattern, fillPattern, growMemory, planWithin } from './memory.js';

let driver: Driver;
beforeAll(async () => {
  driver = await Driver.open();
  growMemory(driver);
});

/** Everything the host may touch, with its length. */
function regions(): [BlockWord, number][] {
  const classes = driver.word('classes');
  return [
    ['inputPtr', driver.word('inputBytes')],
    ['ioPtr', 2 * constant.IO_WORDS],
    ['logitsPtr', 4 * classes],
    ['classWeightsPtr', classes],
    ['confusionPtr', 4 * classes * classes],
  ];
}

function descriptorEnd(): number {
  return driver.word('descriptorPtr') + driver.word('descriptorBytes');
}

describe('the arena', () => {
  it('needs what arenaBytes says: that much is enough and one byte less is refused', () => {
    const property = fc.property(descriptor, (bytes) => {
      const plenty = generousMemoryBytes(readModel(bytes));
      expect(planWithin(driver, bytes, plenty)).toBe(status.OK);
      const need = driver.word('arenaBytes');
      expect(need).toBeLessThanOrEqual(plenty);
      expect(planWithin(driver, bytes, need - 1)).toBe(status.ERR_MEMORY);
      expect(driver.word('arenaBytes')).toBe(need);
      expect(planWithin(driver, bytes, need)).toBe(status.OK);
      expect(driver.word('arenaBytes')).toBe(need);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('holds the regions of the host apart from each other and from the block', () => {
    const property = fc.property(descriptor, (bytes) => {
      driver.run([plan(bytes)]);
      const block: [number, number] = [driver.engine.call('block'), 4 * 32];
      const places = regions().map(([name, length]): [number, number] => [
        driver.word(name),
        length,
      ]);
      const sorted = [block, ...places].sort(([a], [b]) => a - b);
      for (const [i, [start, length]] of sorted.entries()) {
        const next = sorted[i + 1]?.[0] ?? driver.word('arenaBytes');
        expect(start + length).toBeLessThanOrEqual(next);
      }
    });
    fc.assert(property, { numRuns: 100 });
  });

  it('is all that a call writes to', () => {
    const property = fc.property(script, (steps) => {
      const [first] = steps;
      driver.run([first]);
      // the host writes the descriptor, past the end of a small arena if it must
      const end = Math.max(driver.word('arenaBytes'), descriptorEnd());
      fillPattern(driver, end);
      const check = call('check');
      expect(driver.run([...steps, call('initialise', 3), check]).at(-1)).toBe(status.OK);
      expectPattern(driver, end);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('grows past the first page', async () => {
    const fresh = await Driver.open();
    const big = denseChain(200, 300, 10);
    const steps: Step[] = [
      ...ready(big, { kind: 'small', seed: 1 }),
      { do: 'train', x: { kind: 'uniform', seed: 1 }, label: 3 },
      { do: 'hash' },
      call('check'),
    ];
    expect(fresh.compare(steps)).toBeUndefined();
    expect(fresh.word('arenaBytes')).toBeGreaterThan(65536);
  });
});

describe('canaries', () => {
  const model = denseChain(13, 6, 3);
  // long enough to cross the hidden activations, which may share a region with the input
  const overrun = new Uint8Array(32).fill(0x5a);
  beforeEach(() => {
    driver.run([plan(model), call('initialise', 1)]);
  });

  it.each(['inputPtr', 'ioPtr', 'logitsPtr', 'classWeightsPtr', 'confusionPtr'] as const)(
    'notice a write past the end of %s',
    (name) => {
      const [, length] = regions().find(([region]) => region === name)!;
      expect(driver.engine.call('check')).toBe(status.OK);
      driver.engine.writeBytes(driver.word(name) + length, overrun);
      expect(driver.engine.call('check')).toBe(status.ERR_CANARY);
    },
  );

  it('are set again by the next plan', () => {
    driver.engine.writeBytes(driver.word('inputPtr'), new Uint8Array(64).fill(0x5a));
    expect(driver.engine.call('check')).toBe(status.ERR_CANARY);
    driver.run([plan(model)]);
    expect(driver.engine.call('check')).toBe(status.OK);
  });
});
