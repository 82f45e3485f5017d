import { describe, expect, it } from 'vitest';
import { decay } from '../../host/contract/contract.gen.js';
import { SeededRandom } from '../../host/data/random.js';
import { buildDescriptor, parseDescriptor } from '../../host/model/descriptor.js';
import { openKernel } from '../../bench/accuracy/arm.js';
import { buildVariant, variants } from '../../bench/rounding/build.js';

const descriptor = buildDescriptor({
  input: { width: 16, channels: 2, exponent: -5 },
  layers: [
    { op: 'conv1d', filters: 4, kernel: 3, stride: 2, activation: 'relu' },
    { op: 'dense', outputs: 3 },
  ],
  loss: 'softmax-cross-entropy',
});
const { parameters } = parseDescriptor(descriptor);

/** Words after 20 steps on the same samples from the same start; `seed` moves the random streams of the updates alone. */
async function train(wasm: Uint8Array, seed: number): Promise<Int16Array> {
  const kernel = await openKernel(descriptor, 0, wasm);
  kernel.initialise(1);
  kernel.begin({
    federationSeed: seed,
    baseVersion: 0,
    nodeKey: 0,
    lrShift: 9,
    lrDecay: decay.CONSTANT,
    totalSteps: 20,
    skipThreshold: 0,
  });
  const random = new SeededRandom(1);
  for (let step = 0; step < 20; step++) {
    kernel.train(
      Int8Array.from({ length: 32 }, () => random.below(255) - 127),
      step % 3,
    );
  }
  return kernel.storeParameters();
}

function wasmOf(name: string): Uint8Array {
  return buildVariant(variants.find((variant) => variant.name === name)!);
}

describe('row updates that are compared', () => {
  it('differ from the kernel in their rounding and in nothing else', async () => {
    const [v5, v0] = [wasmOf('V5'), wasmOf('V0')];
    const [kept, drawn] = [await train(v5, 1), await train(v0, 1)];
    expect(drawn).not.toEqual(kept);
    // Steps are the same but for the rounding: after 20 of them words differ by a few units.
    const furthest = Math.max(...drawn.map((word, i) => Math.abs(word - kept[i])));
    expect(furthest).toBeLessThan(100);
    const moved = (await train(v0, 2)).filter((word, i) => word !== drawn[i]).length;
    expect(moved).toBeGreaterThan(parameters / 4);
  });
});
