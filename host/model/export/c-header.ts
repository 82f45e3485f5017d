/**
 * A model as one C99 header: weights as constants, inference in integers, logits bit for bit those of the
 * kernel. No allocation; the caller gives a struct of work memory.
 */
import { LinnetError } from '../../contract/error.js';
import { sha256, toHex } from '../../contract/hash.js';
import type { LayerInfo, ModelInfo } from '../info.js';
import { parseDescriptor } from '../parse.js';
import { elementsOf, formatShape } from '../shape.js';
import { unpackSnapshot } from '../snapshot.js';
import {
  align,
  argmax,
  arithmetic,
  layerFunctions,
  requantise,
  squaredError,
  windowStruct,
} from './c-functions.js';

const lineWidth = 98;

/** Numbers in lines of a readable width. */
function formatNumbers(values: Iterable<number>): string {
  const lines: string[] = [];
  let line = '   ';
  for (const value of values) {
    const word = ` ${value},`;
    if (line.length + word.length > lineWidth) {
      lines.push(line);
      line = '   ';
    }
    line += word;
  }
  return [...lines, line].join('\n');
}

function formatArray(type: string, name: string, values: Int8Array | Int16Array): string {
  return `static const ${type} ${name}[${values.length}] = {\n${formatNumbers(values)}\n};`;
}

/** Operands and biases of the layers with parameters. */
function formatConstants({ layers }: ModelInfo, words: Int16Array): string[] {
  return layers.flatMap((layer, place) => {
    if (layer.index < 0) return [];
    const operands = Int8Array.from(
      words.subarray(layer.weightOffset, layer.biasOffset),
      (word) => word >> 8,
    );
    const biases = words.slice(layer.biasOffset, layer.biasOffset + layer.biases);
    const weights = formatArray('int8_t', `@_weights${place}`, operands);
    return biases.length === 0
      ? [weights]
      : [weights, formatArray('int16_t', `@_bias${place}`, biases)];
  });
}

function needsWindow({ op }: LayerInfo): boolean {
  return op !== 'dense' && op !== 'embedding';
}

function formatWindow(layer: LayerInfo, place: number): string {
  const { inputShape, outputShape, kernel, stride, pads } = layer;
  const numbers = [
    ...inputShape,
    ...outputShape.slice(0, 2),
    ...kernel,
    ...stride,
    pads.top,
    pads.left,
  ];
  return `static const struct @_window @_window${place} = {${numbers.join(', ')}};`;
}

/** Names of the tensors a layer reads and writes: the input, then two buffers in turn. */
interface Buffers {
  readonly x: string;
  readonly y: string;
  readonly isLast: boolean;
}

function callOf(layer: LayerInfo, place: number, { x, y }: Buffers): string {
  const weights = `@_weights${place}`;
  const window = `&@_window${place}`;
  const sum = `e, ${weights}, @_bias${place}`;
  switch (layer.op) {
    case 'dense':
      return `@_dense(${x}, ${sum}, ${layer.inputs}, ${layer.outputs}, work->wide);`;
    case 'conv':
      return `@_conv(${x}, ${sum}, ${layer.outputs}, ${window}, work->wide);`;
    case 'depthwise':
      return `@_depthwise(${x}, ${sum}, ${window}, work->wide);`;
    case 'maxPool':
      return `@_max_pool(${x}, ${window}, ${y});`;
    case 'averagePool':
    case 'globalAveragePool':
      return `@_sum_pool(${x}, ${window}, work->wide);`;
    case 'embedding':
      return `@_embedding(${x}, ${layer.inputs}, ${weights}, ${layer.rows}, ${layer.outputs}, ${y});`;
  }
}

/** What becomes of the exponent `e` before the sums, and behind them. */
function exponentSteps(layer: LayerInfo): { readonly before: string[]; readonly fixed: number } {
  const { op, kernel, weightExponent } = layer;
  const count = kernel[0] * kernel[1];
  const isMean = op === 'averagePool' || op === 'globalAveragePool';
  if (isMean) return { before: [], fixed: -(32 - Math.clz32(count - 1)) };
  return { before: [`e += ${weightExponent};`], fixed: 0 };
}

function formatLayer(layer: LayerInfo, place: number, buffers: Buffers): string[] {
  const count = elementsOf(layer.outputShape);
  const comment = `/* layer ${place}: ${layer.op}, ${formatShape(layer.inputShape)} -> ${formatShape(layer.outputShape)} */`;
  const call = callOf(layer, place, buffers);
  if (layer.op === 'maxPool') return [comment, call];
  if (layer.op === 'embedding') return [comment, call, `e = ${layer.weightExponent};`];
  const { before, fixed } = exponentSteps(layer);
  const steps = [comment, ...before, call];
  if (layer.activation === 'relu') steps.push(`@_relu(work->wide, ${count});`);
  if (buffers.isLast) return [...steps, 'e = @_clamp_exponent(e);'];
  const offset = fixed === 0 ? '' : ` - ${-fixed}`;
  const shift = `@_requantise(work->wide, ${count}, ${buffers.y})`;
  return [...steps, `e = @_clamp_exponent(e + ${shift}${offset});`];
}

