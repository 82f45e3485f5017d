/** Table 4: nodes that lie, under strategies that average and strategies that do not. */
import { drawChart, type Panel, type Series } from '../../host/figure/chart.js';
import type { RoundRecord } from '../../host/simulator/records.js';
import type { Lie } from '../../host/simulator/lies.js';
import { markdownTable, percent, spread } from '../accuracy/report.js';
import { summarise } from '../accuracy/statistics.js';
import { recordings } from '../accuracy/targets/data.js';
import { ratesTable, rateText, type Choice } from './rate.js';
import type { Work } from './runs.js';
import type { Section, Table } from './section.js';
import { simulatedRuns, testRuns, type ScenarioParts } from './simulated.js';

/** Two for each of the 21 training people, who share out their samples. */
const nodes = 42;
const rounds = 40;
/** Tried first. */
const firstShift = 2;

export interface Defence {
  readonly title: string;
  readonly colour: string;
  readonly strategy: string;
}

export const defences: readonly Defence[] = [
  { title: 'FedAvg, norms bounded', colour: '#0b6e99', strategy: 'fed-avg' },
  { title: 'median', colour: '#d9730d', strategy: 'median' },
  {
    title: 'trimmed mean, 30 %',
    ...{ colour: '#0f7b6c', strategy: 'trimmed-mean:trim=0.3' },
  },
];

const shares = [0.1, 0.2, 0.3] as const;

const attacks: readonly { readonly lie: Lie; readonly title: string }[] = [
  { lie: 'flip-labels', title: 'labels flipped' },
  { lie: 'scale-10', title: 'delta × 10' },
  { lie: 'random-words', title: 'random words' },
  { lie: 'random-bytes', title: 'random bytes' },
];

/** `share` of the nodes say `lie`; nobody lies without one. */
export function scenarioOf(
  { title, strategy }: Defence,
  lrShift: number,
  lie: Lie | undefined,
  share: number,
): ScenarioParts {
  const liars = lie === undefined ? [] : [{ name: 'liars', share, lies: lie }];
  return {
    ...{ name: `${title}, ${lie ?? 'no'} liars ${share}`, nodes, rounds, evaluateEvery: rounds },
    deal: { by: 'subject' },
    plan: {
      lrShift,
      samplesPerRound: 100,
      localEpochs: 1,
      weightUnit: 10,
      strategy,
      codec: 'exact',
    },
    round: { deadlineMinutes: 60 },
    fleet: [{ name: 'honest', share: 1 - (lie === undefined ? 0 : share) }, ...liars],
  };
}

/** Final accuracies by seed, and uploads that were refused, of all rounds of a run. */
interface Outcome {
  readonly accuracies: readonly number[];
  readonly refused: number;
}

function outcomeOf(runs: readonly (readonly RoundRecord[])[]): Outcome {
  const refused = runs.map((run) => run.reduce((sum, record) => sum + record.refused, 0));
  return {
    accuracies: runs.map((run) => run.at(-1)!.scores!['accuracy']),
    refused: summarise(refused).mean,
  };
}

const cell = ({ accuracies }: Outcome): string => spread(summarise(accuracies));

/** Of one defence: without liars, and by attack and share. */
interface Measured {
  readonly choice: Choice;
  readonly honest: Outcome;
  readonly attacked: readonly (readonly Outcome[])[];
}

/** The rate is chosen while nobody lies. */
async function measure(defence: Defence, work: Work): Promise<Measured> {
  const { choice, runs } = await simulatedRuns(
    (lrShift) => scenarioOf(defence, lrShift, undefined, 0),
    firstShift,
    work,
  );
  const attacked: Outcome[][] = [];
  for (const { lie } of attacks) {
    const row: Outcome[] = [];
    for (const share of shares) {
      const scenario = scenarioOf(defence, choice.lrShift, lie, share);
      row.push(outcomeOf(await testRuns(scenario, work)));
    }
    attacked.push(row);
  }
  return { choice, honest: outcomeOf(runs), attacked };
}

function panelOf(title: string, i: number, all: readonly Measured[]): Panel {
  const series = defences.map(({ title: label, colour }, d): Series => {
    const points = [all[d].honest, ...all[d].attacked[i]];
    const seeds = all[d].honest.accuracies.map((_, seed) => seed);
    return {
      ...{ label, colour },
      values: seeds.map((seed) => points.map(({ accuracies }) => 100 * accuracies[seed])),
    };
  });
  const steps = [0, ...shares].map((share) => percent(share, 0));
  return { title: `${title}: accuracy, %`, axis: 'liars, % of the nodes', steps, series };
}

export const liarsTable: Table = {
  number: 4,
  data: [recordings.har],
  async make(work): Promise<Section> {
    const all: Measured[] = [];
    for (const defence of defences) all.push(await measure(defence, work));
    const honestRow = ['nobody lies', '0', ...all.map(({ honest }) => cell(honest)), '0'];
    const rows = attacks.flatMap(({ title }, i) =>
      shares.map((share, s) => [
        title,
        percent(share, 0),
        ...all.map(({ attacked }) => cell(attacked[i][s])),
        all[0].attacked[i][s].refused.toFixed(0),
      ]),
    );
    const head = [
      ...['lie', 'liars %'],
      ...defences.map(({ title }, i) => `${title}, ${rateText(all[i].choice)}`),
      'refused uploads',
    ];
    const rates = ratesTable(defences.map(({ title }, i) => [title, all[i].choice] as const));
    const heading = `HAR, 9 test people, mean and range of ${work.seeds} seeds`;
    const panels = attacks.slice(0, 3).map(({ title }, i) => panelOf(title, i, all));
    return {
      text: `${markdownTable(head, [honestRow, ...rows])}\n\n${rates}`,
      figures: {
        'results-liars.svg': drawChart(
          { title: 'Accuracy by the share of liars', heading },
          panels,
        ),
      },
    };
  },
};
