/**
 * Weights from a .npz for a model whose layers a YAML file lists: one array of weights and one of biases
 * per layer, in the order of the layers. Whose conventions the arrays follow shows in their shapes.
 */
import { fuseWords } from '../build.js';
import { parseDescriptor } from '../parse.js';
import { buildChecked } from '../load.js';
import type { LayerInfo } from '../info.js';
import type { ModelSpec } from '../spec.js';
import { formatShape } from '../shape.js';
import {
  collectParameters,
  importError,
  type FloatModel,
  type LayerParameters,
} from './float-model.js';
import type { NpyArray } from './npy.js';

export const conventions = ['linnet', 'pytorch', 'keras'] as const;
/**
 * Order of a weight array's dimensions. linnet: [O][K…][C], inputs of a dense layer as [H][W][C];
 * pytorch: [O][C][K…], [C][H][W]; keras: [K…][C][O], dense [I][O], [H][W][C].
 */
export type Convention = (typeof conventions)[number];

const isSame = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);

/** Kernel sizes a one-dimensional layer's array may have: with the row direction or without. */
function kernelForms({ kernel }: LayerInfo): number[][] {
  return kernel[0] === 1 ? [[kernel[1]], [1, kernel[1]]] : [[...kernel]];
}

/** Shapes the weight array of a layer may have. */
function weightShapes(layer: LayerInfo, convention: Convention): number[][] {
  const { outputs, rows, rowLength } = layer;
  const channels = layer.inputShape[2];
  switch (layer.op) {
    case 'dense':
      return [convention === 'keras' ? [rowLength, outputs] : [outputs, rowLength]];
    case 'embedding':
      return [[rows, rowLength]];
    case 'conv':
      return kernelForms(layer).map((kernel) => {
        if (convention === 'linnet') return [outputs, ...kernel, channels];
        if (convention === 'pytorch') return [outputs, channels, ...kernel];
        return [...kernel, channels, outputs];
      });
    case 'depthwise':
      return kernelForms(layer).map((kernel) => {
        if (convention === 'linnet') return [outputs, ...kernel];
        if (convention === 'pytorch') return [outputs, 1, ...kernel];
        return [...kernel, outputs, 1];
      });
    case 'maxPool':
    case 'averagePool':
    case 'globalAveragePool':
      return [];
  }
}

/** Where element (row, k) of our [rows][rowLength] lies in the array. */
type Locate = (row: number, k: number) => number;

function locateDense(layer: LayerInfo, convention: Convention): Locate {
  const { outputs, rowLength } = layer;
  if (convention === 'keras') return (row, k) => k * outputs + row;
  if (convention === 'linnet') return (row, k) => row * rowLength + k;
  const channels = layer.inputShape[2];
  const positions = rowLength / channels;
  return (row, k) => row * rowLength + (k % channels) * positions + Math.floor(k / channels);
}

function locateConv(layer: LayerInfo, convention: Convention): Locate {
  const { outputs, rowLength } = layer;
  const channels = layer.op === 'depthwise' ? 1 : layer.inputShape[2];
  const taps = rowLength / channels;
  if (convention === 'linnet') return (row, k) => row * rowLength + k;
  if (convention === 'keras') return (row, k) => k * outputs + row;
  return (row, k) => row * rowLength + (k % channels) * taps + Math.floor(k / channels);
}

function arrangeWeights(
  layer: LayerInfo,
  convention: Convention,
  values: Float64Array,
): Float64Array {
  if (layer.op === 'embedding') return values;
  const locate =
    layer.op === 'dense' ? locateDense(layer, convention) : locateConv(layer, convention);
  return Float64Array.from(
    { length: values.length },
    (_, i) => values[locate(Math.floor(i / layer.rowLength), i % layer.rowLength)],
  );
}

