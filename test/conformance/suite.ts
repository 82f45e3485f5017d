import { beforeAll, describe, expect, it } from 'vitest';
import { loadKernelBytes } from '../../host/kernel/load.js';
import type { TapeRuntime } from '../runtimes/tape.js';
import { vectorGroups } from '../vectors/groups/index.js';
import type { Outcome } from '../vectors/script.js';
import { loadVectors } from '../vectors/vector-file.js';
import { findDifference, runVectors } from './run.js';

/** Emulators are slow: one tape may take minutes there. */
const tapeTimeoutMs = 300_000;

/**
 * One suite for every runtime: each group of vectors is one tape on a fresh kernel, and every value
 * it emits must be the oracle's, to the last bit. A runtime that is missing is skipped with its
 * reason on a laptop and fails where CI is set; a missing vector file fails everywhere.
 */
export function describeConformance(runtime: TapeRuntime): void {
  const reason = runtime.available();
  if (reason !== undefined && process.env['CI']) {
    it(`conformance on ${runtime.name}`, () => expect.fail(`cannot run here: ${reason}`));
    return;
  }
  if (reason !== undefined) console.log(`conformance on ${runtime.name} skipped: ${reason}`);

  describe.skipIf(reason !== undefined)(`conformance on ${runtime.name}`, () => {
    for (const group of Object.keys(vectorGroups)) describeGroup(runtime, group);

    it(
      'two runs give the same bytes',
      async () => {
        const vectors = loadVectors('update');
        const first = await runVectors(runtime, loadKernelBytes(), vectors);
        expect(await runVectors(runtime, loadKernelBytes(), vectors)).toEqual(first);
      },
      tapeTimeoutMs,
    );
  });
}

function describeGroup(runtime: TapeRuntime, group: string): void {
  describe(group, () => {
    const vectors = loadVectors(group);
    let outcomes: Outcome[][];
    beforeAll(async () => {
      outcomes = await runVectors(runtime, loadKernelBytes(), vectors);
    }, tapeTimeoutMs);

    for (const [i, entry] of vectors.cases.entries()) {
      it(entry.name, () => expect(findDifference(entry, outcomes[i])).toBeUndefined());
    }
  });
}
