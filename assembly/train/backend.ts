/**
 * Who computes a layer: the operations of this kernel, or native intrinsics of the same meaning (SPEC 5.2).
 * ACCELERATED is a constant of the build, so each kernel contains one of the two.
 */
import {
  depthwise_backward,
  depthwise_forward,
  Head,
  Layer,
  linear_backward,
  linear_forward,
  OK,
  pool_backward,
  pool_forward,
  RECORD_CONV,
  RECORD_DENSE,
  RECORD_DEPTHWISE,
  RECORD_EMBEDDING,
  RECORD_SQUARED_ERROR,
  softmax_cross_entropy,
  squared_error,
} from '../contract.gen';
import { convBackward, convForward } from '../ops/conv';
import { denseBackward, denseForward } from '../ops/dense';
import { depthwiseBackward, depthwiseForward } from '../ops/depthwise';
import { embeddingBackward } from '../ops/embedding';
import { poolBackward, poolForward } from '../ops/pool';
import { softmaxCrossEntropy } from '../ops/softmax';
import { squaredError } from '../ops/squared-error';
import { head, model } from './model';

function addressOf<T>(structure: T): i32 {
  return <i32>changetype<usize>(structure);
}

/** y and outputExponent of a layer, of which none is an embedding (step.ts); OK, or the status of an intrinsic. */
export function layerForward(layer: Layer): i32 {
  const kind = <i32>layer.kind;
  // @ts-ignore: set by the compiler's option --use
  if (ACCELERATED) {
    if (kind <= RECORD_CONV) return linear_forward(addressOf(layer));
    if (kind == RECORD_DEPTHWISE) return depthwise_forward(addressOf(layer));
    return pool_forward(addressOf(layer));
  }
  if (kind == RECORD_DENSE) denseForward(layer);
  else if (kind == RECORD_CONV) convForward(layer);
  else if (kind == RECORD_DEPTHWISE) depthwiseForward(layer);
  else poolForward(layer);
  return OK;
}

/** Error of x and update; the exponent of the new error + EXPONENT_BIAS, or the status of an intrinsic. */
export function layerBackward(layer: Layer, exponent: i32, stepSeed: i32, lrShift: i32): i32 {
  const kind = <i32>layer.kind;
  // @ts-ignore: set by the compiler's option --use
  if (ACCELERATED) {
    const at = addressOf(layer);
    if (kind <= RECORD_CONV) return linear_backward(at, exponent, stepSeed, lrShift);
    if (kind == RECORD_DEPTHWISE) return depthwise_backward(at, exponent, stepSeed, lrShift);
    if (kind != RECORD_EMBEDDING) return pool_backward(at, exponent);
    embeddingBackward(layer, exponent, stepSeed, lrShift);
    return OK;
  }
  if (kind == RECORD_DENSE) return denseBackward(layer, exponent, stepSeed, lrShift);
  if (kind == RECORD_CONV) return convBackward(layer, exponent, stepSeed, lrShift);
  if (kind == RECORD_DEPTHWISE) return depthwiseBackward(layer, exponent, stepSeed, lrShift);
  if (kind != RECORD_EMBEDDING) return poolBackward(layer, exponent);
  embeddingBackward(layer, exponent, stepSeed, lrShift);
  return OK;
}

/** Loss, prediction and error of the logits, of one class where it is no softmax: an exponent + EXPONENT_BIAS, LOSS_SKIPPED, or a status. */
export function lossOf(label: i32, skipThreshold: i32): i32 {
  const isSquared = model.loss == RECORD_SQUARED_ERROR;
  // @ts-ignore: set by the compiler's option --use
  if (ACCELERATED) {
    if (isSquared) return squared_error(addressOf(head), 0, skipThreshold);
    return softmax_cross_entropy(addressOf(head), label, skipThreshold);
  }
  if (isSquared) return squaredError(head, skipThreshold);
  return softmaxCrossEntropy(head, label, skipThreshold);
}
