/** Single changes that make a model smaller, each as a user would write it. */
import type { Extent, LayerSpec, ModelSpec } from './spec.js';

/** A smaller model and what was done to it. */
export interface Change {
  readonly text: string;
  readonly spec: ModelSpec;
  /** Bit l: layer l (with parameters) is no longer trained. */
  readonly frozenLayers: number;
}

/** Sizes to try instead of `size`: three quarters, a half, a quarter; never below 2. */
function smallerSizes(size: number): number[] {
  const sizes = [0.75, 0.5, 0.25].map((share) => Math.round(size * share));
  return [...new Set(sizes)].filter((smaller) => smaller >= 2 && smaller < size);
}

/** Twice the stride; the rows of a series have none. */
function doubled(stride: Extent, isImage: boolean): Extent {
  if (typeof stride === 'number') return stride * 2;
  return [isImage ? stride[0] * 2 : stride[0], stride[1] * 2];
}

function replaceLayer(spec: ModelSpec, at: number, ...layers: LayerSpec[]): ModelSpec {
  return { ...spec, layers: spec.layers.toSpliced(at, 1, ...layers) };
}

/** The layer whose outputs are the classes or the reconstruction: its size is given. */
function lastWeighted(layers: readonly LayerSpec[]): number {
  return layers.findLastIndex(({ op }) => op === 'dense' || op.startsWith('conv'));
}

function narrower(spec: ModelSpec, at: number): Change[] {
  const layer = spec.layers[at];
  const change = (text: string, smaller: LayerSpec): Change => ({
    text: `layers.${at}: ${text}`,
    spec: replaceLayer(spec, at, smaller),
    frozenLayers: 0,
  });
  if (layer.op === 'dense') {
    return smallerSizes(layer.outputs).map((outputs) =>
      change(`dense: ${outputs} instead of ${layer.outputs}`, { ...layer, outputs }),
    );
  }
  if (layer.op === 'conv1d' || layer.op === 'conv2d') {
    return smallerSizes(layer.filters).map((filters) =>
      change(`${layer.op}: ${filters} instead of ${layer.filters}`, { ...layer, filters }),
    );
  }
  if (layer.op === 'embedding') {
    return smallerSizes(layer.channels).map((channels) =>
      change(`channels: ${channels} instead of ${layer.channels}`, { ...layer, channels }),
    );
  }
  return [];
}

function coarser(spec: ModelSpec, at: number, isImage: boolean): Change[] {
  const layer = spec.layers[at];
  if (!('kernel' in layer)) return [];
  const stride = doubled(layer.stride ?? 1, isImage);
  const shown = typeof stride === 'number' ? String(stride) : `[${stride.join(', ')}]`;
  const pool = { op: isImage ? 'maxPool2d' : 'maxPool1d', size: 2 } as const;
  return [
    {
      text: `layers.${at}: stride: ${shown} in ${layer.op}`,
      spec: replaceLayer(spec, at, { ...layer, stride }),
      frozenLayers: 0,
    },
    {
      text: `${pool.op}: 2 behind layers.${at}`,
      spec: replaceLayer(spec, at, layer, pool),
      frozenLayers: 0,
    },
  ];
}

/** The mean over all positions instead of every one of them. */
function averaged(spec: ModelSpec, at: number): Change[] {
  const layer = spec.layers[at];
  const hasPositions = spec.layers.slice(0, at).some((before) => 'kernel' in before);
  const isPooled = spec.layers.some(({ op }) => op === 'globalAveragePool');
  const isFirstDense = spec.layers.findIndex(({ op }) => op === 'dense') === at;
  if (layer.op !== 'dense' || !hasPositions || isPooled || !isFirstDense) return [];
  return [
    {
      text: `globalAveragePool before layers.${at}`,
      spec: replaceLayer(spec, at, { op: 'globalAveragePool' }, layer),
      frozenLayers: 0,
    },
  ];
}

function frozen(spec: ModelSpec): Change[] {
  const weighted = spec.layers.filter(
    ({ op }) =>
      op === 'dense' || op === 'embedding' || op.startsWith('conv') || op.startsWith('depthwise'),
  ).length;
  return Array.from({ length: Math.max(0, weighted - 1) }, (_, i) => ({
    text: i === 0 ? 'train all layers but the first' : `train all layers but the first ${i + 1}`,
    spec,
    frozenLayers: 2 ** (i + 1) - 1,
  }));
}

/** Every single change worth trying. Some make a model the kernel refuses; who tries them finds out. */
export function listChanges(spec: ModelSpec): Change[] {
  const last = lastWeighted(spec.layers);
  const isImage = (spec.input.height ?? 1) > 1;
  const changes = spec.layers.flatMap((_, at) => [
    ...(at === last ? [] : narrower(spec, at)),
    ...coarser(spec, at, isImage),
    ...averaged(spec, at),
  ]);
  return [...changes, ...frozen(spec)];
}
