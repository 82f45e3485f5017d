/*
 * FDS1, the container of the project's recordings. Little-endian:
 *
 *   0        4        8      10     12      14      16
 *   +--------+--------+------+------+-------+-------+------------+----------+----------+------------+-------------+
 *   | "FDS1" | N u32  | C u16| T u16| K u16 | E u16 | subject    | label    | split    | x          | extra       |
 *   |        | samples| chan.| steps|classes| extras| u16 [N]    | u8 [N]   | u8 [N]   | i8 [N][C][T]| u16 [N][E] |
 *   +--------+--------+------+------+-------+-------+------------+----------+----------+------------+-------------+
 *
 * The file is channel-first, a Dataset channels-last. A .json beside the file may describe it: "name", "classNames",
 * "extra" (one text per extra, whose first word is its name); everything else in it is for people.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { readDataFile } from './data-file.js';
import { dataError, describeThrown } from './data-error.js';
import { createDataset, sampleCount } from './dataset.js';
import type { Dataset } from './dataset.js';

export const FDS1_MAGIC = 'FDS1';
const HEADER_BYTES = 16;

/** What the .json beside a file may add. */
interface Description {
  readonly name?: string;
  readonly classNames?: readonly string[];
  readonly extraNames?: readonly string[];
}

interface Header {
  readonly count: number;
  readonly channels: number;
  readonly steps: number;
  readonly classes: number;
  readonly extraCount: number;
}

/**
 * Reads an FDS1 file and, when there is one, the .json of the same name beside it.
 *
 * Without class names in the .json, classes are "0", "1", …. Throws ERR_DATA for a file that is not exactly as long
 * as its header says, a label ≥ classes, a split other than 0 and 1, or a .json that does not fit.
 */
export function readFds1(path: string): Dataset {
  return decodeFds1(readDataFile(path), path, readDescription(path));
}

/** {@link readFds1} from bytes; `source` names them in errors. */
export function decodeFds1(
  bytes: Uint8Array,
  source: string,
  description: Description = {},
): Dataset {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = decodeHeader(view, source);
  const { count, channels, steps, classes, extraCount } = header;
  checkNames(description.classNames, classes, 'classNames', source);
  checkNames(description.extraNames, extraCount, 'extra', source);
  const labelAt = HEADER_BYTES + 2 * count;
  const splitAt = labelAt + count;
  const xAt = splitAt + count;
  const extraAt = xAt + count * channels * steps;
  const file = new Int8Array(bytes.buffer, bytes.byteOffset + xAt, count * channels * steps);
  return createDataset(
    {
      name: description.name ?? basename(source, extname(source)),
      steps,
      channels,
      classNames: description.classNames ?? Array.from({ length: classes }, (_, i) => String(i)),
      x: transposeSamples(file, channels, steps),
      label: bytes.slice(labelAt, splitAt),
      subject: decodeU16(view, HEADER_BYTES, count),
      split: bytes.slice(splitAt, xAt),
      extra: decodeU16(view, extraAt, count * extraCount),
      extraCount,
      ...(description.extraNames && { extraNames: description.extraNames }),
    },
    source,
  );
}

/**
 * Writes an FDS1 file and the .json beside it that keeps the names.
 *
 * Throws ERR_DATA if more than 65535 steps, channels or extras do not fit the header.
 */
export function writeFds1(path: string, dataset: Dataset): void {
  writeFileSync(path, encodeFds1(dataset));
  const description = {
    name: dataset.name,
    classNames: dataset.classNames,
    ...(dataset.extraNames && { extra: dataset.extraNames }),
  };
  writeFileSync(descriptionPath(path), `${JSON.stringify(description, null, 1)}\n`);
}

