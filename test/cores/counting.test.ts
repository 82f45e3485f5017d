/** COUNT on every core: exact to a tick of its clock, repeatable, and of calls only. */
import { describe, expect, it } from 'vitest';
import { blockWord } from '../../host/contract/contract.gen.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { type Core, openQemuRuntime } from '../runtimes/qemu.js';
import { decodeResult, encodeTape, type TapeRecord } from '../runtimes/tape.js';
import { denseChain } from '../vectors/descriptor.js';

/** Instructions a tick stands for: the clock's period in nanoseconds. */
const ticks: readonly (readonly [Core, number])[] = [
  ['cortex-m0', 62.5],
  ['cortex-m3', 40],
  ['cortex-m4', 40],
  ['cortex-m7', 40],
  ['cortex-m33', 50],
  ['rv32', 1],
];

const repeats = 20;
const memoryBytes = 65_536;
const descriptor = denseChain(12, 8, 4);
const count: TapeRecord = { op: 'COUNT' };

function call(name: 'plan' | 'initialise' | 'infer', ...args: number[]): TapeRecord {
  return { op: 'CALL', name, args };
}

const infers = Array.from({ length: repeats }, () => call('infer'));

const tape: readonly TapeRecord[] = [
  { op: 'SET_WORD', word: blockWord.memoryBytes, value: memoryBytes },
  { op: 'SET_WORD', word: blockWord.descriptorBytes, value: descriptor.length },
  { op: 'WRITE', word: blockWord.descriptorPtr, offset: 0, bytes: descriptor },
  call('plan'),
  call('initialise', 1),
  // The first one compiles.
  call('infer'),
  count,
  count,
  call('infer'),
  count,
  ...infers,
  count,
];

describe.each(ticks)('instructions on %s', async (core, tick) => {
  const runtime = await openQemuRuntime(core);
  const reason = runtime.available();
  if (reason !== undefined && process.env['CI']) throw new Error(`cannot run here: ${reason}`);

  it.skipIf(reason !== undefined)('add up', async () => {
    const run = async (): Promise<number[]> => {
      const result = await runtime.run(loadKernelBytes(), encodeTape(tape), { memoryBytes });
      const values = decodeResult(tape, result) as number[];
      return [values[4], values[6], values.at(-1)!];
    };
    const [nothing, one, many] = await run();
    expect(nothing).toBe(0);
    expect(one).toBeGreaterThan(1000);
    // Each of two readings of the clock is off by less than a tick.
    expect(Math.abs(many / repeats - one)).toBeLessThanOrEqual(2 * tick);
    expect(await run()).toEqual([nothing, one, many]);
  });
});
