import { constant } from '../../host/contract/contract.gen.js';
import { type AnyLayer, elementsOf, hasParameters, isWeighted, type Model } from './layers.js';

/** Linear memory that no kernel should need more of, from the regions of section 5. */

/** Data of the code, the parameter block and tables. */
const fixedBytes = 704;
/** A LAYER with what a kernel adds; a guard before every region and behind the last, and its alignment. */
const layerBytes = 96;
const guardBytes = 16 * 12;

const align4 = (length: number): number => 4 * Math.ceil(length / 4);

function paddedElements(layer: AnyLayer): number {
  if (layer.kind === 'EMBEDDING') return elementsOf(layer.input);
  const { height, width, channels } = layer.input;
  const { padTop, padLeft, padBottom, padRight } = layer.window;
  return (padTop + height + padBottom) * (padLeft + width + padRight) * channels;
}

/** Section 5.2, and as much again for what a kernel may add. */
function scratchBytes(layer: AnyLayer): number {
  if (!isWeighted(layer)) return 0;
  const spread = 2 * align4(paddedElements(layer));
  if (layer.kind === 'DENSE') return 2 * spread;
  const positions = elementsOf(layer.output) / layer.rows;
  return 2 * (spread + 12 * align4(layer.rowLength) + 8 * positions + 64);
}

function parameterBytes(layer: AnyLayer): number {
  return hasParameters(layer) ? 2 * layer.rows * (align4(layer.rowLength) + 4) : 0;
}

/** Bytes that must be enough for a model, training included. */
export function enoughMemoryBytes(model: Model): number {
  const { layers, outputs, classes, inputs } = model;
  const sum = (bytes: (layer: AnyLayer) => number): number =>
    layers.reduce((total, layer) => total + bytes(layer), 0);
  const most = (bytes: (layer: AnyLayer) => number): number =>
    Math.max(0, ...layers.map((layer) => bytes(layer)));
  const outputOf = (layer: AnyLayer): number => elementsOf(layer.output);
  const descriptor = 64 + 24 * layers.length;
  const tables = layers.length * layerBytes + guardBytes + 4 * classes * classes + classes;
  const wide = most((layer) => 4 * align4(Math.max(outputOf(layer), paddedElements(layer))));
  const errors = most((layer) => align4(Math.max(outputOf(layer), elementsOf(layer.input))));
  const activations = sum((layer) => align4(paddedElements(layer) + 4)) + align4(inputs);
  const heads = 8 * outputs + 2 * constant.IO_WORDS;
  const fixed = fixedBytes + descriptor + tables + heads;
  return fixed + sum(parameterBytes) + activations + wide + errors + most(scratchBytes);
}

/** The same in whole pages, with room to spare. */
export function generousMemoryBytes(model: Model): number {
  return 65536 * Math.ceil((2 * enoughMemoryBytes(model) + 16384) / 65536);
}
