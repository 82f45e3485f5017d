import { Kernel } from './kernel.js';
import { loadKernelBytes } from './load.js';
import { openV8EngineNow } from './v8-engine.js';

/** The kernel's own initial words of a seed (SPEC, 2.2). */
export function initialWordsOf(descriptor: Uint8Array, seed: number): Int16Array {
  const kernel = new Kernel(openV8EngineNow(loadKernelBytes()));
  kernel.plan(descriptor);
  kernel.initialise(seed);
  return kernel.storeParameters();
}
