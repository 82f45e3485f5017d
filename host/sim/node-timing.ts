/** Durations of a node (SPEC, sections 6 and 7), milliseconds; firmware/src/timing.h in C. */
export interface NodeTiming {
  /** An unanswered request is repeated after this. */
  readonly requestMs: number;
  /** Repeats until the link counts as lost. */
  readonly requestTries: number;
  /** Pause after an answer ERR_LATER. */
  readonly laterMs: number;
  /** Pause after any other refusal, that of HELLO included. */
  readonly refusedMs: number;
  /** An offer without a receipt is repeated after this. */
  readonly offerMs: number;
  /** HELLO is repeated when the host was silent for this long. */
  readonly silenceMs: number;
  /** A device that does not fulfil what a plan asks for is looked at again after this. */
  readonly conditionMs: number;
}

export const defaultTiming: NodeTiming = {
  requestMs: 1000,
  requestTries: 5,
  laterMs: 500,
  refusedMs: 5000,
  offerMs: 30_000,
  silenceMs: 10_000,
  conditionMs: 60_000,
};

/** Longest delay of setTimeout(); a longer one would fire at once. */
const maxDelayMs = 2 ** 31 - 1;

/** Resolves after `ms`, which may be Infinity; rejects with the reason when the signal aborts. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  let left = ms;
  for (; left > maxDelayMs; left -= maxDelayMs) await sleepOnce(maxDelayMs, signal);
  await sleepOnce(left, signal);
}

function sleepOnce(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
