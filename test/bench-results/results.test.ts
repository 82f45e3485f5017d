/** What stands between runs and the tables of docs/RESULTS.md, against values by hand. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { accuracyOfMix, worstDecile } from '../../bench/accuracy/people.js';
import { replaceTable } from '../../bench/results/document.js';
import { reachOf, reachText, yardstickOf } from '../../bench/results/goal.js';
import { spreadOver } from '../../bench/results/personal.js';
import { chooseRate, ratesTable } from '../../bench/results/rate.js';
import { minutesTo } from '../../bench/results/stragglers.js';
import type { RoundResult } from '../../bench/traffic/run.js';
import { createDataset } from '../../host/data/dataset.js';
import { packagePath } from '../../host/kernel/load.js';
import type { RoundRecord } from '../../host/simulator/records.js';

/** Rounds of two nodes that take 488 bytes each way, 500 with headers. */
function run(...accuracies: number[]): RoundResult[] {
  return accuracies.map((accuracy) => ({ nodes: 2, up: 976, down: 976, accuracy, macroF1: 0 }));
}

describe('rounds to a goal', () => {
  it('are means of the runs that reach their own goal', () => {
    const runs = [run(0.5, 0.8, 0.7), run(0.1, 0.2, 0.3), run(0.6, 0.6, 0.9)];
    const reach = reachOf(runs, [0.8, 0.8, 0.9]);
    expect(reach).toEqual({ hits: 2, of: 3, rounds: 2.5, bytes: 5000 });
    expect(reachText(reach)).toBe('(3; 0.00500 MB, 2 of 3 seeds)');
    expect(reachText({ ...reach, hits: 3 })).toBe('3; 0.00500 MB');
    expect(reachText(reachOf(runs, [1, 1, 1]))).toBe('not reached');
  });

  it('compare with the last round that is scored on the same samples', () => {
    const ended = run(0.5, 0.8, 0.7);
    expect(yardstickOf(ended, false)).toBe(0.7);
    expect(yardstickOf(ended, true)).toBe(0.8);
  });

  it('in virtual time count from the beginning, whatever was not scored', () => {
    const record = (minutes: number, accuracy?: number): RoundRecord => ({
      ...{ type: 'round', round: 0, hours: minutes / 60, modelHash: '', contributions: 0 },
      ...{ refused: 0, degraded: false, bytesUp: 0, bytesDown: 0, instructions: 0, joule: 0 },
      ...(accuracy !== undefined && { scores: { accuracy } }),
    });
    const records = [record(1, 0.5), record(2), record(4, 0.9), record(5, 0.8)];
    expect(minutesTo(records, 0.6)).toBeCloseTo(4);
    expect(minutesTo(records, 0.5)).toBeCloseTo(1);
    expect(minutesTo(records, 0.95)).toBeUndefined();
  });
});

describe('a rate', () => {
  const choose = async (from: number, best: number, equal = 0): Promise<[number, number[]]> => {
    const { lrShift, tried } = await chooseRate(from, (shift) =>
      Promise.resolve(1 - Math.max(equal, Math.abs(shift - best)) / 100),
    );
    return [lrShift, tried.map((one) => one.lrShift)];
  };

  it('is looked for beyond the ends until it is none', async () => {
    expect(await choose(3, 3)).toEqual([3, [2, 3, 4]]);
    expect(await choose(3, 6)).toEqual([6, [3, 4, 5, 6, 7]]);
    expect(await choose(3, 1)).toEqual([1, [0, 1, 2, 3, 4]]);
    expect(await choose(3, -5)).toEqual([0, [0, 1, 2, 3, 4]]);
    expect(await choose(3, 20)).toEqual([10, [3, 4, 5, 6, 7, 8, 9, 10]]);
  });

  it('is the smallest of those that are equally good', async () => {
    expect(await choose(3, 3, 1)).toEqual([4, [3, 4, 5]]);
  });

  it('stands with all that were tried', () => {
    const tried = [
      { lrShift: 3, accuracy: 0.5 },
      { lrShift: 4, accuracy: 0.75 },
    ];
    const table = ratesTable([['one', { lrShift: 4, tried }]]);
    expect(table).toContain('|  | 2^−3 | 2^−4 |');
    expect(table).toContain('| one | 50.00 | **75.00** |');
  });
});

describe('people', () => {
  it('in the worst tenth are at least one', () => {
    expect(worstDecile([0.9, 0.5, 0.7])).toBe(0.5);
    const eleven = [1, 0.2, 1, 1, 1, 0.4, 1, 1, 1, 1, 1];
    expect(worstDecile(eleven)).toBeCloseTo(0.3);
  });

  it('without names are scored by the mix of their classes', () => {
    const dataset = createDataset({
      ...{ name: 'mix', channels: 1, steps: 1, classNames: ['a', 'b'] },
      ...{ x: new Int8Array(4), label: Uint8Array.of(0, 0, 0, 1) },
      ...{ split: new Uint8Array(4), subject: new Uint16Array(4) },
      ...{ extra: new Uint16Array(0), extraCount: 0 },
    });
    // Recalls 1/2 and 1; three of four own samples are of the first class.
    expect(accuracyOfMix(dataset, [0, 1, 2, 3], [5, 5, 0, 4])).toBeCloseTo(0.625);
  });

  it('give samples at equal distances, each at most once', () => {
    expect(spreadOver([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 2)).toEqual([3, 8]);
    expect(spreadOver([1, 2, 3], 100)).toEqual([1, 2, 3]);
    expect(spreadOver([1, 2, 3], 0)).toEqual([]);
  });
});

describe('the document', () => {
  const text = 'before\n<!-- table 1 -->\nold\n<!-- end of table 1 -->\nafter';

  it('has its tables replaced and nothing else', () => {
    expect(replaceTable(text, 1, '| new |')).toBe(
      'before\n<!-- table 1 -->\n\n| new |\n\n<!-- end of table 1 -->\nafter',
    );
    expect(() => replaceTable(text, 2, '')).toThrow('no place for table 2');
  });

  it('has a place for each table', () => {
    const document = readFileSync(packagePath('docs/RESULTS.md'), 'utf8');
    for (const number of [1, 2, 3, 4, 5])
      expect(replaceTable(document, number, 'here')).toContain('here');
  });
});
