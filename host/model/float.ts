/**
 * A model in float64, forward only: the yardstick of an import. It reads the same descriptor and numbers
 * its parameters like the kernel's words (SPEC, section 2.1).
 */
import type { LayerInfo, ModelInfo } from './info.js';
import { elementsOf } from './shape.js';

/**
 * What the mean of a pool's window divides by: the true count, or the power of two next to it, as
 * the kernel does (SPEC, section 2.3).
 */
export type PoolDivisor = 'count' | 'power-of-two';

/** The kernel's divisor of a window of n elements: 2^blen(n − 1). */
export function poolPower(n: number): number {
  return 2 ** (32 - Math.clz32(n - 1));
}

/** Visits the positions of a layer and, at each, the input elements under its window that are no padding. */
function forWindows(
  layer: LayerInfo,
  visit: (position: number, tap: number, element: number) => void,
): void {
  const { kernel, stride, pads, inputShape, outputShape } = layer;
  const [height, width] = inputShape;
  for (let position = 0; position < outputShape[0] * outputShape[1]; position++) {
    const top = Math.floor(position / outputShape[1]) * stride[0] - pads.top;
    const left = (position % outputShape[1]) * stride[1] - pads.left;
    for (let tap = 0; tap < kernel[0] * kernel[1]; tap++) {
      const row = top + Math.floor(tap / kernel[1]);
      const column = left + (tap % kernel[1]);
      if (row >= 0 && row < height && column >= 0 && column < width) {
        visit(position, tap, row * width + column);
      }
    }
  }
}

function startWithBias(layer: LayerInfo, parameters: Float64Array): Float64Array {
  const y = new Float64Array(elementsOf(layer.outputShape));
  const bias = parameters.subarray(layer.biasOffset, layer.biasOffset + layer.biases);
  for (let at = 0; at < y.length; at += layer.outputs) y.set(bias, at);
  return y;
}

function denseForward(layer: LayerInfo, parameters: Float64Array, x: Float64Array): Float64Array {
  const y = startWithBias(layer, parameters);
  for (let o = 0; o < layer.outputs; o++) {
    const row = layer.weightOffset + o * layer.rowLength;
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += parameters[row + i] * x[i];
    y[o] += sum;
  }
  return y;
}

function convForward(layer: LayerInfo, parameters: Float64Array, x: Float64Array): Float64Array {
  const { outputs, rowLength, weightOffset } = layer;
  const channels = layer.inputShape[2];
  const y = startWithBias(layer, parameters);
  forWindows(layer, (position, tap, element) => {
    for (let o = 0; o < outputs; o++) {
      const row = weightOffset + o * rowLength + tap * channels;
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += parameters[row + c] * x[element * channels + c];
      y[position * outputs + o] += sum;
    }
  });
  return y;
}

function depthwiseForward(
  layer: LayerInfo,
  parameters: Float64Array,
  x: Float64Array,
): Float64Array {
  const { outputs, rowLength, weightOffset } = layer;
  const y = startWithBias(layer, parameters);
  forWindows(layer, (position, tap, element) => {
    for (let c = 0; c < outputs; c++) {
      const weight = parameters[weightOffset + c * rowLength + tap];
      y[position * outputs + c] += weight * x[element * outputs + c];
    }
  });
  return y;
}

function poolForward(layer: LayerInfo, x: Float64Array, divisor: PoolDivisor): Float64Array {
  const { outputs } = layer;
  const isMax = layer.op === 'maxPool';
  const y = new Float64Array(elementsOf(layer.outputShape)).fill(isMax ? -Infinity : 0);
  forWindows(layer, (position, _tap, element) => {
    for (let c = 0; c < outputs; c++) {
      const value = x[element * outputs + c];
      const at = position * outputs + c;
      y[at] = isMax ? Math.max(y[at], value) : y[at] + value;
    }
  });
  if (isMax) return y;
  const count = layer.kernel[0] * layer.kernel[1];
  const by = divisor === 'count' ? count : poolPower(count);
  return y.map((sum) => sum / by);
}

function embeddingForward(
  layer: LayerInfo,
  parameters: Float64Array,
  x: Float64Array,
): Float64Array {
  const y = new Float64Array(elementsOf(layer.outputShape));
  for (const [i, token] of x.entries()) {
    const row = layer.weightOffset + Math.min(token, layer.rows - 1) * layer.rowLength;
    y.set(parameters.subarray(row, row + layer.rowLength), i * layer.rowLength);
  }
  return y;
}

/** Output of one layer, activation included. x [H][W][C] -> y [OH][OW][O]. */
export function layerForward(
  layer: LayerInfo,
  parameters: Float64Array,
  x: Float64Array,
  divisor: PoolDivisor,
): Float64Array {
  const y = linearForward(layer, parameters, x, divisor);
  return layer.activation === 'relu' ? y.map((value) => Math.max(0, value)) : y;
}

function linearForward(
  layer: LayerInfo,
  parameters: Float64Array,
  x: Float64Array,
  divisor: PoolDivisor,
): Float64Array {
  switch (layer.op) {
    case 'dense':
      return denseForward(layer, parameters, x);
    case 'conv':
      return convForward(layer, parameters, x);
    case 'depthwise':
      return depthwiseForward(layer, parameters, x);
    case 'embedding':
      return embeddingForward(layer, parameters, x);
    case 'maxPool':
    case 'averagePool':
    case 'globalAveragePool':
      return poolForward(layer, x, divisor);
  }
}

/** What the loss reads. x: a sample in the model's own unit, tokens where an embedding comes first. */
export function modelForward(
  model: ModelInfo,
  parameters: Float64Array,
  x: Float64Array,
  divisor: PoolDivisor = 'count',
): Float64Array {
  return model.layers.reduce(
    (tensor, layer) => layerForward(layer, parameters, tensor, divisor),
    x,
  );
}
