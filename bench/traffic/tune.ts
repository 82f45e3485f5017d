/**
 * Learning rates of the federations whose bytes are counted, on training people only.
 *
 *   npx tsx bench/traffic/tune.ts --task har|ecg|mnist --shifts 4,5,6 [--rounds 100]
 */
import { parseArgs } from 'node:util';
import { markdownTable, percent, runCommand } from '../accuracy/report.js';
import { runScheme } from './run.js';
import { schemes } from './schemes.js';
import { loadValidationSplit, taskNames, tasks } from './tasks.js';

/** Not one of the comparison. */
const seed = 101;

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      task: { type: 'string', default: 'har' },
      shifts: { type: 'string', default: '4,5,6' },
      rounds: { type: 'string', default: '100' },
    },
  });
  const name = taskNames.find((one) => one === values.task);
  if (name === undefined) throw new Error(`no task is called ${values.task}`);
  const split = loadValidationSplit(name);
  const rows: string[][] = [];
  for (const shift of values.shifts.split(',').map(Number)) {
    for (const scheme of [schemes.float32, schemes.exact]) {
      const task = { ...tasks[name], shifts: { linnet: shift, float32: shift } };
      const plan = { ...task.plan, rounds: Number(values.rounds) };
      const last = (await runScheme(task, scheme, split, seed, plan)).at(-1)!;
      rows.push([scheme.arithmetic, `2^−${shift}`, percent(last.accuracy), percent(last.macroF1)]);
    }
  }
  const head = ['arithmetic', 'rate', 'accuracy %', 'macro-F1 %'];
  process.stdout.write(`${markdownTable(head, rows)}\n`);
});
