import { buildDescriptor, type LayerSpec } from '../host/model/descriptor.js';

/** A model that is measured. */
export interface MeasuredModel {
  readonly name: string;
  /** Layers in short. */
  readonly title: string;
  /** Elements of a sample. */
  readonly elements: number;
  readonly classes: number;
  /** Learning rate 2^−lrShift. */
  readonly lrShift: number;
  readonly descriptor: Uint8Array;
}

interface Shape {
  readonly width: number;
  readonly channels: number;
  /** All layers but the last, which gives the logits. */
  readonly hidden: readonly LayerSpec[];
  readonly classes: number;
}

function makeModel(
  name: string,
  title: string,
  { width, channels, hidden, classes }: Shape,
  lrShift: number,
): MeasuredModel {
  const descriptor = buildDescriptor({
    input: { width, channels, exponent: -6 },
    layers: [...hidden, { op: 'dense', outputs: classes }],
    loss: 'softmax-cross-entropy',
  });
  return { name, title, elements: width * channels, classes, lrShift, descriptor };
}

function makePerceptron(
  name: string,
  width: number,
  outputs: number,
  classes: number,
): MeasuredModel {
  const hidden: LayerSpec[] = [{ op: 'dense', outputs, activation: 'relu' }];
  const title = `${width}-${outputs}-${classes}`;
  return makeModel(name, title, { width, channels: 1, hidden, classes }, 6);
}

function conv(filters: number, kernel: number): LayerSpec {
  return { op: 'conv1d', filters, kernel, stride: 2, padding: 'same', activation: 'relu' };
}

/** Sizes other on-device training libraries are measured with. */
export const modelA = makePerceptron('A', 64, 32, 6);
export const modelB = makePerceptron('B', 187, 32, 5);
/** Heartbeats of 128 samples and two RR intervals. */
export const modelEcgMlp = makePerceptron('ECG MLP', 130, 32, 3);
/** Activities from 128 samples of nine signals: 1,126 parameters. */
export const modelHar = makeModel(
  'HAR',
  'c5s2x8-c5s2x16-gap-d6 on 128x9',
  {
    width: 128,
    channels: 9,
    hidden: [conv(8, 5), conv(16, 5), { op: 'globalAveragePool' }],
    classes: 6,
  },
  6,
);
/** Heartbeats of 128 samples, the RR intervals as two more channels: 1,219 parameters. */
export const modelEcg = makeModel(
  'ECG',
  'c7s2x8-c5s2x16-m4-d3 on 128x3',
  {
    width: 128,
    channels: 3,
    hidden: [conv(8, 7), conv(16, 5), { op: 'maxPool1d', size: 4 }],
    classes: 3,
  },
  10,
);
export const measuredModels = [modelA, modelB, modelHar, modelEcg];
