import type { Window } from '../../../host/model/shape.js';
import { windowStarts, type FloatLayer, type Tensor } from './layer.js';
import type { Rows } from './linear.js';

/** Convolution of each channel with a kernel of its own, [C][KH · KW], then max(0, ·) with `relu`. */
export class DepthwiseLayer implements FloatLayer {
  /** [P][KH · KW] */
  private readonly starts: Int32Array;
  private readonly places: number;

  constructor(
    private readonly rows: Rows,
    private readonly x: Tensor,
    private readonly y: Tensor,
    window: Window,
  ) {
    this.starts = windowStarts(x.shape, window);
    this.places = window.kernel[0] * window.kernel[1];
  }

  forward(): void {
    const { parameters, biasOffset, relu } = this.rows;
    this.forEachOutput((index, position, c) => {
      let sum = parameters[biasOffset + c];
      this.forEachTap(position, c, (element, weight) => {
        sum += parameters[weight] * this.x.values[element];
      });
      this.y.values[index] = relu && sum < 0 ? 0 : sum;
    });
  }

  propagate(): void {
    const { parameters } = this.rows;
    this.x.errors.fill(0);
    this.forEachOutput((index, position, c) => {
      const error = this.y.errors[index];
      this.forEachTap(position, c, (element, weight) => {
        this.x.errors[element] += parameters[weight] * error;
      });
    });
  }

  update(rate: number): void {
    const { parameters, biasOffset } = this.rows;
    this.forEachOutput((index, position, c) => {
      const step = -rate * this.y.errors[index];
      parameters[biasOffset + c] += step;
      this.forEachTap(position, c, (element, weight) => {
        parameters[weight] += step * this.x.values[element];
      });
    });
  }

  private forEachOutput(visit: (index: number, position: number, channel: number) => void): void {
    const channels = this.x.shape[2];
    const positions = this.starts.length / this.places;
    for (let p = 0, n = 0; p < positions; p++) {
      for (let c = 0; c < channels; c++) visit(n++, p, c);
    }
  }

  /** Elements of the window at `position` that channel `c` sees, each with its weight. */
  private forEachTap(
    position: number,
    c: number,
    visit: (element: number, weight: number) => void,
  ): void {
    const row = this.rows.weightOffset + c * this.places;
    for (let k = 0; k < this.places; k++) {
      const start = this.starts[position * this.places + k];
      if (start >= 0) visit(start + c, row + k);
    }
  }
}
