/** `linnet model import`: a trained float model from ONNX or .npz becomes a descriptor and a snapshot. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { LinnetError } from '../contract/error.js';
import { sha256, toHex } from '../contract/hash.js';
import type { FloatModel } from '../model/import/float-model.js';
import type { Imported } from '../model/import/import.js';
import type { Score } from '../model/import/score.js';
import { parseDescriptor } from '../model/parse.js';
import { located } from '../model/prefix.js';
import { losses, type Loss } from '../model/spec.js';
import { parseModelYaml } from '../model/yaml.js';
import { globalOptions } from './context.js';
import { deviceSettings, resolveDevice } from './model-device.js';
import { reportModel } from './model-report.js';
import { percent, type Column, type Output } from './output.js';
import { addSettings } from './settings.js';
import { prepareData } from './task.js';

interface ImportFlags {
  readonly out: string;
  readonly data?: string;
  readonly quantise?: string;
  readonly layers?: string;
  readonly layout?: 'channels-first' | 'channels-last';
  readonly convention?: 'linnet' | 'pytorch' | 'keras';
  readonly inputScale?: string;
  readonly inputOffset?: string;
  readonly loss?: Loss;
  readonly headroom: string;
  readonly calibration: string;
}

function wholeNumber(text: string, flag: string, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value <= most) return value;
  throw new LinnetError('ERR_USAGE', `--${flag}: ${text} is not a whole number up to ${most}`);
}

async function readModel(file: string, flags: ImportFlags): Promise<FloatModel> {
  const bytes = new Uint8Array(readFileSync(file));
  // A damaged .npz is none, but must not be taken for an ONNX.
  const isZip = (bytes[0] === 0x50 && bytes[1] === 0x4b) || file.endsWith('.npz');
  if (!isZip) {
    const { importOnnx } = await import('../model/import/onnx.js');
    return located(
      () => file,
      () => importOnnx(bytes, flags.layout),
    );
  }
  if (flags.layers === undefined) {
    throw new LinnetError('ERR_USAGE', `${file} holds weights and no layers`, {
      remedy: 'give --layers with a YAML description of the model',
    });
  }
  const { readNpz } = await import('../model/import/npy.js');
  const { importNpz } = await import('../model/import/npz.js');
  const spec = parseModelYaml(readFileSync(flags.layers, 'utf8'));
  return located(
    () => file,
    () => importNpz(spec, readNpz(bytes), flags.convention),
  );
}

async function quantiseFile(file: string, flags: ImportFlags): Promise<Imported> {
  const model = await readModel(file, flags);
  if (flags.data === undefined) {
    throw new LinnetError('ERR_USAGE', 'quantising needs samples to calibrate and to score on', {
      remedy: 'give --data with the data the model was trained on',
    });
  }
  const { dataset } = prepareData({ ...flags, data: flags.data, subjects: 0 });
  const { resolveInputScale } = await import('../model/import/input-scale.js');
  const { quantiseImport } = await import('../model/import/import.js');
  const { height = 1, width, channels = 1 } = model.spec.input;
  return quantiseImport(model, {
    dataset,
    scale: resolveInputScale(flags, dataset, [height, width, channels]),
    loss: flags.loss ?? model.spec.loss,
    headroom: wholeNumber(flags.headroom, 'headroom', 4),
    calibration: Math.max(1, wholeNumber(flags.calibration, 'calibration', 1_000_000)),
  });
}

const columns: readonly Column[] = [
  { title: 'layer', width: 5, align: 'right' },
  { title: 'kind', width: 10 },
  { title: 'scale', width: 6, align: 'right' },
  { title: 'clipped weights', width: 15, align: 'right' },
  { title: 'clipped biases', width: 14, align: 'right' },
  { title: 'error of output', width: 15, align: 'right' },
];

function describeScore({ accuracy, rmse }: Score): string {
  return accuracy === undefined ? `${rmse!.toFixed(3)} int8 steps` : percent2(accuracy);
}

const percent2 = (share: number): string => `${(100 * share).toFixed(2)} %`;

function lostPoints({ float, quantised }: Imported): number {
  return float.accuracy === undefined
    ? quantised.rmse! - float.rmse!
    : 100 * (float.accuracy - quantised.accuracy!);
}

function printImport(output: Output, imported: Imported): void {
  const { layers, samples, isHeldOut, float, quantised, snapshot } = imported;
  const lost = lostPoints(imported);
  const isCoder = float.accuracy === undefined;
  output.record({
    type: 'import',
    hash: toHex(parseDescriptor(imported.descriptor).hash),
    modelHash: toHex(sha256(snapshot)),
    inputExponent: imported.inputExponent,
    float,
    quantised,
    lost,
    samples,
    isHeldOut,
    layers,
  });
  output.line();
  output.tableHead(columns);
  for (const layer of layers) {
    output.tableRow(columns, [
      layer.place,
      layer.op,
      `2^${layer.weightExponent}`,
      layer.clippedWeights,
      layer.clippedBiases,
      percent(layer.relativeError),
    ]);
  }
  output.line();
  output.line(
    `samples     ${samples} ${isHeldOut ? 'held out for testing' : '(no test split: all of them)'}`,
  );
  output.line(`float       ${describeScore(float)}`);
  output.line(`int8        ${describeScore(quantised)}`);
  output.line(`lost        ${lost.toFixed(isCoder ? 3 : 2)} ${isCoder ? 'int8 steps' : 'points'}`);
}

export function addModelImportCommand(model: Command): void {
  const command = model
    .command('import <file>')
    .description('quantises a trained float model: .onnx, or .npz with --layers')
    .option('-o, --out <name>', 'writes <name>.lnd and <name>.lns', 'model')
    .option('--data <file>', 'samples to calibrate and to score on: FDS1, IDX or CSV')
    .option('--quantise <mode>', 'scale the numbers of a CSV file to int8: per-column | global')
    .option('--layers <yaml>', 'layers of the weights in a .npz')
    .option('--layout <order>', 'how the input of an ONNX lies: channels-first | channels-last')
    .option('--convention <name>', 'order of dimensions in a .npz: linnet | pytorch | keras')
    .option(
      '--input-scale <numbers>',
      'the model’s input is scale · int8 + offset; once, per channel or per input',
    )
    .option('--input-offset <numbers>', 'likewise', '0')
    .option('--loss <name>', `${losses.join(' | ')}`)
    .option('--headroom <bits>', 'bits above the largest weight, for training that goes on', '0')
    .option('--calibration <samples>', 'samples to choose the weight scales on', '128');
  addSettings(command, deviceSettings).action(
    async (file: string, flags: ImportFlags, self: Command) => {
      const { output, configPath } = globalOptions(self);
      checkChoices(flags);
      const device = resolveDevice({ ...flags }, configPath);
      const imported = await quantiseFile(file, flags);
      await reportModel(output, { descriptor: imported.descriptor }, device);
      printImport(output, imported);
      writeFileSync(`${flags.out}.lnd`, imported.descriptor);
      writeFileSync(`${flags.out}.lns`, imported.snapshot);
      output.note(`wrote ${flags.out}.lnd and ${flags.out}.lns`);
    },
  );
}

function checkChoices({ layout, convention, loss, quantise }: ImportFlags): void {
  const check = (flag: string, value: string | undefined, known: readonly string[]): void => {
    if (value === undefined || known.includes(value)) return;
    throw new LinnetError('ERR_USAGE', `--${flag}: "${value}" is not one of ${known.join(', ')}`);
  };
  check('layout', layout, ['channels-first', 'channels-last']);
  check('convention', convention, ['linnet', 'pytorch', 'keras']);
  check('loss', loss, losses);
  check('quantise', quantise, ['per-column', 'global']);
}
