/**
 * A whole node whose power goes at every operation of its flash and its link, four geometries; and whose
 * flash is damaged. `npm run cuts` does more of it. What must hold is in firmware/tools/cut_bench.c.
 */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasQemu } from '../e2e/toolchains.js';
import { buildCutRunners, cutNatively, cutOnCore, writeCutKernels } from './cut-runner.js';
import { hasCompiler } from './native.js';

/** All of the node and the engine, on a machine that has other things to do. */
const buildMs = 600_000;

const { folder, paths: kernels } = writeCutKernels();
afterAll(() => rmSync(folder, { recursive: true }));

/** Numbers of a report's lines, by what stands before them. */
function numbersOf(report: string): Map<string, number[]> {
  return new Map(
    report.split('\n').map((line) => {
      const [, what, rest] = /^(.*): (.*)$/.exec(line)!;
      return [what, [...rest.matchAll(/\d+/g)].map(Number)];
    }),
  );
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

describe.skipIf(!hasCompiler)('a node, with sanitizers', () => {
  let runner = '';
  let forgetful = '';
  beforeAll(() => {
    ({ right: runner, forgetful } = buildCutRunners());
  }, buildMs);

  it('comes up with the old or the new state after a cut at any operation', async () => {
    const report = numbersOf(await cutNatively(runner, kernels, 'cuts', 0, 1));
    expect(report.size).toBe(24);
    for (const [operations, cuts] of report.values()) {
      // Each operation at least once, an erase several times.
      expect(cuts).toBeGreaterThan(operations);
      expect(operations).toBeGreaterThan(20);
    }
  });

  it('does so when the recovery is cut too, and sends the same bytes', async () => {
    const report = numbersOf(await cutNatively(runner, kernels, 'cuts', 3, 9));
    expect(sum([...report.values()].map(([, cuts]) => cuts))).toBeGreaterThan(150);
  });

  it('goes on with a damaged flash', async () => {
    const report = await cutNatively(runner, kernels, 'damage', 0, 40);
    expect(report.split('\n')).toHaveLength(4);
  });

  it('erases no sector more than once a round', async () => {
    const report = numbersOf(await cutNatively(runner, kernels, 'wear', 0, 40));
    for (const [rounds, , records, objects] of report.values()) {
      expect(objects).toBeLessThanOrEqual(rounds);
      // Four records a round at most: the start, what is followed, the installed model and a residual;
      // the smallest sector takes 16.
      expect(records).toBeLessThanOrEqual(5);
    }
  });

  it('is found out if it forgets what it offered', async () => {
    const cut = cutNatively(forgetful, kernels, 'cuts', 0, 1);
    await expect(cut).rejects.toThrow('it offers other bytes than before');
  });
});

describe.runIf(hasQemu)('a node on a Cortex-M4', () => {
  it('comes up after cuts at a sample of operations', async () => {
    const report = numbersOf(await cutOnCore(kernels, 'cuts', 1, 41));
    expect(sum([...report.values()].map(([, cuts]) => cuts))).toBeGreaterThan(40);
  });

  it('goes on with a damaged flash', async () => {
    expect((await cutOnCore(kernels, 'damage', 100, 3)).split('\n')).toHaveLength(4);
  });
});
