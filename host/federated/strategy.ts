/** How the deltas of a version become the next model. One strategy per file. */

export interface Contribution {
  /** From contributionWeight(), 0…MAX_CONTRIBUTION_WEIGHT. */
  readonly weight: number;
  /** [P] words in ±DELTA_LIMIT. */
  readonly delta: Int16Array;
}

/**
 * What a strategy knows of a version so far. Sums of parts of a cohort merge to the sum of the
 * cohort, whatever the parts and the order, so shards and restarts cannot change a bit.
 */
export interface PartialSum {
  /** Contributions added. */
  readonly count: number;
  /** Σ n_k. */
  readonly weight: number;
  /** [P] Σ n_k · delta_k, integers below 2^53. */
  readonly words: Float64Array;
}

export interface Strategy {
  /** Stands in the ledger beside every version the strategy made. */
  readonly name: string;
  /** The sum of nothing, for P parameters. */
  start(parameters: number): PartialSum;
  /** `sum` and one contribution. May reuse the arrays of `sum`, which must not be used after. */
  add(sum: PartialSum, contribution: Contribution): PartialSum;
  /** Both together; neither is changed. */
  merge(a: PartialSum, b: PartialSum): PartialSum;
  /** The next master, Q16.16 [P]; `master` is not changed. */
  finish(master: Int32Array, sum: PartialSum): Int32Array;
}
