/**
 * A federation on one machine: broker, aggregator and bridge in this process, every node a process of
 * its own. What the demo prints and what tests compare both come from here.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { Bridge } from '../../bridge/bridge.js';
import type { BridgedNodeOptions } from '../../bridge/bridged-node.js';
import { receipt } from '../../contract/contract.gen.js';
import { LinnetError } from '../../contract/error.js';
import { equalBytes, sha256, toHex } from '../../contract/hash.js';
import { serveDataset } from '../../device/dataset-server.js';
import { KeyFolder } from '../../federated/node-keys.js';
import type { PlanSettings } from '../../federated/plan.js';
import type { HeldOutScores, RoundReport } from '../../federated/report.js';
import { Aggregator } from '../../federated/server.js';
import { kernelBuilds, loadKernelBytes, type KernelBuild } from '../../kernel/load.js';
import { unpackSnapshot } from '../../model/snapshot.js';
import { startBroker } from '../../mqtt/broker.js';
import { openHeldOut } from '../held-out.js';
import {
  downlinkOfFlags,
  nodesScore,
  planOfFlags,
  roundsOf,
  type PlanFlags,
} from '../plan-settings.js';
import { nodeScoresOf, type NodeScores } from '../scores.js';
import { kernelsOf, prepareTask, type Task } from '../task.js';
import { begin, fingerprintOf } from './begun.js';
import { keysFolderOf, makeKeys } from './keys.js';
import { assignRuntimes, nativeNodePath, portOf, type NodeRuntime } from './runtimes.js';
import { dealShards, type DealtTask, type Shard } from './shards.js';

export interface FederationOptions extends PlanFlags {
  readonly data: string | undefined;
  readonly quantise?: string | undefined;
  readonly model: string | undefined;
  readonly nodes: number;
  readonly runtime: 'native' | 'v8';
  /** Boards in QEMU among the nodes. */
  readonly qemu: number;
  /** V8 nodes among them. */
  readonly v8: number;
  /** Absent: an embedded broker. */
  readonly mqtt: string | undefined;
  readonly deadlineMs: number | undefined;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Lets a test spoil what a node holds before the node starts. */
  readonly tamper?: (shard: Shard) => void;
}

export interface NodeSummary {
  readonly node: string;
  readonly runtime: string;
  /** Engine and version if it is wasm3. */
  readonly wasm3: string | null;
  /** accelerated or portable; unknown if none of ours. */
  readonly kernelBuild: string;
  readonly kernelHash: string;
  readonly receiptsAccepted: number;
}

export interface FederationSummary {
  /** Of the last model on held-out samples. */
  readonly scores: HeldOutScores;
  /** Of the last round in which nodes scored, on their own samples. */
  readonly nodeScores?: NodeScores;
  readonly uplinkBytesPerNodeRound: number;
  readonly downlinkBytesPerNodeRound: number;
  readonly modelHash: string;
  readonly initialModelHash: string;
  readonly rounds: number;
  readonly degradedRounds: number;
  readonly seconds: number;
  readonly nodes: readonly NodeSummary[];
}

/** What happens, as it happens. */
export interface FederationEvents {
  onTask(task: Task, how: string, runtimes: readonly NodeRuntime[]): void;
  onRound(report: RoundReport, acceptedReceipts: number): void;
}

const federation = 'demo';

/** Where nodes score the model, a fifth of their samples is for that. */
const nodeTestShare = 0.2;

function checkRuntimes(runtimes: readonly NodeRuntime[]): void {
  if (runtimes.includes('native') && nativeNodePath() === undefined) {
    throw new LinnetError('ERR_TOOLCHAIN', 'the native node was not built', {
      remedy: 'install a C compiler (apt install gcc), or use --runtime v8',
    });
  }
}

function devicesOf(
  shards: readonly Shard[],
  runtimes: readonly NodeRuntime[],
  folder: string,
): BridgedNodeOptions[] {
  return shards.map((shard, i) => {
    const port = portOf(shard, runtimes[i], folder);
    // A board has no storage for samples: it pulls them over its link.
    return runtimes[i] === 'qemu'
      ? { port, node: shard.node, samples: serveDataset(shard.dataset) }
      : { port };
  });
}

function kernelBuildOf(hash: Uint8Array | undefined): string {
  const isOurs = (build: KernelBuild): boolean =>
    hash !== undefined && equalBytes(sha256(loadKernelBytes(build)), hash);
  return kernelBuilds.find(isOurs) ?? 'unknown';
}

/** Of those that have introduced themselves: where all rounds were over before, nobody waits for the others. */
function summariseNodes(bridge: Bridge): NodeSummary[] {
  const known = bridge.report.filter(({ hello }) => hello !== undefined);
  return known.map(({ node, hello, kernelHash, stats }) => ({
    node,
    runtime: hello?.runtime ?? 'unknown',
    wasm3: hello?.engine.startsWith('wasm3') ? hello.engine : null,
    kernelBuild: kernelBuildOf(kernelHash),
    kernelHash: kernelHash ? toHex(kernelHash) : '',
    receiptsAccepted: stats.receipts['ACCEPTED'] ?? 0,
  }));
}

/** Everything that is decided before anything is started. */
interface Prepared {
  readonly task: Task;
  readonly runtimes: readonly NodeRuntime[];
  readonly dealt: DealtTask;
  readonly evaluate: (words: Int16Array) => Promise<HeldOutScores>;
  readonly plan: PlanSettings;
  readonly kernels: readonly Uint8Array[];
}

