/** Bytes to the goal against sums by hand. */
import { describe, expect, it } from 'vitest';
import type { RoundResult } from '../../bench/traffic/run.js';
import { costToGoal, formatTable, shortFraming } from '../../bench/traffic/table.js';

/** Rounds of two nodes that take `bytes` each way together. */
function run(bytes: number, ...accuracies: number[]): RoundResult[] {
  return accuracies.map((accuracy) => ({
    ...{ nodes: 2, up: bytes, down: bytes, accuracy },
    macroF1: 0,
  }));
}

const float = {
  title: 'float32',
  lrShift: 4,
  framing: shortFraming,
  runs: [run(976, 0.5, 0.8, 0.8), run(976, 0.1, 0.2, 0.8)],
};

function cells(...runs: RoundResult[][]): string[] {
  const coded = { title: 'coded', lrShift: 3, framing: { up: 88, down: 88 }, runs };
  const line = formatTable([float, coded]).split('\n').at(-1)!;
  return line.split('|').map((cell) => cell.trim());
}

describe('bytes to the goal', () => {
  it('are those of all rounds up to the first that reaches it, headers included', () => {
    const reached = run(100, 0.5, 0.7, 0.6, 0.9);
    expect(costToGoal(reached, 0.7, shortFraming)).toEqual({ rounds: 2, up: 248, total: 496 });
    expect(costToGoal(reached, 0.91, shortFraming)).toBeUndefined();
  });

  it('are compared seed by seed, with the short headers of float32 in both framings', () => {
    // Goals 0.792; float32 takes 2 and 3 rounds of 1000 bytes each way.
    const row = cells(run(76, 0.8, 0.8, 0.8), run(76, 0.1, 0.8, 0.7));
    expect(row.slice(5, 9)).toEqual(['2', '50 / 50', '17.5 ×', '17.5 ×']);
    expect(row.slice(9, 12)).toEqual(['126 / 126', '6.9 ×', '6.9 ×']);
  });

  it('say how many seeds reach it, and are then those of these alone', () => {
    const row = cells(run(76, 0.7, 0.8, 0.7), run(76, 0.1, 0.2, 0.7));
    expect(row.slice(5, 9)).toEqual(['(2, by 1 of 2 seeds)', '50 / 50', '(10.0 ×)', '(10.0 ×)']);
    expect(cells(run(76, 0.7), run(76, 0.7)).slice(5, 9)).toEqual([
      ...['not reached', '50 / 50', 'not reached', 'not reached'],
    ]);
  });
});
