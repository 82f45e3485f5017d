import { dataError } from './data-error.js';

/**
 * Labelled int8 samples in memory: what every reader returns and every federation is dealt from.
 *
 * Shapes: N samples, T steps, C channels, E extras. One sample is T·C int8, channels-last [T][C]; an image is
 * T = H·W steps of one channel. Values may be the full int8 range; their unit is the source's.
 */
export interface Dataset {
  readonly name: string;
  readonly steps: number;
  readonly channels: number;
  /** Name of label i at index i; 1 to 256 of them. */
  readonly classNames: readonly string[];
  /** [N][T][C] */
  readonly x: Int8Array;
  /** [N], each below classNames.length. */
  readonly label: Uint8Array;
  /** [N] who the sample is from; all 0 where unknown. */
  readonly subject: Uint16Array;
  /** [N] 0 = train, 1 = test. */
  readonly split: Uint8Array;
  /** At least two different subjects occur. */
  readonly hasSubjects: boolean;
  /** Both train and test samples occur. */
  readonly hasSplit: boolean;
  /** [N][E] side values that are not inputs, such as RR intervals. */
  readonly extra: Uint16Array;
  readonly extraCount: number;
  /** Names of the extras, where the source gives them. */
  readonly extraNames?: readonly string[];
}

/** The parts a reader fills in; {@link createDataset} derives the rest. */
export type DatasetParts = Omit<Dataset, 'hasSubjects' | 'hasSplit'>;

const MAX_CLASSES = 256;

/**
 * Checks the parts against each other and completes them to a dataset.
 *
 * `source` names the file in errors. Throws ERR_DATA: no samples, a shape or class count out of range, arrays that
 * disagree on N, a label ≥ classes, a split other than 0 and 1.
 */
export function createDataset(parts: DatasetParts, source: string = parts.name): Dataset {
  const count = parts.label.length;
  checkShape(parts, count, source);
  const badLabel = parts.label.findIndex((label) => label >= parts.classNames.length);
  if (badLabel >= 0) {
    throw dataError(
      `${source}: sample ${badLabel} has label ${parts.label[badLabel]}, but there are ${parts.classNames.length} classes`,
      'number the labels from 0 and give the class count the file really has',
    );
  }
  const badSplit = parts.split.findIndex((split) => split > 1);
  if (badSplit >= 0) {
    throw dataError(
      `${source}: sample ${badSplit} has split ${parts.split[badSplit]}`,
      'mark training samples 0 and test samples 1',
    );
  }
  return {
    ...parts,
    hasSubjects: parts.subject.some((subject) => subject !== parts.subject[0]),
    hasSplit: parts.split.includes(0) && parts.split.includes(1),
  };
}

function checkShape(parts: DatasetParts, count: number, source: string): void {
  if (count === 0) {
    throw dataError(`${source}: there are no samples`, 'give a file with at least one sample');
  }
  if (!(parts.steps >= 1 && parts.channels >= 1)) {
    throw dataError(
      `${source}: a sample of ${parts.steps} steps and ${parts.channels} channels is empty`,
      'give every sample at least one step of one channel',
    );
  }
  const classes = parts.classNames.length;
  if (classes < 1 || classes > MAX_CLASSES) {
    throw dataError(`${source}: ${classes} classes`, `use 1 to ${MAX_CLASSES} classes`);
  }
  if (new Set(parts.classNames).size !== classes) {
    throw dataError(
      `${source}: two classes have one name (${parts.classNames.join(', ')})`,
      'give each class a name of its own',
    );
  }
  const consistent =
    parts.x.length === count * parts.steps * parts.channels &&
    parts.subject.length === count &&
    parts.split.length === count &&
    parts.extra.length === count * parts.extraCount;
  if (!consistent) {
    throw dataError(
      `${source}: values, labels, subjects, splits and extras disagree on the number of samples`,
      'give every sample one label, subject and split and the same number of values and extras',
    );
  }
}

/** N, the number of samples. */
export function sampleCount(dataset: Dataset): number {
  return dataset.label.length;
}

