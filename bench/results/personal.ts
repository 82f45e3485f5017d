/** Table 5: a model meets somebody it was not trained on, and its last layer is trained on a few samples of this person. */
import { version } from '../../host/contract/contract.gen.js';
import type { Dataset } from '../../host/data/dataset.js';
import { drawChart, type Panel, type Series } from '../../host/figure/chart.js';
import { buildDescriptor } from '../../host/model/descriptor.js';
import { groupPeople } from '../accuracy/people.js';
import { interval, markdownTable, note, percent, spread } from '../accuracy/report.js';
import { summarise } from '../accuracy/statistics.js';
import { openArm } from '../accuracy/targets/classification.js';
import { recordings } from '../accuracy/targets/data.js';
import {
  allButLast,
  Bases,
  summarisePeople,
  tunePeople,
  type OwnSplit,
} from '../accuracy/targets/personalised.js';
import {
  arithmetics,
  type Arithmetic,
  type Split,
  type TargetTask,
} from '../accuracy/targets/task.js';
import { findTask } from '../accuracy/targets/tasks.js';
import { SampleOrder } from '../accuracy/training.js';
import { cachedValue, kernelHash } from '../traffic/cache.js';
import { chooseRate, ratesTable, rateText, validationSeed, type Choice } from './rate.js';
import { seedsOf, type Work } from './runs.js';
import { gather, type Section, type Table } from './section.js';

/** Own samples trained on. */
export const counts = [0, 5, 10, 20, 50, 100] as const;
export type Count = (typeof counts)[number];

/** Of the last layer, on own samples. */
const epochs = 20;

export interface Personal {
  readonly name: string;
  readonly title: string;
  /** Data, net and plan of the model that people meet. */
  readonly base: TargetTask;
  /** Of one person: samples that may be trained on, in the order of recording, and those that are scored. */
  readonly divide: (dataset: Dataset, own: readonly number[]) => OwnSplit;
  /** `count` of those that may be trained on. */
  readonly choose: (pool: readonly number[], count: number) => number[];
}

const mostBeats = 100;

/** `count` of a list at equal distances. */
export function spreadOver(pool: readonly number[], count: number): number[] {
  const length = Math.min(count, pool.length);
  return Array.from(
    { length },
    (_, i) => pool[Math.floor(((2 * i + 1) * pool.length) / (2 * length))],
  );
}

/** The first experiment of a person to train on, the others to score: windows of one overlap. */
function byExperiment({ extra, extraCount }: Dataset, own: readonly number[]): OwnSplit {
  const experiment = (index: number): number => extra[index * extraCount];
  const first = experiment(own[0]);
  return {
    train: own.filter((index) => experiment(index) === first),
    test: own.filter((index) => experiment(index) !== first),
  };
}

export const personals: readonly Personal[] = [
  {
    name: 'ecg',
    title: 'ECG, 11 patients; their first beats; scored on those after the first 100',
    base: findTask('ecg-conv'),
    divide: (_, own) => ({ train: own.slice(0, mostBeats), test: own.slice(mostBeats) }),
    choose: (pool, count) => pool.slice(0, count),
  },
  {
    name: 'har',
    title:
      'HAR, 9 people; windows at equal distances in their first experiment; scored on the others',
    base: findTask('har-conv'),
    divide: byExperiment,
    choose: spreadOver,
  },
];

/** What is kept of one count. */
export interface PersonalScores {
  readonly patientMean: number;
  readonly macroF1: number;
}

/** People of a split meet a model: an arm whose last layer alone learns. */
export class Meeting {
  private readonly bases: Bases;
  private readonly descriptor: Uint8Array;

  constructor(private readonly personal: Personal) {
    const { model, plan } = personal.base;
    this.descriptor = buildDescriptor(model);
    this.bases = new Bases(this.descriptor, plan);
  }

  async score(
    arithmetic: Arithmetic,
    split: Split,
    count: Count,
    lrShift: number,
    seed: number,
  ): Promise<PersonalScores> {
    const { descriptor, personal } = this;
    const { dataset, test } = split;
    const order = await SampleOrder.open(descriptor);
    const base = await this.bases.train(arithmetic, split, order, seed);
    const frozenLayers = allButLast(descriptor);
    const arm = await openArm(arithmetic, { dataset, descriptor, frozenLayers });
    const people = groupPeople(dataset, test).map((own) => {
      const parts = personal.divide(dataset, own);
      return { ...parts, train: personal.choose(parts.train, count) };
    });
    const { classWeights } = personal.base.plan;
    const tuning = { ...{ lrShift, skipThreshold: 0 }, ...(classWeights && { classWeights }) };
    const confusions = tunePeople(arm, base, order, dataset, people, epochs, tuning, seed);
    const scores = summarisePeople('', confusions);
    return { patientMean: scores['patientMean'], macroF1: scores['macroF1'] };
  }
}

/** Scores of people of a split, from the folder of results if they are there. */
class Scorer {
  private readonly splits = new Map<string, Split>();
  private readonly meeting: Meeting;

  constructor(
    private readonly personal: Personal,
    private readonly folder: string,
  ) {
    this.meeting = new Meeting(personal);
  }

