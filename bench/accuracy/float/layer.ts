/** Shapes and the interface that all layers of the float32 reference share. Tensors are channels last. */
import { elementsOf, windowPositions, type Shape, type Window } from '../../../host/model/shape.js';
import type { Loops } from './loops.js';

/** Values of a tensor and the gradient of the loss by them, [H][W][C] each. */
export interface Tensor {
  readonly shape: Shape;
  readonly values: Float32Array;
  readonly errors: Float32Array;
}

export interface FloatLayer {
  /** y from x. */
  forward(): void;
  /** The error of x from that of y, without the gate of the layer that made x. */
  propagate(): void;
  /** Gradient descent on the parameters, from the errors of y; nothing where there are none. */
  update(rate: number): void;
}

export function makeTensor(loops: Loops, shape: Shape): Tensor {
  const elements = elementsOf(shape);
  return { shape, values: loops.floats(elements), errors: loops.floats(elements) };
}

/**
 * For every position, row by row, and every place of its window, row by row: where that place begins among the elements
 * of the input, or −1 on padding. [positions][KH · KW]
 */
export function windowStarts(shape: Shape, window: Window): Int32Array {
  const [height, width, channels] = shape;
  const { kernel, stride, pads } = window;
  const [rows, columns] = windowPositions(shape, window);
  const starts = new Int32Array(rows * columns * kernel[0] * kernel[1]);
  let n = 0;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      for (let i = 0; i < kernel[0]; i++) {
        for (let j = 0; j < kernel[1]; j++) {
          const row = r * stride[0] - pads.top + i;
          const column = c * stride[1] - pads.left + j;
          const inside = row >= 0 && row < height && column >= 0 && column < width;
          starts[n++] = inside ? (row * width + column) * channels : -1;
        }
      }
    }
  }
  return starts;
}
