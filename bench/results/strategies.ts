/** Table 3: clients that are unlike each other, under each strategy. */
import { version } from '../../host/contract/contract.gen.js';
import { nodeKeyOf } from '../../host/contract/hash.js';
import type { Dataset } from '../../host/data/dataset.js';
import { drawChart, type Panel, type Series } from '../../host/figure/chart.js';
import { buildDescriptor } from '../../host/model/descriptor.js';
import { scoreArm } from '../accuracy/arm.js';
import { accuracyOfMix, worstDecile } from '../accuracy/people.js';
import { interval, markdownTable, note, percent, spread } from '../accuracy/report.js';
import { summarise } from '../accuracy/statistics.js';
import { openArm } from '../accuracy/targets/classification.js';
import { recordings } from '../accuracy/targets/data.js';
import { allButLast, tunePeople, type OwnSplit } from '../accuracy/targets/personalised.js';
import { SampleOrder, trainFederated } from '../accuracy/training.js';
import { cachedValue, kernelHash } from '../traffic/cache.js';
import { CodedArm } from '../traffic/coded-arm.js';
import type { CodedScheme } from '../traffic/schemes.js';
import {
  federatedRuns,
  finalOf,
  seedsOf,
  testSplitOf,
  type Final,
  type Runs,
  type Work,
} from './runs.js';
import { ratesTable, rateText } from './rate.js';
import { resultSchemes, type ResultScheme } from './schemes.js';
import { gather, type Section, type Table } from './section.js';
import { tasks, type ResultTask } from './tasks.js';

interface Arm {
  readonly scheme: ResultScheme;
  /** In the table. */
  readonly title: string;
  /** In the figure. */
  readonly label: string;
  readonly colour: string;
}

/** The first is what the others are measured against. */
const arms: readonly Arm[] = [
  { scheme: 'dense', title: 'FedAvg', label: 'FedAvg', colour: '#0b6e99' },
  {
    scheme: 'prox',
    title: 'FedProx, 2^−4 every 16 steps',
    ...{ label: 'FedProx', colour: '#6b6b6b' },
  },
  {
    scheme: 'momentum1',
    title: `FedAvgM, ${parametersOf('momentum1')}`,
    ...{ label: 'FedAvgM, 1', colour: '#f0c49b' },
  },
  {
    scheme: 'momentum8th',
    title: `FedAvgM, ${parametersOf('momentum8th')}`,
    ...{ label: 'FedAvgM, 0.125', colour: '#d9730d' },
  },
  adamArm('adam64', '#9bc4b8'),
  adamArm('adam256', '#0f7b6c'),
  adamArm('adam1024', '#ad1a72'),
];

function adamArm(scheme: 'adam64' | 'adam256' | 'adam1024', colour: string): Arm {
  const title = `FedAdam, ${parametersOf(scheme)}`;
  return { scheme, title, label: title.replace('rate ', ''), colour };
}

/** As the scheme has them: `momentum 0.9, rate 1`. */
function parametersOf(
  scheme: 'momentum1' | 'momentum8th' | 'adam64' | 'adam256' | 'adam1024',
): string {
  return resultSchemes[scheme].strategy.split(':')[1].replace(',', ', ').replaceAll('=', ' ');
}

/** Of the last layer, on all own samples, after the end of the federation. */
const personal = { epochs: 5, lrShift: 7 };

/** A federation that has ended, and what each client is trained and scored on: test samples of its own classes. */
interface Ended {
  readonly arm: CodedArm;
  readonly order: SampleOrder;
  readonly descriptor: Uint8Array;
  readonly dataset: Dataset;
  readonly people: readonly OwnSplit[];
}

async function endedFederation(
  task: ResultTask,
  changes: Pick<CodedScheme, 'personalLayers'>,
  lrShift: number,
  seed: number,
): Promise<Ended> {
  const { model, plan, skipThreshold } = task;
  const { dataset, clients, test } = testSplitOf(task);
  const descriptor = buildDescriptor(model);
  const order = await SampleOrder.open(descriptor);
  const scheme = { ...resultSchemes.dense, ...changes };
  const arm = await CodedArm.openCoded({ dataset, descriptor }, scheme, plan.rounds);
  trainFederated(arm, order, clients, plan, { lrShift, skipThreshold }, seed);
  const people = clients.map((train) => {
    const classes = new Set(train.map((index) => dataset.label[index]));
    return { train, test: test.filter((index) => classes.has(dataset.label[index])) };
  });
  return { arm, order, descriptor, dataset, people };
}

/** Confusion of each client. */
type ScoreClients = (task: ResultTask, lrShift: number, seed: number) => Promise<number[][]>;

/** FedAvg, then each client its own last layer. */
const tunedClients: ScoreClients = async (task, lrShift, seed) => {
  const { arm, order, descriptor, dataset, people } = await endedFederation(
    task,
    {},
    lrShift,
    seed,
  );
  const frozenLayers = allButLast(descriptor);
  const own = await openArm('linnet', { dataset, descriptor, frozenLayers });
  const tuning = { lrShift: personal.lrShift, skipThreshold: 0 };
  return tunePeople(own, arm.save(), order, dataset, people, personal.epochs, tuning, seed);
};

