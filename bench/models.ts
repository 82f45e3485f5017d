import { buildDescriptor } from '../host/model/descriptor.js';

/** A model that is measured: dense, ReLU, dense, softmax cross-entropy. */
export interface MeasuredModel {
  readonly name: string;
  /** Inputs, hidden units, classes. */
  readonly shape: readonly [number, number, number];
  readonly descriptor: Uint8Array;
}

function makeModel(name: string, shape: readonly [number, number, number]): MeasuredModel {
  const [inputs, hidden, classes] = shape;
  const descriptor = buildDescriptor({
    input: { width: inputs, exponent: -5 },
    layers: [
      { op: 'dense', outputs: hidden, activation: 'relu' },
      { op: 'dense', outputs: classes },
    ],
    loss: 'softmax-cross-entropy',
  });
  return { name, shape, descriptor };
}

/** Sizes other on-device training libraries are measured with. */
export const modelA = makeModel('A', [64, 32, 6]);
export const modelB = makeModel('B', [187, 32, 5]);
/** Heartbeats of 128 samples and two RR intervals. */
export const modelEcg = makeModel('ECG', [130, 32, 3]);
