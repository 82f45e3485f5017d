/** A small convolutional net, trained by the kernel on synthetic heartbeats, as float weights. */
import type { Dataset } from '../../host/data/dataset.js';
import { sampleAt, samplesOfSplit } from '../../host/data/dataset.js';
import { generateSyntheticEcg } from '../../host/data/synthetic-ecg.js';
import { keepClasses } from '../../host/data/dataset.js';
import { Kernel } from '../../host/kernel/kernel.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { openV8Engine } from '../../host/kernel/v8-engine.js';
import { buildDescriptor, parseDescriptor, type ModelSpec } from '../../host/model/descriptor.js';

export const spec: ModelSpec = {
  input: { width: 128, exponent: -6 },
  layers: [
    { op: 'conv1d', filters: 6, kernel: 7, stride: 2, padding: 'same', activation: 'relu' },
    { op: 'averagePool1d', size: 3 },
    { op: 'conv1d', filters: 8, kernel: 3, activation: 'relu' },
    { op: 'maxPool1d', size: 3 },
    { op: 'flatten' },
    { op: 'dense', outputs: 3 },
  ],
  loss: 'softmax-cross-entropy',
};

export interface Trained {
  readonly dataset: Dataset;
  readonly descriptor: Uint8Array;
  readonly words: Int16Array;
  /** Of the words, in units of the model. */
  readonly parameters: Float64Array;
}

/** Words as numbers; average pools made to divide by their true count. */
function toFloat(descriptor: Uint8Array, words: Int16Array): Float64Array {
  const out = new Float64Array(words.length);
  const { layers } = parseDescriptor(descriptor);
  for (const layer of layers) {
    const unit = 2 ** (layer.weightExponent - 8);
    for (let i = layer.weightOffset; i < layer.biasOffset; i++) out[i] = (words[i] - 128) * unit;
    for (let i = 0; i < layer.biases; i++) {
      out[layer.biasOffset + i] = words[layer.biasOffset + i] * 2 ** -12;
    }
  }
  // The one pool: 3 values are divided by 4 in the kernel.
  const second = layers[2];
  for (let i = second.weightOffset; i < second.biasOffset; i++) out[i] *= 3 / 4;
  return out;
}

export async function trainSmallNet(): Promise<Trained> {
  const people = { subjects: 4, testSubjects: 3, beatsPerSubject: 150, seed: 11 };
  const dataset = keepClasses(generateSyntheticEcg(people), ['N', 'S', 'V']);
  const descriptor = buildDescriptor(spec);
  const kernel = new Kernel(await openV8Engine(loadKernelBytes()));
  kernel.plan(descriptor);
  kernel.initialise(5);
  const train = samplesOfSplit(dataset, 0);
  const totalSteps = 6 * train.length;
  kernel.begin({
    federationSeed: 5,
    baseVersion: 0,
    nodeKey: 0,
    lrShift: 7,
    lrDecay: 1,
    totalSteps,
    skipThreshold: 1638,
  });
  for (let t = 0; t < totalSteps; t++) {
    const epoch = Math.floor(t / train.length);
    const index = train[kernel.order(epoch, train.length, t % train.length)];
    kernel.train(sampleAt(dataset, index), dataset.label[index]);
  }
  const words = kernel.storeParameters();
  kernel.close();
  return { dataset, descriptor, words, parameters: toFloat(descriptor, words) };
}
