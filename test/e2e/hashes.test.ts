/** One federation, one hash: whatever runs the kernel, and whenever. */
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { nodeKeyOf, sha256, toHex } from '../../host/contract/hash.js';
import { sampleCount } from '../../host/data/dataset.js';
import { prepareTask } from '../../host/cli/task.js';
import { Kernel } from '../../host/kernel/kernel.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { openV8Engine } from '../../host/kernel/v8-engine.js';
import { Scene } from './scene.js';
import { runSmallFederation, smallPlan, type FederationRun } from './small-federation.js';
import { hasNative, hasQemu } from './toolchains.js';

const cohort = ['node-0', 'node-1', 'node-2', 'node-3'];
const kernelHashes = {
  accelerated: toHex(sha256(loadKernelBytes('accelerated'))),
  portable: toHex(sha256(loadKernelBytes('portable'))),
};

/** Devices supply intrinsics and get the accelerated kernel, V8 nodes the portable one. */
const buildOf = (runtime: string): keyof typeof kernelHashes =>
  runtime === 'v8' ? 'portable' : 'accelerated';

interface Fleet {
  readonly name: string;
  readonly available: boolean;
  readonly options: {
    readonly runtime: 'native' | 'v8';
    readonly qemu: number;
    readonly v8?: number;
  };
  readonly runtimes: readonly string[];
  /** The last node also runs with a flipped label. */
  readonly isFlipped?: boolean;
}

const fleets: readonly Fleet[] = [
  {
    name: '4 native nodes',
    available: hasNative,
    options: { runtime: 'native', qemu: 0 },
    runtimes: ['native-wasm3', 'native-wasm3', 'native-wasm3', 'native-wasm3'],
    isFlipped: true,
  },
  {
    name: '2 native nodes and 2 Cortex-M4 boards in QEMU',
    available: hasNative && hasQemu,
    options: { runtime: 'native', qemu: 2 },
    runtimes: ['native-wasm3', 'native-wasm3', 'qemu-cortex-m4', 'qemu-cortex-m4'],
  },
  {
    name: '2 V8 nodes, a native one and a board in QEMU, of two kernels',
    available: hasNative && hasQemu,
    options: { runtime: 'native', qemu: 1, v8: 2 },
    runtimes: ['v8', 'v8', 'native-wasm3', 'qemu-cortex-m4'],
    isFlipped: true,
  },
  {
    name: '4 V8 nodes',
    available: true,
    options: { runtime: 'v8', qemu: 0 },
    runtimes: ['v8', 'v8', 'v8', 'v8'],
    isFlipped: !hasNative,
  },
];

const available = fleets.filter((fleet) => fleet.available);
const last = cohort.at(-1)!;

let reference: FederationRun;
beforeAll(async () => {
  const first = new Scene();
  reference = await runSmallFederation(first, available[0].options);
  await first.end();
});

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.end());

/** Nothing was missing, and nothing but the real thing ran. */
function expectHonestRun({ summary, rounds, accepted }: FederationRun, fleet: Fleet): void {
  expect(summary.nodes.map(({ node }) => node)).toEqual(cohort);
  expect(summary.nodes.map(({ runtime }) => runtime)).toEqual(fleet.runtimes);
  for (const node of summary.nodes) {
    const build = buildOf(node.runtime);
    expect(node).toMatchObject({ kernelBuild: build, kernelHash: kernelHashes[build] });
    expect(node.receiptsAccepted).toBe(smallPlan.rounds);
    if (node.runtime === 'v8') expect(node.wasm3).toBeNull();
    else expect(node.wasm3).toMatch(/^wasm3 \d+\.\d+\.\d+/);
  }
  expect(rounds.map(({ nodes }) => [...nodes].sort())).toEqual(rounds.map(() => cohort));
  expect(accepted).toEqual(rounds.map(() => cohort.length));
  expect(summary).toMatchObject({ rounds: smallPlan.rounds, degradedRounds: 0 });
  expect(rounds.at(-1)!.modelHash).toBe(summary.modelHash);
  expect(summary.modelHash).not.toBe(summary.initialModelHash);
}

const hashesOf = ({ summary, rounds }: FederationRun): string[] => [
  summary.initialModelHash,
  ...rounds.map(({ modelHash }) => modelHash),
];

