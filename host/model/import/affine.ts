/** Per-element maps y = scale·x + offset that a layer can swallow into its weights and biases. */
import type { LayerInfo } from '../info.js';
import { elementsOf, type Shape } from '../shape.js';
import { importError } from './float-model.js';

/** Over the elements of a tensor, as they lie in memory ([H][W][C]). */
export interface Affine {
  readonly scale: Float64Array;
  readonly offset: Float64Array;
}

export function identityAffine(shape: Shape): Affine {
  const elements = elementsOf(shape);
  return { scale: new Float64Array(elements).fill(1), offset: new Float64Array(elements) };
}

/** Each channel's numbers repeated over all positions. */
export function spreadChannels(shape: Shape, scale: Float64Array, offset: Float64Array): Affine {
  const spread = (values: Float64Array): Float64Array =>
    Float64Array.from({ length: elementsOf(shape) }, (_, i) => values[i % shape[2]]);
  return { scale: spread(scale), offset: spread(offset) };
}

/** First `inner`, then `outer`. */
export function composeAffine(outer: Affine, inner: Affine): Affine {
  return {
    scale: inner.scale.map((value, i) => value * outer.scale[i]),
    offset: inner.offset.map((value, i) => value * outer.scale[i] + outer.offset[i]),
  };
}

/** One scale and offset per channel; throws ERR_MODEL where positions differ. */
export function affineOfChannels(affine: Affine, shape: Shape, what: string): Affine {
  const channels = shape[2];
  const isUniform = (values: Float64Array): boolean =>
    values.every((value, i) => value === values[i % channels]);
  if (!isUniform(affine.scale) || !isUniform(affine.offset)) {
    throw importError(
      `${what} reads values that are scaled differently from place to place`,
      'scale by channel, or begin with a dense layer',
    );
  }
  return { scale: affine.scale.slice(0, channels), offset: affine.offset.slice(0, channels) };
}

function hasPads({ pads }: LayerInfo): boolean {
  return pads.top + pads.left + pads.bottom + pads.right > 0;
}

/**
 * Makes a layer compute f(scale·x + offset) from x, exactly: the scale goes into the weights of the
 * element, the offset times the weight into the bias. Changes `parameters` in place.
 * Throws ERR_MODEL if an offset would have to reach the zeros of a padding.
 */
export function foldBefore(layer: LayerInfo, parameters: Float64Array, affine: Affine): void {
  const perElement =
    layer.op === 'dense' ? affine : affineOfChannels(affine, layer.inputShape, layer.op);
  const { scale, offset } = perElement;
  if (hasPads(layer) && offset.some((value) => value !== 0)) {
    throw importError(
      `an offset before the padded ${layer.op} layer cannot be folded into it`,
      'use padding: valid there, or subtract the offset from the data',
    );
  }
  for (let row = 0; row < layer.rows; row++) {
    const start = layer.weightOffset + row * layer.rowLength;
    let moved = 0;
    for (let k = 0; k < layer.rowLength; k++) {
      const element = layer.op === 'depthwise' ? row : k % scale.length;
      moved += parameters[start + k] * offset[element];
      parameters[start + k] *= scale[element];
    }
    parameters[layer.biasOffset + row] += moved;
  }
}

/** Makes a layer compute scale·f(x) + offset, one pair per output. Changes `parameters` in place. */
export function foldAfter(
  layer: LayerInfo,
  parameters: Float64Array,
  scale: Float64Array,
  offset: Float64Array,
): void {
  for (let row = 0; row < layer.rows; row++) {
    const start = layer.weightOffset + row * layer.rowLength;
    for (let k = 0; k < layer.rowLength; k++) parameters[start + k] *= scale[row];
    const bias = layer.biasOffset + row;
    parameters[bias] = parameters[bias] * scale[row] + offset[row];
  }
}
