import { buildDescriptor, type LayerSpec, type ModelSpec } from '../host/model/descriptor.js';

/** A model that is measured. */
export interface MeasuredModel {
  readonly name: string;
  /** Layers in short. */
  readonly title: string;
  /** Elements of a sample. */
  readonly elements: number;
  readonly classes: number;
  readonly spec: ModelSpec;
  readonly descriptor: Uint8Array;
}

interface Input {
  readonly width: number;
  readonly channels: number;
}

function makeModel(
  name: string,
  title: string,
  input: Input,
  classes: number,
  hidden: readonly LayerSpec[],
): MeasuredModel {
  const spec: ModelSpec = {
    input: { ...input, exponent: -5 },
    layers: [...hidden, { op: 'dense', outputs: classes }],
    loss: 'softmax-cross-entropy',
  };
  const elements = input.width * input.channels;
  return { name, title, elements, classes, spec, descriptor: buildDescriptor(spec) };
}

function makePerceptron(name: string, inputs: number, hidden: number, classes: number) {
  return makeModel(
    name,
    `${inputs}-${hidden}-${classes}`,
    { width: inputs, channels: 1 },
    classes,
    [{ op: 'dense', outputs: hidden, activation: 'relu' }],
  );
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
  { width: 128, channels: 9 },
  6,
  [conv(8, 5), conv(16, 5), { op: 'globalAveragePool' }],
);
/** Heartbeats of 128 samples, the RR intervals as two more channels: 1,219 parameters. */
export const modelEcg = makeModel(
  'ECG',
  'c7s2x8-c5s2x16-m4-d3 on 128x3',
  { width: 128, channels: 3 },
  3,
  [conv(8, 7), conv(16, 5), { op: 'maxPool1d', size: 4 }],
);
export const measuredModels = [modelA, modelB, modelHar, modelEcg];
