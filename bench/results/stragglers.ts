/** Table 2: who waits for whom, in virtual time. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { drawChart, type Series } from '../../host/figure/chart.js';
import { packagePath } from '../../host/kernel/load.js';
import type { RoundRecord } from '../../host/simulator/records.js';
import { markdownTable, percent, spread } from '../accuracy/report.js';
import { summarise } from '../accuracy/statistics.js';
import { recordings } from '../accuracy/targets/data.js';
import { ratesTable, rateText } from './rate.js';
import type { Work } from './runs.js';
import type { Section, Table } from './section.js';
import { simulatedRuns, type ScenarioParts, type SimulatedRuns } from './simulated.js';

const nodes = 100;
/** Uploads that all arms may take until the end. */
const uploads = 8000;
/** Tried first. */
const firstShift = 2;

/** Of examples/stragglers.yaml: three nodes of ten ten times slower, every fifth drops out. */
function fleetOfExample(): unknown {
  const text = readFileSync(packagePath('examples/stragglers.yaml'), 'utf8');
  return (parse(text) as { fleet: unknown }).fleet;
}

export interface Arm {
  readonly title: string;
  readonly colour: string;
  readonly cohort: number;
  readonly round?: Readonly<Record<string, number>>;
  readonly plan?: Readonly<Record<string, unknown>>;
}

/** Longer than a slow node takes. */
const patience = { quorum: 1, deadlineMinutes: 0.5 };

export const arms: readonly Arm[] = [
  {
    title: 'synchronous, the 80 that do not drop out',
    ...{ colour: '#6b6b6b', cohort: 80, round: patience },
  },
  {
    title: 'synchronous, over-selection 1.3',
    ...{ colour: '#d9730d', cohort: 50, round: { ...patience, overSelection: 1.3 } },
  },
  {
    title: 'synchronous, the first 50 of 100',
    ...{ colour: '#0f7b6c', cohort: 50, round: patience },
  },
  {
    title: 'FedBuff, buffer of 10, up to 20 versions late',
    ...{ colour: '#0b6e99', cohort: 10 },
    plan: { strategy: 'fed-buff', maxStaleness: 20 },
  },
  {
    title: 'FedBuff, buffer of 10, up to 150 versions late',
    ...{ colour: '#6940a5', cohort: 10 },
    plan: { strategy: 'fed-buff', maxStaleness: 150 },
  },
];

export function scenarioOf({ title, cohort, round, plan }: Arm, lrShift: number): ScenarioParts {
  const rounds = uploads / cohort;
  return {
    ...{ name: title, nodes, rounds, fleet: fleetOfExample() },
    // As often for each upload, whatever the cohort is.
    evaluateEvery: cohort < 50 ? 5 : 1,
    deal: { by: 'subject' },
    plan: { lrShift, samplesPerRound: 0, localEpochs: 1, weightUnit: 10, ...plan },
    round: { cohort, ...round },
  };
}

const accuracyOf = ({ scores }: RoundRecord): number | undefined => scores?.['accuracy'];

/** Minutes of virtual time until the accuracy first is `goal`; undefined if it never is. */
export function minutesTo(run: readonly RoundRecord[], goal: number): number | undefined {
  const hit = run.find((record) => (accuracyOf(record) ?? -1) >= goal);
  return hit && 60 * hit.hours;
}

/** Of the last round of the first arm. */
const shares = [0.95, 0.99] as const;

function timeCell(times: readonly (number | undefined)[]): string {
  const known = times.filter((time) => time !== undefined);
  if (known.length === 0) return 'not reached';
  const text = summarise(known).mean.toFixed(2);
  return known.length === times.length
    ? text
    : `(${text}, ${known.length} of ${times.length} seeds)`;
}

/** How many times the yardstick takes as long, seed by seed, where both are there. */
function ratioCell(
  times: readonly (number | undefined)[],
  others: readonly (number | undefined)[],
): string {
  const ratios = times.flatMap((time, i) => {
    const other = others[i];
    return time === undefined || other === undefined ? [] : [other / time];
  });
  if (ratios.length === 0) return '';
  const text = `${summarise(ratios).mean.toFixed(1)} ×`;
  return ratios.length === times.length ? text : `(${text})`;
}

function timesOf(
  runs: readonly (readonly RoundRecord[])[],
  yardstick: readonly (readonly RoundRecord[])[],
  share: number,
): (number | undefined)[] {
  return runs.map((run, i) => minutesTo(run, share * accuracyOf(yardstick[i].at(-1)!)!));
}

function rowOf(
  { title }: Arm,
  { choice, runs }: SimulatedRuns,
  { runs: yardstick }: SimulatedRuns,
): string[] {
  const ends = runs.map((run) => run.at(-1)!);
  const mean = (pick: (record: RoundRecord) => number): number => summarise(ends.map(pick)).mean;
  return [
    title,
    rateText(choice),
    spread(summarise(ends.map((record) => accuracyOf(record)!))),
    mean(({ hours }) => 60 * hours).toFixed(2),
    ...shares.flatMap((share) => {
      const times = timesOf(runs, yardstick, share);
      return [timeCell(times), ratioCell(times, timesOf(yardstick, yardstick, share))];
    }),
    [mean(({ bytesUp }) => bytesUp), mean(({ bytesDown }) => bytesDown)]
      .map((bytes) => (bytes / 1e6).toFixed(1))
      .join(' / '),
  ];
}

const head = [
  'how',
  'rate',
  'accuracy in the end %',
  'minutes to the end',
  ...shares.flatMap((share) => [`minutes to ${percent(share, 0)} %`, 'faster']),
  'MB up / down',
];

/** Accuracy at `minutes`: of the newest version that was scored. */
function accuracyAt(run: readonly RoundRecord[], minutes: number): number {
  const seen = run.filter(
    (record) => accuracyOf(record) !== undefined && 60 * record.hours <= minutes,
  );
  return seen.length === 0 ? 0 : accuracyOf(seen.at(-1)!)!;
}

function figureOf(all: readonly SimulatedRuns[], work: Work): string {
  const points = 20;
  const end = Math.max(...all.flatMap(({ runs }) => runs).map((run) => 60 * run.at(-1)!.hours));
  const steps = Array.from({ length: points }, (_, i) => (end * (i + 1)) / points);
  const series = arms.map(({ title, colour }, i): Series => ({
    label: title.replace('synchronous, ', ''),
    colour,
    values: all[i].runs.map((run) => steps.map((minutes) => 100 * accuracyAt(run, minutes))),
  }));
  const heading = `HAR, 9 test people, mean and range of ${work.seeds} seeds`;
  const panel = {
    ...{ title: 'accuracy, %', axis: 'virtual time, minutes' },
    ...{ steps: steps.map((minutes) => minutes.toFixed(1)), series },
  };
  return drawChart({ title: 'Accuracy over virtual time with stragglers', heading }, [panel]);
}

export const stragglersTable: Table = {
  number: 2,
  data: [recordings.har],
  async make(work): Promise<Section> {
    const all: SimulatedRuns[] = [];
    for (const arm of arms)
      all.push(await simulatedRuns((lrShift) => scenarioOf(arm, lrShift), firstShift, work));
    const rows = arms.map((arm, i) => rowOf(arm, all[i], all[0]));
    const rates = ratesTable(arms.map(({ title }, i) => [title, all[i].choice] as const));
    return {
      text: `${markdownTable(head, rows)}\n\n${rates}`,
      figures: { 'results-stragglers.svg': figureOf(all, work) },
    };
  },
};
