import { windowPositions, type Window } from '../../../host/model/shape.js';
import { windowStarts, type FloatLayer, type Tensor } from './layer.js';
import { matrix, multiplyTransposed, RowSum, type Matrix } from './products.js';

/** A layer of rows [O][K] with a bias each, somewhere among the parameters of the net. */
export interface Rows {
  readonly parameters: Float32Array;
  readonly weightOffset: number;
  readonly biasOffset: number;
  readonly relu: boolean;
}

/**
 * Dense layer or convolution: y [P][O] = x̃ [P][K] · wᵀ + bias, then max(0, ·) with `relu`, where row p of x̃ is the window
 * at position p, and for a dense layer the whole input.
 */
export class LinearLayer implements FloatLayer {
  private readonly weights: Matrix;
  /** x̃; the input itself for a dense layer. */
  private readonly patches: Float32Array;
  private readonly patchErrors: Float32Array;
  private readonly positions: number;
  private readonly starts: Int32Array | undefined;
  private readonly sum: RowSum;

  constructor(
    private readonly rows: Rows,
    private readonly x: Tensor,
    private readonly y: Tensor,
    window?: Window,
  ) {
    const outputs = y.shape[2];
    if (window) {
      const [down, across] = windowPositions(x.shape, window);
      this.positions = down * across;
      this.starts = windowStarts(x.shape, window);
      const length = window.kernel[0] * window.kernel[1] * x.shape[2];
      this.weights = matrix(rows.parameters, rows.weightOffset, outputs, length);
      this.patches = new Float32Array(this.positions * length);
      this.patchErrors = new Float32Array(this.positions * length);
    } else {
      this.positions = 1;
      this.weights = matrix(rows.parameters, rows.weightOffset, outputs, x.values.length);
      this.patches = x.values;
      this.patchErrors = x.errors;
    }
    this.sum = new RowSum(Math.max(outputs, this.positions));
  }

  forward(): void {
    const { y, weights, positions } = this;
    const { parameters, biasOffset, relu } = this.rows;
    if (this.starts) this.gather(this.starts);
    multiplyTransposed(y.values, matrix(this.patches, 0, positions, weights.columns), weights);
    addBias(y.values, parameters.subarray(biasOffset, biasOffset + weights.rows), relu);
  }

  propagate(): void {
    const { rows: outputs, columns, values, start } = this.weights;
    this.patchErrors.fill(0);
    for (let p = 0; p < this.positions; p++) {
      this.sum.clear();
      for (let o = 0; o < outputs; o++) {
        this.sum.add(this.y.errors[p * outputs + o], start + o * columns);
      }
      this.sum.addTo(this.patchErrors, p * columns, values, columns, 1);
    }
    if (this.starts) this.scatter(this.starts);
  }

  update(rate: number): void {
    const { rows: outputs, columns, values, start } = this.weights;
    const { errors } = this.y;
    for (let o = 0; o < outputs; o++) {
      let total = 0;
      this.sum.clear();
      for (let p = 0; p < this.positions; p++) {
        total += errors[p * outputs + o];
        this.sum.add(errors[p * outputs + o], p * columns);
      }
      this.sum.addTo(values, start + o * columns, this.patches, columns, -rate);
      this.rows.parameters[this.rows.biasOffset + o] -= rate * total;
    }
  }

  /** Padding in `patches` is 0 from the start and stays so. */
  private gather(starts: Int32Array): void {
    const channels = this.x.shape[2];
    const { patches } = this;
    const { values } = this.x;
    for (let n = 0, to = 0; n < starts.length; n++, to += channels) {
      const from = starts[n];
      if (from < 0) continue;
      for (let c = 0; c < channels; c++) patches[to + c] = values[from + c];
    }
  }

  private scatter(starts: Int32Array): void {
    const channels = this.x.shape[2];
    const { patchErrors } = this;
    const { errors } = this.x;
    errors.fill(0);
    for (let n = 0, from = 0; n < starts.length; n++, from += channels) {
      const to = starts[n];
      if (to < 0) continue;
      for (let c = 0; c < channels; c++) errors[to + c] += patchErrors[from + c];
    }
  }
}

/** y [P][O] + bias [O], then max(0, ·) with `relu`; in place. */
function addBias(y: Float32Array, bias: Float32Array, relu: boolean): void {
  const outputs = bias.length;
  for (let start = 0; start < y.length; start += outputs) {
    for (let o = 0; o < outputs; o++) {
      const sum = y[start + o] + bias[o];
      y[start + o] = relu && sum < 0 ? 0 : sum;
    }
  }
}
