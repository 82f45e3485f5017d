/** What the losses share: the step from their error to that of the last layer (SPEC 2.5, 2.6). */
import { EXPONENT_BIAS, Head, LOSS_SKIPPED } from '../contract.gen';
import { bitLength, clampExponent, requantiseShift } from '../math/fixed';
import { requantise } from './requantise';

/**
 * err [n] int32 of unit 2^exponent and largest magnitude `magnitude` -> error [n] int8, weighted by the
 * class. Returns its exponent + EXPONENT_BIAS, or LOSS_SKIPPED if the threshold is not exceeded.
 */
export function outputError(
  head: Head,
  magnitude: i32,
  exponent: i32,
  label: i32,
  skipThreshold: i32,
): i32 {
  if (magnitude <= skipThreshold) return LOSS_SKIPPED;
  const shift = requantiseShift(bitLength(magnitude));
  requantise(<usize>head.err, <i32>head.elements, shift, <usize>head.error);
  const weight = <i32>load<i8>(<usize>head.classWeights + <usize>label);
  return clampExponent(exponent + shift + weight) + EXPONENT_BIAS;
}
