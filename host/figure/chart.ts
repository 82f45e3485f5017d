import { drawing, element, escapeText, pointList, type Point } from './svg.js';

/** Values over the steps of the x axis, one list for each seed. */
export interface Series {
  readonly label: string;
  readonly colour: string;
  readonly dashed?: boolean;
  /** [seeds][steps], in percent. */
  readonly values: readonly (readonly number[])[];
}

/** One plot: lines for the means over seeds, bands from the least to the greatest seed. */
export interface Panel {
  readonly title: string;
  readonly axis: string;
  /** A label for each step. */
  readonly steps: readonly string[];
  readonly series: readonly Series[];
  /** A line that must be reached, in percent. */
  readonly floor?: number;
}

const panelWidth = 400;
const panelHeight = 280;
const margin = { left: 52, right: 16, top: 56, bottom: 46 };
const inner = {
  width: panelWidth - margin.left - margin.right,
  height: panelHeight - margin.top - margin.bottom,
};
/** Of the heading and a first row of the legend, and of each row more. */
const legendHeight = 26;
const legendRow = 18;
/** Of an entry of the legend at least, so that short ones stand in columns; its line and the space before its text. */
const entryWidth = 170;
const markWidth = 34;
/** A wide guess: which font a reader has is not known. */
const letterWidth = 6.5;
const grey = '#8a8a8a';
const faint = '#e4e4e4';

interface Scale {
  readonly low: number;
  readonly high: number;
  readonly step: number;
}

/** Round limits around the values, about five ticks apart: steps of 1, 2 or 5 times a power of ten. */
export function chooseScale(values: readonly number[]): Scale {
  const least = Math.min(...values);
  const greatest = Math.max(...values);
  const raw = Math.max(greatest - least, 0.1) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= raw) ?? 10);
  const low = Math.floor(least / step) * step;
  const high = Math.ceil(greatest / step) * step;
  return { low, high: high > low ? high : low + step, step };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Values of step `i`, one for each seed. */
function atStep({ values }: Series, i: number): number[] {
  return values.map((seed) => seed[i]);
}

class Axes {
  readonly scale: Scale;

  constructor(
    private readonly panel: Panel,
    private readonly left: number,
    private readonly top: number,
  ) {
    const values = panel.series.flatMap(({ values }) => values.flat());
    this.scale = chooseScale(panel.floor === undefined ? values : [...values, panel.floor]);
  }

  x(i: number): number {
    const last = Math.max(1, this.panel.steps.length - 1);
    return this.left + margin.left + (inner.width * i) / last;
  }

  y(value: number): number {
    const { low, high } = this.scale;
    return this.top + margin.top + inner.height * (1 - (value - low) / (high - low));
  }

  draw(): string[] {
    const { low, high, step } = this.scale;
    const [x0, x1] = [this.left + margin.left, this.left + margin.left + inner.width];
    const digits = step < 1 ? Math.ceil(-Math.log10(step)) : 0;
    const parts: string[] = [];
    for (let tick = 0; low + tick * step <= high + step / 2; tick++) {
      const value = low + tick * step;
      const y = this.y(value);
      parts.push(element('line', { x1: x0, x2: x1, y1: y, y2: y, stroke: faint }));
      const place = { x: x0 - 8, y: y + 4, 'text-anchor': 'end', fill: grey };
      parts.push(element('text', place, value.toFixed(digits)));
    }
    return [...parts, ...this.drawSteps(), ...this.drawTitles(x0)];
  }

  private drawSteps(): string[] {
    const { steps } = this.panel;
    // At most eight labels, the last one always.
    const stride = Math.ceil(steps.length / 8);
    const y = this.y(this.scale.low) + 18;
    return steps.flatMap((label, i) =>
      (steps.length - 1 - i) % stride === 0
        ? [
            element(
              'text',
              { x: this.x(i), y, 'text-anchor': 'middle', fill: grey },
              escapeText(label),
            ),
          ]
        : [],
    );
  }

