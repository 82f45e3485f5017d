/** One round of a federation through mosquitto: aggregator here, nodes in a child process. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { toHex } from '../../host/contract/hash.js';
import { Aggregator } from '../../host/federated/server.js';
import { loadKernelBytes, packagePath } from '../../host/kernel/load.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { startMosquitto } from '../../test/mqtt/mosquitto.js';
import { benchKeys, federation, planOf, type WireModel } from './models.js';
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

/** The publishing process and the lines it speaks. */
function startPublisher(order: PublisherOrder) {
  const tsx = packagePath('node_modules/tsx/dist/cli.mjs');
  const child = spawn(process.execPath, [tsx, packagePath('bench/wire/publisher.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const say = (line: string): void => void child.stdin.write(`${line}\n`);
  const hear = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done) throw new Error('the publishing process ended early');
    return line.value;
  };
  say(JSON.stringify(order));
  return { say, hear, end: () => child.stdin.end() };
}

/** Keeps the aggregator's queue from running empty or full. */
const atATime = 500;

/** As `linnet fleet init` writes them: mosquitto's own queue drops what waits beyond a thousand. */
const queueSettings = ['max_queued_messages 10000', 'max_queued_bytes 67108864'];

function startAggregator(url: string, store: string, model: WireModel): Promise<Aggregator> {
  const { parameters } = parseDescriptor(model.descriptor);
  return Aggregator.start({
    store,
    mqtt: { url },
    federation,
    descriptor: model.descriptor,
    kernels: [loadKernelBytes()],
    initialWords: () => new Int16Array(parameters),
    rounds: 1,
    round: { cohort: model.nodes, quorum: model.nodes },
    keys: benchKeys(model.nodes),
    plan: planOf(model.codec),
  });
}

/** Counts from the first publication until the last upload is in the ledger and the version is closed. */
export async function measureFederation(model: WireModel): Promise<FederationRun> {
  const folder = mkdtempSync(join(tmpdir(), 'linnet-wire-'));
  const broker = await startMosquitto({ settings: queueSettings });
  let aggregator: Aggregator | undefined;
  try {
    aggregator = await startAggregator(broker.url, join(folder, 'store'), model);
    const { nodes, descriptor } = model;
    const publisher = startPublisher({
      url: broker.url,
      base: 'linnet',
      federation,
      descriptor: toHex(descriptor),
      nodes,
      atATime,
    });
    await publisher.hear();
    const started = performance.now();
    const before = process.cpuUsage();
    publisher.say('go');
    await aggregator.finished;
    const { user, system } = process.cpuUsage(before);
    const seconds = (performance.now() - started) / 1000;
    const report = JSON.parse(await publisher.hear()) as PublisherReport;
    publisher.end();
    if (report.refused > 0) throw new Error(`${report.refused} uploads were refused`);
    return {
      microseconds: (user + system) / nodes,
      perSecond: nodes / seconds,
      uploadBytes: report.uploadBytes,
      later: report.later,
    };
  } finally {
    await aggregator?.close();
    await broker.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
