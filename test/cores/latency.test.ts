/** A PING waits for the stretch at hand: within 100 ms of a Cortex-M4, counted in instructions. */
import { describe, expect, it } from 'vitest';
import { latencyModels, limitInstructions, measureLatency } from '../../bench/latency.js';
import { readBudget } from '../../bench/size.js';
import { kernelBuilds } from '../../host/kernel/load.js';
import { qemuRuntime } from '../runtimes/qemu.js';

const reason = qemuRuntime.available();
const isSkipped = reason !== undefined && !process.env['CI'];

describe.skipIf(isSkipped)('a node on a Cortex-M4', () => {
  const { stretchInstructions } = readBudget();
  const cases = latencyModels.flatMap((model) =>
    kernelBuilds.map((build) => ({ model, build, limit: stretchInstructions[model.name][build] })),
  );

  it.each(cases)(
    'looks at its link in time: $model.name, $build',
    async ({ model, build, limit }) => {
      const latency = await measureLatency(model, build);
      const longest = Math.max(...Object.values(latency));
      expect(longest).toBeLessThanOrEqual(limit);
      expect(limit).toBeLessThanOrEqual(limitInstructions);
      // What follows what depends on the host, so the longest stretch varies more than a step.
      expect(longest).toBeGreaterThan(0.7 * limit);
    },
  );
});
