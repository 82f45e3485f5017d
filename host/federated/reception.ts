import { receipt, type Receipt } from '../contract/contract.gen.js';
import { idOf, sha256 } from '../contract/hash.js';
import type { TopicScope } from '../contract/topics.js';
import { readUploadTopic, type IncomingUpload, type Verdict } from './intake.js';
import type { AggregatorOptions } from './options.js';
import type { Publisher } from './publisher.js';
import { systemTimers, type Timers } from './timers.js';

export interface Answer {
  readonly node: string;
  /** Length of the upload; its bytes are not kept until the broker has the answer. */
  readonly bytes: number;
  readonly verdict: Verdict;
  /** With LATER. */
  readonly retryMs?: number;
}

/** Longest time a node is told to stay away. */
export const MAX_RETRY_MS = 600_000;

export interface ReceptionRules {
  readonly scope: TopicScope;
  /** A longer upload is no envelope and is not kept until its turn. */
  readonly maxUploadBytes: number;
  /** Uploads the queue holds. */
  readonly queueLimit: number;
  readonly retryMs: number;
  /** Version open now. */
  readonly current: () => number;
  /** Takes an upload into the queue; false if it is full. */
  readonly enqueue: (incoming: IncomingUpload) => boolean;
}

/**
 * Where uploads come in and receipts go out. It never waits and keeps nothing: what the queue does not
 * take is answered at once, and as many such answers may be on their way as the queue has places.
 */
export class Reception {
  readonly #timers: Timers;
  /** When the last refused node will be back, by the clock of the timers. */
  #lastReturnMs = -Infinity;
  #answering = 0;
  #unanswered = 0;

  constructor(
    private readonly rules: ReceptionRules,
    private readonly publisher: Publisher,
    private readonly options: Pick<AggregatorOptions, 'onReceipt' | 'onWarning' | 'timers'>,
  ) {
    this.#timers = options.timers ?? systemTimers;
  }

  receive(topic: string, bytes: Uint8Array): void {
    const incoming = readUploadTopic(this.rules.scope, topic, bytes);
    if (!incoming) this.options.onWarning?.(`ignored a message on ${topic}`);
    else if (bytes.length > this.rules.maxUploadBytes) this.#refuse(incoming, receipt.MALFORMED);
    else if (!this.rules.enqueue(incoming)) this.#refuse(incoming, receipt.LATER);
  }

  #refuse({ node, version, bytes }: IncomingUpload, code: number): void {
    // Sent on and on to a slow broker these answers would fill the memory that the queue spares.
    if (this.#answering >= this.rules.queueLimit) {
      this.#unanswered++;
      return;
    }
    const verdict: Verdict = { code, version, contribution: 0, hash: sha256(bytes) };
    this.#answering++;
    const retry = code === receipt.LATER ? { retryMs: this.#nextReturn() } : {};
    void this.answer({ node, bytes: bytes.length, verdict, ...retry }).then(() => {
      this.#answering--;
      if (this.#answering === 0) this.#reportUnanswered();
    });
  }

  /** The refused come back one after the other, as many in each retryMs as the queue has places. */
  #nextReturn(): number {
    const { retryMs, queueLimit } = this.rules;
    const now = this.#timers.now();
    const turn = Math.max(now + retryMs, this.#lastReturnMs + retryMs / queueLimit);
    // A clock that jumped back must not keep anybody away for as long.
    this.#lastReturnMs = Math.min(turn, now + MAX_RETRY_MS);
    return Math.ceil(this.#lastReturnMs - now);
  }

  #reportUnanswered(): void {
    if (this.#unanswered === 0) return;
    this.options.onWarning?.(
      `${this.#unanswered} uploads got no answer: the broker was slower than they came`,
    );
    this.#unanswered = 0;
  }

  /** Sends a receipt; resolves when the broker has it, or never will. */
  async answer({ node, bytes, verdict, retryMs }: Answer): Promise<void> {
    const { code, version, contribution, hash } = verdict;
    const message: Receipt = {
      code,
      version,
      contribution,
      upload: idOf(hash),
      current: this.rules.current(),
      ...(retryMs !== undefined && { retryMs }),
    };
    try {
      await this.publisher.sendReceipt(node, message);
    } catch (error) {
      // The node keeps its upload and asks again.
      this.options.onWarning?.(`no receipt for ${node}: ${(error as Error).message}`);
      return;
    }
    this.options.onReceipt?.({ node, version, code, bytes });
  }
}
