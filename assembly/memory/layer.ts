/**
 * A layer as the planner lays it out.
 *
 *     weights -> +--------------------------------+
 *                | row 0: I words   | pad to 4    |   int16, biased by +128; the pad is never used
 *                | ...                            |   because the inputs beside it are 0
 *                | row O-1                        |
 *     bias    -> +--------------------------------+
 *                | O words          | pad to 4    |   int16, unit 2^-12
 *                +--------------------------------+
 *
 * Activations are int8, padded with zeros to a multiple of 4.
 */
@unmanaged
export class Layer {
  /** I and O. */
  inputs: i32;
  outputs: i32;
  /** Words from one row to the next: I rounded up to a multiple of 4. */
  stride: i32;
  weightExponent: i32;
  activation: i32;
  /** Bq of the descriptor. */
  initBound: i32;
  weights: usize;
  bias: usize;
  /** x [I] int8, shared with the output of the layer before. */
  input: usize;
  /** y [O] int8, or the logits [O] int32 of the last layer. */
  output: usize;
  /** Exponent of x for the sample at hand. */
  inputExponent: i32;
}

/** Layers follow each other in memory. */
// @ts-ignore: decorator
@inline
export function layerAt(table: usize, index: i32): Layer {
  return changetype<Layer>(table + <usize>index * offsetof<Layer>());
}
