/** Table 1: one place, float32 FedAvg, and Linnet with its codecs. */
import { drawChart, type Panel, type Series } from '../../host/figure/chart.js';
import { worstDecile } from '../accuracy/people.js';
import { interval, markdownTable, percent, spread } from '../accuracy/report.js';
import { summarise } from '../accuracy/statistics.js';
import { recordings } from '../accuracy/targets/data.js';
import type { RoundResult } from '../traffic/run.js';
import { goalShares, reachOf, reachText, yardstickOf } from './goal.js';
import { centralRuns, federatedRuns, finalOf, type Final, type Work } from './runs.js';
import { resultSchemes, type ResultScheme } from './schemes.js';
import type { Section, Table } from './section.js';
import { centralPlanOf, taskNames, tasks, type ResultTask } from './tasks.js';

const compared = ['float32', 'exact', 'dense', 'sparseUp', 'sparse10'] as const;

const head = [
  'arm',
  'rate',
  'accuracy %',
  'minus float32 FedAvg, points',
  'macro-F1 %',
  'people: mean, worst tenth %',
  ...goalShares.map((share) => `rounds; bytes to ${percent(share, 0)} %`),
];

/** Columns that need no rounds. */
function finalCells(finals: readonly Final[], yardstick: readonly Final[]): string[] {
  const mean = (pick: (final: Final) => number): number => summarise(finals.map(pick)).mean;
  const losses = finals.map(({ accuracy }, i) => accuracy - yardstick[i].accuracy);
  return [
    spread(summarise(finals.map(({ accuracy }) => accuracy))),
    finals === yardstick ? '' : interval(summarise(losses)),
    spread(summarise(finals.map(({ macroF1 }) => macroF1))),
    [mean(({ people }) => summarise(people).mean), mean(({ people }) => worstDecile(people))]
      .map((value) => percent(value, 1))
      .join(', '),
  ];
}

async function tableOf(task: ResultTask, work: Work): Promise<[string, Panel]> {
  const central = await centralRuns(task, work);
  const names = compared.filter((name) => task.shifts[name] !== undefined);
  const runs = new Map<ResultScheme, RoundResult[][]>();
  for (const name of names) runs.set(name, await federatedRuns(task, name, work));
  const float = runs.get('float32')!;
  const yardstick = float.map(finalOf);
  const ends = float.map((run) => yardstickOf(run, task.probeStep > 1));
  const rows = [...runs].map(([name, own]) => [
    resultSchemes[name].title,
    `2^−${task.shifts[name]!}`,
    ...finalCells(name === 'float32' ? yardstick : own.map(finalOf), yardstick),
    ...goalShares.map((share) =>
      reachText(
        reachOf(
          own,
          ends.map((end) => share * end),
        ),
      ),
    ),
  ]);
  const { shifts, epochs } = centralPlanOf(task);
  const first = [`float32 in one place, ${epochs} epochs`, `2^−${shifts.float32}`];
  const table = markdownTable(head, [
    [...first, ...finalCells(central, yardstick), '', ''],
    ...rows,
  ]);
  return [`**${task.title}**\n\n${table}`, panelOf(task, runs)];
}

const colours: Readonly<Partial<Record<ResultScheme, string>>> = {
  float32: '#d9730d',
  exact: '#6b6b6b',
  dense: '#0b6e99',
  sparseUp: '#0f7b6c',
  sparse10: '#ad1a72',
};

/** Points of a line: every tenth round. */
const pointRounds = 10;

function panelOf(task: ResultTask, runs: ReadonlyMap<ResultScheme, RoundResult[][]>): Panel {
  const rounds = Array.from(
    { length: task.plan.rounds / pointRounds },
    (_, i) => pointRounds * (i + 1),
  );
  const series = [...runs].map(([name, own]): Series => ({
    label: resultSchemes[name].title.replace('Linnet, ', '').replace(' both ways', ''),
    colour: colours[name]!,
    dashed: name === 'float32',
    values: own.map((run) => rounds.map((round) => 100 * run[round - 1].accuracy)),
  }));
  return { title: `${task.label}: accuracy, %`, axis: 'round', steps: rounds.map(String), series };
}

export const federatedTable: Table = {
  number: 1,
  data: Object.values(recordings),
  async make(work): Promise<Section> {
    const parts: string[] = [];
    const panels: Panel[] = [];
    for (const name of taskNames) {
      const [text, panel] = await tableOf(tasks[name], work);
      parts.push(text);
      panels.push(panel);
    }
    const heading = `Test samples, mean and range of ${work.seeds} seeds`;
    const title = 'Accuracy over rounds, float32 FedAvg and Linnet with its codecs';
    return {
      text: parts.join('\n\n'),
      figures: { 'results-federated.svg': drawChart({ title, heading }, panels.slice(0, 3)) },
    };
  },
};
