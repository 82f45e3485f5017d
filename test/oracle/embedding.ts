import { shiftRight, type Tensor } from './fixed-point.js';
import { elementsOf, type EmbeddingLayer } from './layers.js';

/** EMBEDDING of the specification (2.3). */

/** Row of the table for every position: bytes as u8, beyond the vocabulary its last row. */
export function tokensOf(layer: EmbeddingLayer, x: Int8Array): number[] {
  return Array.from(x, (byte) => Math.min(byte < 0 ? byte + 256 : byte, layer.rows - 1));
}

export function embeddingForward(layer: EmbeddingLayer, words: Int16Array, x: Int8Array): Tensor {
  const values = new Int8Array(elementsOf(layer.output));
  for (const [position, token] of tokensOf(layer, x).entries()) {
    const row = layer.weightOffset + token * layer.rowLength;
    for (let c = 0; c < layer.rowLength; c++) {
      const operand = shiftRight(words[row + c], 8);
      values[position * layer.rowLength + c] = Math.max(-127, operand);
    }
  }
  return { values, exponent: layer.weightExponent };
}
