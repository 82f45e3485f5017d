/** One round of a federation through mosquitto: aggregator here, nodes in a child process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { receipt } from '../../host/contract/contract.gen.js';
import { toHex } from '../../host/contract/hash.js';
import { KeyFolder } from '../../host/federated/node-keys.js';
import type { ReceiptReport } from '../../host/federated/report.js';
import { Aggregator } from '../../host/federated/server.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { startMosquitto } from '../../test/mqtt/mosquitto.js';
import { startChild, type SpeakingChild } from './child.js';
import { federation, planOf, writeKeys, type WireModel } from './models.js';
import type { PublisherOrder, PublisherReport } from './publisher.js';

export interface FederationRun {
  /** Processor time of the aggregator's process per accepted upload. */
  readonly microseconds: number;
  /** Uploads per second by the clock. */
  readonly perSecond: number;
  /** Mean length of an envelope. */
  readonly uploadBytes: number;
  /** Times the queue was full. */
  readonly later: number;
}

/** The publishing process. */
function startPublisher(order: PublisherOrder): SpeakingChild {
  const child = startChild([join(import.meta.dirname, 'publisher.js')]);
  child.say(JSON.stringify(order));
  return child;
}

/** Keeps the aggregator's queue from running empty or full. */
const atATime = 500;

/** As `linnet fleet init` writes them: mosquitto's own queue drops what waits beyond a thousand. */
const queueSettings = ['max_queued_messages 10000', 'max_queued_bytes 67108864'];

/** Rounds, of which the last one counts: the first ones let V8 compile what a busy aggregator has compiled. */
const ROUNDS = 3;

/** Resolves when so many uploads have been accepted, in the ledger and answered. */
class Receipts {
  #left = 0;
  #done: () => void = () => undefined;

  await(count: number): Promise<void> {
    this.#left = count;
    return new Promise((resolve) => (this.#done = resolve));
  }

  readonly take = ({ code }: ReceiptReport): void => {
    if (code === receipt.ACCEPTED && --this.#left === 0) this.#done();
  };
}

function startAggregator(
  url: string,
  folder: string,
  { descriptor, nodes, codec }: WireModel,
  onReceipt: (report: ReceiptReport) => void,
): Promise<Aggregator> {
  const keys = join(folder, 'keys');
  writeKeys(keys, nodes);
  const { parameters } = parseDescriptor(descriptor);
  return Aggregator.start({
    store: join(folder, 'store'),
    mqtt: { url },
    federation,
    descriptor,
    kernels: [loadKernelBytes()],
    initialWords: () => new Int16Array(parameters),
    rounds: ROUNDS,
    round: { cohort: nodes, quorum: nodes },
    keys: new KeyFolder(keys, federation),
    plan: planOf(codec),
    onReceipt,
  });
}

/** Counts from the first publication of the last round until the broker has the last receipt. */
export async function measureFederation(model: WireModel): Promise<FederationRun> {
  const folder = mkdtempSync(join(tmpdir(), 'linnet-wire-'));
  const broker = await startMosquitto({ settings: queueSettings });
  const receipts = new Receipts();
  let aggregator: Aggregator | undefined;
  try {
    aggregator = await startAggregator(broker.url, folder, model, receipts.take);
    const { nodes, descriptor } = model;
    const publisher = startPublisher({
      url: broker.url,
      base: 'linnet',
      federation,
      descriptor: toHex(descriptor),
      nodes,
      rounds: ROUNDS,
      atATime,
    });
    const runs: FederationRun[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await publisher.hear();
      const received = receipts.await(nodes);
      const started = performance.now();
      const before = process.cpuUsage();
      publisher.say('go');
      await received;
      const { user, system } = process.cpuUsage(before);
      const seconds = (performance.now() - started) / 1000;
      const { refused, later, uploadBytes } = JSON.parse(await publisher.hear()) as PublisherReport;
      if (refused > 0) throw new Error(`${refused} uploads were refused`);
      runs.push({
        microseconds: (user + system) / nodes,
        perSecond: nodes / seconds,
        uploadBytes,
        later,
      });
    }
    publisher.end();
    return runs.at(-1)!;
  } finally {
    await aggregator?.close();
    await broker.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
