import type { Eligibility } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import type { PlanSettings } from '../federated/plan.js';
import { OVER_SELECTION, type Sampling } from '../federated/turns.js';
import type { Resolved, SettingTable } from './settings.js';

/** Who takes part in a round, and when. */
export const participationSettings = {
  sample: {
    kind: 'switch',
    text: 'each round asks a part of the fleet, drawn anew, instead of all; needs --deadline-ms',
  },
  overSelection: {
    kind: 'text',
    value: 'factor',
    text: 'with --sample: nodes asked for each that the cohort needs',
    default: String(OVER_SELECTION),
  },
  fleetSize: {
    kind: 'integer',
    value: 'nodes',
    text: 'with --sample: nodes there are [those with a key]',
    minimum: 1,
  },
  jitterMs: {
    kind: 'integer',
    text: 'nodes begin a round within this time, each at another; 0 = all at once',
    default: 0,
  },
  minBattery: {
    kind: 'integer',
    value: 'percent',
    text: 'nodes with less wait, as far as they know',
    maximum: 100,
  },
  whileCharging: { kind: 'switch', text: 'nodes that are not charging wait' },
  minLink: {
    kind: 'integer',
    value: 'percent',
    text: 'nodes whose link is worse wait',
    maximum: 100,
  },
  minRam: {
    kind: 'integer',
    value: 'KiB',
    text: 'nodes with less memory for kernel and model wait',
    maximum: 2 ** 31 - 1,
  },
  minSamples: { kind: 'integer', text: 'nodes with fewer samples to train on wait' },
  maxModelAge: {
    kind: 'integer',
    value: 'rounds',
    text: 'nodes whose model is older wait for the final one',
  },
  minModelAge: {
    kind: 'integer',
    value: 'rounds',
    text: 'a node takes part again so many rounds later at the earliest',
  },
} as const satisfies SettingTable;

export type ParticipationFlags = Resolved<typeof participationSettings>;

/** undefined: every node is asked. */
export function samplingOf(flags: ParticipationFlags): Sampling | undefined {
  if (!flags.sample) return undefined;
  const overSelection = Number(flags.overSelection);
  if (!/^\d+(\.\d+)?$/.test(flags.overSelection)) {
    throw new LinnetError('ERR_USAGE', `--over-selection: "${flags.overSelection}" is no number`);
  }
  const { fleetSize } = flags;
  return { overSelection, ...(fleetSize !== undefined && { fleetSize }) };
}

/** What the plan says of it. */
export function participationOf(
  flags: Omit<ParticipationFlags, 'sample' | 'overSelection' | 'fleetSize'>,
): Pick<PlanSettings, 'eligibility' | 'jitterMs'> {
  const { minBattery, whileCharging, minLink, minRam, minSamples } = flags;
  const { maxModelAge, minModelAge } = flags;
  const eligibility: Eligibility = {
    ...(minBattery && { minBattery }),
    ...(whileCharging && { charging: 1 }),
    ...(minLink && { minLink }),
    ...(minRam && { minRam }),
    ...(minSamples && { minSamples }),
    ...(maxModelAge !== undefined && { maxModelAge }),
    ...(minModelAge && { minModelAge }),
  };
  const isAsked = Object.keys(eligibility).length > 0;
  return { jitterMs: flags.jitterMs, ...(isAsked && { eligibility }) };
}
