import { codec, decay, task, version } from '../../host/contract/contract.gen.js';
import type { Announcement, Plan } from '../../host/contract/contract.gen.js';
import { sha256 } from '../../host/contract/hash.js';
import { encodeWire } from '../../host/contract/wire.js';
import { createDataset, type Dataset } from '../../host/data/dataset.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { buildDescriptor } from '../../host/model/descriptor.js';
import { packSnapshot } from '../../host/model/snapshot.js';
import { initialParameters } from '../oracle/model.js';
import { readModel } from '../oracle/descriptor.js';

/** A small task: 12 inputs, 3 classes whose mean differs, 40 samples to train and 15 to test. */

export const inputs = 12;
export const classes = 3;
export const trainSamples = 40;
export const testSamples = 15;
export const federation = 'fixture';

function makeDataset(): Dataset {
  const count = trainSamples + testSamples;
  const x = new Int8Array(count * inputs);
  const label = new Uint8Array(count);
  let state = 1;
  for (let n = 0; n < count; n++) {
    label[n] = (n * n + (n >> 2)) % classes;
    for (let i = 0; i < inputs; i++) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      const noise = ((state >>> 16) % 81) - 40;
      x[n * inputs + i] = noise + (i % classes === label[n] ? 60 : -20);
    }
  }
  return createDataset({
    name: 'fixture',
    steps: 1,
    channels: inputs,
    classNames: ['a', 'b', 'c'],
    x,
    label,
    subject: new Uint16Array(count),
    // Three of eleven are held out.
    split: Uint8Array.from({ length: count }, (_, n) => Number([3, 7, 10].includes(n % 11))),
    extra: new Uint16Array(),
    extraCount: 0,
  });
}

export const dataset = makeDataset();
export const kernelBytes = loadKernelBytes();
export const kernelHash = sha256(kernelBytes);
export const descriptor = buildDescriptor({
  input: { width: inputs, exponent: -6 },
  layers: [
    { op: 'dense', outputs: 48, activation: 'relu' },
    { op: 'dense', outputs: classes },
  ],
  loss: 'softmax-cross-entropy',
});
export const descriptorHash = sha256(descriptor);

/** Has one class, whatever the labels of its samples. */
export const autoencoder = buildDescriptor({
  input: { width: inputs, exponent: -6 },
  layers: [
    { op: 'dense', outputs: 5, activation: 'relu' },
    { op: 'dense', outputs: inputs },
  ],
  loss: 'squared-error',
});

/** A series of 6 steps of 2 channels. */
export const convolutional = buildDescriptor({
  input: { width: inputs / 2, channels: 2, exponent: -6 },
  layers: [
    { op: 'conv1d', filters: 5, kernel: 3, padding: 'same', activation: 'relu' },
    { op: 'maxPool1d', size: 2 },
    { op: 'dense', outputs: classes },
  ],
  loss: 'softmax-cross-entropy',
});

/** Weights of a version: version 0 is the seeded start, every other one just other numbers. */
export function wordsOf(modelVersion: number, model = descriptor): Int16Array {
  return initialParameters(readModel(model), 17 + modelVersion);
}

export function snapshotOf(modelVersion: number, model = descriptor): Uint8Array {
  return packSnapshot(sha256(model), wordsOf(modelVersion, model));
}

export const defaultPlan: Plan = {
  task: task.BOTH,
  seed: 99,
  lrShift: 4,
  lrDecay: decay.STEPS,
  epochs: 3,
  samples: 0,
  skipThreshold: 1638,
  codec: codec.RAW_INT16,
  weightUnit: 10,
};

export function announcementOf(
  modelVersion: number,
  plan: Partial<Plan> = {},
  rest: Partial<Announcement> = {},
  model = descriptor,
): Announcement {
  const snapshot = snapshotOf(modelVersion, model);
  return {
    format: version.WIRE_FORMAT,
    federation,
    epoch: 0,
    version: modelVersion,
    ...(modelVersion > 0 && { parent: modelVersion - 1 }),
    artefactHash: sha256(snapshot),
    artefactBytes: snapshot.length,
    descriptorHash: sha256(model),
    descriptorBytes: model.length,
    numerics: version.NUMERICS,
    kernels: [{ hash: kernelHash, bytes: kernelBytes.length, intrinsicSet: 0 }],
    plan: { ...defaultPlan, ...plan },
    ...rest,
  };
}

export function encodeAnnouncement(announcement: Announcement): Uint8Array {
  return encodeWire('Announcement', announcement);
}