/** Arrays of each layer with parameters, taken in order: weights, then biases if they follow. */
function dealArrays(
  layers: readonly LayerInfo[],
  arrays: readonly NpyArray[],
): (readonly [weights: NpyArray, biases: NpyArray | undefined])[] {
  const left = [...arrays];
  const dealt = layers.map((layer) => {
    const weights = left.shift();
    if (weights === undefined) {
      throw importError(
        `no array is left for the ${layer.op} layer of ${formatShape(layer.outputShape)}`,
        'save weights and biases of every layer in the order of the layers',
      );
    }
    const isBias = layer.biases > 0 && isSame(left[0]?.dims ?? [], [layer.biases]);
    return [weights, isBias ? left.shift() : undefined] as const;
  });
  if (left.length > 0) {
    throw importError(
      `the array ${left[0].name} (${formatDims(left[0])}) belongs to no layer`,
      'list every layer in the YAML; fold batch normalisation before saving',
    );
  }
  return dealt;
}

const formatDims = ({ dims }: NpyArray): string => dims.join('×');

/** The conventions in which every array has a shape its layer may have. */
function matchingConventions(
  layers: readonly LayerInfo[],
  dealt: ReturnType<typeof dealArrays>,
): Convention[] {
  return conventions.filter((convention) =>
    layers.every((layer, i) =>
      weightShapes(layer, convention).some((shape) => isSame(shape, dealt[i][0].dims)),
    ),
  );
}

/** True if all conventions arrange these arrays alike, so that none needs to be named. */
function areEqual(
  layers: readonly LayerInfo[],
  dealt: ReturnType<typeof dealArrays>,
  found: readonly Convention[],
): boolean {
  return layers.every((layer, i) => {
    const { values } = dealt[i][0];
    const [first, ...others] = found.map((one) => arrangeWeights(layer, one, values));
    return others.every((other) => other.every((value, k) => value === first[k]));
  });
}

function chooseConvention(
  layers: readonly LayerInfo[],
  dealt: ReturnType<typeof dealArrays>,
  wanted: Convention | undefined,
): Convention {
  const found = matchingConventions(layers, dealt);
  if (wanted !== undefined && found.includes(wanted)) return wanted;
  if (wanted === undefined && found.length > 0 && areEqual(layers, dealt, found)) return found[0];
  if (wanted === undefined && found.length > 1) {
    throw importError(
      `the arrays may be those of ${found.join(' or ')}`,
      'say which with --convention',
    );
  }
  const misfit = layers.findIndex(
    (layer, i) =>
      !(wanted ? [wanted] : conventions).some((convention) =>
        weightShapes(layer, convention).some((shape) => isSame(shape, dealt[i][0].dims)),
      ),
  );
  const at = Math.max(0, misfit);
  const layer = layers[at];
  const expected = (wanted ? [wanted] : conventions).map(
    (one) => `${weightShapes(layer, one)[0].join('×')} (${one})`,
  );
  throw importError(
    `the array ${dealt[at][0].name} (${formatDims(dealt[at][0])}) does not fit the ${layer.op} layer ${layer.index}`,
    `it should be ${expected.join(', ')}`,
  );
}

/** A model from its layer list and the arrays of a .npz. Throws ERR_MODEL where they do not fit. */
export function importNpz(
  spec: ModelSpec,
  arrays: readonly NpyArray[],
  convention?: Convention,
): FloatModel {
  const info = parseDescriptor(buildChecked(spec));
  const layers = info.layers.filter(({ index }) => index >= 0);
  const dealt = dealArrays(layers, arrays);
  const chosen = chooseConvention(layers, dealt, convention);
  const parameters = layers.map((layer, i): LayerParameters => ({
    weights: arrangeWeights(layer, chosen, dealt[i][0].values),
    ...(dealt[i][1] && { biases: dealt[i][1].values }),
  }));
  // Layers and records number alike once relu and flatten are fused.
  const recorded = fuseWords(spec.layers).map(({ layer }) => layer);
  return collectParameters({ ...spec, layers: recorded }, parameters);
}
