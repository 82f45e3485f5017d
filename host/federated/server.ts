import { toHex } from '../contract/hash.js';
import { checkKernel } from '../kernel/check-kernel.js';
import { connectMqtt } from '../mqtt/connect.js';
import type { MqttSession } from '../mqtt/session.js';
import type { NodeEvaluations } from './counters.js';
import type { TrafficRow } from './ledger.js';
import { Lineage, type KernelOffer } from './lineage.js';
import {
  checkOptions,
  DEFAULT_STRATEGY,
  drawBelow,
  sessionOptions,
  type AggregatorOptions,
} from './options.js';
import type { PublishedModel } from './report.js';
import { RoundLoop } from './round-loop.js';
import { parseStrategy } from './strategies/strategies.js';
import { settleWithin } from './timers.js';

export type { AggregatorOptions } from './options.js';

/** Patience of close() with what waits for the broker. */
const CLOSE_GRACE_MS = 2000;

/** No device gets a kernel that was not validated here. */
function offerKernels(kernels: readonly Uint8Array[]): Promise<KernelOffer[]> {
  return Promise.all(
    kernels.map(async (bytes) => {
      const { intrinsicSet } = await checkKernel(bytes);
      return { bytes, intrinsicSet };
    }),
  );
}

async function openLineage(options: AggregatorOptions): Promise<Lineage> {
  const { store, round, ...rest } = options;
  const kernels = await offerKernels(options.kernels);
  const strategy = parseStrategy(options.strategy ?? DEFAULT_STRATEGY);
  const { deadlineMs } = round;
  const deadline = deadlineMs === undefined ? {} : { deadlineMs };
  const drawing = options.sampling && { drawBelow: () => drawBelow(options) };
  return Lineage.open({ ...rest, ...deadline, ...drawing, kernels, folder: store, strategy });
}

/** The aggregator of one model: what it has promised is in its store, so it can be killed any time. */
export class Aggregator {
  /**
   * The final model when it is announced; undefined if closed before. Rejects if the aggregator
   * had to stop: ERR_STORE when the disk fails, ERR_AUTH when the broker refuses a publication.
   */
  readonly finished: Promise<PublishedModel | undefined>;
  readonly #lineage: Lineage;
  readonly #session: MqttSession;
  readonly #loop: RoundLoop;
  readonly #cohort: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => void this.close();
  #finish!: (model: PublishedModel | undefined) => void;
  #fail!: (error: unknown) => void;
  #running: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(options: AggregatorOptions, lineage: Lineage, session: MqttSession) {
    this.#lineage = lineage;
    this.#session = session;
    this.#signal = options.signal;
    this.#cohort = options.round.cohort;
    this.#loop = new RoundLoop(options, lineage, session, () => this.#finish(this.model));
    this.finished = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    // Whoever does not look at it has other ways to notice; nobody's process shall end by it.
    this.finished.catch(() => undefined);
  }

  /**
   * Starts a federation or goes on with the one in the store; resolves when the newest version is
   * announced. Throws ERR_CONFIG, ERR_STORE, ERR_MQTT or ERR_AUTH, or what checkKernel() has against a
   * kernel; then nothing is left open.
   */
  static async start(options: AggregatorOptions): Promise<Aggregator> {
    options.signal?.throwIfAborted();
    checkOptions(options);
    const lineage = await openLineage(options);
    let aggregator: Aggregator | undefined;
    try {
      const { connect = connectMqtt } = options;
      const session = await connect(sessionOptions(options, lineage.model.hash, lineage.starts));
      aggregator = new Aggregator(options, lineage, session);
      await aggregator.#begin();
      return aggregator;
    } catch (error) {
      await aggregator?.close();
      lineage.close();
      throw error;
    }
  }

  async #begin(): Promise<void> {
    const begun = this.#loop.begin();
    this.#running = begun.then(() => this.#loop.run()).catch((error: unknown) => this.#stop(error));
    this.#signal?.addEventListener('abort', this.#onAbort);
    if (this.#signal?.aborted) this.#onAbort();
    await begun;
  }

  /** The newest version. */
  get model(): PublishedModel {
    const { announcement, snapshot } = this.#lineage.head;
    const { version, artefactHash } = announcement;
    return { version, modelHash: toHex(artefactHash), snapshot };
  }

  /** Contributions that the open version lacks: fewer cannot close it. */
  get missing(): number {
    return Math.max(0, this.#cohort - this.#lineage.open.sum.count);
  }

  /** What the rounds on a version cost their nodes, as far as bridges have told. */
  trafficOf(version: number): TrafficRow[] {
    return this.#lineage.trafficOf(version);
  }

  /** What the nodes counted on their test splits while a version was open, as far as the store still has it. */
  evaluationsOf(version: number): NodeEvaluations {
    return this.#lineage.evaluationsOf(version);
  }

  /** Hash of the snapshot of version 0, hex. */
  get initialModelHash(): string {
    return toHex(this.#lineage.artefactOf(0)!);
  }

  /** Takes leave of the broker and closes the store; the step under way is finished first. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#loop.stop();
    await settleWithin(this.#running, CLOSE_GRACE_MS);
    if (this.#session.connected) await settleWithin(this.#loop.publishOffline(), CLOSE_GRACE_MS);
    await this.#session.close();
    await this.#running;
    this.#lineage.close();
    this.#finish(undefined);
  }

  /** The loop ended by an error. While closing that is a publication nobody took any more. */
  #stop(error: unknown): void {
    if (this.#closing) return;
    this.#fail(error);
    // Not a polite end: the last will shall say that the aggregator is gone.
    this.#session.abort();
    void this.close();
  }
}
