/**
 * The tables of docs/RESULTS.md.
 *
 *   npm run bench:results -- [--table N …] [--seeds N] [--results FOLDER] [--figures] [--write]
 *
 * Runs what is not in the folder of results yet and prints the tables; --figures draws docs/figures/results-*.svg, --write
 * draws them too and puts the tables into the document. An interrupted command goes on where it was.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packagePath } from '../../host/kernel/load.js';
import { note, runCommand } from '../accuracy/report.js';
import { recordingsFolder } from '../recordings.js';
import { writeTables } from './document.js';
import { federatedTable } from './federated.js';
import { resultsFolder } from './folder.js';
import { liarsTable } from './liars.js';
import { personalTable } from './personal.js';
import type { Table } from './section.js';
import { stragglersTable } from './stragglers.js';
import { strategiesTable } from './strategies.js';

const tables: readonly Table[] = [
  federatedTable,
  stragglersTable,
  strategiesTable,
  liarsTable,
  personalTable,
];

function readFlags() {
  const { values } = parseArgs({
    options: {
      table: { type: 'string', multiple: true, default: tables.map(({ number }) => `${number}`) },
      seeds: { type: 'string', default: '5' },
      results: { type: 'string', default: resultsFolder },
      figures: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  });
  const seeds = Number(values.seeds);
  if (!Number.isInteger(seeds) || seeds < 1) throw new Error('--seeds takes a whole number from 1');
  const chosen = values.table.map((text) => {
    const table = tables.find(({ number }) => `${number}` === text);
    if (table) return table;
    throw new Error(`there is no table ${text}: use 1 to ${tables.length}`);
  });
  return { ...values, seeds, chosen };
}

function isComplete({ number, data }: Table): boolean {
  const absent = data.filter((file) => !existsSync(join(recordingsFolder(), file)));
  if (absent.length === 0) return true;
  note(
    `table ${number}: skipped, without ${absent.join(', ')} (LINNET_RECORDINGS names the folder)`,
  );
  return false;
}

await runCommand(async () => {
  const { chosen, seeds, results, figures, write } = readFlags();
  const made: [number, string][] = [];
  for (const table of chosen.filter(isComplete)) {
    const section = await table.make({ seeds, folder: results });
    process.stdout.write(`Table ${table.number}, ${seeds} seeds\n\n${section.text}\n\n`);
    const drawn = Object.entries(section.figures);
    const links = drawn.map(([file]) => `![Table ${table.number}](figures/${file})`);
    made.push([table.number, [section.text, ...links].join('\n\n')]);
    for (const [file, svg] of figures || write ? drawn : [])
      writeFileSync(packagePath(join('docs/figures', file)), svg);
  }
  if (write) await writeTables(packagePath('docs/RESULTS.md'), made);
});
