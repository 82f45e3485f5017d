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
  readonly lrShift: number;
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

/** Of the seeds whose run reaches the goal, what the scheme and the yardstick take until then. */
function costsToGoal(scheme: SchemeRuns, yardstick: SchemeRuns, framing: Framing): [Cost, Cost][] {
  return scheme.runs.flatMap((run, i): [Cost, Cost][] => {
    const goal = goalShare * finalAccuracy(yardstick.runs[i]);
    const own = costToGoal(run, goal, framing);
    return own ? [[own, costToGoal(yardstick.runs[i], goal, shortFraming)!]] : [];
  });
}

/** Mean of the ratios to the yardstick, seed by seed; in brackets where some seeds are missing from it. */
function fewer(costs: readonly [Cost, Cost][], part: 'up' | 'total', seeds: number): string {
  if (costs.length === 0) return 'not reached';
  const ratio = `${meanOf(costs.map(([own, other]) => other[part] / own[part])).toFixed(1)} ×`;
  return costs.length === seeds ? ratio : `(${ratio})`;
}

function roundsToGoal(costs: readonly [Cost, Cost][], seeds: number): string {
  if (costs.length === 0) return 'not reached';
  const rounds = meanOf(costs.map(([own]) => own.rounds)).toFixed(0);
  return costs.length === seeds ? rounds : `(${rounds}, by ${costs.length} of ${seeds} seeds)`;
}

function row(scheme: SchemeRuns, yardstick: SchemeRuns): string[] {
  const bytes = (framing: Framing): string =>
    (['up', 'down'] as const)
      .map((way) => meanOf(scheme.runs.map((run) => perNodeRound(run, way, framing))).toFixed(0))
      .join(' / ');
  const isYardstick = scheme === yardstick;
  const seeds = scheme.runs.length;
  const losses = scheme.runs.map((run, i) => finalAccuracy(run) - finalAccuracy(yardstick.runs[i]));
  const [short, whole] = [shortFraming, scheme.framing].map((framing) =>
    costsToGoal(scheme, yardstick, framing),
  );
  return [
    scheme.title,
    `2^−${scheme.lrShift}`,
    spread(summarise(scheme.runs.map(finalAccuracy))),
    isYardstick ? '' : interval(summarise(losses)),
    roundsToGoal(short, seeds),
    bytes(shortFraming),
    fewer(short, 'up', seeds),
    fewer(short, 'total', seeds),
    isYardstick ? '' : bytes(scheme.framing),
    fewer(whole, 'up', seeds),
    fewer(whole, 'total', seeds),
  ];
}

const head = [
  'scheme',
  'rate',
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
