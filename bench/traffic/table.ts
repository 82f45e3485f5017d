/** Results of runs to tables: bytes to a goal, and how many times fewer than float32 FedAvg takes. */
import { interval, markdownTable, spread } from '../accuracy/report.js';
import { summarise } from '../accuracy/statistics.js';
import type { RoundResult } from './run.js';

/** The goal: this share of float32 FedAvg's accuracy in the last round, same seed. */
export const goalShare = 0.99;

/** Bytes around a payload, up and down. */
export interface Framing {
  readonly up: number;
  readonly down: number;
}

/** Rounds of one scheme, by seed in the order of the seeds. */
export interface SchemeRuns {
  readonly title: string;
  readonly framing: Framing;
  readonly runs: readonly (readonly RoundResult[])[];
}

/** The headers of the simulation that set the targets. */
export const shortFraming: Framing = { up: 12, down: 12 };

export interface Cost {
  readonly rounds: number;
  readonly up: number;
  readonly total: number;
}

/** What rounds take, headers included. */
export function costOf(rounds: readonly RoundResult[], framing: Framing): Cost {
  let up = 0;
  let down = 0;
  for (const round of rounds) {
    up += round.up + round.nodes * framing.up;
    down += round.down + round.nodes * framing.down;
  }
  return { rounds: rounds.length, up, total: up + down };
}

/** What a run takes until its accuracy first reaches `goal`; undefined if it never does. */
export function costToGoal(
  run: readonly RoundResult[],
  goal: number,
  framing: Framing,
): Cost | undefined {
  const reached = run.findIndex(({ accuracy }) => accuracy >= goal);
  return reached < 0 ? undefined : costOf(run.slice(0, reached + 1), framing);
}

const finalAccuracy = (run: readonly RoundResult[]): number => run.at(-1)!.accuracy;

/** Mean bytes per node and round, headers included. */
function perNodeRound(run: readonly RoundResult[], way: 'up' | 'down', framing: Framing): number {
  const nodes = run.reduce((sum, round) => sum + round.nodes, 0);
  return run.reduce((sum, round) => sum + round[way], 0) / nodes + framing[way];
}

function meanOf(values: readonly number[]): number {
  return summarise(values).mean;
}

/** Ratios of a scheme's bytes to the yardstick's, seed by seed; undefined if a run misses the goal. */
function ratios(
  scheme: SchemeRuns,
  yardstick: SchemeRuns,
  framing: Framing,
  part: 'up' | 'total',
): number[] | undefined {
  const values = scheme.runs.map((run, i) => {
    const goal = goalShare * finalAccuracy(yardstick.runs[i]);
    const own = costToGoal(run, goal, framing);
    const other = costToGoal(yardstick.runs[i], goal, shortFraming);
    return own && other && other[part] / own[part];
  });
  return values.every((value) => value !== undefined) ? values : undefined;
}

function times(values: readonly number[] | undefined): string {
  return values === undefined ? 'not reached' : `${meanOf(values).toFixed(1)} ×`;
}

function roundsToGoal(scheme: SchemeRuns, yardstick: SchemeRuns): string {
  const rounds = scheme.runs.map((run, i) =>
    costToGoal(run, goalShare * finalAccuracy(yardstick.runs[i]), shortFraming),
  );
  return rounds.every((cost) => cost !== undefined)
    ? meanOf(rounds.map((cost) => cost.rounds)).toFixed(0)
    : 'not reached';
}

function row(scheme: SchemeRuns, yardstick: SchemeRuns): string[] {
  const bytes = (framing: Framing): string =>
    (['up', 'down'] as const)
      .map((way) => meanOf(scheme.runs.map((run) => perNodeRound(run, way, framing))).toFixed(0))
      .join(' / ');
  const isYardstick = scheme === yardstick;
  return [
    scheme.title,
    spread(summarise(scheme.runs.map(finalAccuracy))),
    isYardstick
      ? ''
      : interval(
          summarise(
            scheme.runs.map((run, i) => finalAccuracy(run) - finalAccuracy(yardstick.runs[i])),
          ),
        ),
    roundsToGoal(scheme, yardstick),
    bytes(shortFraming),
    times(ratios(scheme, yardstick, shortFraming, 'up')),
    times(ratios(scheme, yardstick, shortFraming, 'total')),
    isYardstick ? '' : bytes(scheme.framing),
    times(ratios(scheme, yardstick, scheme.framing, 'up')),
    times(ratios(scheme, yardstick, scheme.framing, 'total')),
  ];
}

const head = [
  'scheme',
  'accuracy %',
  'minus float32, points',
  'rounds to 99 %',
  'up / down, 12-byte headers',
  'fewer up',
  'fewer in all',
  'up / down, authenticated',
  'fewer up',
  'fewer in all',
];

/** The first scheme is the yardstick. */
export function formatTable(schemes: readonly SchemeRuns[]): string {
  return markdownTable(
    head,
    schemes.map((scheme) => row(scheme, schemes[0])),
  );
}
