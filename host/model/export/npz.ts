/** The weights of a snapshot as float32 arrays, for work that goes on elsewhere. */
import { zipSync } from 'fflate';
import { poolPower } from '../float.js';
import type { LayerInfo, ModelInfo } from '../info.js';
import { parseDescriptor } from '../parse.js';
import { unpackSnapshot } from '../snapshot.js';

const biasUnit = 2 ** -12;
const headerAlignment = 64;

/** A .npy of version 1, float32 in C order. */
export function writeNpy(values: Float32Array, dims: readonly number[]): Uint8Array {
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(', ');
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape}), }`;
  const prefix = 10;
  const length = Math.ceil((prefix + dictionary.length + 1) / headerAlignment) * headerAlignment;
  const header = dictionary.padEnd(length - prefix - 1) + '\n';
  const bytes = new Uint8Array(length + 4 * values.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0]);
  view.setUint16(8, header.length, true);
  bytes.set(new TextEncoder().encode(header), prefix);
  values.forEach((value, i) => view.setFloat32(length + 4 * i, value, true));
  return bytes;
}

function weightDims(layer: LayerInfo): number[] {
  const channels = layer.inputShape[2];
  if (layer.op === 'conv') return [layer.rows, ...layer.kernel, channels];
  if (layer.op === 'depthwise') return [layer.rows, ...layer.kernel];
  return [layer.rows, layer.rowLength];
}

/** What the average pools before a layer divide too much by: its weights make up for it. */
function poolFactor({ layers }: ModelInfo, place: number): number {
  let factor = 1;
  for (let i = place - 1; i >= 0 && layers[i].index < 0; i--) {
    const { op, kernel } = layers[i];
    const count = kernel[0] * kernel[1];
    if (op !== 'maxPool') factor *= count / poolPower(count);
  }
  return factor;
}

/**
 * `layer0.weight`, `layer0.bias`, … by number among the layers with parameters, in the conventions of this
 * project: weights [O][KH][KW][C], inputs of a dense layer as [H][W][C]. Average pools divide by their true count;
 * the input is int8 · 2^exponent. Throws ERR_DATA for a snapshot of another model.
 */
export function exportNpz(descriptor: Uint8Array, snapshot: Uint8Array): Uint8Array {
  const info = parseDescriptor(descriptor);
  const words = unpackSnapshot(snapshot, info.hash);
  const files: Record<string, Uint8Array> = {};
  for (const [place, layer] of info.layers.entries()) {
    if (layer.index < 0) continue;
    const unit = 2 ** (layer.weightExponent - 8) * poolFactor(info, place);
    const weights = words.subarray(layer.weightOffset, layer.biasOffset);
    const biases = words.subarray(layer.biasOffset, layer.biasOffset + layer.biases);
    const name = `layer${layer.index}`;
    files[`${name}.weight.npy`] = writeNpy(
      Float32Array.from(weights, (word) => (word - 128) * unit),
      weightDims(layer),
    );
    if (biases.length > 0) {
      files[`${name}.bias.npy`] = writeNpy(
        Float32Array.from(biases, (word) => word * biasUnit),
        [biases.length],
      );
    }
  }
  return zipSync(files);
}