/** Returns which of its n samples `last` trains on first in version 0 (SPEC, section 7, step 5). */
async function openSampleOrder(): Promise<(n: number) => number> {
  const { descriptor } = prepareTask({ subjects: cohort.length });
  const kernel = new Kernel(await openV8Engine(loadKernelBytes()));
  kernel.plan(descriptor);
  kernel.begin({
    federationSeed: smallPlan.seed,
    baseVersion: 0,
    nodeKey: nodeKeyOf(last),
    lrShift: 0,
    lrDecay: 0,
    totalSteps: smallPlan.samplesPerRound,
    skipThreshold: 0,
  });
  return (n) => kernel.order(0, n, kernel.order(1, Math.min(n, smallPlan.samplesPerRound), 0));
}

describe('the model hash of a federation', () => {
  // The reference is a run of the first fleet, so that one runs twice.
  it.each(available)('is the same for $name', async (fleet) => {
    const run = await runSmallFederation(scene, fleet.options);
    expectHonestRun(run, fleet);
    expect(hashesOf(run)).toEqual(hashesOf(reference));
  });

  it('is the same where deltas are coded exactly, in fewer bytes', async () => {
    const run = await runSmallFederation(scene, { ...available[0].options, codec: 'exact' });
    expectHonestRun(run, available[0]);
    expect(hashesOf(run)).toEqual(hashesOf(reference));
    const [bytes, raw] = [run, reference].map(({ rounds }) =>
      rounds.reduce((sum, { uplinkBytes }) => sum + uplinkBytes, 0),
    );
    expect(bytes).toBeLessThan(raw);
  });

  it('is the same whether versions come whole or as exact differences, in fewer bytes', async () => {
    const runs: FederationRun[] = [];
    for (const downlink of ['raw', 'exact'])
      runs.push(await runSmallFederation(scene, { ...available[0].options, rounds: 4, downlink }));
    const [raw, exact] = runs;
    expect(hashesOf(exact)).toEqual(hashesOf(raw));
    const [less, more] = [exact, raw].map(({ summary }) => summary.downlinkBytesPerNodeRound);
    expect(less).toBeLessThan(more);
  });

  it('is one for all where deltas are coded in three bits, and another than without', async () => {
    const runs: FederationRun[] = [];
    for (const fleet of available.slice(-2)) {
      const run = await runSmallFederation(scene, { ...fleet.options, codec: 'dense-3' });
      expectHonestRun(run, fleet);
      runs.push(run);
    }
    expect(hashesOf(runs[0])).toEqual(hashesOf(runs.at(-1)!));
    expect(hashesOf(runs[0])[1]).not.toBe(hashesOf(reference)[1]);
  });

  it('is one for all where the largest deltas are coded and the rest is kept', async () => {
    const runs: FederationRun[] = [];
    const sparse = { codec: 'sparse', density: 50, rounds: 4 };
    for (const fleet of available.slice(-2)) {
      runs.push(await runSmallFederation(scene, { ...fleet.options, ...sparse }));
    }
    expect(hashesOf(runs[0])).toEqual(hashesOf(runs.at(-1)!));
    expect(new Set(hashesOf(runs[0])).size).toBe(1 + sparse.rounds);
    expect(runs[0].accepted).toEqual(runs[0].rounds.map(() => cohort.length));
  });

  it('is another one with another seed', async () => {
    const options = { ...available[0].options, seed: smallPlan.seed + 1 };
    const run = await runSmallFederation(scene, options);
    expect(new Set([...hashesOf(run), ...hashesOf(reference)]).size).toBe(
      2 * (1 + smallPlan.rounds),
    );
  });

  it.each(available.filter(({ isFlipped }) => isFlipped))(
    'is another one with one flipped label on the last of $name',
    async (fleet) => {
      const firstOf = await openSampleOrder();
      const run = await runSmallFederation(scene, {
        ...fleet.options,
        tamper: ({ node, dataset }) => {
          if (node !== last) return;
          const spoilt = firstOf(sampleCount(dataset));
          dataset.label[spoilt] = (dataset.label[spoilt] + 1) % dataset.classNames.length;
        },
      });
      expectHonestRun(run, fleet);
      const [initial, ...trained] = hashesOf(run);
      expect(initial).toBe(reference.summary.initialModelHash);
      expect(hashesOf(reference)).not.toEqual(expect.arrayContaining([trained[0]]));
      expect(run.summary.modelHash).not.toBe(reference.summary.modelHash);
    },
  );
});
