import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Minutes more: `npm run test:cores`.
    exclude: ['test/cores/**'],
    // Half of the tests wait for processes, so two at a time fit even two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 180_000,
    hookTimeout: 240_000,
  },
});
