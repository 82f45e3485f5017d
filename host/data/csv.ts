import { basename, extname } from 'node:path';
import { parseCsvRows } from './csv-rows.js';
import type { CsvRow } from './csv-rows.js';
import { readDataFile } from './data-file.js';
import { dataError, describeThrown, quoteText } from './data-error.js';
import { createDataset } from './dataset.js';
import type { Dataset } from './dataset.js';
import { quantiseColumns } from './quantise.js';
import type { QuantiseMode } from './quantise.js';

export interface CsvOptions {
  /**
   * How float features become int8; left out, every feature must be an integer in -128..127 already.
   * Scales are powers of two and come from the training samples (split 0) alone.
   */
  readonly quantise?: QuantiseMode;
  /** The classes in label order; left out, they are found in the file. */
  readonly classNames?: readonly string[];
}

/** A dataset with what its columns were. */
export interface CsvDataset extends Dataset {
  /** [T] header of each feature. */
  readonly featureNames: readonly string[];
  /** [T] a feature's value is x · 2^exponent; all 0 without `quantise`. */
  readonly featureExponents: readonly number[];
}

/** What one header says about its column. */
interface Layout {
  readonly source: string;
  readonly header: readonly string[];
  readonly label: number;
  readonly subject: number | undefined;
  readonly split: number | undefined;
  readonly features: readonly number[];
}

/** The columns of the file, row by row. */
interface Columns {
  readonly labels: string[];
  readonly subjects: number[];
  readonly splits: number[];
  readonly features: (Int8Array | Float64Array)[];
}

const SPLITS = new Map([
  ['0', 0],
  ['1', 1],
  ['train', 0],
  ['test', 1],
]);

/**
 * Reads a CSV file with a header row into samples of T features, one channel.
 *
 * Columns: `label` (class name or number); optional `subject` (0..65535) and `split` (0, 1, train, test); every other
 * column is a feature. Labels that are all whole numbers 0..255 are the label itself (classes "0" to the greatest);
 * otherwise the classes are the different texts in code-unit order, or `classNames` as given.
 * Throws ERR_DATA that names file, line and column.
 */
export function readCsv(path: string, options: CsvOptions = {}): CsvDataset {
  const bytes = readDataFile(path);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (thrown) {
    throw dataError(
      `${path}: cannot be decoded (${describeThrown(thrown)})`,
      'save the CSV file as UTF-8, in parts below 512 MB',
      thrown,
    );
  }
  return parseCsv(text, path, options);
}

/** {@link readCsv} from text; `source` names it in errors. */
export function parseCsv(text: string, source: string, options: CsvOptions = {}): CsvDataset {
  const rows = parseCsvRows(text, source);
  const first = rows.next();
  if (first.done) {
    throw dataError(`${source}: is empty`, 'begin the file with a header row');
  }
  const layout = readHeader(first.value, source);
  const columns = readColumns(rows, layout, options.quantise === undefined);
  const { classNames, label } = assignLabels(columns.labels, source, options.classNames);
  const split = Uint8Array.from(columns.splits);
  const { x, exponents } =
    options.quantise === undefined
      ? integerColumns(columns.features, layout.features.length)
      : quantiseColumns(columns.features, split, options.quantise);
  const dataset = createDataset(
    {
      name: basename(source, extname(source)),
      steps: layout.features.length,
      channels: 1,
      classNames,
      x,
      label,
      subject: Uint16Array.from(columns.subjects),
      split,
      extra: new Uint16Array(0),
      extraCount: 0,
    },
    source,
  );
  const featureNames = layout.features.map((column) => layout.header[column]);
  return { ...dataset, featureNames, featureExponents: exponents };
}

function readHeader({ line, fields: header }: CsvRow, source: string): Layout {
  const place = `${source}:${line}`;
  const twice = header.find((name, column) => header.indexOf(name) !== column);
  if (twice !== undefined) {
    throw dataError(
      `${place}: the column ${quoteText(twice)} occurs twice`,
      'name each column once',
    );
  }
  const find = (name: string): number | undefined => {
    const column = header.indexOf(name);
    return column < 0 ? undefined : column;
  };
  const label = find('label');
  if (label === undefined) {
    throw dataError(
      `${place}: the header has no column "label"`,
      'begin the file with a header row and name the column of the classes "label"',
    );
  }
  const [subject, split] = [find('subject'), find('split')];
  const features = [...header.keys()].filter(
    (column) => column !== label && column !== subject && column !== split,
  );
  if (features.length === 0) {
    throw dataError(`${place}: there are no feature columns`, 'add the inputs as columns');
  }
  return { source, header, label, subject, split, features };
}

