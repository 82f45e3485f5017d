/** The loss of a model in double, written from the definitions with plain loops: what the float32 reference is held against. */
import type { LayerInfo, ModelInfo } from '../../host/model/descriptor.js';

/** Element [r][c][k] of a tensor of the layer's input shape; 0 outside. */
function elementAt(
  x: readonly number[],
  layer: LayerInfo,
  r: number,
  c: number,
  k: number,
): number {
  const [height, width, channels] = layer.inputShape;
  if (r < 0 || r >= height || c < 0 || c >= width) return 0;
  return x[(r * width + c) * channels + k];
}

/** Values of the window at position (r, c) that output `o` sees, in the order of its row of weights. */
function windowOf(
  x: readonly number[],
  layer: LayerInfo,
  r: number,
  c: number,
  o: number,
): number[] {
  const everyChannel = layer.op === 'conv' || layer.op === 'dense';
  const channels = everyChannel ? Array.from({ length: layer.inputShape[2] }, (_, k) => k) : [o];
  const values: number[] = [];
  for (let i = 0; i < layer.kernel[0]; i++) {
    for (let j = 0; j < layer.kernel[1]; j++) {
      const row = r * layer.stride[0] - layer.pads.top + i;
      const column = c * layer.stride[1] - layer.pads.left + j;
      for (const k of channels) values.push(elementAt(x, layer, row, column, k));
    }
  }
  return values;
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

function outputOf(
  layer: LayerInfo,
  window: readonly number[],
  row: ArrayLike<number>,
  bias: number,
): number {
  if (layer.op === 'maxPool') return Math.max(...window);
  if (layer.op === 'averagePool' || layer.op === 'globalAveragePool') {
    let divisor = 1;
    while (divisor < window.length) divisor *= 2;
    return sumOf(window) / divisor;
  }
  const sum = bias + sumOf(window.map((value, i) => value * row[i]));
  return layer.activation === 'relu' ? Math.max(0, sum) : sum;
}

function forwardLayer(layer: LayerInfo, x: readonly number[], parameters: Float64Array): number[] {
  const [height, width, outputs] = layer.outputShape;
  const y: number[] = [];
  for (let r = 0; r < height; r++) {
    for (let c = 0; c < width; c++) {
      for (let o = 0; o < outputs; o++) {
        const from = layer.weightOffset + o * layer.rowLength;
        const row = parameters.subarray(from, from + layer.rowLength);
        y.push(outputOf(layer, windowOf(x, layer, r, c, o), row, parameters[layer.biasOffset + o]));
      }
    }
  }
  return y;
}

/** Output of the model for int8 sample `x`. */
export function doubleForward(model: ModelInfo, parameters: Float64Array, x: Int8Array): number[] {
  const input = Array.from(x, (value) => value * 2 ** model.input.exponent);
  return model.layers.reduce((values, layer) => forwardLayer(layer, values, parameters), input);
}

/** Cross-entropy in nats, or half the summed squares between reconstruction and sample. */
export function doubleLoss(
  model: ModelInfo,
  parameters: Float64Array,
  x: Int8Array,
  label: number,
): number {
  const z = doubleForward(model, parameters, x);
  if (model.loss === 'squared-error') {
    return sumOf(z.map((value, i) => (value - x[i] * 2 ** model.input.exponent) ** 2 / 2));
  }
  return Math.log(sumOf(z.map(Math.exp))) - z[label];
}
