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
import { seedsOf, type Work } from './runs.js';
import type { Section, Table } from './section.js';

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
  /** Rate 2^−shift for each count but 0, chosen on training people: `npx tsx bench/results/tune-personal.ts NAME`. */
  readonly shifts: Readonly<Record<Arithmetic, readonly number[]>>;
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
    shifts: { linnet: [10, 10, 10, 9, 7], float32: [10, 10, 10, 9, 7] },
  },
  {
    name: 'har',
    title:
      'HAR, 9 people; windows at equal distances in their first experiment; scored on the others',
    base: findTask('har-conv'),
    divide: byExperiment,
    choose: spreadOver,
    shifts: { linnet: [7, 7, 7, 7, 7], float32: [7, 7, 7, 7, 7] },
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

/** By count. */
async function curveOf(
  personal: Personal,
  meeting: Meeting,
  split: () => Split,
  arithmetic: Arithmetic,
  seed: number,
  folder: string,
): Promise<PersonalScores[]> {
  const { name, base, shifts } = personal;
  const inputs = {
    ...{ kind: 'personal', name, counts, epochs, seed, arithmetic, shifts: shifts[arithmetic] },
    ...{ plan: base.plan, model: base.model, numerics: version.NUMERICS },
    kernel: arithmetic === 'linnet' ? kernelHash : undefined,
  };
  return cachedValue(folder, inputs, async () => {
    const curve: PersonalScores[] = [];
    for (const [i, count] of counts.entries()) {
      const lrShift = i === 0 ? 0 : shifts[arithmetic][i - 1];
      curve.push(await meeting.score(arithmetic, split(), count, lrShift, seed));
    }
    const texts = curve.map(({ patientMean }) => percent(patientMean)).join(', ');
    note(`${name}, personal, ${arithmetic}, seed ${seed}: ${texts} %`);
    return curve;
  });
}

type Curves = Readonly<Record<Arithmetic, readonly (readonly PersonalScores[])[]>>;

async function curvesOf(personal: Personal, { seeds, folder }: Work): Promise<Curves> {
  let loaded: Split | undefined;
  const split = (): Split => (loaded ??= personal.base.testSplit());
  const meeting = new Meeting(personal);
  const curves: Record<Arithmetic, PersonalScores[][]> = { linnet: [], float32: [] };
  for (const seed of seedsOf({ seeds, folder }))
    for (const arithmetic of arithmetics)
      curves[arithmetic].push(await curveOf(personal, meeting, split, arithmetic, seed, folder));
  return curves;
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

function rowsOf({ shifts }: Personal, { linnet, float32 }: Curves): string[][] {
  return counts.map((count, i) => {
    const all = (curves: Curves[Arithmetic], score: keyof PersonalScores): number[] =>
      curves.map((curve) => curve[i][score]);
    const [own, other] = [linnet, float32].map((curves) => all(curves, 'patientMean'));
    const rate = (arithmetic: Arithmetic): string => `2^−${shifts[arithmetic][i - 1]}`;
    return [
      String(count),
      count === 0 ? '' : `${rate('linnet')} / ${rate('float32')}`,
      spread(summarise(own)),
      spread(summarise(other)),
      interval(summarise(own.map((value, s) => value - other[s]))),
      spread(summarise(all(linnet, 'macroF1'))),
      spread(summarise(all(float32, 'macroF1'))),
    ];
  });
}

const looks = {
  float32: { label: 'float32', colour: '#d9730d', dashed: true },
  linnet: { label: 'Linnet (int8)', colour: '#0b6e99' },
} as const;

function panelOf({ name }: Personal, curves: Curves): Panel {
  const series = (['float32', 'linnet'] as const).map((arithmetic): Series => ({
    ...looks[arithmetic],
    values: curves[arithmetic].map((curve) => curve.map(({ patientMean }) => 100 * patientMean)),
  }));
  const title = `${name.toUpperCase()}: accuracy, mean of people, %`;
  return { title, axis: 'own samples trained on', steps: counts.map(String), series };
}

export const personalTable: Table = {
  number: 5,
  data: [recordings.ecg, recordings.har],
  async make(work): Promise<Section> {
    const parts: string[] = [];
    const panels: Panel[] = [];
    for (const personal of personals) {
      const curves = await curvesOf(personal, work);
      parts.push(`**${personal.title}**\n\n${markdownTable(head, rowsOf(personal, curves))}`);
      panels.push(panelOf(personal, curves));
    }
    const heading = `People nobody trained on, mean and range of ${work.seeds} seeds`;
    const title = 'Accuracy by the number of own samples';
    return {
      text: parts.join('\n\n'),
      figures: { 'results-personal.svg': drawChart({ title, heading }, panels) },
    };
  },
};
