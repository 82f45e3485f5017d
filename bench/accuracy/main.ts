/**
 * Accuracy of the kernel against float32 SGD.
 *
 *   npm run bench:accuracy                                   every target (docs/ACCURACY.md)
 *   npm run bench:accuracy -- --task har-conv --seeds 5      one of them
 *   npm run bench:accuracy -- --task ecg --task har          federated tasks
 *
 *   [--task NAME …] [--seeds N] [--quick] [--json] [--figures FOLDER]
 *
 * Exit codes: 0 every target reached, 1 one missed, 2 usage or data.
 */
import { parseArgs } from 'node:util';
import { compareTasks } from './comparison.js';
import { runCommand } from './report.js';
import { compareTargets } from './targets/compare.js';
import { targetTasks } from './targets/tasks.js';
import { taskNames } from './tasks.js';

async function main(): Promise<void> {
  const options = { task: { type: 'string', multiple: true, default: [] as string[] } } as const;
  const { task: named } = parseArgs({ options, strict: false }).values;
  const names = named as string[];
  const targets: readonly string[] = targetTasks.map(({ name }) => name);
  const federated: readonly string[] = taskNames;
  const unknown = names.filter((name) => !targets.includes(name) && !federated.includes(name));
  if (unknown.length > 0) {
    const known = [...targets, ...federated].join(', ');
    throw new Error(`no task is called ${unknown.join(', ')}: use ${known}`);
  }
  if (names.every((name) => targets.includes(name))) return compareTargets();
  if (names.every((name) => federated.includes(name))) {
    return compareTasks('federated', ['ecg', 'har'], 5);
  }
  throw new Error('target tasks and federated tasks are different tables: name them apart');
}

await runCommand(main);
