import { describe, expect, it } from 'vitest';
import { decay } from '../../host/contract/contract.gen.js';
import { buildDescriptor } from '../../host/model/descriptor.js';
import { hasWasm3 } from '../../host/wasm3/engine.js';
import { SeededRandom } from '../../host/data/random.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { endure } from '../../bench/accuracy/extremes/endure.js';
import { ObservedKernel } from '../../bench/accuracy/extremes/observed-kernel.js';
import { scenarios } from '../../bench/accuracy/extremes/scenarios.js';
import { findTask } from '../../bench/accuracy/targets/tasks.js';

/** One of each kind: global average pool, max pool, two dimensions, reconstruction. */
const names = ['har-conv', 'ecg-conv', 'mnist-conv', 'digits', 'ecg-anomaly'];
const steps = 120;

const scenarioOf = (name: string) => scenarios.find((one) => one.name === name)!;

describe.each(names)('training %s with what it should never be given', (name) => {
  const { model, plan } = findTask(name);
  const descriptor = buildDescriptor(model);

  it.each(scenarios)('$name: no trap, every exponent in its range', async (scenario) => {
    const result = await endure(descriptor, scenario, plan.shifts.linnet, steps, 1);
    expect(result.activations.isEmpty).toBe(false);
    expect(result.errors === undefined).toBe(!hasWasm3());
    for (const { isEmpty, least, greatest } of [
      result.activations,
      result.errors ?? result.activations,
    ]) {
      if (isEmpty) continue;
      expect(least).toBeGreaterThanOrEqual(-64);
      expect(greatest).toBeLessThanOrEqual(63);
    }
    expect(result.saturations).toBeGreaterThanOrEqual(0);
    expect(result.saturations).toBeLessThanOrEqual(result.parameters);
  });

  it('moves words where there is something to learn', async () => {
    const result = await endure(descriptor, scenarioOf('rate × 16'), plan.shifts.linnet, steps, 1);
    expect(result.moved).toBeGreaterThan(result.parameters / 2);
  });
});

describe('what is watched', () => {
  const { model, plan } = findTask('mnist-conv');
  const descriptor = buildDescriptor(model);

  it('counts words at their limits', async () => {
    const heavy = scenarioOf('class weights 2^127');
    const { saturations } = await endure(descriptor, heavy, plan.shifts.linnet, steps, 1);
    expect(saturations).toBeGreaterThan(100);
    const gentle = { ...scenarioOf('rate × 16'), shiftChange: 0 };
    expect((await endure(descriptor, gentle, plan.shifts.linnet, steps, 1)).saturations).toBe(0);
  });

  it.runIf(hasWasm3())('sees the error of a heavy class at its exponent', async () => {
    const model = parseDescriptor(descriptor);
    const { kernel, errors } = await observeOneStep(40, model.inputs);
    // −15 + 40 + the shift of the requantised error, which is 8 for an error above 0.5.
    expect(errors!.greatest).toBe(33);
    kernel.close();
  });

  async function observeOneStep(classWeight: number, inputs: number) {
    const observed = await ObservedKernel.open(descriptor);
    observed.kernel.initialise(1);
    observed.kernel.begin({
      federationSeed: 1,
      baseVersion: 0,
      nodeKey: 0,
      lrShift: 8,
      lrDecay: decay.CONSTANT,
      totalSteps: 1,
      skipThreshold: 0,
      classWeights: new Int8Array(10).fill(classWeight),
    });
    const random = new SeededRandom(1);
    observed.train(
      Int8Array.from({ length: inputs }, () => random.below(100)),
      3,
    );
    return observed;
  }
});
