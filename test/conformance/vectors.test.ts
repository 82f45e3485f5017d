import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { readDescriptor } from '../oracle/descriptor.js';
import { v8Runtime } from '../runtimes/v8.js';
import { vectorGroups } from '../vectors/groups/index.js';
import type { Case, Outcome, VectorFile } from '../vectors/script.js';
import { buildVectors, formatVectors, loadVectors, saveVectors } from '../vectors/vector-file.js';
import { findDifference, runVectors } from './run.js';

/** The suite is only worth as much as its vectors: they must be whole, fresh, and able to fail. */

const groups = Object.keys(vectorGroups);

function readGroup(group: string): VectorFile {
  return loadVectors(group);
}

/** The same JSON value with its last leaf changed a little. */
function corrupt(value: unknown): unknown {
  if (typeof value === 'number') return value ^ 1;
  if (typeof value === 'string') return value.slice(0, -1) + (value.endsWith('0') ? '1' : '0');
  if (Array.isArray(value)) {
    const last: unknown = value.at(-1) ?? 0;
    return [...(value.slice(0, -1) as unknown[]), corrupt(last)];
  }
  const [key, inner] = Object.entries(value as Record<string, unknown>).at(-1)!;
  return { ...(value as object), [key]: corrupt(inner) };
}

/** Changes one outcome of a case that has something to change. */
function corruptCase(entry: Case, at: number): Case {
  const outcomes = entry.outcomes.map((outcome, i) =>
    i === at ? (corrupt(outcome) as Outcome) : outcome,
  );
  return { ...entry, outcomes };
}

describe('vectors', () => {
  it.each(groups)('%s is what the oracle says today', (group) => {
    const fresh = buildVectors(group, vectorGroups[group]);
    // a boolean, because a difference of this size is no message
    expect(formatVectors(fresh) === formatVectors(readGroup(group))).toBe(true);
  });

  it.each(groups)('%s fails once any outcome of a case is corrupted', async (group) => {
    const file = readGroup(group);
    const outcomes = await runVectors(v8Runtime, loadKernelBytes(), file);
    for (const [i, entry] of file.cases.entries()) {
      for (const step of entry.outcomes.keys()) {
        const difference = findDifference(corruptCase(entry, step), outcomes[i]);
        expect(difference).toMatch(new RegExp(`^step ${step} `));
      }
    }
  });

  it.each([
    ['trajectory', 3, 200],
    ['network', 6, 100],
  ] as const)('%s holds hashes of %i models over %i steps', (group, models, steps) => {
    const runs = readGroup(group).cases.map(({ outcomes }) =>
      outcomes.flatMap((outcome) =>
        typeof outcome === 'object' && 'hashes' in outcome ? outcome.hashes : [],
      ),
    );
    expect(runs.length).toBeGreaterThanOrEqual(models);
    for (const hashes of runs) {
      expect(hashes.length).toBeGreaterThanOrEqual(steps);
      // weights move in every step that is not skipped
      expect(new Set(hashes).size).toBeGreaterThan(steps / 2);
    }
  });

  it('go everywhere that training goes: every layer and loss, trained, skipped, frozen, saturated', () => {
    const scripts = groups.flatMap((group) => readGroup(group).cases);
    const planned = scripts.flatMap(({ script }) => script.filter((step) => step.do === 'plan'));
    const models = planned.map(({ descriptor }) => readDescriptor(Buffer.from(descriptor, 'hex')));
    const valid = models.filter(({ violations }) => violations.size === 0);
    const kinds = new Set(valid.flatMap(({ model }) => model.layers.map(({ kind }) => kind)));
    expect(kinds.size).toBe(7);
    expect(new Set(valid.map(({ model }) => model.loss)).size).toBe(2);
    const names = new Set(scripts.flatMap(({ script }) => script.map((step) => step.do)));
    for (const name of ['pull', 'delta', 'saturations', 'trajectory'])
      expect(names).toContain(name);
  });
});

describe('vector files', () => {
  const directory = mkdtempSync(join(tmpdir(), 'linnet-vectors-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  it('fails where one is missing', () => {
    expect(() => loadVectors('trajectory', directory)).toThrow(/ENOENT/);
  });

  it('fails where one is empty, of another group or incomplete', () => {
    const { group, memoryBytes, cases } = readGroup('order');
    const [first] = cases;
    const cut = { ...first, outcomes: first.outcomes.slice(1) };
    for (const broken of [
      { group, memoryBytes, cases: [] },
      { group, memoryBytes, cases: [cut] },
    ]) {
      saveVectors(broken, directory);
      expect(() => loadVectors(group, directory)).toThrow(/does not hold the vectors of order/);
    }
    saveVectors({ group, memoryBytes, cases }, directory);
    expect(loadVectors(group, directory).cases).toHaveLength(cases.length);
  });

  it('fails where a file is damaged on disk', async () => {
    const file = readGroup('update');
    const damaged = { ...file, cases: [...file.cases.slice(1), corruptCase(file.cases[0], 4)] };
    saveVectors(damaged, directory);
    const loaded = loadVectors('update', directory);
    const outcomes = await runVectors(v8Runtime, loadKernelBytes(), loaded);
    const failures = loaded.cases.filter((entry, i) => findDifference(entry, outcomes[i]));
    expect(failures.map(({ name }) => name)).toEqual([file.cases[0].name]);
  });
});
