import type { Announcement, Envelope } from '../contract/contract.gen.js';
import { addCounters, type CounterSum } from './counters.js';
import { contributionWeight } from './fed-avg.js';
import type { PartialSum, Strategy } from './strategy.js';

/** An upload that passed every check. */
export interface Upload {
  readonly node: string;
  readonly envelope: Envelope;
  /** [P] words, zeros without a delta. */
  readonly delta: Int16Array;
  /** SHA-256 of the envelope. */
  readonly hash: Uint8Array;
  /** The envelope as received. */
  readonly bytes: Uint8Array;
}

/** A version nodes work on, and what they have contributed: a function of its ledger rows. */
export class OpenVersion {
  readonly announcement: Announcement;
  readonly #strategy: Strategy;
  readonly #hashByNode = new Map<string, Uint8Array>();
  #sum: PartialSum;
  #uplinkBytes = 0;
  #training?: CounterSum;
  #evaluation?: CounterSum;

  constructor(announcement: Announcement, parameters: number, strategy: Strategy) {
    this.announcement = announcement;
    this.#strategy = strategy;
    this.#sum = strategy.start(parameters);
  }

  get version(): number {
    return this.announcement.version;
  }

  get sum(): PartialSum {
    return this.#sum;
  }

  get nodes(): string[] {
    return [...this.#hashByNode.keys()];
  }

  /** MQTT payload bytes of the contributions. */
  get uplinkBytes(): number {
    return this.#uplinkBytes;
  }

  get training(): CounterSum | undefined {
    return this.#training;
  }

  get evaluation(): CounterSum | undefined {
    return this.#evaluation;
  }

  /** SHA-256 of what this node has contributed. */
  contributionOf(node: string): Uint8Array | undefined {
    return this.#hashByNode.get(node);
  }

  add({ node, envelope, delta, hash, bytes }: Upload): void {
    const weight = contributionWeight(envelope.samples, this.announcement.plan.weightUnit);
    this.#sum = this.#strategy.add(this.#sum, { weight, delta });
    this.#hashByNode.set(node, hash);
    this.#uplinkBytes += bytes.length;
    if (envelope.training) this.#training = addCounters(this.#training, envelope.training);
    if (envelope.evaluation) this.#evaluation = addCounters(this.#evaluation, envelope.evaluation);
  }

  /** The next master, Q16.16 [P]. */
  finish(master: Int32Array): Int32Array {
    return this.#strategy.finish(master, this.#sum);
  }
}
