/** Table 1: one place, float32 FedAvg, and Linnet with its codecs. */
import { drawChart, type Panel, type Series } from '../../host/figure/chart.js';
import { worstDecile } from '../accuracy/people.js';
import { interval, markdownTable, percent, spread } from '../accuracy/report.js';
import { summarise } from '../accuracy/statistics.js';
import { recordings } from '../accuracy/targets/data.js';
import { goalShares, reachOf, reachText, yardstickOf } from './goal.js';
import { centralRuns, federatedRuns, finalOf, type Final, type Runs, type Work } from './runs.js';
import { ratesTable, rateText } from './rate.js';
import { resultSchemes, type ResultScheme } from './schemes.js';
import { gather, type Section, type Table } from './section.js';
import { centralPlanOf, taskNames, tasks, type ResultTask } from './tasks.js';

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
  const all = new Map<ResultScheme, Runs>();
  for (const name of task.schemes) all.set(name, await federatedRuns(task, name, work));
  const float = all.get('float32')!.runs;
  const yardstick = float.map(finalOf);
  const ends = float.map((run) => yardstickOf(run, task.probeStep > 1));
  const rows = [...all].map(([name, { choice, runs: own }]) => [
    resultSchemes[name].title,
    rateText(choice),
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
  const rates = ratesTable(
    [...all].map(([name, { choice }]) => [resultSchemes[name].title, choice] as const),
  );
  return [`**${task.title}**\n\n${table}\n\n${rates}`, panelOf(task, all)];
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

function panelOf(task: ResultTask, all: ReadonlyMap<ResultScheme, Runs>): Panel {
  const rounds = Array.from(
    { length: task.plan.rounds / pointRounds },
    (_, i) => pointRounds * (i + 1),
  );
  const series = [...all].map(([name, { runs }]): Series => ({
    label: resultSchemes[name].title.replace('Linnet, ', '').replace(' both ways', ''),
    colour: colours[name]!,
    dashed: name === 'float32',
    values: runs.map((run) => rounds.map((round) => 100 * run[round - 1].accuracy)),
  }));
  return { title: `${task.label}: accuracy, %`, axis: 'round', steps: rounds.map(String), series };
}

export const federatedTable: Table = {
  number: 1,
  data: Object.values(recordings),
  async make(work): Promise<Section> {
    const { text, panels } = await gather(taskNames, (name) => tableOf(tasks[name], work));
    const heading = `Test samples, mean and range of ${work.seeds} seeds`;
    const title = 'Accuracy over rounds, float32 FedAvg and Linnet with its codecs';
    return {
      text,
      figures: { 'results-federated.svg': drawChart({ title, heading }, panels.slice(0, 3)) },
    };
  },
};
