import type { Window } from '../../../host/model/shape.js';
import { windowStarts, type FloatLayer, type Tensor } from './layer.js';

/** Largest value of each window; its error goes to the first element that holds it. */
export class MaxPoolLayer implements FloatLayer {
  private readonly starts: Int32Array;
  private readonly places: number;
  /** Element of x that each element of y was taken from. */
  private readonly chosen: Int32Array;

  constructor(
    private readonly x: Tensor,
    private readonly y: Tensor,
    window: Window,
  ) {
    this.starts = windowStarts(x.shape, window);
    this.places = window.kernel[0] * window.kernel[1];
    this.chosen = new Int32Array(y.values.length);
  }

  forward(): void {
    const channels = this.x.shape[2];
    for (let n = 0; n < this.chosen.length; n++) {
      const c = n % channels;
      const first = ((n - c) / channels) * this.places;
      let best = this.starts[first] + c;
      for (let k = 1; k < this.places; k++) {
        const element = this.starts[first + k] + c;
        if (this.x.values[element] > this.x.values[best]) best = element;
      }
      this.chosen[n] = best;
      this.y.values[n] = this.x.values[best];
    }
  }

  propagate(): void {
    this.x.errors.fill(0);
    for (let n = 0; n < this.chosen.length; n++) {
      this.x.errors[this.chosen[n]] += this.y.errors[n];
    }
  }

  update(): void {}
}

/**
 * Sum of each window over the power of two next to its size. The kernel divides so (SPEC, section 2.3); the reference
 * does too, for both must be the same function of the same parameters.
 */
export class AveragePoolLayer implements FloatLayer {
  private readonly starts: Int32Array;
  private readonly places: number;
  private readonly share: number;

  constructor(
    private readonly x: Tensor,
    private readonly y: Tensor,
    window: Window,
  ) {
    this.starts = windowStarts(x.shape, window);
    this.places = window.kernel[0] * window.kernel[1];
    this.share = 2 ** -Math.ceil(Math.log2(this.places));
  }

  forward(): void {
    const channels = this.x.shape[2];
    for (let n = 0; n < this.y.values.length; n++) {
      const c = n % channels;
      const first = ((n - c) / channels) * this.places;
      let sum = 0;
      for (let k = 0; k < this.places; k++) sum += this.x.values[this.starts[first + k] + c];
      this.y.values[n] = sum * this.share;
    }
  }

  propagate(): void {
    const channels = this.x.shape[2];
    this.x.errors.fill(0);
    for (let n = 0; n < this.y.errors.length; n++) {
      const c = n % channels;
      const first = ((n - c) / channels) * this.places;
      const error = this.y.errors[n] * this.share;
      for (let k = 0; k < this.places; k++) this.x.errors[this.starts[first + k] + c] += error;
    }
  }

  update(): void {}
}
