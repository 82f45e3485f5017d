import { correctIn } from '../contract/confusion.js';
import { dataError } from './data-error.js';

/**
 * Counts of K classes, flat [K][K] row-major: entry truth·K + predicted. Devices and their aggregator add them up.
 */
export type Confusion = ArrayLike<number>;

export interface ClassMetrics {
  /** Samples of this class. */
  readonly support: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

export interface Metrics {
  readonly samples: number;
  readonly accuracy: number;
  readonly macroF1: number;
  readonly classes: readonly ClassMetrics[];
}

/**
 * Scores a confusion matrix; all ratios are in 0..1, and a ratio with nothing below the line is 0.
 *
 * Per class: precision = TP/(TP+FP), recall = TP/(TP+FN), F1 = 2TP/(2TP+FP+FN). Macro-F1 is the unweighted mean of F1
 * over the classes that occur as truth or as prediction; a class that occurs as neither is left out, one that is
 * predicted but never true counts with 0. ECG is scored over N, S and V: drop the other classes from the data first.
 * Throws ERR_DATA if the counts are not a square of at least one class.
 */
export function scoreConfusion(confusion: Confusion): Metrics {
  const classCount = confusionClasses(confusion);
  const range = Array.from({ length: classCount }, (_, i) => i);
  const sum = (entry: (i: number) => number): number => range.reduce((s, i) => s + entry(i), 0);
  const samples = sum((row) => sum((column) => confusion[row * classCount + column]));
  const predicted = range.map((column) => sum((row) => confusion[row * classCount + column]));
  const classes = range.map((i): ClassMetrics => {
    const hits = confusion[i * classCount + i];
    const support = sum((column) => confusion[i * classCount + column]);
    return {
      support,
      precision: ratio(hits, predicted[i]),
      recall: ratio(hits, support),
      f1: ratio(2 * hits, support + predicted[i]),
    };
  });
  const occurring = classes.filter(({ support }, i) => support + predicted[i] > 0);
  const macroF1 = ratio(
    occurring.reduce((total, { f1 }) => total + f1, 0),
    occurring.length,
  );
  return { samples, accuracy: ratio(correctIn(confusion), samples), macroF1, classes };
}

/** The counts of both; exact up to 2^53. Throws ERR_DATA if they have different classes. */
export function addConfusion(a: Confusion, b: Confusion): number[] {
  if (a.length !== b.length) {
    throw dataError(
      `confusion matrices of ${a.length} and ${b.length} counts cannot be added`,
      'add counts of one model only',
    );
  }
  return Array.from(a, (count, i) => count + b[i]);
}

/** A confusion matrix without counts. */
export function emptyConfusion(classCount: number): number[] {
  return new Array<number>(classCount * classCount).fill(0);
}

/**
 * A confusion matrix as text: one line per true class, one column per predicted class.
 *
 * Throws ERR_DATA unless there is one name per class.
 */
export function formatConfusion(confusion: Confusion, classNames: readonly string[]): string {
  const classCount = confusionClasses(confusion);
  if (classNames.length !== classCount) {
    throw dataError(
      `${classNames.length} names for a confusion matrix of ${classCount} classes`,
      'give one name per class',
    );
  }
  const corner = 'true \\ predicted';
  const rows = classNames.map((name, row) => [
    name,
    ...classNames.map((_, column) => String(confusion[row * classCount + column])),
  ]);
  const table = [[corner, ...classNames], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  return table
    .map((row) => row.map((cell, column) => cell.padStart(widths[column])).join('  '))
    .join('\n');
}

function confusionClasses(confusion: Confusion): number {
  const classCount = Math.sqrt(confusion.length);
  if (classCount >= 1 && Number.isInteger(classCount)) return classCount;
  throw dataError(
    `${confusion.length} counts are not a square confusion matrix`,
    'give classes x classes counts',
  );
}

function ratio(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : numerator / denominator;
}
