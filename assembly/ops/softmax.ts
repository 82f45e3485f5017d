/** Softmax with cross-entropy, integer (SPEC 2.4 to 2.6). Shapes: logits z [C] int32, err [C]. */
import { distanceQ10, log2Q10, powerOfTwo } from '../math/exponential';

const ONE_Q15: i32 = 32768;
/** log2 of the numerator's full scale, Q10. */
const SCALE_Q10: i32 = 16384;

/** Class of the largest logit, the first of equals. */
export function argmax(z: usize, classes: i32): i32 {
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
 * Softmax, cross-entropy and its gradient.
 *
 * z [C] int32, unit 2^exponent -> err [C] int32, Q15: softmax(z) − onehot(label)
 * `best` is argmax(z). Rounding: probabilities truncate. |err| ≤ 32768.
 * Returns the loss in Q10 bits. C ≤ 256, so sums stay below 2^24.
 */
export function softmaxCrossEntropy(
  z: usize,
  classes: i32,
  exponent: i32,
  best: i32,
  label: i32,
  err: usize,
): i32 {
  const largest = load<i32>(z + ((<usize>best) << 2));
  const sum = exponentials(z, classes, exponent, largest, err);
  for (let c = 0; c < classes; c++) {
    const p = err + ((<usize>c) << 2);
    const probability = <i32>(((<u32>load<i32>(p)) << 15) / <u32>sum);
    store<i32>(p, probability - (c == label ? ONE_Q15 : 0));
  }
  return lossQ10(largest - load<i32>(z + ((<usize>label) << 2)), exponent, sum);
}

/** max |err|. */
export function largestMagnitude(err: usize, classes: i32): i32 {
  let largest = 0;
  for (let c = 0; c < classes; c++) largest = max(largest, abs(load<i32>(err + ((<usize>c) << 2))));
  return largest;
}
