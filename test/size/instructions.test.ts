import { describe, expect, it } from 'vitest';
import type { Implementation } from '../../bench/instructions.js';
import { measure } from '../../bench/mcu.js';
import { measuredModels } from '../../bench/models.js';
import { readBudget } from '../../bench/size.js';
import { qemuRuntime } from '../runtimes/qemu.js';

const reason = qemuRuntime.available();
const isSkipped = reason !== undefined && !process.env['CI'];

/** What the int8 code without an interpreter may cost at most of what the kernel does (ECG). */
const overNative = 1.2;

/** Exact and repeatable, so the slightest regression beyond a limit shows; one that is meant changes the limit. */
describe.skipIf(isSkipped)('instructions on a Cortex-M4', () => {
  const { instructions } = readBudget();
  const cases = measuredModels.flatMap((model) =>
    Object.entries(instructions[model.name]).map(([name, limit]) => ({
      ...{ model, name, limit },
      implementation: name as Implementation,
    })),
  );

  it.each(cases)(
    'keep the budget of $model.name, $name',
    async ({ model, implementation, limit }) => {
      const { train, infer } = await measure(model, implementation);
      expect(train).toBeLessThanOrEqual(limit.train);
      expect(infer).toBeLessThanOrEqual(limit.infer);
      // A limit far above what is counted would let regressions pass.
      expect(train).toBeGreaterThan(0.95 * limit.train);
      expect(infer).toBeGreaterThan(0.95 * limit.infer);
    },
    60_000,
  );

  it('of an accelerated ECG net are within 1.2 times those of native int8, to the same words', async () => {
    const ecg = measuredModels.find(({ name }) => name === 'ECG')!;
    const [kernel, native] = [await measure(ecg, 'accelerated'), await measure(ecg, 'int8')];
    expect(kernel.train).toBeLessThanOrEqual(overNative * native.train);
    expect(kernel.infer).toBeLessThanOrEqual(overNative * native.infer);
    expect(kernel.hash).toBe(native.hash);
  });
});
