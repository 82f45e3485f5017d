/**
 * An aggregator in a process of its own, for one round: `aggregator.js <AggregatorOrder>`, with --expose-gc. Says its
 * memory in JSON when the version is announced, when every upload is accepted, and when the round is over.
 */
import { receipt } from '../../host/contract/contract.gen.js';
import { KeyFolder } from '../../host/federated/node-keys.js';
import { Aggregator } from '../../host/federated/server.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { federation, planOf } from './models.js';

export interface AggregatorOrder {
  readonly url: string;
  /** Of the ledger. */
  readonly store: string;
  /** Folder of keys. */
  readonly keys: string;
  /** Hex. */
  readonly descriptor: string;
  readonly codec: number;
  readonly nodes: number;
  readonly queueLimit: number;
  readonly retryMs: number;
}

export interface MemoryReport {
  /** JavaScript objects and buffers that are alive. */
  readonly liveBytes: number;
  /** Most the process ever had. */
  readonly peakBytes: number;
}

function say(): void {
  global.gc!();
  const { heapUsed, external } = process.memoryUsage();
  const peakBytes = 1024 * process.resourceUsage().maxRSS;
  const report: MemoryReport = { liveBytes: heapUsed + external, peakBytes };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

const order = JSON.parse(process.argv[2]) as AggregatorOrder;
const { url, store, nodes, queueLimit, retryMs, codec } = order;
const descriptor = Uint8Array.from(Buffer.from(order.descriptor, 'hex'));
const { parameters } = parseDescriptor(descriptor);
let accepted = 0;
const aggregator = await Aggregator.start({
  ...{ store, federation, descriptor, queueLimit, retryMs },
  mqtt: { url },
  kernels: [loadKernelBytes()],
  initialWords: () => new Int16Array(parameters),
  rounds: 1,
  round: { cohort: nodes, quorum: nodes },
  keys: new KeyFolder(order.keys, federation),
  plan: planOf(codec),
  onReceipt: ({ code }) => {
    if (code === receipt.ACCEPTED && ++accepted === nodes) say();
  },
});
say();
await aggregator.finished;
say();
await aggregator.close();
