/**
 * `npm run bench:import`: points a float32 model loses when it is imported. The nets of the target table are
 * trained in float32 (one seed, their own plans), written as ONNX and taken over as a user's model would be; both
 * are scored on the test split. `--tasks har-conv,digits` chooses some.
 */
import { parseArgs } from 'node:util';
import { poolPower } from '../host/model/float.js';
import { buildDescriptor, parseDescriptor, type LayerInfo } from '../host/model/descriptor.js';
import { quantiseImport, type Imported } from '../host/model/import/import.js';
import { importOnnx } from '../host/model/import/onnx.js';
import { OnnxWriter } from '../test/model/onnx-writer.js';
import { FloatArm } from './accuracy/float-arm.js';
import { findTask } from './accuracy/targets/tasks.js';
import type { Split, TargetTask } from './accuracy/targets/task.js';
import { SampleOrder, trainCentralised } from './accuracy/training.js';

const seed = 1;

/** [rows][taps][channels] -> [rows][channels][taps]. */
function channelsFirst(values: Float32Array, rows: number, channels: number): number[] {
  const row = values.length / rows;
  const taps = row / channels;
  return Array.from(values, (_, i) => {
    const k = i % row;
    return values[i - k + (k % taps) * channels + Math.floor(k / taps)];
  });
}

function addWeighted(net: OnnxWriter, layer: LayerInfo, parameters: Float32Array, factor: number) {
  const weights = parameters.subarray(layer.weightOffset, layer.biasOffset);
  const biases = [...parameters.subarray(layer.biasOffset, layer.biasOffset + layer.biases)];
  const channels = layer.inputShape[2];
  const scaled = weights.map((value) => value * factor);
  const values = channelsFirst(scaled, layer.rows, channels);
  if (layer.op === 'dense') {
    const inputs = [net.constant(values, [layer.rows, layer.inputs]), net.constant(biases)];
    net.add('Flatten').add('Gemm', inputs, { transB: 1 });
  } else {
    const isSeries = layer.inputShape[0] === 1;
    const { kernel, stride, pads } = layer;
    const space = <T>(rows: T, columns: T): T[] => (isSeries ? [columns] : [rows, columns]);
    const dims = [layer.rows, channels, ...space(kernel[0], kernel[1])];
    net.add('Conv', [net.constant(values, dims), net.constant(biases)], {
      strides: space(stride[0], stride[1]),
      pads: [...space(pads.top, pads.left), ...space(pads.bottom, pads.right)],
    });
  }
  if (layer.activation === 'relu') net.add('Relu');
}

/** The net as PyTorch would export it; the reference's mean divides by a power of two, ONNX's does not. */
function writeOnnx(descriptor: Uint8Array, parameters: Float32Array): Uint8Array {
  const { input, layers } = parseDescriptor(descriptor);
  const space = input.height === 1 ? [input.width] : [input.height, input.width];
  const net = new OnnxWriter([input.channels, ...space]);
  let factor = 1;
  for (const layer of layers) {
    if (layer.index >= 0) {
      addWeighted(net, layer, parameters, factor);
      factor = 1;
    } else if (layer.op === 'maxPool') {
      const isSeries = layer.inputShape[0] === 1;
      const size = isSeries ? [layer.kernel[1]] : [...layer.kernel];
      const strides = isSeries ? [layer.stride[1]] : [...layer.stride];
      net.add('MaxPool', [], { kernel_shape: size, strides });
    } else {
      const count = layer.kernel[0] * layer.kernel[1];
      factor = count / poolPower(count);
      net.add('GlobalAveragePool');
    }
  }
  return net.encode();
}

async function trainFloat(task: TargetTask, { dataset, train }: Split): Promise<Float32Array> {
  const descriptor = buildDescriptor(task.model);
  const arm = await FloatArm.open({ dataset, descriptor });
  const order = await SampleOrder.open(descriptor);
  const { epochs, shifts, classWeights } = task.plan;
  const tuning = {
    lrShift: shifts.float32,
    skipThreshold: 0,
    ...(classWeights && { classWeights }),
  };
  trainCentralised(arm, order, train, { kind: 'centralised', epochs }, tuning, seed, () => {
    process.stderr.write('.');
  });
  return arm.save();
}

async function importTask(task: TargetTask, headroom: number, onnx: Uint8Array, split: Split) {
  const { inputs, input } = parseDescriptor(buildDescriptor(task.model));
  const scale = {
    scale: new Float64Array(inputs).fill(2 ** input.exponent),
    offset: new Float64Array(inputs),
  };
  return quantiseImport(importOnnx(onnx), {
    dataset: split.dataset,
    scale,
    loss: task.model.loss,
    headroom,
    calibration: 128,
  });
}

function formatRow(name: string, headroom: number, imported: Imported): string {
  const percent = (share: number): string => (100 * share).toFixed(2);
  const { float, quantised, layers } = imported;
  const lost = percent(float.accuracy! - quantised.accuracy!);
  const clipped = layers.reduce(
    (sum, layer) => sum + layer.clippedWeights + layer.clippedBiases,
    0,
  );
  const cells = [
    name,
    headroom,
    percent(float.accuracy!),
    percent(quantised.accuracy!),
    lost,
    clipped,
  ];
  return `| ${cells.join(' | ')} |`;
}

const { values } = parseArgs({ options: { tasks: { type: 'string' } } });
const names = (values.tasks ?? 'har-conv,ecg-conv,digits,mnist-conv').split(',');
console.log('| task | headroom, bits | float32, % | imported, % | points lost | clipped words |');
console.log('| --- | --- | --- | --- | --- | --- |');
for (const name of names) {
  const task = findTask(name);
  const split = task.testSplit();
  const onnx = writeOnnx(buildDescriptor(task.model), await trainFloat(task, split));
  for (const headroom of [0, 1, 2]) {
    console.log(formatRow(name, headroom, await importTask(task, headroom, onnx, split)));
  }
}
