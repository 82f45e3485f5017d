/** The figures of a simulation. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawChart, type Panel, type Series } from '../../figure/chart.js';
import type { RoundRecord } from '../../simulator/records.js';

/** Points of a line. */
const mostPoints = 40;

const blue = '#1f6fb4';
const orange = '#d2691e';

/** At most so many records, the first and the last always. */
export function thin(records: readonly RoundRecord[]): RoundRecord[] {
  const stride = Math.ceil(records.length / mostPoints);
  return records.filter((_, i) => (records.length - 1 - i) % stride === 0);
}

function panel(
  title: string,
  axis: string,
  records: readonly RoundRecord[],
  step: (record: RoundRecord) => string,
  series: readonly Series[],
): Panel {
  return { title, axis, steps: records.map(step), series };
}

const roundOf = ({ round }: RoundRecord): string => String(round);
const megabytes = (bytes: number): number => bytes / 1e6;

function accuracySeries(records: readonly RoundRecord[]): Series[] {
  const line = (label: string, colour: string, name: string): Series => ({
    label,
    colour,
    values: [records.map(({ scores }) => 100 * scores![name])],
  });
  return [line('accuracy, %', blue, 'accuracy'), line('macro-F1, %', orange, 'macroF1')];
}

/** Accuracy over rounds, over what was sent and over virtual time: three views of the same points. */
function drawAccuracy(name: string, records: readonly RoundRecord[]): string {
  const series = accuracySeries(records);
  const sent = ({ bytesUp }: RoundRecord): string => megabytes(bytesUp).toPrecision(3);
  const days = ({ hours }: RoundRecord): string => (hours / 24).toPrecision(2);
  return drawChart({ title: `${name}: accuracy`, heading: `${name}: held-out samples` }, [
    panel('over rounds', 'round', records, roundOf, series),
    panel('over traffic', 'sent by all nodes, MB', records, sent, series),
    panel('over virtual time', 'days', records, days, series),
  ]);
}

function drawErrors(name: string, records: readonly RoundRecord[]): string {
  const values = [records.map(({ scores }) => scores!['reconstructionError'])];
  const series = [{ label: 'reconstruction error', colour: blue, values }];
  const caption = { title: `${name}: reconstruction error`, heading: `${name}: held-out samples` };
  return drawChart(caption, [panel('over rounds', 'round', records, roundOf, series)]);
}

function drawSpent(name: string, records: readonly RoundRecord[]): string {
  const line = (label: string, colour: string, pick: (record: RoundRecord) => number): Series => ({
    label,
    colour,
    values: [records.map(pick)],
  });
  return drawChart({ title: `${name}: bytes, time`, heading: `${name}: what it took` }, [
    panel('traffic of all nodes, MB', 'round', records, roundOf, [
      line('sent', blue, ({ bytesUp }) => megabytes(bytesUp)),
      line('received', orange, ({ bytesDown }) => megabytes(bytesDown)),
    ]),
    panel('virtual time, hours', 'round', records, roundOf, [
      line('time', blue, ({ hours }) => hours),
    ]),
    panel('energy of all nodes, J', 'round', records, roundOf, [
      line('energy', blue, ({ joule }) => joule),
    ]),
  ]);
}

/** The mean of the people, and the band from the worst off to the best off. */
function drawPeople(name: string, records: readonly RoundRecord[]): string {
  const people = Object.keys(records[0].people!);
  const values = people.map((person) => records.map((record) => 100 * record.people![person]));
  const series = [{ label: `${people.length} people`, colour: blue, values }];
  const caption = { title: `${name}: accuracy of each person`, heading: `${name}: people` };
  return drawChart(caption, [
    panel('accuracy, %: mean, worst, best', 'round', records, roundOf, series),
  ]);
}

/** Writes the figures that the records give into the folder. */
export function drawFigures(folder: string, name: string, all: readonly RoundRecord[]): void {
  const write = (file: string, svg: string): void => writeFileSync(join(folder, file), svg);
  write('spent.svg', drawSpent(name, thin(all)));
  const scored = thin(all.filter(({ scores }) => scores !== undefined));
  if (scored.length === 0) return;
  const isClassifier = scored[0].scores!['accuracy'] !== undefined;
  write('scores.svg', isClassifier ? drawAccuracy(name, scored) : drawErrors(name, scored));
  if (scored[0].people) write('people.svg', drawPeople(name, scored));
}
