import { constant } from '../contract/contract.gen.js';
import type { Announcement } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { everybody, sitOutMs } from '../contract/participation.js';
import type { Timers } from './timers.js';

/** Asks a part of the fleet in each version, drawn by the nodes themselves (SPEC, 7.5). */
export interface Sampling {
  /** Nodes there are; absent: those that have a key, or are named. */
  readonly fleetSize?: number;
  /** How many are asked for each that is needed, at least 1. */
  readonly overSelection: number;
}

export const OVER_SELECTION = 1.3;
const MAX_OVER_SELECTION = 1000;

/** Throws ERR_CONFIG. */
export function checkSampling({ fleetSize, overSelection }: Sampling, cohort: number): void {
  const fail = (cause: string, remedy: string): never => {
    throw new LinnetError('ERR_CONFIG', cause, { remedy });
  };
  if (!(overSelection >= 1 && overSelection <= MAX_OVER_SELECTION)) {
    fail(`the over-selection is ${overSelection}`, `give 1 to ${MAX_OVER_SELECTION}`);
  }
  if (fleetSize !== undefined && !(Number.isSafeInteger(fleetSize) && fleetSize >= cohort)) {
    fail(
      `a fleet of ${fleetSize} has no cohort of ${cohort}`,
      'give the number of nodes there are',
    );
  }
}

/** The limit of the draw by which about `cohort · overSelection` nodes of the fleet take part. */
export function drawBelowOf(cohort: number, overSelection: number, fleetSize: number): number {
  const share = (cohort * overSelection) / fleetSize;
  return Math.max(1, Math.min(everybody, Math.round(2 ** 32 * share)));
}

/** Since when versions stand; after a start of the aggregator those of which it is not known begin again. */
export class Turns {
  readonly #startMs: number;
  readonly #sinceMs: Map<number, number>;

  constructor(
    private readonly timers: Timers,
    sinceMs: ReadonlyMap<number, number> = new Map(),
  ) {
    this.#startMs = timers.now();
    this.#sinceMs = new Map(sinceMs);
  }

  /** From now on the version stands. */
  begin(version: number): void {
    this.#sinceMs.set(version, this.timers.now());
    this.#sinceMs.delete(version - constant.MAX_STALENESS - 1);
  }

  /** Milliseconds until an upload of the node to this version can count; Infinity: it never does. */
  leftMs(announcement: Announcement, node: string): number {
    const waitMs = sitOutMs(announcement, node);
    if (waitMs === 0) return 0;
    const sinceMs = this.#sinceMs.get(announcement.version) ?? this.#startMs;
    return Math.max(0, Math.ceil(sinceMs + waitMs - this.timers.now()));
  }
}
