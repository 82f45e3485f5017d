/**
 * Predicted instructions of one step: a sum of counts that follow from the shapes, times coefficients that
 * were fitted to exact counts in QEMU (firmware/cost.json, written by `npm run bench:cost`).
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { LinnetError } from '../contract/error.js';
import { packagePath } from '../kernel/load.js';
import { isFrozen, type LayerInfo, type ModelInfo } from './info.js';
import { elementsOf } from './shape.js';

/** How often each elementary piece of work is done. */
export type Terms = Readonly<Record<string, number>>;

/** Work of one inference, of a training step whose backward pass is skipped, and of one that takes it. */
export interface StepTerms {
  readonly infer: Terms;
  readonly skipped: Terms;
  readonly train: Terms;
}

const coefficients = z.record(z.string(), z.number().min(0));
const errors = z.strictObject({ mean: z.number(), max: z.number(), models: z.int() });
const costSchema = z.strictObject({
  command: z.string(),
  /** Core, then build of the kernel. */
  cores: z.record(
    z.string(),
    z.record(
      z.string(),
      z.strictObject({
        coefficients,
        /** Relative errors on the models fitted to, and on models kept apart. */
        fitted: errors,
        heldOut: errors,
      }),
    ),
  ),
});

export type CostFile = z.infer<typeof costSchema>;
export type FittedCost = CostFile['cores'][string][string];

/** Throws ERR_INTERNAL if the file is missing or broken: it belongs to the package. */
export function loadCosts(): CostFile {
  try {
    return costSchema.parse(JSON.parse(readFileSync(packagePath('firmware/cost.json'), 'utf8')));
  } catch (error) {
    throw new LinnetError('ERR_INTERNAL', 'firmware/cost.json cannot be read', {
      remedy: 'run `npm run bench:cost`',
      source: error,
    });
  }
}

