import type { Tensor } from './layer.js';

/** errors = weight · (softmax(z) − onehot(label)); returns the weighted cross-entropy in nats. */
export function softmaxCrossEntropy(
  { values, errors }: Tensor,
  label: number,
  weight: number,
): number {
  let largest = values[0];
  for (let c = 1; c < values.length; c++) largest = Math.max(largest, values[c]);
  let total = 0;
  for (let c = 0; c < values.length; c++) total += Math.exp(values[c] - largest);
  for (let c = 0; c < values.length; c++) {
    const probability = Math.exp(values[c] - largest) / total;
    errors[c] = weight * (probability - (c === label ? 1 : 0));
  }
  return weight * (Math.log(total) + largest - values[label]);
}

/** errors = weight · (z − target); returns weight · ½ Σ (z − target)². */
export function squaredError(
  { values, errors }: Tensor,
  target: Float32Array,
  weight: number,
): number {
  let loss = 0;
  for (let n = 0; n < values.length; n++) {
    const difference = values[n] - target[n];
    errors[n] = weight * difference;
    loss += 0.5 * weight * difference * difference;
  }
  return loss;
}
