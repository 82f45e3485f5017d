/** How well a float model and its quantised twin do on the same samples. */
import { sampleAt, type Dataset } from '../../data/dataset.js';
import { evaluationSettings, Kernel } from '../../kernel/kernel.js';
import { loadKernelBytes } from '../../kernel/load.js';
import { openV8Engine } from '../../kernel/v8-engine.js';
import { modelForward } from '../float.js';
import type { Affine } from './affine.js';
import { describeSpec, type FloatModel } from './float-model.js';

/** Share of right answers of a classifier; of an autoencoder the root mean square error in int8 steps. */
export interface Score {
  readonly accuracy?: number;
  readonly rmse?: number;
}

/** A sample as the float model reads it. Tokens stay as they are. */
export function toModelInput(x: Int8Array, scale: Affine, isTokens: boolean): Float64Array {
  if (isTokens) return Float64Array.from(x, (value) => value & 0xff);
  return Float64Array.from(x, (value, i) => value * scale.scale[i] + scale.offset[i]);
}

function argmax(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

export function scoreFloat(
  model: FloatModel,
  dataset: Dataset,
  indices: readonly number[],
  scale: Affine,
  isAutoencoder: boolean,
): Score {
  const info = describeSpec(model.spec);
  const isTokens = info.layers[0].op === 'embedding';
  let correct = 0;
  let squares = 0;
  for (const index of indices) {
    const x = toModelInput(sampleAt(dataset, index), scale, isTokens);
    const y = modelForward(info, model.parameters, x);
    if (!isAutoencoder) correct += argmax(y) === dataset.label[index] ? 1 : 0;
    else y.forEach((value, i) => (squares += ((value - x[i]) / scale.scale[i]) ** 2));
  }
  return isAutoencoder
    ? { rmse: Math.sqrt(squares / (indices.length * info.outputs)) }
    : { accuracy: correct / indices.length };
}

/** What the kernel itself makes of the samples. */
export async function scoreKernel(
  descriptor: Uint8Array,
  words: Int16Array,
  dataset: Dataset,
  indices: readonly number[],
  isAutoencoder: boolean,
): Promise<Score> {
  const kernel = new Kernel(await openV8Engine(loadKernelBytes()));
  kernel.plan(descriptor);
  kernel.loadParameters(words);
  kernel.begin(evaluationSettings);
  let correct = 0;
  let squares = 0;
  for (const index of indices) {
    const label = dataset.label[index];
    const predicted = kernel.evaluate(sampleAt(dataset, index), isAutoencoder ? 0 : label);
    correct += predicted === label ? 1 : 0;
    // Mean square in 1/256 of a squared int8 step (SPEC, 2.5).
    squares += kernel.score() / 256;
  }
  kernel.close();
  return isAutoencoder
    ? { rmse: Math.sqrt(squares / indices.length) }
    : { accuracy: correct / indices.length };
}
