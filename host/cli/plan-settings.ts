import { codec as codecIds, constant, decay, task as taskCode } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { SNAPSHOT_EVERY, type Downlink } from '../federated/downlink.js';
import { DEFAULT_STRATEGY } from '../federated/options.js';
import { DEFAULT_DENSITY, type PlanSettings } from '../federated/plan.js';
import { parseStrategy, strategyNames } from '../federated/strategies/strategies.js';
import type { ModelInfo } from '../model/descriptor.js';
import type { Resolved, SettingTable } from './settings.js';
import {
  classWeightsOf,
  defaultSkipThreshold,
  freezeSetting,
  frozenLayersOf,
  layersOf,
  kernelSetting,
  skipThresholdOf,
  type Recipe,
} from './task.js';

/** What is so old counts a third. */
const BUFFERED_STALENESS = 8;

/** CODEC by what users call it. */
const codecs: Readonly<Record<string, number>> = {
  raw: codecIds.RAW_INT16,
  exact: codecIds.RICE_INT16,
  ...Object.fromEntries([2, 3, 4, 5, 6, 7, 8].map((n) => [`dense-${n}`, codecIds.DENSE_2 + n - 2])),
  sparse: codecIds.SPARSE_TERNARY,
};

/** How a federation trains; what is absent comes from the preset of the data. */
export const planSettings = {
  rounds: { kind: 'integer', text: 'rounds', minimum: 1, maximum: 1_000_000 },
  localEpochs: { kind: 'integer', text: 'local epochs per round', minimum: 1, maximum: 255 },
  samplesPerRound: { kind: 'integer', text: 'samples per node and round, 0 = all it has' },
  lrShift: { kind: 'integer', text: 'learning rate 2^−n of the first round', maximum: 24 },
  lrSchedule: {
    kind: 'text',
    text: 'learning rate over the rounds',
    choices: ['linear', 'constant'],
    default: 'linear',
  },
  skipThreshold: {
    kind: 'integer',
    text: `no backward pass at or below, Q15 [${defaultSkipThreshold}; of an autoencoder 0]`,
    maximum: 32767,
  },
  freeze: freezeSetting,
  personalLayers: {
    kind: 'text',
    value: 'list',
    text: 'FedPer: layers of which each node keeps what it learns to itself, such as 1,2, or head for the last one',
  },
  fineTune: {
    kind: 'integer',
    value: 'epochs',
    text: 'after the last round each node tunes the model for itself so many epochs; 0 = not at all',
    default: 0,
    maximum: 255,
  },
  nodeScores: {
    kind: 'text',
    text: 'nodes score the model on test samples of their own: before they train, or before and after [none; with personal layers both]',
    choices: ['none', 'before', 'both'],
  },
  kernel: kernelSetting,
  proximalShift: {
    kind: 'integer',
    text: 'FedProx: pull toward the round’s model by 2^−n every 16 steps; 0 = none',
    default: 0,
    maximum: constant.MAX_PROXIMAL_SHIFT,
  },
  strategy: {
    kind: 'text',
    value: 'name',
    text: `how contributions become the next model: ${strategyNames.join(', ')}; parameters as in fed-avg-m:momentum=0.8`,
    default: DEFAULT_STRATEGY,
  },
  maxStaleness: {
    kind: 'integer',
    value: 'rounds',
    text: `an upload still counts when so many rounds have closed since its model [0; of fed-buff ${BUFFERED_STALENESS}]`,
    maximum: constant.MAX_STALENESS,
  },
  codec: {
    kind: 'text',
    text: 'how uploads are coded: raw, exact, rounded to n bits, or the largest changes alone',
    choices: Object.keys(codecs),
    default: 'dense-3',
  },
  density: {
    kind: 'integer',
    text: 'of codec sparse: weights of each layer that are coded, and biases, per mille',
    default: DEFAULT_DENSITY,
    minimum: 1,
    maximum: constant.MAX_DENSITY,
  },
  downlink: {
    kind: 'text',
    text: 'how the next model is coded for nodes that have the one before: raw (not at all), exact, rounded to n bits, or sparse',
    choices: Object.keys(codecs),
    default: 'dense-3',
  },
  snapshotEvery: {
    kind: 'integer',
    value: 'rounds',
    text: 'every so many rounds the model is published in full',
    default: SNAPSHOT_EVERY,
    minimum: 1,
  },
  classWeights: { kind: 'text', value: 'list', text: 'exponents per class, such as 0,2,1' },
  weightUnit: { kind: 'integer', text: 'samples per unit of contribution weight', minimum: 1 },
  seed: { kind: 'integer', text: 'seed of initial weights, order and rounding', default: 1 },
} as const satisfies SettingTable;

