/** Scratch memory of one layer at a time. */
import { Layer, RECORD_CONV, RECORD_DENSE, RECORD_DEPTHWISE } from '../contract.gen';
import { alignUp4 } from '../math/fixed';
import { paddedElements, positionsOf } from '../memory/layer';
import { CONV_BLOCK } from './conv';

/**
 * Bytes a layer needs at `scratch`: what SPEC 5.2 promises to intrinsics, or what the operations of this
 * folder use. layer.rowWords must be set.
 */
export function scratchBytes(layer: Layer): i32 {
  const kind = <i32>layer.kind;
  const rowWords = <i32>layer.rowWords;
  if (kind == RECORD_DENSE) {
    // @ts-ignore: set by the compiler's option --use
    return ACCELERATED ? rowWords << 1 : rowWords << 2;
  }
  if (kind != RECORD_CONV && kind != RECORD_DEPTHWISE) return 0;
  // @ts-ignore: set by the compiler's option --use
  if (ACCELERATED) {
    const spread = (alignUp4(paddedElements(layer)) << 1) + 12 * rowWords;
    return spread + (positionsOf(layer) << 3) + 64;
  }
  if (kind == RECORD_DEPTHWISE) return rowWords << 2;
  const rows = min(CONV_BLOCK, alignUp4(<i32>layer.outputs));
  return (rows + 1) * (rowWords << 2) + 16;
}
