/** The aggregator's only clock, replaceable in tests. */
export interface Timers {
  /** Milliseconds from any fixed point. */
  now(): number;
  /** Runs `run` once after `delayMs`, unless the function it returns is called before. */
  start(delayMs: number, run: () => void): () => void;
}

/** Longest delay of setTimeout(); a longer one would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export const systemTimers: Timers = {
  now: () => performance.now(),
  start: (delayMs, run) => {
    const timer = setTimeout(run, Math.min(delayMs, MAX_DELAY_MS));
    return () => clearTimeout(timer);
  },
};

/** Waits for an outcome, whatever it is, but not longer than `limitMs`. */
export async function settleWithin(outcome: Promise<unknown>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs)));
  await Promise.race([outcome.catch(() => undefined), limit]);
  clearTimeout(timer);
}