/** T·C, the number of int8 values of one sample. */
export function sampleLength(dataset: Dataset): number {
  return dataset.steps * dataset.channels;
}

/** Sample `index` as a view of [T][C] int8 into the dataset: do not write to it. */
export function sampleAt(dataset: Dataset, index: number): Int8Array {
  const length = sampleLength(dataset);
  return dataset.x.subarray(index * length, (index + 1) * length);
}

/**
 * A dataset of the samples at `indices`, copied, in that order; an index may repeat.
 *
 * Throws ERR_DATA if there are none or an index is not a sample.
 */
export function selectSamples(dataset: Dataset, indices: readonly number[]): Dataset {
  const total = sampleCount(dataset);
  const stray = indices.find((index) => !Number.isInteger(index) || index < 0 || index >= total);
  if (stray !== undefined) {
    throw dataError(
      `${dataset.name}: sample ${stray} does not exist`,
      `select samples 0 to ${total - 1}`,
    );
  }
  const length = sampleLength(dataset);
  const { extraCount } = dataset;
  const x = new Int8Array(indices.length * length);
  const extra = new Uint16Array(indices.length * extraCount);
  indices.forEach((index, row) => {
    x.set(sampleAt(dataset, index), row * length);
    extra.set(extrasAt(dataset, index), row * extraCount);
  });
  return createDataset({
    ...dataset,
    x,
    extra,
    label: Uint8Array.from(indices, (index) => dataset.label[index]),
    subject: Uint16Array.from(indices, (index) => dataset.subject[index]),
    split: Uint8Array.from(indices, (index) => dataset.split[index]),
  });
}

/** The E extras of sample `index`, as a view. */
export function extrasAt(dataset: Dataset, index: number): Uint16Array {
  return dataset.extra.subarray(index * dataset.extraCount, (index + 1) * dataset.extraCount);
}

/**
 * Drops the samples of every class not in `classNames` and renumbers labels to the order of `classNames`.
 *
 * Throws ERR_DATA for a class the dataset does not have, one named twice, or when no sample is left.
 */
export function keepClasses(dataset: Dataset, classNames: readonly string[]): Dataset {
  const unknown = classNames.find((name) => !dataset.classNames.includes(name));
  if (unknown !== undefined) {
    throw dataError(
      `${dataset.name}: there is no class "${unknown}"`,
      `choose among ${dataset.classNames.join(', ')}`,
    );
  }
  if (new Set(classNames).size !== classNames.length) {
    throw dataError(
      `${dataset.name}: a class is named twice in ${classNames.join(', ')}`,
      'name each class once',
    );
  }
  const newLabel = dataset.classNames.map((name) => classNames.indexOf(name));
  const kept: number[] = [];
  dataset.label.forEach((label, index) => {
    if (newLabel[label] >= 0) kept.push(index);
  });
  const selected = selectSamples(dataset, kept);
  return { ...selected, classNames, label: selected.label.map((label) => newLabel[label]) };
}

/** The samples of split 0 (train) or 1 (test), ascending. */
export function samplesOfSplit(dataset: Dataset, split: 0 | 1): number[] {
  const indices: number[] = [];
  dataset.split.forEach((value, index) => {
    if (value === split) indices.push(index);
  });
  return indices;
}

/** Every sample, ascending. */
export function allSamples(dataset: Dataset): number[] {
  return Array.from(dataset.label.keys());
}

/** The different subjects among `indices`, ascending. */
export function distinctSubjects(
  dataset: Dataset,
  indices: readonly number[] = allSamples(dataset),
): number[] {
  const subjects = new Set(indices.map((index) => dataset.subject[index]));
  return [...subjects].sort((a, b) => a - b);
}

/** How many of `indices` each class has, by label. */
export function countClasses(
  dataset: Dataset,
  indices: readonly number[] = allSamples(dataset),
): number[] {
  const counts = dataset.classNames.map(() => 0);
  for (const index of indices) counts[dataset.label[index]]++;
  return counts;
}
