import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

/** Whole devices, processes that are killed, boards, federations from end to end: each takes ten seconds or more. */
const systemTests = [
  'test/bridge/{faults,outbox-kill,status}.test.ts',
  'test/e2e/**/*.test.ts',
  'test/federated/{kill,server}.test.ts',
  'test/firmware/{cuts,firmware}.test.ts',
  'test/fuzz/replay.test.ts',
  'test/node/{application,production-build,qemu-ping,qemu-trial,sanitized-node,v8-node}.test.ts',
  'test/sim/{board,conformance,determinism,examples,lies,personal,reservoir}.test.ts',
  'test/size/{budget,footprint}.test.ts',
  'test/soak/**/*.test.ts',
];
const coresTests = ['test/cores/**/*.test.ts'];

/** `npx vitest run FILE` finds a test in whichever of them it is. */
export default defineConfig({
  test: {
    projects: [
      {
        // `npm test`: what takes two minutes.
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...systemTests, ...coresTests],
          // No test replaces a module, so files share what they import: half the time.
          isolate: false,
          maxWorkers: Math.max(2, availableParallelism() - 1),
          sequence: { groupOrder: 0 },
          testTimeout: 180_000,
          hookTimeout: 240_000,
        },
      },
      {
        // `npm run test:system`: half of the tests wait for processes, so two at a time fit even two cores.
        test: {
          name: 'system',
          include: systemTests,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 180_000,
          hookTimeout: 240_000,
        },
      },
      {
        // `npm run test:cores`: other cores, and real pauses.
        test: {
          name: 'cores',
          include: coresTests,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
