import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { systemTests } from './vitest.system.config.js';

/** What takes two minutes; the rest: `npm run test:system` and `npm run test:cores`. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/cores/**', ...systemTests],
    // No test replaces a module, so files share what they import: half the time.
    isolate: false,
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 180_000,
    hookTimeout: 240_000,
  },
});
