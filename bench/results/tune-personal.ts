/**
 * Learning rates of table 5, for each number of own samples, on training people only.
 *
 *   npx tsx bench/results/tune-personal.ts ecg|har [--shifts 6,7,8,9,10] [--folds 3]
 *
 * A fold of the training people is held out and meets a model of the others. Prints the mean accuracy of its people.
 */
import { parseArgs } from 'node:util';
import { markdownTable, note, percent, runCommand } from '../accuracy/report.js';
import { summarise } from '../accuracy/statistics.js';
import { arithmetics } from '../accuracy/targets/task.js';
import { counts, Meeting, personals } from './personal.js';

/** Not one of the comparison. */
const seed = 101;

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      shifts: { type: 'string', default: '6,7,8,9,10' },
      folds: { type: 'string', default: '3' },
    },
  });
  const personal = personals.find(({ name }) => name === positionals[0]);
  if (!personal) throw new Error(`use ${personals.map(({ name }) => name).join(' or ')}`);
  const splits = personal.base.validationSplits().slice(0, Number(values.folds));
  const meeting = new Meeting(personal);
  const rows: string[][] = [];
  for (const arithmetic of arithmetics) {
    for (const lrShift of values.shifts.split(',').map(Number)) {
      const cells: string[] = [];
      for (const count of counts) {
        const accuracies: number[] = [];
        for (const split of splits)
          accuracies.push(
            (await meeting.score(arithmetic, split, count, lrShift, seed)).patientMean,
          );
        cells.push(percent(summarise(accuracies).mean));
      }
      rows.push([arithmetic, `2^−${lrShift}`, ...cells]);
      note(rows.at(-1)!.join('  '));
    }
  }
  const head = ['arithmetic', 'rate', ...counts.map((count) => `${count} samples`)];
  process.stdout.write(`${markdownTable(head, rows)}\n`);
});
