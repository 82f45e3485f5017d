import { windowPositions, type Window } from '../../../host/model/shape.js';
import { windowStarts, type FloatLayer, type Tensor } from './layer.js';
import type { Loops } from './loops.js';

/** A layer of rows [O][K] with a bias each, somewhere among the parameters of the net. */
export interface Rows {
  readonly parameters: Float32Array;
  readonly weightOffset: number;
  readonly biasOffset: number;
  readonly relu: boolean;
}

/** Elements that a convolution keeps in the memory of the loops besides its tensors, and in how many pieces. */
export function convolutionRoom(x: Tensor['shape'], window: Window) {
  const [down, across] = windowPositions(x, window);
  const places = down * across * window.kernel[0] * window.kernel[1];
  return { elements: places * (2 * x[2] + 1), pieces: 3 };
}

/** The windows of a convolution, one after the other: x̃ [P][K]. */
interface Patches {
  readonly starts: Int32Array;
  readonly values: Float32Array;
  readonly errors: Float32Array;
}

/**
 * Dense layer or convolution: y [P][O] = x̃ [P][K] · wᵀ + bias, then max(0, ·) with `relu`, where row p of x̃ is the window
 * at position p, and for a dense layer the whole input.
 */
export class LinearLayer implements FloatLayer {
  private readonly patches: Patches | undefined;
  private readonly positions: number;
  private readonly length: number;

  constructor(
    private readonly loops: Loops,
    private readonly rows: Rows,
    private readonly x: Tensor,
    private readonly y: Tensor,
    window?: Window,
  ) {
    if (window === undefined) {
      this.positions = 1;
      this.length = x.values.length;
      return;
    }
    const starts = loops.integers(windowStarts(x.shape, window));
    const elements = starts.length * x.shape[2];
    this.length = window.kernel[0] * window.kernel[1] * x.shape[2];
    this.positions = elements / this.length;
    // Padding in the values is 0 from the start and stays so.
    this.patches = { starts, values: loops.floats(elements), errors: loops.floats(elements) };
  }

  forward(): void {
    const { loops, patches, positions, length, x, y } = this;
    if (patches) {
      const { starts, values } = patches;
      loops.call.gather(
        values.byteOffset,
        x.values.byteOffset,
        starts.byteOffset,
        starts.length,
        x.shape[2],
      );
    }
    const from = (patches ?? x).values.byteOffset;
    const outputs = y.shape[2];
    const relu = Number(this.rows.relu);
    loops.call.forward(
      y.values.byteOffset,
      from,
      this.weights,
      this.bias,
      positions,
      length,
      outputs,
      relu,
    );
  }

  propagate(): void {
    const { loops, patches, positions, length, x, y } = this;
    const to = (patches ?? x).errors.byteOffset;
    const outputs = y.shape[2];
    loops.call.propagate(to, y.errors.byteOffset, this.weights, positions, length, outputs);
    if (!patches) return;
    x.errors.fill(0);
    const { starts } = patches;
    loops.call.scatter(x.errors.byteOffset, to, starts.byteOffset, starts.length, x.shape[2]);
  }

  update(rate: number): void {
    const { loops, patches, positions, length, x, y } = this;
    const from = (patches ?? x).values.byteOffset;
    const outputs = y.shape[2];
    loops.call.update(
      this.weights,
      this.bias,
      from,
      y.errors.byteOffset,
      positions,
      length,
      outputs,
      rate,
    );
  }

  private get weights(): number {
    return this.rows.parameters.byteOffset + 4 * this.rows.weightOffset;
  }

  private get bias(): number {
    return this.rows.parameters.byteOffset + 4 * this.rows.biasOffset;
  }
}
