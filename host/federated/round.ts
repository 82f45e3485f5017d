/**
 * When a version closes (SPEC, section 8), as a pure function of what has happened to it: no clock
 * and no I/O, so the same events always give the same decisions.
 */
import { LinnetError } from '../contract/error.js';

export interface RoundRules {
  /** Contributions that complete a version. */
  readonly cohort: number;
  /** Contributions that are enough at the deadline, 1…cohort. */
  readonly quorum: number;
  /** Time a version has, from its announcement on; absent: it waits for the whole cohort. */
  readonly deadlineMs?: number;
}

export interface RoundState {
  readonly contributions: number;
  readonly isClosed: boolean;
}

export type RoundEvent =
  /** One more contribution is in the ledger. */
  | { readonly type: 'contribution' }
  /** deadlineMs are over. */
  | { readonly type: 'deadline' }
  /** The aggregator started and found this many contributions in its ledger. */
  | { readonly type: 'resume'; readonly contributions: number };

export type RoundDecision =
  | 'wait'
  /** Below the quorum: the time begins again. */
  | 'restart-deadline'
  | 'close'
  /** Closed by the deadline without the whole cohort: not reproducible by running it again. */
  | 'close-degraded';

export interface RoundStep {
  readonly state: RoundState;
  readonly decision: RoundDecision;
}

export const openRound: RoundState = { contributions: 0, isClosed: false };

/** Throws ERR_CONFIG, naming the rule, if no version could ever close by these rules. */
export function checkRoundRules(rules: RoundRules): void {
  const { cohort, quorum, deadlineMs } = rules;
  const fail = (cause: string, remedy: string): never => {
    throw new LinnetError('ERR_CONFIG', cause, { remedy });
  };
  if (!Number.isSafeInteger(cohort) || cohort < 1) {
    fail(`the cohort is ${cohort}`, 'give the number of nodes that complete a version');
  }
  if (!Number.isSafeInteger(quorum) || quorum < 1 || quorum > cohort) {
    fail(`the quorum is ${quorum}`, `give 1 to ${cohort}, the cohort`);
  }
  if (deadlineMs !== undefined && (!Number.isSafeInteger(deadlineMs) || deadlineMs < 1)) {
    fail(`the deadline is ${deadlineMs} ms`, 'give at least 1 ms, or none to wait for the cohort');
  }
}

/** The next state and what to do now. A closed round stays closed and asks for nothing. */
export function advanceRound(rules: RoundRules, state: RoundState, event: RoundEvent): RoundStep {
  if (state.isClosed) return { state, decision: 'wait' };
  const contributions =
    event.type === 'resume'
      ? event.contributions
      : state.contributions + (event.type === 'contribution' ? 1 : 0);
  const decision = decide(rules, contributions, event.type === 'deadline');
  const isClosed = decision === 'close' || decision === 'close-degraded';
  return { state: { contributions, isClosed }, decision };
}

/**
 * Milliseconds until a version closes that has been open for `elapsedMs` and has at least one contribution, if they go
 * on coming as they have; to its next deadline at most, which may be extended.
 */
export function expectedCloseMs(
  { cohort, deadlineMs = Infinity }: RoundRules,
  contributions: number,
  elapsedMs: number,
): number {
  const missing = Math.max(0, cohort - contributions);
  const leftMs = (elapsedMs * missing) / Math.max(1, contributions);
  return Math.min(leftMs, deadlineMs - (elapsedMs % deadlineMs));
}

function decide(rules: RoundRules, contributions: number, isLate: boolean): RoundDecision {
  if (contributions >= rules.cohort) return 'close';
  if (!isLate) return 'wait';
  return contributions >= rules.quorum ? 'close-degraded' : 'restart-deadline';
}
