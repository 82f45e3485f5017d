import { describe, expect, it } from 'vitest';
import { drawChart, type Panel } from '../../host/figure/chart.js';

const labels = [
  'FedAvg',
  'the 80 that do not drop out',
  'the first 50 of 100',
  'FedBuff, buffer of 10, up to 150 versions late',
  'FedBuff',
];
/** Of a letter of 12 pixels, on average. */
const LETTER = 6;

const panel: Panel = {
  ...{ title: 'accuracy, %', axis: 'round', steps: ['1', '2'] },
  series: labels.map((label) => ({ label, colour: '#0b6e99', values: [[50, 60]] })),
};

interface Place {
  readonly x: number;
  readonly y: number;
}

function placeOf(svg: string, text: string): Place {
  const found = new RegExp(`<text x="([\\d.]+)" y="([\\d.]+)"[^>]*>${text}<`).exec(svg)!;
  return { x: Number(found[1]), y: Number(found[2]) };
}

describe.each([1, 2, 3])('the legend above %i panels', (count) => {
  const svg = drawChart({ title: 'a', heading: 'b' }, new Array<Panel>(count).fill(panel));
  const entries = labels.map((label) => {
    const { x, y } = placeOf(svg, label);
    return { x, y, end: x + LETTER * label.length };
  });

  it('ends within the drawing', () => {
    expect(Math.max(...entries.map(({ end }) => end))).toBeLessThan(400 * count);
  });

  it('has no two entries in one place', () => {
    entries.slice(1).forEach(({ x, y }, i) => {
      expect(y > entries[i].y || x > entries[i].end).toBe(true);
    });
  });

  it('ends above the panels', () => {
    expect(Math.max(...entries.map(({ y }) => y))).toBeLessThan(placeOf(svg, panel.title).y - 12);
  });
});
