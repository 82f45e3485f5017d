import { sha256, toHex } from '../host/contract/hash.js';
import { Kernel } from '../host/kernel/kernel.js';
import { loadKernelBytes } from '../host/kernel/load.js';
import { openV8Engine } from '../host/kernel/v8-engine.js';
import { parseDescriptor } from '../host/model/descriptor.js';
import { initSeed, settingsOf } from './instructions.js';
import type { MeasuredModel } from './models.js';
import type { Sample } from './samples.js';

/** Number of the row a parameter belongs to, biases to that of their output; and how many there are. */
function rowsOf({ descriptor }: MeasuredModel): { row: Int32Array; rows: number } {
  const { layers, parameters } = parseDescriptor(descriptor);
  const row = new Int32Array(parameters);
  let rows = 0;
  for (const { weightOffset, biasOffset, rowLength, biases } of layers) {
    for (let i = 0; i < biases * rowLength; i++) {
      row[weightOffset + i] = rows + Math.floor(i / rowLength);
    }
    for (let o = 0; o < biases; o++) row[biasOffset + o] = rows + o;
    rows += biases;
  }
  return { row, rows };
}

/**
 * Share of the rows whose words a step changed, of the steps after `warmUp`; and the hash of the same
 * training in V8.
 */
export async function measureActiveRows(
  model: MeasuredModel,
  samples: readonly Sample[],
  warmUp: number,
): Promise<{ share: number; hash: string }> {
  const { row, rows } = rowsOf(model);
  const kernel = new Kernel(await openV8Engine(loadKernelBytes()));
  kernel.plan(model.descriptor);
  kernel.initialise(initSeed);
  kernel.begin(settingsOf(model, samples.length, 0));
  let before = kernel.storeParameters();
  let active = 0;
  for (const [t, { x, label }] of samples.entries()) {
    kernel.train(x, label);
    const after = kernel.storeParameters();
    const changed = new Set<number>();
    for (let i = 0; i < after.length; i++) if (after[i] !== before[i]) changed.add(row[i]);
    if (t >= warmUp) active += changed.size;
    before = after;
  }
  kernel.close();
  const share = active / (rows * (samples.length - warmUp));
  return { share, hash: toHex(sha256(new Uint8Array(before.buffer))) };
}
