import { defineConfig } from 'vitest/config';

/** What `npm test` leaves out for the sake of time, minutes, not seconds: other cores, and real pauses. */
export default defineConfig({
  test: {
    include: ['test/cores/**/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
