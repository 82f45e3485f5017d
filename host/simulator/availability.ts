/** When a virtual node is awake: windows of equal length, one in each period, each at a seeded place. */
import { purpose, unitAt } from './seeds.js';

/** Whole milliseconds, forMs + 2 · jitterMs ≤ everyMs, so that windows never meet. */
export interface Windows {
  readonly everyMs: number;
  readonly forMs: number;
  /** A window begins earlier or later by at most this. */
  readonly jitterMs: number;
}

/** Beginning of window `k`, which lies in period k but for its jitter; `seed` is of the node. */
function beginOf({ everyMs, jitterMs }: Windows, seed: number, k: number): number {
  const phase = Math.floor(unitAt(seed, purpose.phase) * everyMs);
  if (jitterMs === 0) return k * everyMs + phase;
  const jitter = Math.floor(unitAt(seed, purpose.phase, k) * (2 * jitterMs + 1)) - jitterMs;
  return k * everyMs + phase + jitter;
}

/** The first window that ends after `timeMs`. */
function windowAt(
  windows: Windows,
  seed: number,
  timeMs: number,
): [beginMs: number, endMs: number] {
  for (let k = Math.floor(timeMs / windows.everyMs) - 2; ; k++) {
    const begin = beginOf(windows, seed, k);
    if (begin + windows.forMs > timeMs) return [begin, begin + windows.forMs];
  }
}

/** The first moment from `timeMs` on when the node is awake; without windows it always is. */
export function nextAwake(windows: Windows | undefined, seed: number, timeMs: number): number {
  if (!windows) return timeMs;
  return Math.max(timeMs, windowAt(windows, seed, timeMs)[0]);
}

export function isAwake(windows: Windows, seed: number, timeMs: number): boolean {
  return windowAt(windows, seed, timeMs)[0] <= timeMs;
}

/** When the node will have been awake for `workMs` since `timeMs`: while it sleeps, its work rests. */
export function afterAwake(
  windows: Windows | undefined,
  seed: number,
  timeMs: number,
  workMs: number,
): number {
  if (!windows) return timeMs + workMs;
  let left = workMs;
  for (let at = timeMs; ;) {
    const [begin, end] = windowAt(windows, seed, at);
    const start = Math.max(at, begin);
    if (start + left <= end) return start + left;
    left -= end - start;
    at = end;
  }
}
