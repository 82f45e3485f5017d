import { beforeAll, describe, expect, it } from 'vitest';
import { blockWord, version } from '../../host/contract/contract.gen.js';
import { type KernelBuild, loadKernelBytes } from '../../host/kernel/load.js';
import { decodeResult, encodeTape, type TapeRecord, type TapeRuntime } from '../runtimes/tape.js';
import { vectorGroups } from '../vectors/groups/index.js';
import type { Outcome, VectorFile } from '../vectors/script.js';
import { loadVectors, separateCases } from '../vectors/vector-file.js';
import { findDifference, runVectors } from './run.js';

/** Emulators are slow: one tape may take minutes there. */
const tapeTimeoutMs = 300_000;

export interface SuiteOptions {
  /** Groups of vectors; all of them if absent. */
  readonly groups?: readonly string[];
  /** Builds of the kernel; those that the runtime can run if absent. */
  readonly builds?: readonly KernelBuild[];
  /** Every case on a fresh kernel, for runtimes with little memory. */
  readonly apart?: boolean;
}

/**
 * One suite for every runtime and every build of the kernel: each group of vectors is one tape on a
 * fresh kernel, and every value it emits must be the oracle's, to the last bit. A runtime that is
 * missing is skipped with its reason on a laptop and fails where CI is set; a missing vector file fails
 * everywhere.
 */
export function describeConformance(runtime: TapeRuntime, options: SuiteOptions = {}): void {
  const reason = runtime.available();
  if (reason !== undefined && process.env['CI']) {
    it(`conformance on ${runtime.name}`, () => expect.fail(`cannot run here: ${reason}`));
    return;
  }
  if (reason !== undefined) console.log(`conformance on ${runtime.name} skipped: ${reason}`);

  const builds = options.builds ?? runtime.builds ?? ['portable'];
  describe.skipIf(reason !== undefined)(`conformance on ${runtime.name}`, () => {
    describe.each(builds)('%s kernel', (build) => describeBuild(runtime, build, options));
  });
}

function describeBuild(runtime: TapeRuntime, build: KernelBuild, options: SuiteOptions): void {
  const { groups = Object.keys(vectorGroups), apart = false } = options;
  for (const group of groups) describeGroup(runtime, build, group, apart);

  it(
    'says which intrinsics it imports',
    async () => {
      const records: readonly TapeRecord[] = [{ op: 'GET_WORD', word: blockWord.intrinsicSet }];
      const result = await runtime.run(loadKernelBytes(build), encodeTape(records));
      const expected = build === 'accelerated' ? version.INTRINSIC_SET : 0;
      expect(decodeResult(records, result)).toEqual([expected]);
    },
    tapeTimeoutMs,
  );

  it(
    'two runs give the same bytes',
    async () => {
      const file = loadVectors(groups.includes('delta') ? 'delta' : groups[0]);
      const vectors = apart ? separateCases(file)[0] : file;
      const first = await runVectors(runtime, loadKernelBytes(build), vectors);
      expect(await runVectors(runtime, loadKernelBytes(build), vectors)).toEqual(first);
    },
    tapeTimeoutMs,
  );
}

function describeGroup(
  runtime: TapeRuntime,
  build: KernelBuild,
  group: string,
  apart: boolean,
): void {
  describe(group, () => {
    const vectors = loadVectors(group);
    const files = apart ? separateCases(vectors) : [vectors];
    for (const file of files) describeTape(runtime, build, file);
  });
}

/** The cases of one tape. */
function describeTape(runtime: TapeRuntime, build: KernelBuild, file: VectorFile): void {
  describe(`${file.memoryBytes} bytes`, () => {
    let outcomes: Outcome[][];
    beforeAll(async () => {
      outcomes = await runVectors(runtime, loadKernelBytes(build), file);
    }, tapeTimeoutMs);

    for (const [i, entry] of file.cases.entries()) {
      it(entry.name, () => expect(findDifference(entry, outcomes[i])).toBeUndefined());
    }
  });
}
