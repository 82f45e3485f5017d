/**
 * An aggregator in a process of its own, for one round: `aggregator.js <AggregatorOrder>`, with --expose-gc. Says its
 * memory in JSON when the version is announced, when every upload is accepted, and when the round is over.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { receipt } from '../../host/contract/contract.gen.js';
import { KeyFolder } from '../../host/federated/node-keys.js';
import { Aggregator } from '../../host/federated/server.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { federation, planOf } from './models.js';
import { ownPeakBytes } from './own-peak.js';

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

/** Between two looks at what is alive. */
const SETTLE_MS = 20;

export interface MemoryReport {
  /** JavaScript objects and buffers that are alive. */
  readonly liveBytes: number;
  /** Most the process ever had. */
  readonly peakBytes: number;
}

function reachableBytes(): number {
  global.gc!();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** What a collection finds just after an upload is partly work in hand: looks again until it falls no more. */
async function liveBytes(): Promise<number> {
  let [before, bytes] = [Infinity, reachableBytes()];
  while (bytes < before) {
    await pause(SETTLE_MS);
    [before, bytes] = [bytes, reachableBytes()];
  }
  return before;
}

async function say(): Promise<void> {
  const report: MemoryReport = { liveBytes: await liveBytes(), peakBytes: ownPeakBytes() };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

const order = JSON.parse(process.argv[2]) as AggregatorOrder;
const { url, store, nodes, queueLimit, retryMs, codec } = order;
const descriptor = Uint8Array.from(Buffer.from(order.descriptor, 'hex'));
const { parameters } = parseDescriptor(descriptor);
let accepted = 0;
let said = Promise.resolve();
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
    if (code === receipt.ACCEPTED && ++accepted === nodes) said = say();
  },
});
await say();
await aggregator.finished;
await said;
await say();
await aggregator.close();