function sumTerms(...list: readonly Terms[]): Terms {
  const sums: Record<string, number> = {};
  for (const terms of list) {
    for (const [name, count] of Object.entries(terms)) sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}

const upTo4 = (count: number): number => 4 * Math.ceil(count / 4);

function positionsOf({ outputShape }: LayerInfo): number {
  return outputShape[0] * outputShape[1];
}

/** Elements under all windows of a pool. */
function pooled(layer: LayerInfo): number {
  return elementsOf(layer.outputShape) * layer.kernel[0] * layer.kernel[1];
}

function isPool({ op }: LayerInfo): boolean {
  return op === 'maxPool' || op === 'averagePool' || op === 'globalAveragePool';
}

/** Names of the terms of one direction of one kind of layer. */
function named(kind: string, direction: string, counts: Terms): Terms {
  return Object.fromEntries(
    Object.entries(counts).map(([name, count]) => [`${kind} ${direction} ${name}`, count]),
  );
}

function kindOf({ op }: LayerInfo): string {
  return op === 'globalAveragePool' ? 'averagePool' : op;
}

/** Kinds of layers whose errors are zeros by half, because their relu was closed, have costs of their own. */
function gatedKindOf(layer: LayerInfo): string {
  return layer.activation === 'relu' ? `${layer.op} relu` : layer.op;
}

/**
 * Rows of words are multiplied two or four words at a time, and four rows at a time where there are as
 * many; a window is as many slices of neighbours as the kernel has rows. A depthwise layer goes by channels.
 */
function multiplications(layer: LayerInfo): Terms {
  const positions = positionsOf(layer);
  const { outputs, kernel, rowLength } = layer;
  const all = { outputs: positions * outputs };
  if (layer.op === 'depthwise') {
    const taps = positions * rowLength;
    return { ...all, macs: taps * outputs, blocks: taps * upTo4(outputs), taps };
  }
  const row = upTo4(rowLength);
  const macs = positions * outputs * row;
  const blocks = positions * upTo4(outputs) * row;
  if (layer.op === 'dense') return { ...all, macs, blocks };
  const slices = positions * upTo4(outputs) * kernel[0];
  return { ...all, macs, blocks, slices, pairs: slices * Math.ceil(rowLength / kernel[0] / 2) };
}

/** Work of bringing the windows of a convolution together. */
function windows(layer: LayerInfo): Terms {
  if (layer.op === 'dense') return { inputs: layer.inputs };
  const positions = positionsOf(layer);
  return {
    positions,
    rows: upTo4(layer.outputs) * layer.rowLength,
    stretches: positions * layer.kernel[0],
    window: positions * layer.rowLength,
    inputs: layer.inputs,
  };
}

function forwardTerms(layer: LayerInfo): Terms {
  const kind = kindOf(layer);
  const outputs = elementsOf(layer.outputShape);
  if (isPool(layer)) {
    return named(kind, 'forward', { elements: pooled(layer), outputs, calls: 1 });
  }
  if (layer.op === 'embedding') {
    return named(kind, 'forward', { outputs, tokens: layer.inputs, calls: 1 });
  }
  return named(kind, 'forward', { ...multiplications(layer), ...windows(layer), calls: 1 });
}

/** Share of a layer's outputs that a max-pool behind it gives an error to. */
function errorShare(layer: LayerInfo, next: LayerInfo | undefined): number {
  if (next?.op !== 'maxPool') return 1;
  return Math.min(1, elementsOf(next.outputShape) / elementsOf(layer.outputShape));
}

/** Work that is done for all outputs, and work for those that have an error. */
function sparse(terms: Terms, share: number): Terms {
  const active = Object.entries(terms).map(([name, count]) => [`active ${name}`, share * count]);
  return { ...terms, ...(Object.fromEntries(active) as Terms) };
}

function propagateTerms(layer: LayerInfo, share: number): Terms {
  const { inputs } = layer;
  if (isPool(layer)) {
    const counts = { elements: pooled(layer), outputs: elementsOf(layer.outputShape), inputs };
    return named(kindOf(layer), 'backward', { ...counts, calls: 1 });
  }
  const work = sparse(multiplications(layer), share);
  return named(gatedKindOf(layer), 'backward', { ...work, ...windows(layer), calls: 1 });
}

function updateTerms(layer: LayerInfo, share: number): Terms {
  const { rows } = layer;
  const outputs = elementsOf(layer.outputShape);
  if (layer.op === 'embedding') {
    return named('embedding', 'update', { outputs, tokens: layer.inputs, calls: 1 });
  }
  const weights = rows * upTo4(layer.rowLength);
  const own = { weights, rows, calls: 1 };
  if (layer.op === 'dense') return named(gatedKindOf(layer), 'update', own);
  const work = sparse(multiplications(layer), share);
  return named(gatedKindOf(layer), 'update', { ...work, ...own });
}

function backwardTerms({ layers }: ModelInfo, frozenLayers: number): Terms {
  const isTrained = (layer: LayerInfo): boolean =>
    layer.index >= 0 && !isFrozen(layer, frozenLayers);
  const lowest = layers.findIndex(isTrained);
  if (lowest < 0) return {};
  return sumTerms(
    ...layers.slice(lowest).flatMap((layer, i) => {
      const share = errorShare(layer, layers[lowest + i + 1]);
      return [
        ...(i > 0 ? [propagateTerms(layer, share)] : []),
        ...(isTrained(layer) ? [updateTerms(layer, share)] : []),
      ];
    }),
  );
}

/** Bit l of `frozenLayers`: layer l (with parameters) is not trained. */
export function stepTerms(model: ModelInfo, frozenLayers = 0): StepTerms {
  const loss = { [`${model.loss} outputs`]: model.outputs, [`${model.loss} calls`]: 1 };
  const forward = sumTerms({ 'infer calls': 1 }, ...model.layers.map(forwardTerms));
  // An autoencoder scores what it reconstructs, also without training; a classifier looks for the largest.
  const answer = model.loss === 'squared-error' ? loss : { 'largest outputs': model.outputs };
  const infer = sumTerms(forward, answer);
  const skipped = sumTerms(forward, loss, { 'train calls': 1 });
  return { infer, skipped, train: sumTerms(skipped, backwardTerms(model, frozenLayers)) };
}

export interface PredictedSteps {
  readonly infer: number;
  readonly skipped: number;
  readonly train: number;
}

export function predict(terms: Terms, cost: FittedCost['coefficients']): number {
  const total = Object.entries(terms).reduce(
    (sum, [name, count]) => sum + count * (cost[name] ?? 0),
    0,
  );
  return Math.round(total);
}

/** Instructions per step of a model on a core. */
export function predictSteps(
  model: ModelInfo,
  frozenLayers: number,
  cost: FittedCost,
): PredictedSteps {
  const { infer, skipped, train } = stepTerms(model, frozenLayers);
  return {
    infer: predict(infer, cost.coefficients),
    skipped: predict(skipped, cost.coefficients),
    train: predict(train, cost.coefficients),
  };
}
