/**
 * What is learned: a dataset made ready for the kernel, a model for it, and the plan values that were
 * found to train it well (docs/ACCURACY.md says how).
 */
import { constant } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { hasRrIntervals, withRrFeatures } from '../data/ecg-features.js';
import { keepClasses, sampleLength, type Dataset } from '../data/dataset.js';
import { loadDataset } from '../data/load.js';
import { generateSyntheticEcg } from '../data/synthetic-ecg.js';
import { kernelBuilds, loadKernels } from '../kernel/load.js';
import { buildDescriptor, parseDescriptor, type ModelInfo } from '../model/descriptor.js';
import { loadModel } from '../model/load.js';
import type { SettingTable } from './settings.js';

/** Values that depend on the data; flags override them. */
export interface Preset {
  readonly name: string;
  readonly hidden: number;
  readonly inputExponent: number;
  /** int8 exponent per class. */
  readonly classWeights?: readonly number[];
  readonly federated: {
    readonly lrShift: number;
    readonly rounds: number;
    readonly localEpochs: number;
    /** 0 = all. */
    readonly samplesPerRound: number;
    /** Samples per unit of contribution weight: a full node weighs 15 of 15. */
    readonly weightUnit: number;
  };
  readonly centralised: { readonly lrShift: number; readonly epochs: number };
}

const ecg: Preset = {
  name: 'heartbeats (N, S, V; waveform and RR intervals)',
  hidden: 32,
  inputExponent: -6,
  classWeights: [0, 2, 1],
  federated: { lrShift: 6, rounds: 10, localEpochs: 1, samplesPerRound: 2000, weightUnit: 134 },
  centralised: { lrShift: 10, epochs: 3 },
};

const presets = {
  builtin: {
    ...ecg,
    name: 'synthetic heartbeats (N, S, V; waveform and RR intervals)',
    federated: { lrShift: 6, rounds: 10, localEpochs: 1, samplesPerRound: 0, weightUnit: 20 },
    centralised: { lrShift: 8, epochs: 5 },
  },
  ecg,
  image: {
    name: 'images',
    hidden: 64,
    inputExponent: -7,
    federated: { lrShift: 5, rounds: 20, localEpochs: 1, samplesPerRound: 1000, weightUnit: 67 },
    centralised: { lrShift: 7, epochs: 5 },
  },
  series: {
    name: 'labelled samples',
    hidden: 32,
    inputExponent: -6,
    federated: { lrShift: 5, rounds: 20, localEpochs: 1, samplesPerRound: 500, weightUnit: 34 },
    centralised: { lrShift: 7, epochs: 10 },
  },
} satisfies Record<string, Preset>;

/** A model and how to train it. */
export interface Recipe {
  readonly preset: Preset;
  readonly descriptor: Uint8Array;
  readonly model: ModelInfo;
}

/** A recipe and the data it is for. */
export interface Task extends Recipe {
  readonly dataset: Dataset;
}

export interface TaskOptions {
  /** Data file or folder; absent: the built-in synthetic heartbeats. */
  readonly data?: string | undefined;
  /** Descriptor or YAML; absent: one hidden layer as the preset says. */
  readonly model?: string | undefined;
  /** How the numbers of a CSV file become int8; absent: they are int8. */
  readonly quantise?: string | undefined;
  /** Classes to keep, comma-separated; absent: all. */
  readonly classes?: string | undefined;
  /** Training subjects of the built-in task. */
  readonly subjects: number;
}

const quantiseModes = ['per-column', 'global'] as const;

/** Settings of every command that prepares a task. */
export const dataSettings = {
  data: {
    kind: 'text',
    value: 'file',
    text: 'FDS1, IDX or CSV data; absent: synthetic heartbeats',
  },
  quantise: {
    kind: 'text',
    text: 'scale the numbers of a CSV file to int8 by powers of two',
    choices: quantiseModes,
  },
  classes: {
    kind: 'text',
    value: 'list',
    text: 'leave out samples of other classes, such as N or N,V',
  },
  model: { kind: 'text', value: 'file', text: 'descriptor or YAML; absent: one hidden layer' },
} as const satisfies SettingTable;

/** Which builds of the kernel nodes are offered. */
export const kernelSetting = {
  kind: 'text',
  text: 'build of the kernel that is offered to nodes; absent: both, each takes what it can run',
  choices: kernelBuilds,
} as const;

/** The kernels of the setting. Throws ERR_TOOLCHAIN if they were not built. */
export function kernelsOf(setting: string | undefined): Uint8Array[] {
  return loadKernels(kernelBuilds.find((build) => build === setting));
}

/** Which layers stay as they are. */
export const freezeSetting = {
  kind: 'text',
  value: 'list',
  text: 'layers that are not trained, such as 0,1',
} as const;

/** The built-in people are the same whatever the federation's seed. */
const builtinSeed = 2003;
const builtinTestSubjects = 6;
const builtinBeats = 300;

/** A plan freezes layers by the bits of a u32. */
const MASKED_LAYERS = 32;

