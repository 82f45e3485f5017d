/** Softmax with cross-entropy, integer (SPEC 2.4 to 2.6). Shapes: logits z [C] int32, err [C]. */
import { Head, LOSS_SKIPPED, NO_LABEL } from '../contract.gen';
import { distanceQ10, log2Q10, powerOfTwo } from '../math/exponential';
import { outputError } from './loss';

const ONE_Q15: i32 = 32768;
/** log2 of the numerator's full scale, Q10. */
const SCALE_Q10: i32 = 16384;
/** Exponent of err. */
const ERROR_EXPONENT: i32 = -15;

/** Class of the largest logit, the first of equals. */
function argmax(z: usize, classes: i32): i32 {
  let best = 0;
  let bestValue = load<i32>(z);
  for (let c = 1; c < classes; c++) {
    const value = load<i32>(z + ((<usize>c) << 2));
    if (value > bestValue) {
      best = c;
      bestValue = value;
    }
  }
  return best;
}

/** Writes E [C], the unnormalised probabilities, and returns their sum (at least 65535). */
function exponentials(z: usize, classes: i32, exponent: i32, largest: i32, e: usize): i32 {
  let sum = 0;
  for (let c = 0; c < classes; c++) {
    const distance = largest - load<i32>(z + ((<usize>c) << 2));
    const value = powerOfTwo(distanceQ10(distance, exponent), distance == 0);
    store<i32>(e + ((<usize>c) << 2), value);
    sum += value;
  }
  return sum;
}

/** Cross-entropy in Q10 bits, from the distance of the label's logit and the sum of E. */
function lossQ10(distance: i32, exponent: i32, sum: i32): i32 {
  return max(0, distanceQ10(distance, exponent) + log2Q10(sum) - SCALE_Q10);
}

/**
 * Softmax, cross-entropy, their gradient and its int8 form.
 *
 * logits [C] int32 -> err [C] int32, Q15: softmax(z) − onehot(label); predicted; loss in Q10 bits
 * Rounding: probabilities truncate. |err| ≤ 32768; C ≤ 256, so sums stay below 2^24.
 * If max |err| > skipThreshold: error [C] int8, and the return is its exponent + EXPONENT_BIAS; else
 * LOSS_SKIPPED. Of NO_LABEL only predicted is set, loss is 0, and the return is LOSS_SKIPPED.
 */
export function softmaxCrossEntropy(head: Head, label: i32, skipThreshold: i32): i32 {
  const classes = <i32>head.elements;
  const z = <usize>head.logits;
  const exponent = head.logitsExponent;
  const best = argmax(z, classes);
  head.predicted = best;
  if (label == NO_LABEL) {
    head.loss = 0;
    return LOSS_SKIPPED;
  }
  const largest = load<i32>(z + ((<usize>best) << 2));
  const sum = exponentials(z, classes, exponent, largest, <usize>head.err);
  let magnitude = 0;
  for (let c = 0; c < classes; c++) {
    const p = <usize>head.err + ((<usize>c) << 2);
    const probability = <i32>(((<u32>load<i32>(p)) << 15) / <u32>sum);
    const error = probability - (c == label ? ONE_Q15 : 0);
    store<i32>(p, error);
    magnitude = max(magnitude, abs(error));
  }
  head.loss = lossQ10(largest - load<i32>(z + ((<usize>label) << 2)), exponent, sum);
  return outputError(head, magnitude, ERROR_EXPONENT, label, skipThreshold);
}
