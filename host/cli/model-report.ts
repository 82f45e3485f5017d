/** A model as a table: layers, parameters, arena, flash. */
import { toHex } from '../contract/hash.js';
import { measureNeed } from '../model/budget.js';
import { loadCosts, predictSteps, type PredictedSteps } from '../model/cost.js';
import { readArena, type Arena } from '../model/footprint.js';
import type { LayerInfo, ModelInfo } from '../model/info.js';
import type { LoadedModel } from '../model/load.js';
import { parseDescriptor } from '../model/parse.js';
import { openPlanner } from '../model/planner.js';
import { specOfModel } from '../model/respec.js';
import { formatShape } from '../model/shape.js';
import { checkBudget, printNeed, type TargetDevice } from './model-device.js';
import { frozenLayersOf } from './task.js';
import type { Column, Output } from './output.js';

const layerColumns: readonly Column[] = [
  { title: 'layer', width: 5, align: 'right' },
  { title: 'kind', width: 17 },
  { title: 'kernel', width: 7 },
  { title: 'stride', width: 6 },
  { title: 'pads', width: 9 },
  { title: 'output', width: 11 },
  { title: 'parameters', width: 12, align: 'right' },
  { title: 'scale', width: 5, align: 'right' },
  { title: 'MACs', width: 10, align: 'right' },
];

function layerCells(layer: LayerInfo, place: number): (string | number)[] {
  const { op, kernel, stride, pads, rows, rowLength, biases, weightExponent } = layer;
  const slides = op !== 'dense' && op !== 'embedding' && op !== 'globalAveragePool';
  const padded = pads.top + pads.left + pads.bottom + pads.right > 0;
  return [
    place,
    layer.activation === 'relu' ? `${op}, relu` : op,
    slides ? kernel.join('×') : '',
    slides ? stride.join('×') : '',
    padded ? `${pads.top} ${pads.left} ${pads.bottom} ${pads.right}` : '',
    formatShape(layer.outputShape),
    rows === 0 ? '' : `${rows * rowLength} + ${biases}`,
    rows === 0 ? '' : `2^${weightExponent}`,
    layer.macs || '',
  ];
}

function printModel(output: Output, info: ModelInfo, descriptorBytes: number): void {
  const { input } = info;
  const unit = `value = x · 2^${input.exponent} ${input.unit}`.trimEnd();
  output.line(`model       ${toHex(info.hash)}`);
  output.line(
    `input       ${formatShape([input.height, input.width, input.channels])} int8, ${unit}`,
  );
  const loss =
    info.loss === 'squared-error'
      ? `squared error, ${info.outputs} outputs`
      : `softmax cross-entropy, ${info.classes} classes`;
  output.line(`loss        ${loss}`);
  output.line(
    `parameters  ${info.parameters} (${2 * info.parameters} bytes as int16), descriptor ${descriptorBytes} bytes`,
  );
  output.line(`inference   ${info.macs} multiply-accumulates`);
  output.line();
  output.tableHead(layerColumns);
  for (const [place, layer] of info.layers.entries()) {
    output.tableRow(layerColumns, layerCells(layer, place));
  }
}

/** A model as --json gives it. */
function modelRecord(info: ModelInfo, descriptorBytes: number, arena: Arena): object {
  const { hash, input, parameters, classes, inputs, outputs, loss, macs, layers } = info;
  return {
    type: 'model',
    hash: toHex(hash),
    input,
    parameters,
    classes,
    inputs,
    outputs,
    loss,
    macs,
    descriptorBytes,
    arenaBytes: arena.bytes,
    regions: arena.regions,
    layers,
  };
}

/** Instructions per step on every core and build that was measured. */
function predictAll(info: ModelInfo, frozenLayers: number): Prediction[] {
  return Object.entries(loadCosts().cores).flatMap(([core, builds]) =>
    Object.entries(builds).map(([build, cost]) => ({
      core,
      build,
      ...predictSteps(info, frozenLayers, cost),
      meanError: cost.heldOut.mean,
      maxError: cost.heldOut.max,
    })),
  );
}

interface Prediction extends PredictedSteps {
  readonly core: string;
  readonly build: string;
  /** Relative errors on models the prediction was not fitted to. */
  readonly meanError: number;
  readonly maxError: number;
}

const predictionColumns: readonly Column[] = [
  { title: 'instructions per step', width: 22 },
  { title: 'inference', width: 12, align: 'right' },
  { title: 'train, skipped', width: 14, align: 'right' },
  { title: 'train', width: 12, align: 'right' },
  { title: 'error', width: 12, align: 'right' },
];

function printPredictions(output: Output, predictions: readonly Prediction[]): void {
  output.line();
  output.tableHead(predictionColumns);
  for (const { core, build, infer, skipped, train, meanError, maxError } of predictions) {
    const error = `${(100 * meanError).toFixed(1)} … ${(100 * maxError).toFixed(1)} %`;
    output.tableRow(predictionColumns, [`${core} ${build}`, infer, skipped, train, error]);
  }
}

/** Prints a model and what its device needs; throws ERR_BUDGET if that is too much, or the kernel's status. */
export async function reportModel(
  output: Output,
  { descriptor, spec }: LoadedModel,
  device: TargetDevice,
): Promise<void> {
  const kernel = await openPlanner(device.build);
  const info = parseDescriptor(descriptor);
  const frozenLayers = frozenLayersOf(info, device.freeze);
  const need = measureNeed(kernel, descriptor, device, frozenLayers);
  const { core, build } = device;
  const instructions = predictAll(info, frozenLayers);
  output.record({
    ...modelRecord(info, descriptor.length, readArena(kernel)),
    device: { core, build, ...need },
    instructions,
  });
  printModel(output, info, descriptor.length);
  printPredictions(output, instructions);
  printNeed(output, need, device);
  checkBudget(output, kernel, spec ?? specOfModel(info), need, device, frozenLayers);
  kernel.close();
}
