/** What a plan can ask for beside training as ever, on V8 and native nodes alike. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FederationOptions } from '../../host/cli/demo/federation.js';
import { prepareTask } from '../../host/cli/task.js';
import { initialWordsOf } from '../../host/kernel/initial-words.js';
import { unpackSnapshot } from '../../host/model/snapshot.js';
import { Scene } from './scene.js';
import { runSmallFederation, smallPlan, type FederationRun } from './small-federation.js';
import { hasNative, hasQemu } from './toolchains.js';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.end());

/** Two nodes; where there are native ones, one of each kind and the same with V8 alone. */
async function runBoth(changes: Partial<FederationOptions>): Promise<FederationRun[]> {
  const runs = [await runSmallFederation(scene, { nodes: 2, runtime: 'v8', ...changes })];
  if (hasNative) {
    const folder = scene.path('mixed');
    const mixed = { nodes: 2, runtime: 'native', v8: 1, folder } as const;
    runs.push(await runSmallFederation(scene, { ...mixed, ...changes }));
  }
  return runs;
}

function expectOneHash(runs: readonly FederationRun[]): string {
  const hashes = runs.map(({ rounds }) => rounds.map(({ modelHash }) => modelHash));
  for (const other of hashes) expect(other).toEqual(hashes[0]);
  const [{ summary }] = runs;
  expect(summary.modelHash).not.toBe(summary.initialModelHash);
  return summary.modelHash;
}

describe('a federation', () => {
  it('trains the layers that are not frozen', async () => {
    const folder = scene.path('frozen');
    expectOneHash(await runBoth({ freeze: '0' }));
    await runSmallFederation(scene, { nodes: 2, runtime: 'v8', freeze: '0', folder });
    const task = prepareTask({ subjects: 2 });
    const words = unpackSnapshot(new Uint8Array(readFileSync(join(folder, 'model.lns'))));
    const initial = initialWordsOf(task.descriptor, smallPlan.seed);
    const border = task.model.layers[1].weightOffset;
    expect(words.subarray(0, border)).toEqual(initial.subarray(0, border));
    expect(words.subarray(border)).not.toEqual(initial.subarray(border));
  });

  it('pulls toward the model of the round, and that counts', async () => {
    const pulled = expectOneHash(await runBoth({ samplesPerRound: 40, proximalShift: 1 }));
    const free = await runSmallFederation(scene, {
      nodes: 2,
      runtime: 'v8',
      samplesPerRound: 40,
    });
    expect(free.summary.modelHash).not.toBe(pulled);
  });

  it('keeps layers on the nodes, scores and tunes what they have, on a board in QEMU too', async () => {
    const personal = { codec: 'sparse', personalLayers: 'head', fineTune: 2 } as const;
    const runs = await runBoth(personal);
    if (hasNative && hasQemu) {
      const folder = scene.path('board');
      const board = { nodes: 2, runtime: 'native', qemu: 1, folder } as const;
      runs.push(await runSmallFederation(scene, { ...board, ...personal }));
    }
    expectOneHash(runs);
    const [{ rounds }] = runs;
    expect(rounds).toHaveLength(smallPlan.rounds + 1);
    expect(rounds.at(-1)!.modelHash).toBe(rounds.at(-2)!.modelHash);
    for (const run of runs) {
      for (const [i, { evaluation, personal: own }] of run.rounds.entries())
        expect({ evaluation, own }).toEqual({
          evaluation: rounds[i].evaluation,
          own: rounds[i].personal,
        });
    }
    expect(rounds.every(({ personal: own }) => own!.samples > 0)).toBe(true);
  });

  it('learns to reconstruct labelled samples', async () => {
    const model = scene.path('autoencoder.yaml');
    const layers = [{ dense: 8, activation: 'relu' }, { dense: 130 }];
    const input = { width: 130, exponent: -6 };
    writeFileSync(model, JSON.stringify({ input, layers, loss: 'squared-error' }));
    const runs = await runBoth({ model, samplesPerRound: 100, rounds: 3 });
    expectOneHash(runs);
    const errors = runs[0].rounds.map(({ heldOut }) => {
      if (!heldOut || !('reconstructionError' in heldOut)) throw new Error('no error was scored');
      return heldOut.reconstructionError;
    });
    expect(runs[0].summary.scores).toEqual({ reconstructionError: errors.at(-1) });
    expect(errors.at(-1)).toBeLessThan(errors[0]);
  });
});
