/** How soon runs are as good as a share of what float32 FedAvg reaches. */
import { summarise } from '../accuracy/statistics.js';
import type { RoundResult } from '../traffic/run.js';
import { costToGoal, shortFraming } from '../traffic/table.js';

/** Shares of the yardstick's accuracy. */
export const goalShares = [0.95, 0.99] as const;

/**
 * Accuracy at the end on the samples that every round is scored on: where these are a part of the test samples, the last
 * round is scored on all of them, and the one before is the end.
 */
export function yardstickOf(run: readonly RoundResult[], isProbed: boolean): number {
  return run.at(isProbed ? -2 : -1)!.accuracy;
}

export interface Reach {
  /** Runs that reach their goals. */
  readonly hits: number;
  readonly of: number;
  /** Means of these runs; NaN if there is none. */
  readonly rounds: number;
  /** Both ways, of all nodes, 12-byte headers. */
  readonly bytes: number;
}

/** Of run i until its accuracy first is goals[i]. */
export function reachOf(
  runs: readonly (readonly RoundResult[])[],
  goals: readonly number[],
): Reach {
  const costs = runs
    .map((run, i) => costToGoal(run, goals[i], shortFraming))
    .filter((cost) => cost !== undefined);
  const meanOf = (values: number[]): number => summarise(values).mean;
  return {
    hits: costs.length,
    of: runs.length,
    rounds: meanOf(costs.map(({ rounds }) => rounds)),
    bytes: meanOf(costs.map(({ total }) => total)),
  };
}

/** `30; 1.25 MB`, in brackets with the number of runs where some miss their goals. */
export function reachText({ hits, of, rounds, bytes }: Reach): string {
  if (hits === 0) return 'not reached';
  const text = `${rounds.toFixed(0)}; ${(bytes / 1e6).toPrecision(3)} MB`;
  return hits === of ? text : `(${text}, ${hits} of ${of} seeds)`;
}