/** Classes the ECG field scores; fusion and unclassifiable beats are left out. */
const scoredBeats = ['N', 'S', 'V'];

function readyEcg(dataset: Dataset): Dataset {
  return keepClasses(withRrFeatures(dataset, 'append'), scoredBeats);
}

function loadData(options: TaskOptions): { dataset: Dataset; preset: Preset } {
  if (options.data === undefined) {
    const dataset = generateSyntheticEcg({
      subjects: options.subjects,
      testSubjects: builtinTestSubjects,
      beatsPerSubject: builtinBeats,
      seed: builtinSeed,
    });
    return { dataset: readyEcg(dataset), preset: presets.builtin };
  }
  const quantise = quantiseModes.find((mode) => mode === options.quantise);
  const dataset = loadDataset(options.data, quantise ? { quantise } : {});
  if (hasRrIntervals(dataset)) return { dataset: readyEcg(dataset), preset: presets.ecg };
  const isImage = dataset.channels === 1 && dataset.steps === 28 * 28;
  return { dataset, preset: isImage ? presets.image : presets.series };
}

function selectClasses(dataset: Dataset, classes: string | undefined): Dataset {
  if (classes === undefined) return dataset;
  return keepClasses(
    dataset,
    classes.split(',').map((name) => name.trim()),
  );
}

/** The data of a command, ready for the kernel, and the preset that suits them. */
export function prepareData(options: TaskOptions): { dataset: Dataset; preset: Preset } {
  const { dataset, preset } = loadData(options);
  return { dataset: selectClasses(dataset, options.classes), preset };
}

function defaultModel(dataset: Dataset, preset: Preset): Uint8Array {
  return buildDescriptor({
    input: { width: dataset.steps, channels: dataset.channels, exponent: preset.inputExponent },
    layers: [
      { op: 'dense', outputs: preset.hidden, activation: 'relu' },
      { op: 'dense', outputs: dataset.classNames.length },
    ],
    loss: 'softmax-cross-entropy',
  });
}

/** For an aggregator, which has a model and no data. */
export function prepareModel(path: string): Recipe {
  const descriptor = loadModel(path);
  return { preset: presets.series, descriptor, model: parseDescriptor(descriptor) };
}

/** An autoencoder takes any labels; other models have a class for each. */
function checkFit(model: ModelInfo, dataset: Dataset): void {
  const length = sampleLength(dataset);
  const classes = dataset.classNames.length;
  const isAutoencoder = model.loss === 'squared-error';
  if (model.inputs === length && (isAutoencoder || model.classes === classes)) return;
  const tells = isAutoencoder ? '' : ` and tells ${model.classes} classes apart`;
  const has = isAutoencoder ? `samples of ${length}` : `${length} and ${classes}`;
  throw new LinnetError(
    'ERR_SHAPE',
    `the model takes ${model.inputs} inputs${tells}, ${dataset.name} has ${has}`,
    { remedy: 'change the model’s input or last layer' },
  );
}

/** Throws ERR_SHAPE if the model does not fit the data, ERR_DATA for a class it does not have. */
export function prepareTask(options: TaskOptions): Task {
  const { dataset, preset } = prepareData(options);
  const descriptor =
    options.model === undefined ? defaultModel(dataset, preset) : loadModel(options.model);
  const model = parseDescriptor(descriptor);
  checkFit(model, dataset);
  return { dataset, preset, descriptor, model };
}

/** Class weights of the preset, where they fit the model. */
export function classWeightsOf(preset: Preset, classes: number): Int8Array | undefined {
  if (preset.classWeights?.length !== classes) return undefined;
  return Int8Array.from(preset.classWeights);
}

export const defaultSkipThreshold = constant.SKIP_THRESHOLD_DEFAULT;

/** Q15 of a softmax. An autoencoder's is in 1/256 of its sample's unit: only a perfect copy is skipped. */
export function skipThresholdOf(model: ModelInfo, given: number | undefined): number {
  return given ?? (model.loss === 'squared-error' ? 0 : defaultSkipThreshold);
}

/** A bit for each layer of a list such as `0,1`: numbers among the `layers` with parameters. */
export function layersOf(flag: string, layers: number, list: string): number {
  const numbers = list.split(',').map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : NaN));
  if (numbers.every((l) => l < Math.min(layers, MASKED_LAYERS)))
    return numbers.reduce((mask, l) => (mask | (1 << l)) >>> 0, 0);
  throw new LinnetError('ERR_USAGE', `${flag}: "${list}" is not a list of layers`, {
    remedy: `the model has the layers 0 to ${layers - 1}, see \`linnet model inspect\``,
  });
}

export function frozenLayersOf(model: ModelInfo, list: string | undefined): number {
  if (list === undefined) return 0;
  const layers = model.layers.filter(({ index }) => index >= 0).length;
  const mask = layersOf('--freeze', layers, list);
  if (layers > MASKED_LAYERS || mask !== 2 ** layers - 1) return mask;
  throw new LinnetError('ERR_USAGE', `--freeze: "${list}" leaves no layer to train`, {
    remedy: 'leave at least one out',
  });
}
