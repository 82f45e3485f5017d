/**
 * Learning rates of the simulated tables, each arm its own: 14 training people train, the other seven are scored.
 *
 *   npx tsx bench/results/tune-simulated.ts stragglers|liars [--shifts 2,3,4] [--seeds N] [--results FOLDER]
 */
import { parseArgs } from 'node:util';
import { markdownTable, runCommand, spread } from '../accuracy/report.js';
import { summarise } from '../accuracy/statistics.js';
import { resultsFolder } from './folder.js';
import { defences, scenarioOf } from './liars.js';
import { simulatedRun, type ScenarioParts } from './simulated.js';
import { arms, scenarioOf as scenarioOfArm } from './stragglers.js';

/** Not those of the comparison. */
const firstSeed = 101;

type Family = readonly {
  readonly title: string;
  readonly scenario: (lrShift: number) => ScenarioParts;
}[];

const families: Readonly<Record<string, Family>> = {
  stragglers: arms.map((arm) => ({
    title: arm.title,
    scenario: (lrShift) => scenarioOfArm({ ...arm, lrShift }),
  })),
  liars: defences.map((defence) => ({
    title: defence.title,
    scenario: (lrShift) => scenarioOf({ ...defence, lrShift }, undefined, 0),
  })),
};

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      shifts: { type: 'string', default: '2,3,4' },
      seeds: { type: 'string', default: '1' },
      results: { type: 'string', default: resultsFolder },
    },
  });
  const [name = 'stragglers'] = positionals;
  const family = families[name];
  if (!family)
    throw new Error(`no table is called ${name}: use ${Object.keys(families).join(', ')}`);
  const rows: string[][] = [];
  for (const { title, scenario } of family) {
    for (const lrShift of values.shifts.split(',').map(Number)) {
      const finals: number[] = [];
      for (let seed = firstSeed; seed < firstSeed + Number(values.seeds); seed++) {
        const run = await simulatedRun(scenario(lrShift), 'validation', seed, values.results);
        finals.push(run.at(-1)!.scores!['accuracy']);
      }
      rows.push([title, `2^−${lrShift}`, spread(summarise(finals))]);
    }
  }
  process.stdout.write(`${markdownTable(['arm', 'rate', 'accuracy %'], rows)}\n`);
});
