/** What an int8 of the data means to a trained model. */
import { existsSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { LinnetError } from '../../contract/error.js';
import type { Dataset } from '../../data/dataset.js';
import { elementsOf, type Shape } from '../shape.js';
import type { Affine } from './affine.js';

function fail(cause: string): never {
  throw new LinnetError('ERR_USAGE', cause, {
    remedy: 'give one number, one per channel or one per input, separated by commas',
  });
}

/** Numbers of a flag, repeated over the input. */
function spread(values: readonly number[], shape: Shape, what: string): Float64Array {
  const elements = elementsOf(shape);
  const { length } = values;
  if (length !== 1 && length !== shape[2] && length !== elements) {
    fail(`${what} has ${length} numbers for ${shape[2]} channels and ${elements} inputs`);
  }
  if (!values.every((value) => Number.isFinite(value))) fail(`${what} is not a list of numbers`);
  return Float64Array.from({ length: elements }, (_, i) => values[i % length]);
}

export function parseNumbers(text: string): number[] {
  return text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
}

/** `lsb` of the .json beside a recording: the value of one int8 step, once or per channel. */
function lsbBeside(dataPath: string): number[] | undefined {
  const path = `${dataPath.slice(0, dataPath.length - extname(dataPath).length)}.json`;
  if (!existsSync(path)) return undefined;
  const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const lsb = typeof parsed === 'object' && parsed !== null && 'lsb' in parsed ? parsed.lsb : null;
  if (typeof lsb === 'number') return [lsb];
  const isList = Array.isArray(lsb) && lsb.every((value) => typeof value === 'number');
  return isList ? lsb : undefined;
}

/** Powers of two by which a CSV reader scaled its columns. */
function columnScales(dataset: Dataset): number[] | undefined {
  const exponents =
    'featureExponents' in dataset ? (dataset.featureExponents as readonly number[]) : undefined;
  return exponents?.map((exponent) => 2 ** exponent);
}

export interface ScaleFlags {
  readonly inputScale?: string | undefined;
  readonly inputOffset?: string | undefined;
  readonly data?: string | undefined;
}

/**
 * Scale and offset per input: from the flags, else from the data. Throws ERR_USAGE if nobody says what an
 * int8 step means.
 */
export function resolveInputScale(flags: ScaleFlags, dataset: Dataset, shape: Shape): Affine {
  const scale =
    flags.inputScale !== undefined
      ? parseNumbers(flags.inputScale)
      : ((flags.data === undefined ? undefined : lsbBeside(flags.data)) ?? columnScales(dataset));
  if (scale === undefined) {
    throw new LinnetError('ERR_USAGE', 'nothing says what an int8 of the data means to the model', {
      remedy: 'give --input-scale: the model’s input is scale · int8 + --input-offset',
    });
  }
  const offset = flags.inputOffset === undefined ? [0] : parseNumbers(flags.inputOffset);
  return {
    scale: spread(scale, shape, '--input-scale'),
    offset: spread(offset, shape, '--input-offset'),
  };
}
