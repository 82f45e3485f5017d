/** How good a model is, in numbers for people. */
import { scoreConfusion } from '../data/metrics.js';
import type { CounterSum, NodeEvaluations } from '../federated/counters.js';
import type { HeldOutScores } from '../federated/report.js';
import type { ModelInfo } from '../model/descriptor.js';
import type { NodeScoreFields } from '../simulator/records.js';
import { percent } from './output.js';

/** What a kernel or the nodes together have counted. */
export interface Counted {
  readonly samples: number;
  readonly loss: number;
  readonly confusion: ArrayLike<number>;
}

export function isAutoencoder(model: ModelInfo): boolean {
  return model.loss === 'squared-error';
}

/** An autoencoder has one class, whatever its samples are labelled. */
export function labelFor(model: ModelInfo, label: number): number {
  return isAutoencoder(model) ? 0 : label;
}

/**
 * Mean loss of samples whose losses add up to `sum` (SPEC 2.4 and 2.5): nats of cross-entropy, or the
 * mean square error of an autoencoder in the square of its input's unit.
 */
export function meanLoss(model: ModelInfo, sum: number, samples: number): number {
  if (samples === 0) return 0;
  const mean = sum / samples;
  if (isAutoencoder(model)) return (mean / 256) * 4 ** model.input.exponent;
  return (mean / 1024) * Math.LN2;
}

export function scoresOf(model: ModelInfo, counted: Counted): HeldOutScores {
  const loss = meanLoss(model, counted.loss, counted.samples);
  if (isAutoencoder(model)) return { reconstructionError: loss };
  const { accuracy, macroF1 } = scoreConfusion(counted.confusion);
  return { accuracy, macroF1, loss, confusion: Array.from(counted.confusion) };
}

/** What nodes counted while they trained: they do not tell classes apart (SPEC, 8). */
export type TrainingScores =
  { readonly accuracy: number; readonly loss: number } | { readonly reconstructionError: number };

export function trainingScoresOf(
  model: ModelInfo,
  { samples, ...sum }: CounterSum,
): TrainingScores {
  const loss = meanLoss(model, sum.loss, samples);
  if (isAutoencoder(model)) return { reconstructionError: loss };
  return { accuracy: sum.correct / Math.max(1, samples), loss };
}

/** How a version does on the test samples of the nodes, all of their confusion matrices added up. */
export interface NodeScores {
  /** As it was announced. */
  readonly global?: HeldOutScores;
  /** On each node with the words it has trained. */
  readonly personalised?: HeldOutScores;
}

/** Undefined if no node has scored anything. */
export function nodeScoresOf(
  model: ModelInfo,
  { evaluation, personal }: NodeEvaluations,
): NodeScores | undefined {
  const read = ({ samples, loss, confusion = [] }: CounterSum): HeldOutScores =>
    scoresOf(model, { samples, loss, confusion });
  if (!evaluation && !personal) return undefined;
  return {
    ...(evaluation && { global: read(evaluation) }),
    ...(personal && { personalised: read(personal) }),
  };
}

/** As fields of a record. */
export function nodeScoreFields({ global, personalised }: NodeScores): NodeScoreFields {
  return {
    ...(global && { global: scoreFields(global) }),
    ...(personalised && { personalised: scoreFields(personalised) }),
  };
}

/** A line for each. */
export function describeNodeScores({ global, personalised }: NodeScores): string[] {
  return [
    ...(global ? [`global        ${describeScores(global)} on the nodes’ own test samples`] : []),
    ...(personalised
      ? [`personalised  ${describeScores(personalised)} with what each node has learnt`]
      : []),
  ];
}

/** The scores as fields of a record: everything but the confusion matrix. */
export function scoreFields(scores: HeldOutScores): Record<string, number> {
  if ('reconstructionError' in scores) return { reconstructionError: scores.reconstructionError };
  const { accuracy, macroF1, loss } = scores;
  return { accuracy, macroF1, loss };
}

/** 0.01234 → `0.01234`; small errors keep four digits. */
export function errorText(error: number): string {
  return error.toPrecision(4);
}

export function describeScores(scores: HeldOutScores | TrainingScores): string {
  if ('reconstructionError' in scores)
    return `mean reconstruction error ${errorText(scores.reconstructionError)}`;
  const accuracy = `accuracy ${percent(scores.accuracy)}`;
  return 'macroF1' in scores ? `${accuracy}, macro-F1 ${percent(scores.macroF1)}` : accuracy;
}
