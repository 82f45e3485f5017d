/** Keeps the worker threads busy with what will be needed next. */
import { EventQueue } from './event-queue.js';
import { stage, type FleetState } from './fleet.js';
import type { LocalWordsOfFleet } from './local-words.js';
import type { WorkerPool } from './pool.js';
import type { WorkObserver } from './virtual-nodes.js';

/** Nodes of a job. */
const jobNodes = 16;

/**
 * The uploads of virtual nodes, computed a little before they are due. At most `window` are kept that nobody has
 * asked for yet: some of them will be abandoned, and then they were computed for nothing.
 */
export class Lookahead implements WorkObserver {
  /** Nodes that train, by when they will be done. */
  readonly #ready = new EventQueue();
  readonly #envelopes = new Map<number, Uint8Array>();
  /** Those that somebody has asked for. */
  readonly #taken = new Map<number, Uint8Array>();
  readonly #jobs = new Map<number, Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  /** Trainings that were computed, and those of them that were used. */
  trained = 0;

  constructor(
    private readonly pool: Pick<WorkerPool, 'train'>,
    private readonly state: FleetState,
    private readonly window: number,
    private readonly local: Pick<LocalWordsOfFleet, 'expect'>,
  ) {}

  /** A node trains. */
  expect(node: number): void {
    this.drop(node);
    this.#ready.push(this.state.dueMs[node], 0, 0, node);
  }

  /** Orders work ahead; no more than `wanted` uploads are of use now. */
  fill(wanted: number): void {
    const room = Math.min(this.window, wanted) - this.#jobs.size - this.#envelopes.size;
    if (room < Math.min(jobNodes, wanted)) return;
    for (let left = room; left > 0; left -= jobNodes) {
      const nodes = this.#nextNodes(Math.min(left, jobNodes));
      if (nodes.length === 0) return;
      this.#order(nodes);
    }
  }

  /** The upload of a node that trains or uploads. */
  async take(node: number): Promise<Uint8Array> {
    const known = this.find(node);
    if (known) return known;
    if (!this.#jobs.has(node)) this.#order([node]);
    await this.#jobs.get(node);
    if (this.#failure) throw this.#failure.error;
    return this.find(node)!;
  }

  /** The same if nobody has to wait for it. */
  find(node: number): Uint8Array | undefined {
    const envelope = this.#envelopes.get(node);
    if (!envelope) return this.#taken.get(node);
    this.#envelopes.delete(node);
    this.#taken.set(node, envelope);
    return envelope;
  }

  /** It is not needed any more. */
  drop(node: number): void {
    this.#envelopes.delete(node);
    this.#taken.delete(node);
    this.#jobs.delete(node);
  }

  #nextNodes(most: number): number[] {
    const nodes: number[] = [];
    while (nodes.length < most) {
      const next = this.#ready.peek();
      if (!next) break;
      this.#ready.drop();
      const { timeMs, node } = next;
      const isTraining = this.state.stage[node] === stage.TRAINING;
      const isKnown = this.#envelopes.has(node) || this.#jobs.has(node) || nodes.includes(node);
      if (isTraining && this.state.dueMs[node] === timeMs && !isKnown) nodes.push(node);
    }
    return nodes;
  }

  /** A job is of one version: nodes that train are with the newest or, some of them, with older ones. */
  #order(nodes: readonly number[]): void {
    const versions = new Set(nodes.map((node) => this.state.version[node]));
    for (const version of versions) {
      const some = nodes.filter((node) => this.state.version[node] === version);
      const job = this.#train(version, some);
      for (const node of some) this.#jobs.set(node, job);
    }
  }

  #train(version: number, nodes: readonly number[]): Promise<void> {
    const beginMs = nodes.map((node) => this.state.beginMs[node]);
    const job = this.pool.train(version, nodes, beginMs).then(
      (results) => {
        this.trained += nodes.length;
        nodes.forEach((node, i) => {
          // Otherwise it has given this work up meanwhile.
          if (this.#jobs.get(node) !== job) return;
          this.#jobs.delete(node);
          const { envelope, local } = results[i];
          this.#envelopes.set(node, envelope);
          if (local) this.local.expect(node, local);
        });
      },
      (error: unknown) => {
        this.#failure ??= { error };
      },
    );
    return job;
  }
}
