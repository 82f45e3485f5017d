/** Trials of both arms, seed by seed, against the targets of a task. */
import { summarise, type Summary } from '../statistics.js';
import type { Arithmetic, Target, Trial } from './task.js';

export type Trials = Readonly<Record<Arithmetic, readonly Trial[]>>;

export interface Verdict extends Target {
  readonly linnet: Summary;
  readonly float32: Summary;
  /** Of the differences Linnet − float32, seed by seed. */
  readonly difference: Summary;
  readonly reached: boolean;
}

/** A score of the last epoch, not of the best. */
export function finalScore(trial: Trial, score: string): number {
  const value = trial.curve.at(-1)?.[score];
  if (value === undefined) throw new Error(`no score is called ${score}`);
  return value;
}

/** True if the mean is at least the floor and at most the margin below float32's. */
export function judge(target: Target, trials: Trials): Verdict {
  const [linnet, float32] = [trials.linnet, trials.float32].map((arm) =>
    arm.map((trial) => finalScore(trial, target.score)),
  );
  const difference = summarise(linnet.map((value, i) => value - float32[i]));
  const mean = summarise(linnet);
  const reached = mean.mean >= (target.floor ?? 0) && difference.mean >= -target.margin;
  return { ...target, linnet: mean, float32: summarise(float32), difference, reached };
}
