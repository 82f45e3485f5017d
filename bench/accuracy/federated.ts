/**
 * Federated accuracy of Linnet (the kernel, exact aggregation) against float32 SGD with float32 FedAvg.
 *
 *   npx tsx bench/accuracy/federated.ts [--task ecg|har|mnist|synthetic …] [--seeds N] [--quick] [--json]
 */
import { compareTasks } from './comparison.js';
import { runCommand } from './report.js';

await runCommand(() => compareTasks('federated', ['ecg', 'har'], 5));
