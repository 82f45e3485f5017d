import type { Want } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { toHex } from '../contract/hash.js';
import { decodeWire } from '../contract/wire.js';
import { systemTimers, type Timers } from './timers.js';

/** What is asked for, or the tag of the announcement for a node that asked for everything. */
export type Wanted = Want | { readonly tagOf: string };

/** Answers that may wait. */
const MOST_WAITING = 256;
/** One answer serves all who wanted the same in so long. */
const REST_MS = 1000;

/**
 * Answers nodes that lack what the broker does not keep (SPEC, section 8): one after the other, the same one
 * not again at once, and no more than a few waiting. What is dropped is wanted again.
 */
export class Wants {
  readonly #waiting = new Map<string, Wanted>();
  /** When each was answered, the oldest first. */
  readonly #answered = new Map<string, number>();
  #isAnswering = false;

  /** `answer` resolves when the broker has the answer. */
  constructor(
    private readonly answer: (wanted: Wanted) => Promise<void>,
    private readonly onWarning: (text: string) => void = () => undefined,
    private readonly timers: Pick<Timers, 'now'> = systemTimers,
  ) {}

  /** Takes the payload of a want of `node`; never waits. */
  take(payload: Uint8Array, node?: string): void {
    const want = this.#read(payload);
    if (!want) return;
    this.#forgetOld();
    this.#put(want.hash ? `${toHex(want.hash)}/${want.offset ?? 0}` : '', want);
    if (!want.hash && node !== undefined) this.#put(`tag of ${node}`, { tagOf: node });
  }

  #put(key: string, wanted: Wanted): void {
    const isKnown = this.#waiting.has(key) || this.#answered.has(key);
    if (isKnown || this.#waiting.size >= MOST_WAITING) return;
    this.#waiting.set(key, wanted);
    if (!this.#isAnswering) void this.#work();
  }

  #read(payload: Uint8Array): Want | undefined {
    try {
      return decodeWire('Want', payload);
    } catch (error) {
      if (!(error instanceof LinnetError)) throw error;
      this.onWarning(`ignored a want: ${error.message}`);
      return undefined;
    }
  }

  #forgetOld(): void {
    const now = this.timers.now();
    for (const [key, answeredMs] of this.#answered) {
      // A clock that was set back must not silence anybody.
      if (now >= answeredMs && now - answeredMs < REST_MS) break;
      this.#answered.delete(key);
    }
  }

  async #work(): Promise<void> {
    this.#isAnswering = true;
    for (const [key, want] of this.#waiting) {
      try {
        await this.answer(want);
      } catch (error) {
        this.onWarning(`a want was not answered: ${(error as Error).message}`);
      }
      this.#waiting.delete(key);
      this.#answered.set(key, this.timers.now());
    }
    this.#isAnswering = false;
  }

  /** Nothing more is answered. */
  close(): void {
    this.#waiting.clear();
  }
}