function formatBody({ layers }: ModelInfo): string[] {
  let x = 'x';
  return layers.flatMap((layer, place) => {
    const y = place % 2 === 0 ? 'work->a' : 'work->b';
    const isLast = place === layers.length - 1;
    const lines = formatLayer(layer, place, { x, y, isLast });
    x = y;
    return lines;
  });
}

/** Elements of the largest tensor in each buffer; the logits stay wide. */
function workSizes({ layers }: ModelInfo): { a: number; b: number; wide: number } {
  const sizes = layers.map(({ outputShape }) => elementsOf(outputShape));
  const narrow = sizes.slice(0, -1);
  const largest = (list: readonly number[]): number => Math.max(1, ...list);
  return {
    a: largest(narrow.filter((_, i) => i % 2 === 0)),
    b: largest(narrow.filter((_, i) => i % 2 === 1)),
    wide: largest(sizes),
  };
}

function formatFunctions({ layers, loss }: ModelInfo): string {
  const needed = new Set<string>([arithmetic]);
  const last = layers.length - 1;
  if (layers.some(({ op, index }) => index >= 0 && op !== 'embedding')) needed.add(align);
  if (layers.some(({ op }, i) => i < last && op !== 'maxPool' && op !== 'embedding')) {
    needed.add(requantise);
  }
  if (layers.some(needsWindow)) needed.add(windowStruct);
  if (layers.some(({ activation }) => activation === 'relu')) needed.add(layerFunctions.relu);
  for (const { op } of layers) needed.add(layerFunctions[op]);
  needed.add(loss === 'squared-error' ? squaredError : argmax);
  return [...needed].join('');
}

function formatInference(info: ModelInfo): string {
  const isCoder = info.loss === 'squared-error';
  const answer = isCoder
    ? `return @_squared_error(x, ${info.input.exponent}, work->wide, e, ${info.outputs});`
    : `return @_argmax(work->wide, ${info.outputs});`;
  const result = isCoder
    ? 'the mean squared error of the reconstruction, in 1/256 of a squared int8 step'
    : 'the class, 0 to @_OUTPUTS - 1';
  return `/*
 * x: @_INPUTS bytes, [H][W][C] = ${formatShape(info.layers[0].inputShape)}, ${describeInput(info)}.
 * Leaves @_OUTPUTS ${isCoder ? 'reconstructed values' : 'logits'} in work->wide; the real value is wide * 2^work->exponent.
 * Returns ${result}.
 */
static inline int32_t @_infer(const int8_t *x, struct @_work *work) {
    int e = ${info.input.exponent};
${formatBody(info)
  .map((line) => `    ${line}`)
  .join('\n')}
    work->exponent = e;
    ${answer}
}`;
}

function describeInput({ input, layers }: ModelInfo): string {
  if (layers[0].op === 'embedding') return 'unsigned tokens';
  // Only what cannot end the comment.
  const unit = input.unit.replace(/[^A-Za-z0-9%]/g, '');
  return `real value = x * 2^${input.exponent} ${unit}`.trimEnd();
}

/**
 * The header. `name` prefixes everything it defines. Throws ERR_USAGE for a name that is no C identifier,
 * ERR_DATA for a snapshot of another model.
 */
export function exportC(descriptor: Uint8Array, snapshot: Uint8Array, name: string): string {
  if (!/^[a-z][a-z0-9_]{0,30}$/.test(name)) {
    throw new LinnetError('ERR_USAGE', `"${name}" cannot name C functions`, {
      remedy: 'use up to 31 small letters, digits and _, beginning with a letter',
    });
  }
  const info = parseDescriptor(descriptor);
  const words = unpackSnapshot(snapshot, info.hash);
  const { a, b, wide } = workSizes(info);
  const windows = info.layers.flatMap((layer, place) =>
    needsWindow(layer) ? [formatWindow(layer, place)] : [],
  );
  const parts = [
    `/*
 * Written by \`linnet model export\`: inference of one model, integers only.
 * Model ${toHex(info.hash)}
 * Weights ${toHex(sha256(snapshot))}
 * The logits are those of the Linnet kernel, bit for bit.
 */
#ifndef @_MODEL_H
#define @_MODEL_H

#include <limits.h>
#include <stdint.h>

#if INT_MAX < 2147483647
#error "indices need an int of 32 bits"
#endif

#define @_INPUTS ${info.inputs}
#define @_OUTPUTS ${info.outputs}

/* Work memory; nothing in it survives a call but the results. */
struct @_work {
    int32_t wide[${wide}]; /* at the end the first @_OUTPUTS are the result */
    int exponent;
    int8_t a[${a}];
    int8_t b[${b}];
};`,
    formatFunctions(info).trim(),
    ...formatConstants(info, words),
    ...windows,
    formatInference(info),
    '#endif\n',
  ];
  const macro = name.toUpperCase();
  return parts
    .join('\n\n')
    .replaceAll('@_INPUTS', `${macro}_INPUTS`)
    .replaceAll('@_OUTPUTS', `${macro}_OUTPUTS`)
    .replaceAll('@_MODEL_H', `${macro}_MODEL_H`)
    .replaceAll('@', name);
}
