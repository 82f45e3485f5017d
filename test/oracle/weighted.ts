import { expectInt32, requantise, roundShift, shiftRight, type Tensor } from './fixed-point.js';
import { elementsOf, type WeightedLayer, windowsOf } from './layers.js';

/** DENSE, CONV and DEPTHWISE of the specification: 2.3 forward, 2.6 backward, sums of 2.7. */

/** int8 operands of all weights: the high bytes of their words. May be −128. */
export function operandsOf(layer: WeightedLayer, words: Int16Array): Int8Array {
  return Int8Array.from(words.subarray(layer.weightOffset, layer.biasOffset), (word) =>
    shiftRight(word, 8),
  );
}

/** A bias in units of the accumulator, whose LSB is 2^(shift − 12). */
export function alignBias(bias: number, shift: number): number {
  if (shift > 24) return 0;
  return shift > 0 ? roundShift(bias, shift) : expectInt32(bias * 2 ** Math.min(14, -shift));
}

/**
 * Every product that the layer takes: weight `w` (row by row) with element `x` of the input for
 * element `y` of the output. Forward, error and update are three sums over the same products.
 */
export function forEachProduct(
  layer: WeightedLayer,
  visit: (y: number, w: number, x: number) => void,
): void {
  const { rows, rowLength, input } = layer;
  for (const [position, pixels] of windowsOf(layer).entries()) {
    for (let o = 0; o < rows; o++) {
      const [y, row] = [position * rows + o, o * rowLength];
      for (const { inWindow, inInput } of pixels) {
        const pixel = inInput * input.channels;
        if (layer.kind === 'DEPTHWISE') {
          visit(y, row + inWindow, pixel + o);
          continue;
        }
        for (let c = 0; c < input.channels; c++) {
          visit(y, row + inWindow * input.channels + c, pixel + c);
        }
      }
    }
  }
}

/** Accumulators [OH][OW][O] before requantisation, ReLU applied; exponent x.exponent + ew. */
export function weightedForward(layer: WeightedLayer, words: Int16Array, x: Tensor): Int32Array {
  const shift = x.exponent + layer.weightExponent + 12;
  const operands = operandsOf(layer, words);
  const biases = words.subarray(layer.biasOffset, layer.biasOffset + layer.rows);
  const sums = Float64Array.from({ length: elementsOf(layer.output) }, (_, y) =>
    alignBias(biases[y % layer.rows], shift),
  );
  forEachProduct(layer, (y, w, at) => (sums[y] += operands[w] * x.values[at]));
  return Int32Array.from(sums, (sum) => (layer.relu ? Math.max(0, sum) : expectInt32(sum)));
}

/** Σ hi · e for every input, before masking and requantisation; exponent e.exponent + ew. */
export function weightedBackward(layer: WeightedLayer, words: Int16Array, e: Tensor): Int32Array {
  const operands = operandsOf(layer, words);
  const sums = new Float64Array(elementsOf(layer.input));
  forEachProduct(layer, (y, w, at) => (sums[at] += operands[w] * e.values[y]));
  return Int32Array.from(sums, expectInt32);
}

/** Σ e · x over the positions for every weight, and Σ e for every bias. */
export function weightedGradient(
  layer: WeightedLayer,
  x: Tensor,
  e: Tensor,
): { weights: Int32Array; biases: Int32Array } {
  const weights = new Float64Array(layer.rows * layer.rowLength);
  forEachProduct(layer, (y, w, at) => (weights[w] += e.values[y] * x.values[at]));
  const biases = new Float64Array(layer.rows);
  e.values.forEach((error, y) => (biases[y % layer.rows] += error));
  return {
    weights: Int32Array.from(weights, expectInt32),
    biases: Int32Array.from(biases, expectInt32),
  };
}

/** Exponent of what a layer makes of an input, before the shift of the requantisation. */
export function weightedExponent(layer: WeightedLayer, x: Tensor): number {
  return x.exponent + layer.weightExponent;
}

/** Output of a hidden layer. */
export function weightedOutput(layer: WeightedLayer, words: Int16Array, x: Tensor): Tensor {
  return requantise(weightedForward(layer, words, x), weightedExponent(layer, x));
}
