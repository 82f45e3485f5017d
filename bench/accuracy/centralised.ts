/**
 * Centralised accuracy of the kernel against float32 SGD, by the rules of `linnet train`.
 *
 *   npx tsx bench/accuracy/centralised.ts [--task ecg|har|mnist|synthetic …] [--seeds N] [--quick] [--json]
 */
import { compareTasks } from './comparison.js';
import { runCommand } from './report.js';

await runCommand(() => compareTasks('centralised', ['mnist', 'har', 'ecg'], 3));