function readColumns(rows: Iterable<CsvRow>, layout: Layout, integers: boolean): Columns {
  const columns: Columns = { labels: [], subjects: [], splits: [], features: [] };
  for (const row of rows) {
    if (row.fields.length !== layout.header.length) {
      throw dataError(
        `${layout.source}:${row.line}: has ${row.fields.length} columns, the header ${layout.header.length}`,
        'give every row the columns of the header',
      );
    }
    columns.labels.push(readLabel(row, layout));
    columns.subjects.push(readSubject(row, layout));
    columns.splits.push(readSplit(row, layout));
    columns.features.push(readFeatures(row, layout, integers));
  }
  return columns;
}

function readLabel(row: CsvRow, layout: Layout): string {
  const text = row.fields[layout.label];
  if (text !== '') return text;
  throw dataError(`${placeOf(row, layout.label, layout)} is empty`, 'give every row a label');
}

function readSubject(row: CsvRow, layout: Layout): number {
  if (layout.subject === undefined) return 0;
  const text = row.fields[layout.subject];
  if (/^\d{1,5}$/.test(text) && Number(text) <= 0xffff) return Number(text);
  throw dataError(
    `${placeOf(row, layout.subject, layout)} is ${quoteText(text)}`,
    'number the subjects with whole numbers 0 to 65535',
  );
}

function readSplit(row: CsvRow, layout: Layout): number {
  if (layout.split === undefined) return 0;
  const text = row.fields[layout.split];
  const split = SPLITS.get(text);
  if (split !== undefined) return split;
  throw dataError(
    `${placeOf(row, layout.split, layout)} is ${quoteText(text)}`,
    'use 0 or 1, train or test',
  );
}

/** Integers are kept as bytes at once: a large file of them would not fit in memory as floats. */
function readFeatures(row: CsvRow, layout: Layout, integers: boolean): Int8Array | Float64Array {
  const values = new (integers ? Int8Array : Float64Array)(layout.features.length);
  layout.features.forEach((column, i) => {
    values[i] = readFeature(row, column, layout, integers);
  });
  return values;
}

function readFeature(row: CsvRow, column: number, layout: Layout, integer: boolean): number {
  const text = row.fields[column];
  const value = text.trim() === '' ? NaN : Number(text);
  if (integer && !(Number.isInteger(value) && value >= -128 && value <= 127)) {
    throw dataError(
      `${placeOf(row, column, layout)} is ${quoteText(text)}`,
      'give whole numbers -128 to 127, or scale them with --quantise per-column',
    );
  }
  if (!Number.isFinite(value)) {
    throw dataError(
      `${placeOf(row, column, layout)} is ${quoteText(text)}`,
      'give a finite number',
    );
  }
  return value;
}

/** "file:line: column 3 (name)", as every cell's error begins. */
function placeOf(row: CsvRow, column: number, layout: Layout): string {
  return `${layout.source}:${row.line}: column ${column + 1} (${layout.header[column]})`;
}

function integerColumns(
  features: readonly ArrayLike<number>[],
  steps: number,
): { x: Int8Array; exponents: number[] } {
  const x = new Int8Array(features.length * steps);
  features.forEach((row, index) => x.set(row, index * steps));
  return { x, exponents: new Array<number>(steps).fill(0) };
}

function assignLabels(
  texts: readonly string[],
  source: string,
  given: readonly string[] | undefined,
): { classNames: readonly string[]; label: Uint8Array } {
  const classNames = given ?? findClasses(texts);
  if (classNames.length > 256) {
    throw dataError(
      `${source}: has ${classNames.length} different labels`,
      'use at most 256 classes',
    );
  }
  const labelOf = new Map(classNames.map((name, index) => [name, index]));
  const label = Uint8Array.from(texts, (text) => {
    const index = labelOf.get(text);
    if (index !== undefined) return index;
    throw dataError(
      `${source}: the label ${quoteText(text)} is none of the classes ${classNames.join(', ')}`,
      'add the class or correct the label',
    );
  });
  return { classNames, label };
}

function findClasses(texts: readonly string[]): string[] {
  const different = [...new Set(texts)];
  const numbers = different.map((text) => (/^(0|[1-9]\d{0,2})$/.test(text) ? Number(text) : NaN));
  const greatest = numbers.reduce((a, b) => Math.max(a, b), 0);
  // NaN, from any text that is no small whole number, makes the comparison false.
  if (greatest <= 255) return Array.from({ length: greatest + 1 }, (_, i) => String(i));
  return different.sort((a, b) => (a < b ? -1 : 1));
}
