/**
 * The kernel's limits (SPEC, section 3) in words: which layer breaks which rule, what it was given and
 * what to do. The kernel still judges every descriptor itself; this runs before it, for people.
 */
import { constant } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import type { LayerInfo, ModelInfo } from './info.js';
import { elementsOf, formatShape } from './shape.js';

/** A broken rule and its remedy. */
type Complaint = readonly [cause: string, remedy: string];

function checkConvolution(layer: LayerInfo): Complaint | undefined {
  const { kernel, stride, pads, inputShape, outputShape } = layer;
  const [height, width, channels] = inputShape;
  const positions = outputShape[0] * outputShape[1];
  const padded = (height + pads.top + pads.bottom) * (width + pads.left + pads.right) * channels;
  if (
    pads.top >= kernel[0] ||
    pads.bottom >= kernel[0] ||
    pads.left >= kernel[1] ||
    pads.right >= kernel[1]
  ) {
    return ['padding as large as the kernel', 'use padding: same, or a larger kernel'];
  }
  if (positions > constant.MAX_POSITIONS) {
    return [
      `${positions} positions, at most ${constant.MAX_POSITIONS} are allowed`,
      `use a stride of ${Math.max(...stride) + 1} or pool before it`,
    ];
  }
  if (padded > constant.MAX_PADDED) {
    return [`${padded} elements with padding`, 'use less padding or pool before it'];
  }
  if (kernel[0] * kernel[1] * layer.outputs > constant.MAX_ELEMENTS) {
    return [
      `${kernel.join('×')} × ${layer.outputs} filters are more than ${constant.MAX_ELEMENTS}`,
      'use fewer filters or a smaller kernel',
    ];
  }
  if (layer.rowLength > constant.MAX_ELEMENTS) {
    return [`a window of ${layer.rowLength} elements`, 'use a smaller kernel'];
  }
  return undefined;
}

function checkPool({ kernel }: LayerInfo): Complaint | undefined {
  const window = kernel[0] * kernel[1];
  if (window <= constant.MAX_POSITIONS) return undefined;
  return [
    `a window of ${window} positions, at most ${constant.MAX_POSITIONS} are allowed`,
    'pool in two steps, or use a convolution with stride before it',
  ];
}

function checkEmbedding(layer: LayerInfo, place: number): Complaint | undefined {
  if (place !== 0) return ['it reads another layer', 'put embedding first: it reads tokens'];
  if (layer.inputShape[2] !== 1) {
    return ['tokens come one by one', 'set input.channels to 1 and width to the number of tokens'];
  }
  return undefined;
}

function checkLayer(layer: LayerInfo, place: number): Complaint | undefined {
  const elements = elementsOf(layer.outputShape);
  if (elements > constant.MAX_ELEMENTS) {
    return [
      `its output has ${elements} elements, at most ${constant.MAX_ELEMENTS} are allowed`,
      'use fewer filters, a larger stride or a pool before it',
    ];
  }
  switch (layer.op) {
    case 'conv':
    case 'depthwise':
      return checkConvolution(layer);
    case 'maxPool':
    case 'averagePool':
    case 'globalAveragePool':
      return checkPool(layer);
    case 'embedding':
      return checkEmbedding(layer, place);
    case 'dense':
      return undefined;
  }
}

function checkHead(model: ModelInfo): Complaint | undefined {
  const last = model.layers.at(-1);
  if (last === undefined || (last.op !== 'dense' && last.op !== 'conv')) {
    return [
      'the loss reads no dense or conv layer',
      'end the layers with { dense: number of classes }',
    ];
  }
  if (last.activation !== 'none') {
    return ['the last layer has an activation', 'leave out its relu: the loss needs both signs'];
  }
  if (model.loss === 'squared-error') {
    if (model.outputs === model.inputs) return undefined;
    return [
      `squared-error compares ${model.outputs} outputs with ${model.inputs} inputs`,
      `end the layers with { dense: ${model.inputs} }`,
    ];
  }
  if (model.outputs >= 2 && model.outputs <= constant.MAX_CLASSES) return undefined;
  return [
    `${model.outputs} classes; 2 to ${constant.MAX_CLASSES} are possible`,
    'end the layers with { dense: number of classes }, after globalAveragePool or flatten',
  ];
}

function fail(at: string, [cause, remedy]: Complaint): never {
  throw new LinnetError('ERR_SHAPE', `${at}: ${cause}`, { remedy });
}

/** `layer 2 (conv, input 1×64×8)`: numbered as `model inspect` numbers them. */
export function describeLayer(layer: LayerInfo, place: number): string {
  return `layer ${place} (${layer.op}, input ${formatShape(layer.inputShape)})`;
}

/**
 * Throws ERR_SHAPE for the first rule the model breaks, with the layer and the shape it reads;
 * `describe` says which layer that is.
 */
export function checkLimits(model: ModelInfo, describe = describeLayer): void {
  if (model.inputs > constant.MAX_ELEMENTS) {
    fail('input', [
      `${model.inputs} elements, at most ${constant.MAX_ELEMENTS} are allowed`,
      'shorten the window or lower the resolution',
    ]);
  }
  for (const [place, layer] of model.layers.entries()) {
    const complaint = checkLayer(layer, place);
    if (complaint) fail(describe(layer, place), complaint);
  }
  const complaint = checkHead(model);
  if (complaint) fail('loss', complaint);
}
