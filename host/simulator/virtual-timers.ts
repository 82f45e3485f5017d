import type { Timers } from '../federated/timers.js';

/** Of virtual time, which is in milliseconds. */
export const hourMs = 3_600_000;

interface Pending {
  readonly delayMs: number;
  readonly dueMs: number;
  readonly run: () => void;
}

/** A timer that waited when a simulation was interrupted. */
export interface SavedTimer {
  readonly delayMs: number;
  readonly dueMs: number;
}

/** The aggregator's clock in virtual time: it stands still until the simulation moves it. */
export class VirtualTimers implements Timers {
  /** Virtual time, whole milliseconds since the beginning. */
  nowMs = 0;
  #pending: Pending[] = [];
  /** Of before an interruption: a timer of the same length takes the place of each. */
  #former: SavedTimer[] = [];

  now(): number {
    return this.nowMs;
  }

  start(delayMs: number, run: () => void): () => void {
    const place = this.#former.findIndex((timer) => timer.delayMs === delayMs);
    const [former] = place < 0 ? [] : this.#former.splice(place, 1);
    const timer = { delayMs, dueMs: former?.dueMs ?? this.nowMs + delayMs, run };
    this.#pending.push(timer);
    return () => this.#remove(timer);
  }

  /** When the next one is due; infinite if there is none. */
  get nextMs(): number {
    return Math.min(Infinity, ...this.#pending.map(({ dueMs }) => dueMs));
  }

  /** Moves the clock to the next timer and runs it. */
  fire(): void {
    const { nextMs } = this;
    const timer = this.#pending.find(({ dueMs }) => dueMs === nextMs)!;
    this.#remove(timer);
    this.nowMs = nextMs;
    timer.run();
  }

  save(): SavedTimer[] {
    return this.#pending.map(({ delayMs, dueMs }) => ({ delayMs, dueMs }));
  }

  /** Timers that are started now are those of before the interruption. */
  expect(timers: readonly SavedTimer[]): void {
    this.#former = [...timers];
  }

  /** From now on timers are new ones. */
  forget(): void {
    this.#former = [];
  }

  #remove(timer: Pending): void {
    this.#pending = this.#pending.filter((other) => other !== timer);
  }
}