async function prepare(options: FederationOptions): Promise<Prepared> {
  const { nodes, seed, folder } = options;
  const task = prepareTask({ ...options, subjects: nodes });
  const plan = planOfFlags(options, task);
  const kernels = kernelsOf(options.kernel);
  const runtimes = assignRuntimes(nodes, options.runtime, options);
  checkRuntimes(runtimes);
  mkdirSync(folder, { recursive: true });
  const testShare = nodesScore(plan) ? nodeTestShare : 0;
  begin(folder, { nodes, seed, data: fingerprintOf(task.dataset), testShare });
  const dealt = dealShards(task.dataset, nodes, seed, join(folder, 'shards'), {
    ...(options.tamper && { tamper: options.tamper }),
    testShare,
  });
  makeKeys(
    folder,
    dealt.shards.map(({ node }) => node),
  );
  const evaluate = await openHeldOut(task, dealt.test);
  return { task, runtimes, dealt, evaluate, plan, kernels };
}

/** Runs all rounds and returns the summary; everything that was started is ended. */
export async function runFederation(
  options: FederationOptions,
  events: FederationEvents,
): Promise<FederationSummary> {
  const started = performance.now();
  const prepared = await prepare(options);
  events.onTask(prepared.task, prepared.dealt.how, prepared.runtimes);
  const broker = options.mqtt === undefined ? await startBroker() : undefined;
  try {
    const summary = await runRounds(options, prepared, options.mqtt ?? broker!.url, events);
    return { ...summary, seconds: (performance.now() - started) / 1000 };
  } finally {
    await broker?.close();
  }
}

async function runRounds(
  options: FederationOptions,
  { task, runtimes, dealt, evaluate, plan, kernels }: Prepared,
  url: string,
  events: FederationEvents,
): Promise<Omit<FederationSummary, 'seconds'>> {
  const rounds: RoundReport[] = [];
  let accepted = 0;
  const aggregator = await Aggregator.start({
    store: join(options.folder, 'store'),
    federation,
    mqtt: { url },
    keys: new KeyFolder(keysFolderOf(options.folder), federation),
    descriptor: task.descriptor,
    kernels,
    initialWords: options.seed,
    rounds: roundsOf(options, task),
    plan,
    strategy: options.strategy,
    downlink: downlinkOfFlags(options),
    round: {
      cohort: options.nodes,
      quorum: 1,
      ...(options.deadlineMs !== undefined && { deadlineMs: options.deadlineMs }),
    },
    evaluate,
    onReceipt: ({ code }) => {
      if (code === receipt.ACCEPTED) accepted++;
    },
    onRound: (report) => {
      rounds.push(report);
      events.onRound(report, accepted);
      accepted = 0;
    },
    onWarning: (text) => options.log.warn(text),
    signal: options.signal,
  });
  const bridge = new Bridge({
    federation,
    mqtt: { url },
    devices: devicesOf(dealt.shards, runtimes, options.folder),
    events: { onLog: (node, text) => options.log.info({ node }, text) },
  });
  try {
    await Promise.race([aggregator.finished, bridge.run().then(() => aggregator.finished)]);
    options.signal.throwIfAborted();
    await settleReceipts(bridge, rounds.length);
    const { snapshot, modelHash } = aggregator.model;
    const scored = rounds.findLast(({ evaluation, personal }) => evaluation ?? personal);
    const nodeScores = scored && nodeScoresOf(task.model, scored);
    writeFileSync(join(options.folder, 'model.lns'), snapshot);
    writeFileSync(join(options.folder, 'model.lnd'), task.descriptor);
    return {
      scores: rounds.at(-1)?.heldOut ?? (await evaluate(unpackSnapshot(snapshot))),
      ...(nodeScores && { nodeScores }),
      // Rounds of earlier sessions on the same folder count too; a local fine-tuning is none.
      rounds: aggregator.model.version - (plan.fineTuneEpochs ? 1 : 0),
      degradedRounds: rounds.filter((round) => round.isDegraded).length,
      ...bytesPerNodeRound(bridge, rounds.length),
      modelHash,
      initialModelHash: aggregator.initialModelHash,
      nodes: summariseNodes(bridge),
    };
  } finally {
    await bridge.close();
    await aggregator.close();
  }
}

/** The last receipts travel after the last round closed. */
async function settleReceipts(bridge: Bridge, rounds: number): Promise<void> {
  const settled = (): boolean =>
    bridge.report.every(({ stats }) => (stats.receipts['ACCEPTED'] ?? 0) >= rounds);
  for (let i = 0; i < 100 && !settled(); i++)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

function bytesPerNodeRound(
  bridge: Bridge,
  rounds: number,
): { uplinkBytesPerNodeRound: number; downlinkBytesPerNodeRound: number } {
  const stats = bridge.report.map((node) => node.stats);
  const mean = (pick: (entry: (typeof stats)[number]) => number): number =>
    Math.round(
      stats.reduce((sum, entry) => sum + pick(entry), 0) / stats.length / Math.max(1, rounds),
    );
  return {
    uplinkBytesPerNodeRound: mean((entry) => entry.uplinkBytes),
    downlinkBytesPerNodeRound: mean((entry) => entry.downlinkBytes),
  };
}
