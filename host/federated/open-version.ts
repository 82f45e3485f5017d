import { codec, type Announcement, type Envelope } from '../contract/contract.gen.js';
import { addCounters, type CounterSum } from './counters.js';
import type { ServerModel, Strategy, Tally } from './strategies/strategy.js';
import { contributionWeight } from './strategies/weighted-mean.js';

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

/** What a node has contributed; it counts once in a version. */
interface Counted {
  /** Version it was trained from. */
  readonly base: number;
  /** SHA-256 of the upload. */
  readonly hash: Uint8Array;
}

/** A version nodes work on, and what was contributed while it was open: a function of its ledger rows. */
export class OpenVersion {
  readonly announcement: Announcement;
  readonly #strategy: Strategy;
  /** By node, in the order of their contributions. */
  readonly #counted = new Map<string, Counted>();
  #sum: Tally;
  #uplinkBytes = 0;
  #training?: CounterSum;
  #evaluation?: CounterSum;
  #personal?: CounterSum;

  constructor(announcement: Announcement, parameters: number, strategy: Strategy) {
    this.announcement = announcement;
    this.#strategy = strategy;
    this.#sum = strategy.start(parameters);
  }

  get version(): number {
    return this.announcement.version;
  }

  get sum(): Tally {
    return this.#sum;
  }

  /** Contributions scaled down to the bound of norms. */
  get bounded(): number {
    return this.#strategy.bounded?.(this.#sum) ?? 0;
  }

  get nodes(): string[] {
    return [...this.#counted.keys()];
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

  get personal(): CounterSum | undefined {
    return this.#personal;
  }

  /** SHA-256 of what this node, trained from version `base`, has contributed. */
  contributionOf(base: number, node: string): Uint8Array | undefined {
    const counted = this.#counted.get(node);
    return counted?.base === base ? counted.hash : undefined;
  }

  /** Whether anything of this node counts here. */
  hasNode(node: string): boolean {
    return this.#counted.has(node);
  }

  add({ node, envelope, delta, hash, bytes }: Upload): void {
    const { weightUnit } = this.announcement.plan;
    const hasDelta = envelope.codec !== codec.NONE;
    const weight = hasDelta ? contributionWeight(envelope.samples, weightUnit) : 0;
    const staleness = this.version - envelope.version;
    this.#sum = this.#strategy.add(this.#sum, { weight, delta, staleness });
    this.#counted.set(node, { base: envelope.version, hash });
    this.#uplinkBytes += bytes.length;
    if (envelope.training) this.#training = addCounters(this.#training, envelope.training);
    if (envelope.evaluation) this.#evaluation = addCounters(this.#evaluation, envelope.evaluation);
    if (envelope.personal) this.#personal = addCounters(this.#personal, envelope.personal);
  }

  /** The model that this version becomes, from its own. */
  finish(model: ServerModel): ServerModel {
    const hasMoments = model.moments.length === this.#strategy.moments;
    return this.#strategy.finish(hasMoments ? model : { ...model, moments: [] }, this.#sum);
  }
}
