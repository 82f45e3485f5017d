import { defineConfig } from 'vitest/config';

/** Whole devices, processes that are killed, boards, federations from end to end: each takes ten seconds or more. */
export const systemTests = [
  'test/bridge/{faults,outbox-kill,status}.test.ts',
  'test/e2e/**/*.test.ts',
  'test/federated/{kill,server}.test.ts',
  'test/firmware/{cuts,firmware}.test.ts',
  'test/fuzz/replay.test.ts',
  'test/node/{application,production-build,qemu-ping,qemu-trial,sanitized-node,v8-node}.test.ts',
  'test/sim/{board,conformance,determinism,lies,personal,reservoir}.test.ts',
  'test/size/{budget,footprint}.test.ts',
  'test/soak/**/*.test.ts',
];

export default defineConfig({
  test: {
    include: systemTests,
    // Half of the tests wait for processes, so two at a time fit even two cores.
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 240_000,
  },
});
