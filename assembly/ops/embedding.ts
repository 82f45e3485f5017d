/**
 * Embedding, forward and update (SPEC 2.3, 2.7). Shapes: x [H][W] u8 tokens, w [V][O], y [H][W][O].
 * It reads the model's input, so no error goes further.
 */
import { Layer } from '../contract.gen';
import { nextState } from '../math/random';
import { isTrained } from '../memory/layer';
import { updateOuterRow } from '../optim/row';
import { firstDraw, layerStream } from '../optim/sgd';

const LOWEST: i32 = -127;

/** Row of the table for the token at `x`: tokens that are not in the vocabulary share the last row. */
// @ts-ignore: decorator
@inline
export function rowOf(layer: Layer, x: usize): usize {
  const row = min(<u32>load<u8>(x), <u32>layer.kernelHeight - 1);
  return <usize>layer.weights + (<usize>(row * layer.rowWords) << 1);
}

/** y = the operands of the token's row, unit 2^ew; an operand of −128 becomes −127. */
export function embeddingForward(layer: Layer): void {
  const outputs = <i32>layer.outputs;
  let x = <usize>layer.x;
  let target = <usize>layer.y;
  for (let row = <i32>layer.outputHeight; row > 0; row--) {
    let y = target;
    for (let column = <i32>layer.outputWidth; column > 0; column--) {
      let w = rowOf(layer, x++);
      for (let c = 0; c < outputs; c++) {
        store<i8>(y++, <i8>max(LOWEST, <i32>load<i8>(w, 1)));
        w += 2;
      }
    }
    target += <usize>layer.yStride;
  }
}

function isZero(e: usize, n: i32): bool {
  for (let i = 0; i < n; i++) {
    if (load<i8>(e + <usize>i) != 0) return false;
  }
  return true;
}

/** error [H][W][O] int8 of unit 2^ee moves the rows of the tokens, position by position. */
export function embeddingBackward(
  layer: Layer,
  errorExponent: i32,
  stepSeed: i32,
  lrShift: i32,
): void {
  if (!isTrained(layer)) return;
  const outputs = <i32>layer.outputs;
  const positions = <i32>layer.outputHeight * <i32>layer.outputWidth;
  const shift = lrShift - errorExponent + <i32>layer.weightExponent - 8;
  const seed = layerStream(layer, stepSeed);
  let e = <usize>layer.error;
  for (let position = 0; position < positions; position++) {
    if (!isZero(e, outputs)) {
      const state = nextState(firstDraw(seed, position));
      updateOuterRow(rowOf(layer, <usize>layer.x + <usize>position), e, outputs, 1, shift, state);
    }
    e += <usize>outputs;
  }
}