  private drawTitles(x0: number): string[] {
    const middle = x0 + inner.width / 2;
    const below = this.y(this.scale.low) + 36;
    const title = { x: x0, y: this.top + margin.top - 14, 'font-weight': 600 };
    return [
      element('text', title, escapeText(this.panel.title)),
      element(
        'text',
        { x: middle, y: below, 'text-anchor': 'middle', fill: grey },
        escapeText(this.panel.axis),
      ),
    ];
  }
}

function drawSeries(series: Series, axes: Axes, steps: number): string[] {
  const range = Array.from({ length: steps }, (_, i) => i);
  const pick = (choose: (values: readonly number[]) => number): Point[] =>
    range.map((i): Point => [axes.x(i), axes.y(choose(atStep(series, i)))]);
  const band = [
    ...pick((values) => Math.max(...values)),
    ...pick((values) => Math.min(...values)).reverse(),
  ];
  const { colour } = series;
  const line = pick(meanOf);
  return [
    element('polygon', { points: pointList(band), fill: colour, 'fill-opacity': '0.14' }),
    element('polyline', {
      points: pointList(line),
      fill: 'none',
      stroke: colour,
      'stroke-width': 2,
      'stroke-linejoin': 'round',
      ...(series.dashed && { 'stroke-dasharray': '6 4' }),
    }),
    ...line.map(([cx, cy]) => element('circle', { cx, cy, r: 2.5, fill: colour })),
  ];
}

function drawFloor({ floor, steps }: Panel, axes: Axes): string[] {
  if (floor === undefined) return [];
  const y = axes.y(floor);
  const [x1, x2] = [axes.x(0), axes.x(Math.max(1, steps.length - 1))];
  const line = element('line', { x1, x2, y1: y, y2: y, stroke: '#b03030', 'stroke-width': 1 });
  // At the left, where learning has not come so far yet.
  const place = { x: x1 + 4, y: y - 4, fill: '#b03030', 'font-size': 11 };
  return [line, element('text', place, `at least ${floor}`)];
}

interface LegendEntry {
  readonly series: Series;
  readonly x: number;
  readonly row: number;
}

/** Entries in rows that end before the right edge of the drawing. */
function placeLegend(all: readonly Series[], width: number): LegendEntry[] {
  let [x, row] = [margin.left, 0];
  return all.map((series) => {
    const needed = markWidth + letterWidth * series.label.length;
    if (x > margin.left && x + needed > width) [x, row] = [margin.left, row + 1];
    const entry = { series, x, row };
    x += Math.max(entryWidth, needed + margin.right);
    return entry;
  });
}

function drawLegend(entries: readonly LegendEntry[]): string[] {
  return entries.flatMap(({ series: { label, colour, dashed }, x, row }) => {
    const y = 44 + legendRow * row;
    const stroke = {
      ...{ x1: x, x2: x + 26, y1: y, y2: y },
      stroke: colour,
      'stroke-width': 2,
      ...(dashed && { 'stroke-dasharray': '6 4' }),
    };
    const place = { x: x + markWidth, y: y + 4 };
    return [element('line', stroke), element('text', place, escapeText(label))];
  });
}

export interface Caption {
  /** For readers who cannot see the chart. */
  readonly title: string;
  /** Short enough for one panel. */
  readonly heading: string;
}

/** Panels side by side under one heading and one legend, as an SVG document. */
export function drawChart(caption: Caption, panels: readonly Panel[]): string {
  const width = panels.length * panelWidth;
  const legend = placeLegend(panels[0].series, width);
  const top = legendHeight + legendRow * (legend.at(-1)?.row ?? 0);
  const place = { x: margin.left, y: 24, 'font-size': 14, 'font-weight': 600 };
  const parts = [
    element('text', place, escapeText(caption.heading)),
    ...drawLegend(legend),
    ...panels.flatMap((panel, i) => {
      const axes = new Axes(panel, i * panelWidth, top);
      const { steps } = panel;
      return [
        ...axes.draw(),
        ...drawFloor(panel, axes),
        ...panel.series.flatMap((series) => drawSeries(series, axes, steps.length)),
      ];
    }),
  ];
  return drawing(width, top + panelHeight, caption.title, parts);
}
