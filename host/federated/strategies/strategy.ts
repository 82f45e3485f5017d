/** How the deltas of a version become the next model. One strategy per file. */

export interface Contribution {
  /** From contributionWeight(), 0…MAX_CONTRIBUTION_WEIGHT. */
  readonly weight: number;
  /** [P] words in ±DELTA_LIMIT. */
  readonly delta: Int16Array;
  /** Versions between the one it was trained from and the one it counts in; 0 = none. */
  readonly staleness: number;
}

/**
 * What a strategy knows of a version so far. Sums of parts of a cohort merge to the sum of the
 * cohort, whatever the parts and the order, so shards and restarts cannot change a bit.
 */
export interface Tally {
  /** Contributions added. */
  readonly count: number;
  /** What they weigh together; Σ n_k where contributions are weighted. */
  readonly weight: number;
}

/** What the aggregator keeps of a version: the master and whatever the strategy remembers beside it. */
export interface ServerModel {
  /** Q16.16 [P]. */
  readonly master: Int32Array;
  /** Arrays [P] of integers below 2^53, as many as the strategy has; none: as if all were zeros. */
  readonly moments: readonly Float64Array[];
}

/** Each method is a pure function of exact integers. */
export interface Strategy<Sum extends Tally = Tally> {
  /** With its parameters, as parseStrategy() reads them. Stands in the ledger beside every version the strategy made. */
  readonly name: string;
  /** Arrays it remembers from version to version. */
  readonly moments: number;
  /** Whether a contribution may be trained from an older version than the one it counts in. */
  readonly takesStale: boolean;
  /** CODEC its deltas may come in; absent: any. */
  readonly codecs?: readonly number[];
  /** The sum of nothing, for P parameters. */
  start(parameters: number): Sum;
  /** `sum` and one contribution. May reuse the arrays of `sum`, which must not be used after. */
  add(sum: Sum, contribution: Contribution): Sum;
  /** Both together; neither is changed. */
  merge(a: Sum, b: Sum): Sum;
  /** Contributions that count for less because their norm is above the bound; absent: no norm is bounded. */
  bounded?(sum: Sum): number;
  /** The next model; `model` is not changed. Without any weight it is the same. */
  finish(model: ServerModel, sum: Sum): ServerModel;
}