/** The bytes {@link writeFds1} puts in the file. */
export function encodeFds1(dataset: Dataset): Uint8Array {
  const { channels, steps, classNames, extraCount } = dataset;
  const count = sampleCount(dataset);
  const shape = [channels, steps, classNames.length, extraCount];
  if (shape.some((size) => size > 0xffff)) {
    throw dataError(
      `${dataset.name}: ${steps} steps of ${channels} channels with ${extraCount} extras do not fit FDS1`,
      'keep each of them at 65535 or less',
    );
  }
  const bytes = new Uint8Array(HEADER_BYTES + count * (4 + channels * steps + 2 * extraCount));
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(FDS1_MAGIC));
  view.setUint32(4, count, true);
  shape.forEach((size, i) => view.setUint16(8 + 2 * i, size, true));
  let at = encodeU16(view, HEADER_BYTES, dataset.subject);
  bytes.set(dataset.label, at);
  bytes.set(dataset.split, at + count);
  at += 2 * count;
  // Channel-first is the same transposition with the two axes exchanged.
  const x = transposeSamples(dataset.x, steps, channels);
  new Int8Array(bytes.buffer).set(x, at);
  encodeU16(view, at + x.length, dataset.extra);
  return bytes;
}

function decodeHeader(view: DataView, source: string): Header {
  if (view.byteLength < HEADER_BYTES) {
    throw dataError(
      `${source}: ${view.byteLength} bytes are too few for an FDS1 header`,
      'copy the whole file again',
    );
  }
  const magic = String.fromCharCode(...Array.from({ length: 4 }, (_, i) => view.getUint8(i)));
  if (magic !== FDS1_MAGIC) {
    throw dataError(`${source}: does not begin with "FDS1"`, 'give an FDS1, IDX or CSV file');
  }
  const header = {
    count: view.getUint32(4, true),
    channels: view.getUint16(8, true),
    steps: view.getUint16(10, true),
    classes: view.getUint16(12, true),
    extraCount: view.getUint16(14, true),
  };
  const { count, channels, steps, extraCount } = header;
  const expected = HEADER_BYTES + count * (4 + channels * steps + 2 * extraCount);
  if (view.byteLength !== expected) {
    const what = view.byteLength < expected ? 'cut short' : 'longer than its header says';
    throw dataError(
      `${source}: is ${what} (${view.byteLength} bytes; ${count} samples of ${channels} x ${steps} need ${expected})`,
      'copy the whole file again or correct its header',
    );
  }
  return header;
}

/** [N][rows][columns] int8 -> [N][columns][rows]. */
function transposeSamples(x: Int8Array, rows: number, columns: number): Int8Array {
  if (rows === 1 || columns === 1) return x.slice();
  const out = new Int8Array(x.length);
  const length = rows * columns;
  for (let start = 0; start < x.length; start += length) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        out[start + column * rows + row] = x[start + row * columns + column];
      }
    }
  }
  return out;
}

function decodeU16(view: DataView, at: number, count: number): Uint16Array {
  const values = new Uint16Array(count);
  for (let i = 0; i < count; i++) values[i] = view.getUint16(at + 2 * i, true);
  return values;
}

/** Returns the offset after the last value. */
function encodeU16(view: DataView, at: number, values: Uint16Array): number {
  values.forEach((value, i) => view.setUint16(at + 2 * i, value, true));
  return at + 2 * values.length;
}

function checkNames(
  names: readonly string[] | undefined,
  count: number,
  key: string,
  source: string,
): void {
  if (names === undefined || names.length === count) return;
  throw dataError(
    `${descriptionPath(source)}: "${key}" has ${names.length} entries, the data file ${count}`,
    'correct or delete the .json file',
  );
}

function descriptionPath(path: string): string {
  return `${path.slice(0, path.length - extname(path).length)}.json`;
}

function readDescription(dataPath: string): Description {
  const path = descriptionPath(dataPath);
  if (!existsSync(path)) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (thrown) {
    throw dataError(
      `${path}: is not valid JSON (${describeThrown(thrown)})`,
      'correct or delete the .json file',
      thrown,
    );
  }
  const entries = typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : [];
  const fields = new Map<string, unknown>(entries);
  const name = fields.get('name');
  const classNames = stringList(fields.get('classNames'), 'classNames', path);
  const extra = stringList(fields.get('extra'), 'extra', path);
  return {
    ...(typeof name === 'string' && { name }),
    ...(classNames && { classNames }),
    ...(extra && { extraNames: extra.map((text) => text.split(' ', 1)[0]) }),
  };
}

function stringList(value: unknown, key: string, path: string): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((item): item is string => typeof item === 'string')) {
    return value;
  }
  throw dataError(
    `${path}: "${key}" is not a list of texts`,
    `make "${key}" a list of strings, or delete it`,
  );
}
