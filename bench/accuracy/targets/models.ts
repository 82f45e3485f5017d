/** The nets of the target tasks. */
import type { ModelSpec } from '../../../host/model/descriptor.js';

const loss = 'softmax-cross-entropy';

export const harModel: ModelSpec = {
  input: { width: 128, channels: 9, exponent: -6 },
  layers: [
    { op: 'conv1d', filters: 8, kernel: 5, stride: 2, padding: 'same', activation: 'relu' },
    { op: 'conv1d', filters: 16, kernel: 5, stride: 2, padding: 'same', activation: 'relu' },
    { op: 'globalAveragePool' },
    { op: 'dense', outputs: 6 },
  ],
  loss,
};

export const ecgModel: ModelSpec = {
  input: { width: 128, channels: 3, exponent: -6 },
  layers: [
    { op: 'conv1d', filters: 8, kernel: 7, stride: 2, padding: 'same', activation: 'relu' },
    { op: 'conv1d', filters: 16, kernel: 5, stride: 2, padding: 'same', activation: 'relu' },
    { op: 'maxPool1d', size: 4 },
    { op: 'dense', outputs: 3 },
  ],
  loss,
};

export const mnistModel: ModelSpec = {
  input: { height: 28, width: 28, exponent: -7 },
  layers: [
    { op: 'conv2d', filters: 8, kernel: 3, stride: 2, padding: 'same', activation: 'relu' },
    { op: 'conv2d', filters: 16, kernel: 3, stride: 2, padding: 'same', activation: 'relu' },
    { op: 'dense', outputs: 10 },
  ],
  loss,
};

export const digitsModel: ModelSpec = {
  input: { width: 49, channels: 16, exponent: -6 },
  layers: [
    { op: 'conv1d', filters: 24, kernel: 5, padding: 'same', activation: 'relu' },
    { op: 'maxPool1d', size: 2 },
    { op: 'conv1d', filters: 32, kernel: 5, stride: 2, padding: 'same', activation: 'relu' },
    { op: 'maxPool1d', size: 3 },
    { op: 'dense', outputs: 10 },
  ],
  loss,
};

export const anomalyModel: ModelSpec = {
  input: { width: 128, exponent: -6 },
  layers: [
    { op: 'dense', outputs: 32, activation: 'relu' },
    { op: 'dense', outputs: 4 },
    { op: 'dense', outputs: 32, activation: 'relu' },
    { op: 'dense', outputs: 128 },
  ],
  loss: 'squared-error',
};
