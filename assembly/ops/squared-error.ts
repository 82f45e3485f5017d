/**
 * Squared error of a reconstruction (SPEC 2.5): the loss of an autoencoder, and the anomaly score of what
 * it reads. Shapes: logits z [n] int32, target x [n] int8, err [n].
 */
import { Head } from '../contract.gen';
import { clampSymmetric, roundShift } from '../math/fixed';
import { outputError } from './loss';

/** err is in 1/256 of the target's unit. */
const FRACTION_BITS: i32 = 8;
const LIMIT: i32 = 1 << 22;
/** Of an error in the score, Q4: 256 units of the target. */
const SCORE_LIMIT: i32 = 4095;

/** z · 2^−shift, rounded, limited to ±LIMIT. */
function scale(z: i32, shift: i32): i32 {
  if (shift > 30) return 0;
  if (shift > 0) return clampSymmetric(roundShift(z, shift), LIMIT);
  const wide = (<i64>z) << (<i64>min(31, -shift));
  return <i32>max(<i64>-LIMIT, min(<i64>LIMIT, wide));
}

/**
 * Squared error, its gradient and its int8 form.
 *
 * logits [n] int32, target [n] int8 -> err [n] int32; loss: mean square in 1/256 of the unit's square
 * Rounding: of the reconstruction to nearest; the mean truncates.
 * Returns as softmaxCrossEntropy() does.
 */
export function squaredError(head: Head, skipThreshold: i32): i32 {
  const n = head.elements;
  const exponent = head.targetExponent - FRACTION_BITS;
  const shift = exponent - head.logitsExponent;
  let magnitude = 0;
  let sum: u64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const target = (<i32>load<i8>(<usize>(head.target + i))) << FRACTION_BITS;
    const error = scale(load<i32>(<usize>(head.logits + (i << 2))), shift) - target;
    store<i32>(<usize>(head.err + (i << 2)), error);
    magnitude = max(magnitude, abs(error));
    const distance = <u64>min(SCORE_LIMIT, abs(error) >> 4);
    sum += distance * distance;
  }
  head.predicted = 0;
  head.loss = <i32>(sum / <u64>n);
  return outputError(head, magnitude, exponent, 0, skipThreshold);
}