/** FedPer: the last layer has stayed with each client from the beginning. */
const fedPerClients: ScoreClients = async (task, lrShift, seed) => {
  const personalLayers = allButLast(buildDescriptor(task.model)) + 1;
  const { arm, dataset, people } = await endedFederation(task, { personalLayers }, lrShift, seed);
  return people.map(({ test }, client) => {
    arm.becomeOwn(nodeKeyOf(`node-${client}`));
    return scoreArm(arm, dataset, test);
  });
};

/** Accuracy of each client on test samples mixed as its own are. */
async function ownRuns(
  kind: string,
  score: ScoreClients,
  task: ResultTask,
  lrShift: number,
  work: Work,
): Promise<number[][]> {
  const { model, plan, part } = task;
  const { dataset, clients } = testSplitOf(task);
  const runs: number[][] = [];
  for (const seed of seedsOf(work)) {
    const inputs = {
      ...{ kind, model, plan, part, lrShift, personal, seed },
      ...{ numerics: version.NUMERICS, kernel: kernelHash },
    };
    const accuracies = await cachedValue(work.folder, inputs, async () => {
      const confusions = await score(task, lrShift, seed);
      return confusions.map((confusion, i) => accuracyOfMix(dataset, clients[i], confusion));
    });
    note(`${task.label}: ${kind}, seed ${seed}: ${percent(summarise(accuracies).mean)} %`);
    runs.push(accuracies);
  }
  return runs;
}

function peopleCells(runs: readonly (readonly number[])[]): string[] {
  const means = runs.map((people) => summarise(people).mean);
  return [spread(summarise(means)), spread(summarise(runs.map(worstDecile)))];
}

function cellsOf(finals: readonly Final[], yardstick: readonly Final[]): string[] {
  const gains = finals.map(({ accuracy }, i) => accuracy - yardstick[i].accuracy);
  return [
    spread(summarise(finals.map(({ accuracy }) => accuracy))),
    finals === yardstick ? '' : interval(summarise(gains)),
    spread(summarise(finals.map(({ macroF1 }) => macroF1))),
    ...peopleCells(finals.map(({ people }) => people)),
  ];
}

const pointRounds = 10;

function panelOf(task: ResultTask, all: readonly Runs[]): Panel {
  const { rounds } = task.plan;
  const points = Array.from({ length: rounds / pointRounds }, (_, i) => pointRounds * (i + 1));
  const series = all.map(({ runs }, i): Series => ({
    label: arms[i].label,
    colour: arms[i].colour,
    values: runs.map((run) => points.map((round) => 100 * run[round - 1].accuracy)),
  }));
  return { title: `${task.label}: accuracy, %`, axis: 'round', steps: points.map(String), series };
}

const head = [
  'strategy',
  'rate',
  'accuracy %',
  'minus FedAvg, points',
  'macro-F1 %',
  'people or clients, mean %',
  'worst tenth %',
];

async function tableOf(task: ResultTask, work: Work): Promise<[string, Panel]> {
  const all: Runs[] = [];
  for (const { scheme } of arms) all.push(await federatedRuns(task, scheme, work));
  const finals = all.map(({ runs }) => runs.map(finalOf));
  const rows = arms.map(({ title }, i) => [
    title,
    rateText(all[i].choice),
    ...cellsOf(finals[i], finals[0]),
  ]);
  if (task.recording === 'mnist') {
    const { lrShift } = all[0].choice;
    const tuned = await ownRuns('last layers tuned', tunedClients, task, lrShift, work);
    const tunedTitle = `FedAvg, then each client its last layer, ${personal.epochs} epochs`;
    rows.push([tunedTitle, `2^−${personal.lrShift}`, '', '', '', ...peopleCells(tuned)]);
    const fedPer = await ownRuns('FedPer', fedPerClients, task, lrShift, work);
    const fedPerTitle = 'FedPer, the last layer stays with each client';
    rows.push([fedPerTitle, `2^−${lrShift}`, '', '', '', ...peopleCells(fedPer)]);
  }
  const rates = ratesTable(arms.map(({ title }, i) => [title, all[i].choice] as const));
  return [`**${task.title}**\n\n${markdownTable(head, rows)}\n\n${rates}`, panelOf(task, all)];
}

export const strategiesTable: Table = {
  number: 3,
  data: [recordings.har, recordings.mnist],
  async make(work): Promise<Section> {
    const chosen = [tasks.shards, tasks.dirichlet, tasks.har];
    const { text, panels } = await gather(chosen, (task) => tableOf(task, work));
    const heading = `Test samples, mean and range of ${work.seeds} seeds`;
    const title = 'Accuracy over rounds by strategy';
    return {
      text,
      figures: { 'results-strategies.svg': drawChart({ title, heading }, panels) },
    };
  },
};
