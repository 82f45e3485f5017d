/**
 * A federation whose aggregator, bridge, broker and nodes are killed again and again, at named points and
 * at random. At the end no accepted update is lost or counted twice, and every model is the one of an
 * undisturbed run.
 */
import { join } from 'node:path';
import { faultPointNames } from '../../host/federated/fault-point.js';
import { Ledger, type UploadRow } from '../../host/federated/ledger.js';
import { replayStore } from '../../host/federated/replay.js';
import { Cable } from '../e2e/cable.js';
import { dealBuiltIn, startNativeNodes, type NativeNode } from '../e2e/rig.js';
import type { Scene } from '../e2e/scene.js';
import { runSmallFederation } from '../e2e/small-federation.js';
import { compileChild } from '../federated/compile-child.js';
import { waitFor } from '../mqtt/wait.js';
import { aggregatorLife, bridgeLife, brokerLife, type Life } from './lives.js';
import { NodeLog } from './node-log.js';

export interface SoakOptions {
  readonly rounds: number;
  readonly seed: number;
  /** Rounds between two strikes, at most. */
  readonly pauseRounds: number;
  /** Most strikes; absent: until the last round. */
  readonly strikes?: number;
  readonly log: (text: string) => void;
}

export interface SoakReport {
  readonly modelHash: string;
  /** How often each was killed. */
  readonly kills: Readonly<Record<string, number>>;
  /** Receipts that nodes were given for uploads in the ledger, repeats included. */
  readonly promises: number;
}

/** Longest time without a new version. */
const STALL_MS = 60_000;

/** The snapshots of the built-in task are smaller than a slice. */
const points = faultPointNames.filter((name) => name !== 'between-slices');

/** Seeded, so that the strikes of a failure can be repeated. */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

class Soak {
  readonly #kills = new Map<string, number>();
  readonly #random: (below: number) => number;

  constructor(
    private readonly options: SoakOptions,
    private readonly aggregator: Life,
    private readonly bridge: Life,
    private readonly broker: Life,
    private readonly nodes: readonly NativeNode[],
    private readonly logs: readonly NodeLog[],
  ) {
    this.#random = randomOf(options.seed);
  }

  get kills(): Record<string, number> {
    return Object.fromEntries([...this.#kills].sort());
  }

  /** Newest version any node was given. */
  get version(): number {
    return Math.max(...this.logs.map(({ version }) => version));
  }

  async run(): Promise<string> {
    const { rounds, pauseRounds, strikes = Infinity } = this.options;
    for (let strike = 0; strike < strikes; strike++) {
      const next = this.version + 1 + this.#random(pauseRounds);
      if (next >= rounds) break;
      await waitFor(`version ${next}`, () => this.version >= next, STALL_MS);
      await new Promise((resolve) => setTimeout(resolve, this.#random(60)));
      // Every life once before any is struck again.
      await this.#strike(strike % 5);
    }
    await waitFor('the last version', () => this.version >= rounds, rounds * STALL_MS);
    const { code, stdout, stderr } = await this.aggregator.ended;
    if (code !== 0) throw new Error(`the aggregator ended with ${code}: ${stderr}`);
    return /^[0-9a-f]{64}$/m.exec(stdout)![0];
  }

  async #strike(kind: number): Promise<void> {
    if (kind === 0) await this.#strikeAtPoint();
    else if (kind === 1) await this.#restart(this.aggregator);
    else if (kind === 2) await this.#restart(this.bridge);
    else if (kind === 3) await this.#restart(this.broker);
    else {
      const node = this.nodes[this.#random(this.nodes.length)];
      await node.kill();
      await node.restart();
      this.#count('node');
    }
  }

  #count(name: string): void {
    this.#kills.set(name, (this.#kills.get(name) ?? 0) + 1);
    this.options.log(`version ${this.version}: killed ${name}`);
  }

  async #restart(life: Life): Promise<void> {
    if (!(await life.kill())) throw new Error(`the ${life.name} had ended before it was killed`);
    this.#count(life.name);
    await life.start();
  }

  /** Killed at random, then by itself at a point it passes as it works on, then started for good. */
  async #strikeAtPoint(): Promise<void> {
    const point = points[this.#random(points.length)];
    await this.aggregator.kill();
    this.#count('aggregator');
    await this.aggregator.start(`${point}:${1 + this.#random(2)}`);
    const { signal, stderr } = await this.aggregator.ended;
    if (signal !== 'SIGKILL' || stderr !== `killed at ${point}\n`) {
      throw new Error(`the aggregator was to die at ${point}: ${signal} ${stderr}`);
    }
    this.#count(`aggregator at ${point}`);
    await this.aggregator.start();
  }
}

/** Everything that does not agree: nodes' logs, ledger, replay, undisturbed run. */
async function findProblems(
  scene: Scene,
  rounds: number,
  logs: readonly NodeLog[],
  modelHash: string,
): Promise<string[]> {
  const ledger = Ledger.openExisting(scene.path('store'), 'read');
  const rows: UploadRow[] = [];
  for (let version = 0; version <= rounds; version++) rows.push(...ledger.uploadsOf(version));
  ledger.close();
  const problems = logs.flatMap((log) =>
    log.disagreements(rows.filter(({ node }) => node === log.node)),
  );
  if (rows.length !== rounds * logs.length) {
    problems.push(`${rows.length} uploads of ${logs.length} nodes in ${rounds} rounds`);
  }
  const versions = [...replayStore(scene.path('store'))];
  for (const { version, difference } of versions)
    if (difference)
      problems.push(`version ${version} is not what replay gives: ${difference.where}`);
  const reference = await runSmallFederation(scene, { rounds });
  const expected = [
    reference.summary.initialModelHash,
    ...reference.rounds.map((report) => report.modelHash),
  ];
  versions.forEach(({ published, version }) => {
    if (published !== expected[version]) problems.push(`version ${version} differs undisturbed`);
  });
  if (modelHash !== reference.summary.modelHash)
    problems.push('the last model differs undisturbed');
  return problems;
}

/** Throws with everything that went wrong. */
export async function soak(scene: Scene, options: SoakOptions): Promise<SoakReport> {
  const { rounds } = options;
  const folders = ['contract', 'data', 'durable', 'federated', 'kernel', 'model', 'mqtt', 'proof'];
  const entry = join(import.meta.dirname, '../e2e/aggregator-child.ts');
  const child = compileChild(entry, [...folders.map((room) => `host/${room}`), 'test/e2e']);
  scene.defer(() => child.remove());
  const broker = await brokerLife(scene);
  await broker.life.start();
  const nodes = await startNativeNodes(scene, dealBuiltIn(scene));
  const cables = await Promise.all(
    nodes.map((node, i) => Cable.lay(scene, scene.path(`cable-${i}.sock`), node.socket)),
  );
  const logs = nodes.map(({ shard }, i) => new NodeLog(shard.node, cables[i]));
  const aggregator = aggregatorLife(scene, child.path, broker.url, rounds);
  const bridge = bridgeLife(
    scene,
    broker.url,
    cables.map(({ port }) => port),
  );
  await Promise.all([aggregator.start(), bridge.start()]);
  const run = new Soak(options, aggregator, bridge, broker.life, nodes, logs);
  const modelHash = await run.run();
  const problems = await findProblems(scene, rounds, logs, modelHash);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const promises = logs.reduce((sum, log) => sum + log.promises, 0);
  return { modelHash, kills: run.kills, promises };
}
