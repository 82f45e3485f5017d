import { bitLength, clampExponent, expectInt32, requantise, type Tensor } from './fixed-point.js';
import { elementsOf, type PoolLayer, type WindowPixel, windowsOf } from './layers.js';

/** The three pools of the specification: 2.3 forward, 2.6 backward. */

/** blen(n − 1): the divisor of a mean over n elements is the power of two next to n. */
export function divisorBits({ window }: PoolLayer): number {
  return bitLength(window.kernelHeight * window.kernelWidth - 1);
}

/** Every window of every channel: element `y` of the output and the elements of x it looks at. */
export function forEachWindow(
  layer: PoolLayer,
  visit: (y: number, elements: readonly number[]) => void,
): void {
  const { channels } = layer.input;
  for (const [position, pixels] of windowsOf(layer).entries()) {
    for (let c = 0; c < channels; c++) {
      const elementOf = ({ inInput }: WindowPixel): number => inInput * channels + c;
      visit(position * channels + c, pixels.map(elementOf));
    }
  }
}

function maxPool(layer: PoolLayer, x: Tensor): Tensor {
  const values = new Int8Array(elementsOf(layer.output));
  forEachWindow(layer, (y, elements) => {
    values[y] = Math.max(...elements.map((at) => x.values[at]));
  });
  return { values, exponent: clampExponent(x.exponent) };
}

export function poolForward(layer: PoolLayer, x: Tensor): Tensor {
  if (layer.kind === 'MAX_POOL') return maxPool(layer, x);
  const sums = new Int32Array(elementsOf(layer.output));
  forEachWindow(layer, (y, elements) => {
    sums[y] = elements.reduce((sum, at) => sum + x.values[at], 0);
  });
  return requantise(sums, x.exponent - divisorBits(layer));
}

/** The element a maximum came from: the first that holds it, row by row. */
export function winnerOf(elements: readonly number[], values: ArrayLike<number>): number {
  const largest = Math.max(...elements.map((at) => values[at]));
  return elements.find((at) => values[at] === largest)!;
}

/** Error of the input before masking and requantisation; exponent poolErrorExponent. */
export function poolBackward(layer: PoolLayer, x: Tensor, e: Tensor): Int32Array {
  const sums = new Float64Array(elementsOf(layer.input));
  forEachWindow(layer, (y, elements) => {
    const share = layer.kind === 'MAX_POOL' ? [winnerOf(elements, x.values)] : elements;
    for (const at of share) sums[at] += e.values[y];
  });
  return Int32Array.from(sums, expectInt32);
}

export function poolErrorExponent(layer: PoolLayer, e: Tensor): number {
  return layer.kind === 'MAX_POOL' ? e.exponent : e.exponent - divisorBits(layer);
}