  score(
    part: 'test' | 'validation',
    arithmetic: Arithmetic,
    count: Count,
    lrShift: number,
    seed: number,
  ): Promise<PersonalScores> {
    const { name, base } = this.personal;
    const inputs = {
      ...{ kind: 'personal', name, part, count, epochs, seed, arithmetic, lrShift },
      ...{ plan: base.plan, model: base.model, numerics: version.NUMERICS },
      kernel: arithmetic === 'linnet' ? kernelHash : undefined,
    };
    return cachedValue(this.folder, inputs, async () => {
      const split = this.splitOf(part);
      const scores = await this.meeting.score(arithmetic, split, count, lrShift, seed);
      const what = `${count} own samples, 2^−${lrShift}, ${part}, seed ${seed}`;
      note(`${name}, ${arithmetic}: ${what}: ${percent(scores.patientMean)} %`);
      return scores;
    });
  }

  private splitOf(part: 'test' | 'validation'): Split {
    const { base } = this.personal;
    const known =
      this.splits.get(part) ?? (part === 'test' ? base.testSplit() : base.validationSplits()[0]);
    this.splits.set(part, known);
    return known;
  }
}

/** Tried first. */
const firstShift = 7;

/** Nothing is trained. */
const noRate: Choice = { lrShift: 0, tried: [] };

interface Curve {
  /** By count. */
  readonly choices: readonly Choice[];
  /** [counts][seeds]. */
  readonly scores: readonly (readonly PersonalScores[])[];
}

async function curveOf(scorer: Scorer, arithmetic: Arithmetic, work: Work): Promise<Curve> {
  const choices: Choice[] = [];
  const scores: PersonalScores[][] = [];
  for (const count of counts) {
    const validate = (lrShift: number): Promise<PersonalScores> =>
      scorer.score('validation', arithmetic, count, lrShift, validationSeed);
    const choice =
      count === 0
        ? noRate
        : await chooseRate(firstShift, async (lrShift) => (await validate(lrShift)).patientMean);
    const { lrShift } = choice;
    const own: PersonalScores[] = [];
    for (const seed of seedsOf(work))
      own.push(await scorer.score('test', arithmetic, count, lrShift, seed));
    choices.push(choice);
    scores.push(own);
  }
  return { choices, scores };
}

type Curves = Readonly<Record<Arithmetic, Curve>>;

async function curvesOf(personal: Personal, work: Work): Promise<Curves> {
  const scorer = new Scorer(personal, work.folder);
  const linnet = await curveOf(scorer, 'linnet', work);
  return { linnet, float32: await curveOf(scorer, 'float32', work) };
}

const head = [
  'own samples',
  'rate, Linnet / float32',
  'accuracy, mean of people, Linnet %',
  'float32 %',
  'difference, points',
  'macro-F1, Linnet %',
  'float32 %',
];

function rowsOf({ linnet, float32 }: Curves): string[][] {
  return counts.map((count, i) => {
    const all = ({ scores }: Curve, score: keyof PersonalScores): number[] =>
      scores[i].map((one) => one[score]);
    const [own, other] = [linnet, float32].map((curve) => all(curve, 'patientMean'));
    const rates = [linnet, float32].map(({ choices }) => rateText(choices[i]));
    return [
      String(count),
      count === 0 ? '' : rates.join(' / '),
      spread(summarise(own)),
      spread(summarise(other)),
      interval(summarise(own.map((value, s) => value - other[s]))),
      spread(summarise(all(linnet, 'macroF1'))),
      spread(summarise(all(float32, 'macroF1'))),
    ];
  });
}

function ratesOf(curves: Curves): string {
  return ratesTable(
    arithmetics.flatMap((arithmetic) =>
      counts
        .map((count, i) => [`${arithmetic}, ${count}`, curves[arithmetic].choices[i]] as const)
        .slice(1),
    ),
  );
}

const looks = {
  float32: { label: 'float32', colour: '#d9730d', dashed: true },
  linnet: { label: 'Linnet (int8)', colour: '#0b6e99' },
} as const;

function panelOf({ name }: Personal, curves: Curves): Panel {
  const series = (['float32', 'linnet'] as const).map((arithmetic): Series => ({
    ...looks[arithmetic],
    values: curves[arithmetic].scores[0].map((_, seed) =>
      curves[arithmetic].scores.map((own) => 100 * own[seed].patientMean),
    ),
  }));
  const title = `${name.toUpperCase()}: accuracy, mean of people, %`;
  return { title, axis: 'own samples trained on', steps: counts.map(String), series };
}

export const personalTable: Table = {
  number: 5,
  data: [recordings.ecg, recordings.har],
  async make(work): Promise<Section> {
    const { text, panels } = await gather(personals, async (personal) => {
      const curves = await curvesOf(personal, work);
      const table = markdownTable(head, rowsOf(curves));
      const tables = `**${personal.title}**\n\n${table}\n\n${ratesOf(curves)}`;
      return [tables, panelOf(personal, curves)];
    });
    const heading = `People nobody trained on, mean and range of ${work.seeds} seeds`;
    const title = 'Accuracy by the number of own samples';
    return {
      text,
      figures: { 'results-personal.svg': drawChart({ title, heading }, panels) },
    };
  },
};
