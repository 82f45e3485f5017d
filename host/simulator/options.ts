/** What a simulation is run with, and what comes of it. */
import type { NodeEvaluations } from '../federated/counters.js';
import type { AggregatorOptions } from '../federated/options.js';
import type { PlanSettings } from '../federated/plan.js';
import type { PublishedModel } from '../federated/report.js';
import type { RoundRules } from '../federated/round.js';
import type { Fleet } from './fleet.js';
import type { WorkerData } from './job.js';
import type { WorkerPool } from './pool.js';
import type { RoundRecord } from './records.js';
import { minutesToMs, type Scenario } from './scenario.js';

/** Unless the scenario says. */
const KEEP_VERSIONS = 10;

/** Of the aggregator: what the simulation decides itself. */
type Decided =
  | 'store'
  | 'mqtt'
  | 'federation'
  | 'round'
  | 'rounds'
  | 'keep'
  | 'keys'
  | 'retryMs'
  | 'timers'
  | 'announcedMs'
  | 'connect'
  | 'onIdle';

export interface SimulationOptions {
  /** Where store, records and checkpoint are; continued if they are there. */
  readonly folder: string;
  readonly scenario: Scenario;
  /** Of everything that decides the results. */
  readonly fingerprint: string;
  readonly aggregator: Omit<AggregatorOptions, Decided>;
  readonly workerData: Omit<
    WorkerData,
    'group' | 'lies' | 'reservoirs' | 'seed' | 'hasKeys' | 'local'
  >;
  /** Scores of a version, for its record. */
  readonly evaluate?: (
    pool: WorkerPool,
    words: Int16Array,
  ) => Promise<Pick<RoundRecord, 'scores' | 'people'>>;
  /** What the nodes counted of it, for its record. */
  readonly describe?: (counted: NodeEvaluations) => Pick<RoundRecord, 'nodes'>;
  readonly workers: number;
  /** Most uploads at once; decides nothing but speed. */
  readonly batch?: number;
  readonly onRecord?: (record: RoundRecord) => void;
  /** How far it is, after each step that the aggregator took. */
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

export interface Progress {
  /** Versions that have been made, and uploads that count in the open one. */
  readonly round: number;
  readonly contributions: number;
  /** Virtual time. */
  readonly hours: number;
}

export interface SimulationResult {
  readonly model: PublishedModel;
  readonly fleet: Fleet;
  readonly records: readonly RoundRecord[];
  /** Trainings that were computed. */
  readonly trained: number;
}

/** Name of every simulated federation. */
export const federation = 'sim';

export function roundRulesOf({ nodes, round }: Scenario): RoundRules {
  const { cohort = nodes, deadlineMinutes } = round;
  if (deadlineMinutes === undefined) return { cohort, quorum: cohort };
  const { quorum = 1 } = round;
  return { cohort, quorum, deadlineMs: minutesToMs(deadlineMinutes) };
}

/** Newest versions whose uploads are kept. Those that an upload may still be made to are kept: with them it is found a second time. */
export function keepOf({ keep }: Scenario, { maxStaleness = 0 }: PlanSettings): number {
  return keep ?? Math.max(KEEP_VERSIONS, maxStaleness + 1);
}
