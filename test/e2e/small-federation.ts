/** The built-in task made so small that boards in QEMU train on it in a second. */
import pino from 'pino';
import {
  runFederation,
  type FederationOptions,
  type FederationSummary,
} from '../../host/cli/demo/federation.js';
import type { RoundReport } from '../../host/federated/report.js';
import type { Scene } from './scene.js';

export const smallPlan = {
  rounds: 2,
  localEpochs: 1,
  samplesPerRound: 10,
  lrShift: undefined,
  lrSchedule: 'linear',
  skipThreshold: undefined,
  freeze: undefined,
  personalLayers: undefined,
  fineTune: 0,
  nodeScores: undefined,
  kernel: undefined,
  proximalShift: 0,
  strategy: 'fed-avg',
  maxStaleness: undefined,
  density: 100,
  codec: 'raw',
  downlink: 'dense-3',
  snapshotEvery: 5,
  classWeights: undefined,
  weightUnit: 50,
  seed: 11,
} as const;

/** The same plan as flags of `linnet demo` and `linnet aggregator`. */
export function flagsOfPlan(
  changes: Partial<Pick<FederationOptions, 'rounds' | 'samplesPerRound' | 'seed'>> = {},
): string[] {
  const { rounds, samplesPerRound, seed, codec, downlink, snapshotEvery } = {
    ...smallPlan,
    ...changes,
  };
  return [
    ...['--codec', codec, '--downlink', downlink, '--snapshot-every', String(snapshotEvery)],
    ...['--rounds', String(rounds)],
    ...['--samples-per-round', String(samplesPerRound)],
    ...['--seed', String(seed)],
  ];
}

export interface FederationRun {
  readonly summary: FederationSummary;
  readonly rounds: readonly RoundReport[];
  /** ACCEPTED receipts of each round. */
  readonly accepted: readonly number[];
}

/** Runs a whole federation in this process, its nodes in processes of their own. */
export async function runSmallFederation(
  scene: Scene,
  changes: Partial<FederationOptions> = {},
): Promise<FederationRun> {
  const rounds: RoundReport[] = [];
  const accepted: number[] = [];
  const summary = await runFederation(
    {
      ...smallPlan,
      data: undefined,
      model: undefined,
      nodes: 4,
      runtime: 'native',
      qemu: 0,
      v8: 0,
      mqtt: undefined,
      deadlineMs: undefined,
      folder: scene.path(`federation-${Math.random().toString(36).slice(2)}`),
      signal: new AbortController().signal,
      log: pino({ level: 'silent' }),
      ...changes,
    },
    {
      onTask: () => undefined,
      onRound: (report, receipts) => {
        rounds.push(report);
        accepted.push(receipts);
      },
    },
  );
  return { summary, rounds, accepted };
}