export type PlanFlags = Resolved<typeof planSettings>;

function parseWeights(text: string): Int8Array {
  const values = text.split(',').map((part) => Number(part.trim()));
  if (values.every((value) => Number.isInteger(value) && value >= -16 && value <= 16))
    return Int8Array.from(values);
  throw new LinnetError(
    'ERR_USAGE',
    `--class-weights: "${text}" is not a list of whole numbers from -16 to 16`,
  );
}

export function roundsOf(flags: PlanFlags, recipe: Recipe): number {
  return flags.rounds ?? recipe.preset.federated.rounds;
}

/** How new models come to the nodes. */
export function downlinkOfFlags(flags: PlanFlags): Downlink {
  return { codec: codecs[flags.downlink], snapshotEvery: flags.snapshotEvery };
}

const isBuffered = (flags: PlanFlags): boolean => parseStrategy(flags.strategy).name === 'fed-buff';

/** TASK by when nodes score the model. */
const tasks = {
  none: taskCode.TRAIN,
  before: taskCode.BOTH,
  both: taskCode.PERSONALISE,
} as const;

function personalLayersOf({ layers }: ModelInfo, list: string | undefined): number {
  if (list === undefined) return 0;
  const count = layers.filter(({ index }) => index >= 0).length;
  return layersOf('--personal-layers', count, list === 'head' ? String(count - 1) : list);
}

/** Whether nodes need test samples of their own. */
export function nodesScore({ task, fineTuneEpochs = 0 }: PlanSettings): boolean {
  return task !== taskCode.TRAIN || fineTuneEpochs > 0;
}

/** The plan the aggregator announces. */
export function planOfFlags(flags: PlanFlags, recipe: Recipe): PlanSettings {
  const preset = recipe.preset.federated;
  const classWeights =
    flags.classWeights === undefined
      ? classWeightsOf(recipe.preset, recipe.model.classes)
      : parseWeights(flags.classWeights);
  const personalLayers = personalLayersOf(recipe.model, flags.personalLayers);
  const scores = flags.nodeScores ?? (personalLayers === 0 ? 'none' : 'both');
  return {
    task: tasks[scores as keyof typeof tasks],
    seed: flags.seed,
    lrShift: flags.lrShift ?? preset.lrShift,
    lrSchedule: flags.lrSchedule === 'constant' ? 'constant' : 'linear',
    lrDecay: decay.CONSTANT,
    epochs: flags.localEpochs ?? preset.localEpochs,
    samples: flags.samplesPerRound ?? preset.samplesPerRound,
    skipThreshold: skipThresholdOf(recipe.model, flags.skipThreshold),
    frozenLayers: frozenLayersOf(recipe.model, flags.freeze),
    personalLayers,
    fineTuneEpochs: flags.fineTune,
    proximalShift: flags.proximalShift,
    maxStaleness: flags.maxStaleness ?? (isBuffered(flags) ? BUFFERED_STALENESS : 0),
    codec: codecs[flags.codec],
    density: flags.density,
    ...(classWeights && { classWeights }),
    weightUnit: flags.weightUnit ?? preset.weightUnit,
  };
}
