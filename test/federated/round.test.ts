import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  advanceRound,
  checkRoundRules,
  expectedCloseMs,
  openRound,
  type RoundDecision,
  type RoundEvent,
} from '../../host/federated/round.js';

const add: RoundEvent = { type: 'contribution' };
const late: RoundEvent = { type: 'deadline' };
const resume = (contributions: number): RoundEvent => ({ type: 'resume', contributions });

const rules = { cohort: 3, quorum: 2, deadlineMs: 1000 };

const cases: readonly [string, readonly RoundEvent[], readonly RoundDecision[]][] = [
  ['closes when the cohort is complete', [add, add, add], ['wait', 'wait', 'close']],
  [
    'starts the time again below the quorum',
    [add, late, late],
    ['wait', 'restart-deadline', 'restart-deadline'],
  ],
  [
    'closes degraded at the deadline with the quorum',
    [add, add, late],
    ['wait', 'wait', 'close-degraded'],
  ],
  [
    'closes whole after a deadline below the quorum',
    [add, late, add, add],
    ['wait', 'restart-deadline', 'wait', 'close'],
  ],
  [
    'closes at the next deadline once the quorum is there',
    [late, add, add, late],
    ['restart-deadline', 'wait', 'wait', 'close-degraded'],
  ],
  ['closes at once when the ledger holds the cohort', [resume(3)], ['close']],
  ['goes on from what the ledger holds', [resume(2), add], ['wait', 'close']],
  ['waits with a ledger that holds the quorum', [resume(2), late], ['wait', 'close-degraded']],
  [
    'asks for nothing once closed',
    [add, add, add, late, add],
    ['wait', 'wait', 'close', 'wait', 'wait'],
  ],
];

describe('round machine', () => {
  it.each(cases)('%s', (_, events, expected) => {
    let state = openRound;
    const decisions = events.map((event) => {
      const step = advanceRound(rules, state, event);
      state = step.state;
      return step.decision;
    });
    expect(decisions).toEqual(expected);
  });

  it('closes exactly once, and degraded only below the cohort and from the quorum on', () => {
    const event = fc.constantFrom(add, add, late);
    const size = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(size, size, fc.array(event, { maxLength: 20 }), (a, b, events) => {
        const sized = { cohort: Math.max(a, b), quorum: Math.min(a, b) };
        let state = openRound;
        let closes = 0;
        for (const next of events) {
          const step = advanceRound(sized, state, next);
          state = step.state;
          if (step.decision === 'close') {
            closes++;
            expect(state.contributions).toBe(sized.cohort);
          } else if (step.decision === 'close-degraded') {
            closes++;
            expect(state.contributions).toBeGreaterThanOrEqual(sized.quorum);
            expect(state.contributions).toBeLessThan(sized.cohort);
          }
          expect(state.isClosed).toBe(closes === 1);
        }
        const added = events.filter((next) => next === add).length;
        if (added >= sized.cohort) expect(closes).toBe(1);
      }),
    );
  });

  it.each([
    [{ cohort: 0, quorum: 0 }, 'cohort'],
    [{ cohort: 1.5, quorum: 1 }, 'cohort'],
    [{ cohort: 3, quorum: 0 }, 'quorum'],
    [{ cohort: 3, quorum: 4 }, 'quorum'],
    [{ cohort: 3, quorum: 2, deadlineMs: 0 }, 'deadline'],
    [{ cohort: 3, quorum: 2, deadlineMs: NaN }, 'deadline'],
  ])('refuses the rules %j', (wrong, name) => {
    expect(() => checkRoundRules(wrong)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        message: expect.stringContaining(name) as string,
      }),
    );
    expect(() => checkRoundRules(rules)).not.toThrow();
  });
});

describe('the time until a version closes', () => {
  it.each([
    // contributions, elapsed, expected: two more as fast as the first; the deadline comes earlier; it was extended.
    [1, 100, 200],
    [1, 600, 400],
    [1, 1600, 400],
    [2, 2900, 100],
    [3, 500, 0],
  ])('after %i contributions in %i ms is %i ms', (contributions, elapsedMs, expected) => {
    expect(expectedCloseMs(rules, contributions, elapsedMs)).toBe(expected);
  });

  it('is what contributions say where there is no deadline', () => {
    expect(expectedCloseMs({ cohort: 10, quorum: 1 }, 4, 4000)).toBe(6000);
  });
});
