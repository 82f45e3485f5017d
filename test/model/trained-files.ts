/** The trained net as other tools would save it. */
import { zipSync } from 'fflate';
import { parseDescriptor, type LayerInfo } from '../../host/model/descriptor.js';
import { OnnxWriter } from './onnx-writer.js';
import type { Trained } from './trained.js';

export function weightedLayers({ descriptor }: Trained): LayerInfo[] {
  return parseDescriptor(descriptor).layers.filter(({ index }) => index >= 0);
}

function weightsOf({ parameters }: Trained, layer: LayerInfo): number[] {
  return [...parameters.subarray(layer.weightOffset, layer.biasOffset)];
}

function biasesOf({ parameters }: Trained, { biasOffset, biases }: LayerInfo): number[] {
  return [...parameters.subarray(biasOffset, biasOffset + biases)];
}

/** [rows][positions][channels] -> [rows][channels][positions]. */
function channelsFirst(values: readonly number[], rows: number, channels: number): number[] {
  const row = values.length / rows;
  const positions = row / channels;
  return values.map((_, i) => {
    const k = i % row;
    return values[i - k + (k % positions) * channels + Math.floor(k / positions)];
  });
}

export function writeOnnx(trained: Trained): Uint8Array {
  const [first, second, last] = weightedLayers(trained);
  const net = new OnnxWriter([1, 128]);
  const conv = (layer: LayerInfo, attributes = {}): OnnxWriter => {
    const [, , channels] = layer.inputShape;
    const weights = channelsFirst(weightsOf(trained, layer), layer.rows, channels);
    const dims = [layer.rows, channels, layer.kernel[1]];
    const inputs = [net.constant(weights, dims), net.constant(biasesOf(trained, layer))];
    return net.add('Conv', inputs, attributes).add('Relu');
  };
  conv(first, { strides: [2], pads: [2, 3] });
  net.add('AveragePool', [], { kernel_shape: [3], strides: [3] });
  conv(second)
    .add('MaxPool', [], { kernel_shape: [3], strides: [3] })
    .add('Flatten');
  const dense = channelsFirst(weightsOf(trained, last), 3, last.inputShape[2]);
  const inputs = [net.constant(dense, [3, last.inputs]), net.constant(biasesOf(trained, last))];
  net.add('Gemm', inputs, { transB: 1 }).add('Softmax');
  return net.encode();
}

/** A .npy of float32 or float64, version 1. */
export function writeNpy(
  values: readonly number[],
  dims: readonly number[],
  wide = false,
): Uint8Array {
  const shape = `(${dims.join(', ')}${dims.length === 1 ? ',' : ''})`;
  const text = `{'descr': '<f${wide ? 8 : 4}', 'fortran_order': False, 'shape': ${shape}, }`;
  const header = text.padEnd(118 - 10 + 9) + '\n';
  const size = wide ? 8 : 4;
  const bytes = new Uint8Array(10 + header.length + size * values.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  view.setUint16(8, header.length, true);
  bytes.set(new TextEncoder().encode(header), 10);
  values.forEach((value, i) => {
    const at = 10 + header.length + size * i;
    if (wide) view.setFloat64(at, value, true);
    else view.setFloat32(at, value, true);
  });
  return bytes;
}

/** As a PyTorch state dictionary would be saved, compressed. */
export function writeTorchNpz(trained: Trained): Uint8Array {
  const files: Record<string, Uint8Array> = {};
  for (const layer of weightedLayers(trained)) {
    const [, , channels] = layer.inputShape;
    const weights = channelsFirst(weightsOf(trained, layer), layer.rows, channels);
    const isDense = layer.op === 'dense';
    const dims = isDense ? [layer.rows, layer.inputs] : [layer.rows, channels, layer.kernel[1]];
    files[`${layer.index}.weight.npy`] = writeNpy(weights, dims);
    files[`${layer.index}.bias.npy`] = writeNpy(biasesOf(trained, layer), [layer.rows], true);
  }
  return zipSync(files);
}

/** As Keras keeps them: [K][C][O] and [I][O]. */
export function writeKerasNpz(trained: Trained): Uint8Array {
  const files: Record<string, Uint8Array> = {};
  for (const layer of weightedLayers(trained)) {
    const weights = weightsOf(trained, layer);
    const turned = weights.map(
      (_, i) => weights[(i % layer.rows) * layer.rowLength + Math.floor(i / layer.rows)],
    );
    const isDense = layer.op === 'dense';
    const dims = isDense
      ? [layer.inputs, layer.rows]
      : [layer.kernel[1], layer.inputShape[2], layer.rows];
    files[`arr_${2 * layer.index}.npy`] = writeNpy(turned, dims);
    files[`arr_${2 * layer.index + 1}.npy`] = writeNpy(biasesOf(trained, layer), [layer.rows]);
  }
  return zipSync(files);
}
