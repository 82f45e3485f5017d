/**
 * The accelerated kernel on a Cortex-M0 with 16 KB of RAM: wasm3, its tables, compiled code, linear memory,
 * stack and the runner, all of it. The compiled code of plan() alone is larger, so another runtime
 * plans.
 */
import { describe, expect, it } from 'vitest';
import { blockWord, constant, status } from '../../host/contract/contract.gen.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { findDifference } from '../conformance/run.js';
import { compileScript, readOutcomes } from '../conformance/compile.js';
import { nativeRuntime } from '../runtimes/native.js';
import { runPlannedOnMicrobit } from '../runtimes/planned.js';
import { openQemuRuntime } from '../runtimes/qemu.js';
import type { TapeRecord, TapeValue } from '../runtimes/tape.js';
import type { Case, Outcome } from '../vectors/script.js';
import { loadVectors } from '../vectors/vector-file.js';

/** What fits. */
const fits = ['dense 6-4-2', 'autoencoder 6-2-6'];

const ramBytes = 16_384;

const reasons = [(await openQemuRuntime('microbit')).available(), nativeRuntime.available()];
const reason = reasons.find((lack) => lack !== undefined);
if (reason !== undefined && process.env['CI']) throw new Error(`cannot run here: ${reason}`);
if (reason !== undefined) console.log(`Cortex-M0 with 16 KB skipped: ${reason}`);

const vectors = loadVectors('cortex-m0');

function find(name: string): Case {
  const found = vectors.cases.find((entry) => entry.name === name);
  if (found === undefined) throw new Error(`no vectors for ${name}`);
  return found;
}

async function run({ script }: Case): Promise<{ outcomes: Outcome[]; heapBytes: number }> {
  const steps = compileScript(script);
  const records = steps.flatMap((step) => step.records);
  const kernel = loadKernelBytes('accelerated');
  const { values, usage } = await runPlannedOnMicrobit(
    ...[nativeRuntime, kernel, records, vectors.memoryBytes],
  );
  return {
    outcomes: readOutcomes(steps, values),
    heapBytes: usage.heapHighWater + usage.stackHighWater,
  };
}

describe.skipIf(reason !== undefined)('Cortex-M0 with 16 KB', () => {
  it.each(fits)('%s', async (name) => {
    const entry = find(name);
    const { outcomes, heapBytes } = await run(entry);
    expect(findDifference(entry, outcomes)).toBeUndefined();
    expect(heapBytes).toBeGreaterThan(ramBytes / 2);
    expect(heapBytes).toBeLessThan(ramBytes);
  });

  it('still watches the canaries of an arena that was planned elsewhere', async () => {
    const { script } = find('dense 6-4-2');
    const [plan] = compileScript(script.slice(0, 1));
    const ask = (offset: number): TapeRecord[] => [
      ...plan.records,
      // The last word of the arena is the last canary.
      { op: 'WRITE', word: blockWord.ioPtr, offset, bytes: Uint8Array.of(1) },
      { op: 'CALL', name: 'check', args: [] },
    ];
    const kernel = loadKernelBytes('accelerated');
    const check = async (offset: number): Promise<TapeValue | undefined> =>
      (
        await runPlannedOnMicrobit(nativeRuntime, kernel, ask(offset), vectors.memoryBytes)
      ).values.at(-1);
    const ioBytes = 2 * constant.IO_WORDS;
    expect(await check(ioBytes - 1)).toBe(status.OK);
    expect(await check(ioBytes)).toBe(status.ERR_CANARY);
  });

  it('says so where the heap is too small', async () => {
    const entry = find('an image: conv 3x3 x3, max pool 2, dense 3');
    await expect(run(entry)).rejects.toMatchObject({
      stderr: expect.stringContaining('memory allocation failed') as string,
    });
  });
});
