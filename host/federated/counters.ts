/** What nodes counted while they trained or evaluated; the counts of nodes add up. */
import { correctIn } from '../contract/confusion.js';
import type { Counters } from '../contract/contract.gen.js';

const MAX_U32 = 0xffff_ffff;

/**
 * More than any sample can cost, Q10 bits: t ≤ (16384 · 1477) >> 10 and log2Q10(ΣE) < 24 · 1024
 * (SPEC, 2.4) give less than 2^15.
 */
const MAX_CROSS_ENTROPY = 2 ** 15;
/** 4095² of every element (SPEC, 2.5). */
const MAX_SQUARED_ERROR = 2 ** 24;

export interface CounterSum {
  readonly nodes: number;
  readonly samples: number;
  /** Summed loss: cross-entropy in Q10 bits, squared error as in SPEC 2.5. */
  readonly loss: number;
  readonly skipped: number;
  readonly saturations: number;
  /** Samples whose class was predicted. */
  readonly correct: number;
  /** Of an evaluation: row-major [true][predicted]. */
  readonly confusion?: readonly number[];
}

/** What the nodes of a version counted on their test splits. */
export interface NodeEvaluations {
  /** With the words of the version. */
  readonly evaluation?: CounterSum;
  /** Each with those it had trained. */
  readonly personal?: CounterSum;
}

/** Whether a kernel of so many classes can have counted this. */
function isPlausible(counters: Counters, classes: number): boolean {
  const { samples, loss, skipped, saturations } = counters;
  const mostLoss = classes === 1 ? MAX_SQUARED_ERROR : MAX_CROSS_ENTROPY;
  return (
    [samples, skipped, saturations].every((count) => count <= MAX_U32) &&
    skipped <= samples &&
    loss <= samples * mostLoss
  );
}

export function isTrainingPlausible(counters: Counters, classes: number): boolean {
  const { samples, correct, confusion } = counters;
  const hasCounted = correct !== undefined && correct <= samples && confusion === undefined;
  return hasCounted && isPlausible(counters, classes);
}

export function isEvaluationPlausible(counters: Counters, classes: number): boolean {
  const { samples, correct, confusion = [] } = counters;
  return (
    correct === undefined &&
    confusion.length === classes * classes &&
    confusion.every((count) => count <= MAX_U32) &&
    confusion.reduce((sum, count) => sum + count, 0) === samples &&
    isPlausible(counters, classes)
  );
}

/** The sum with one node more; no sum yet: its counters alone. */
export function addCounters(sum: CounterSum | undefined, counters: Counters): CounterSum {
  const { confusion } = counters;
  const correct = (counters.correct ?? 0) + correctIn(confusion ?? []);
  if (sum === undefined) return { nodes: 1, ...counters, correct };
  return {
    nodes: sum.nodes + 1,
    samples: sum.samples + counters.samples,
    loss: sum.loss + counters.loss,
    skipped: sum.skipped + counters.skipped,
    saturations: sum.saturations + counters.saturations,
    correct: sum.correct + correct,
    ...(confusion && { confusion: confusion.map((count, i) => count + (sum.confusion?.[i] ?? 0)) }),
  };
}
