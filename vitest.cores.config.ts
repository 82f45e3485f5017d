import { defineConfig } from 'vitest/config';

/** The cores that `npm test` leaves out for the sake of time: minutes, not seconds. */
export default defineConfig({
  test: {
    include: ['test/cores/**/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
