/** The figure of a task: its scores over the epochs, both arms. */
import { drawChart, type Panel, type Series } from '../../../host/figure/chart.js';
import type { Trials } from './judge.js';
import type { Arithmetic, TargetTask, Trial } from './task.js';

const looks: Readonly<Record<Arithmetic, Omit<Series, 'values'>>> = {
  linnet: { label: 'Linnet (int8)', colour: '#0b6e99' },
  float32: { label: 'float32', colour: '#d9730d', dashed: true },
};

const percentOf = (value: number): number => 100 * value;

/** One score over epochs. */
export interface EpochPanel {
  readonly title: string;
  readonly score: string;
}

/** Scores of the result side by side. */
export interface StepPanel {
  readonly title: string;
  readonly axis: string;
  readonly steps: readonly { readonly label: string; readonly score: string }[];
}

export type PanelSpec = EpochPanel | StepPanel;

function seriesOf(trials: Trials, valuesOf: (trial: Trial) => number[]): Series[] {
  return (['float32', 'linnet'] as const).map((arithmetic) => ({
    ...looks[arithmetic],
    values: trials[arithmetic].map(valuesOf),
  }));
}

function panelOf(task: TargetTask, spec: PanelSpec, trials: Trials): Panel {
  if ('steps' in spec) {
    const valuesOf = ({ curve }: Trial): number[] =>
      spec.steps.map(({ score }) => percentOf(curve.at(-1)![score]));
    const steps = spec.steps.map(({ label }) => label);
    return { title: spec.title, axis: spec.axis, steps, series: seriesOf(trials, valuesOf) };
  }
  const floor = task.targets.find(({ score }) => score === spec.score)?.floor;
  return {
    title: spec.title,
    axis: 'epoch',
    steps: trials.linnet[0].curve.map((_, epoch) => String(epoch + 1)),
    series: seriesOf(trials, ({ curve }) => curve.map((scores) => percentOf(scores[spec.score]))),
    ...(floor !== undefined && { floor: percentOf(floor) }),
  };
}

export function drawTask(task: TargetTask, trials: Trials): string {
  const seeds = trials.linnet.length;
  return drawChart(
    { title: task.title, heading: `${task.name}: mean and range of ${seeds} seeds` },
    task.panels.map((spec) => panelOf(task, spec, trials)),
  );
}
