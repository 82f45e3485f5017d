import { sampleAt } from '../data/dataset.js';
import { scoreConfusion } from '../data/metrics.js';
import type { HeldOutScores } from '../federated/report.js';
import { Kernel } from '../kernel/kernel.js';
import { loadKernelBytes } from '../kernel/load.js';
import { openV8Engine } from '../kernel/v8-engine.js';
import type { Recipe, Task } from './task.js';

/** Mean cross-entropy in nats of a sum in Q10 bits. */
export function lossInNats(sumQ10: number, samples: number): number {
  return samples === 0 ? 0 : (sumQ10 / samples / 1024) * Math.LN2;
}

/** Samples scored before the event loop gets a turn. */
const sliceSamples = 2000;

/** Words of version 0: the kernel's own initial weights. */
export async function initialWordsOf(recipe: Recipe, seed: number): Promise<Int16Array> {
  const kernel = new Kernel(await openV8Engine(loadKernelBytes()));
  kernel.plan(recipe.descriptor);
  kernel.initialise(seed);
  return kernel.storeParameters();
}

/**
 * Scores models on samples no node has. In a real federation the aggregator has no samples; this is
 * a demonstration's privilege, and what it returns is labelled so.
 */
export async function openHeldOut(
  task: Task,
  indices: readonly number[],
): Promise<(words: Int16Array) => Promise<HeldOutScores>> {
  const kernel = new Kernel(await openV8Engine(loadKernelBytes()));
  kernel.plan(task.descriptor);
  return async (words) => {
    kernel.loadParameters(words);
    kernel.begin({
      federationSeed: 0,
      baseVersion: 0,
      nodeKey: 0,
      lrShift: 0,
      lrDecay: 0,
      totalSteps: 0,
      skipThreshold: 0,
    });
    for (const [count, i] of indices.entries()) {
      kernel.evaluate(sampleAt(task.dataset, i), task.dataset.label[i]);
      if (count % sliceSamples === sliceSamples - 1) await new Promise(setImmediate);
    }
    const { samples, loss, confusion } = kernel.counters();
    const { accuracy, macroF1 } = scoreConfusion(confusion);
    return {
      accuracy,
      macroF1,
      loss: lossInNats(loss, samples),
      confusion: [...confusion],
    };
  };
}
