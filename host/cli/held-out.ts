import { sampleAt } from '../data/dataset.js';
import type { HeldOutScores } from '../federated/report.js';
import { evaluationSettings, Kernel } from '../kernel/kernel.js';
import { loadKernelBytes } from '../kernel/load.js';
import { openV8Engine } from '../kernel/v8-engine.js';
import { labelFor, scoresOf } from './scores.js';
import type { Task } from './task.js';

/** Samples scored before the event loop gets a turn. */
const sliceSamples = 2000;

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
    kernel.begin(evaluationSettings);
    for (const [count, i] of indices.entries()) {
      kernel.evaluate(sampleAt(task.dataset, i), labelFor(task.model, task.dataset.label[i]));
      if (count % sliceSamples === sliceSamples - 1) await new Promise(setImmediate);
    }
    return scoresOf(task.model, kernel.counters());
  };
}
