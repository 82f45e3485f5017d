/** How models and deltas travel: what is compared. */
import { codec } from '../../host/contract/contract.gen.js';
import { SNAPSHOT_EVERY } from '../../host/federated/downlink.js';
import type { TaskName } from './tasks.js';

export interface CodedScheme {
  readonly arithmetic: 'linnet';
  readonly title: string;
  readonly uplink: number;
  /** Codec of the difference from one version to the next. */
  readonly downlink: number;
  /** Every K-th version is published in full. */
  readonly snapshotEvery: number;
  /** Of SPARSE_TERNARY, both ways, per mille. */
  readonly density?: number;
}

/** float32 FedAvg, parameters both ways. */
export interface FloatScheme {
  readonly arithmetic: 'float32';
  readonly title: string;
}

export type Scheme = CodedScheme | FloatScheme;

/** What `linnet aggregator` does unless told otherwise. */
const byDefault: CodedScheme = {
  arithmetic: 'linnet',
  title: 'dense-3 up, exact down',
  uplink: codec.DENSE_3,
  downlink: codec.RICE_INT16,
  snapshotEvery: SNAPSHOT_EVERY,
};

function bothWays(title: string, id: number, density?: number): CodedScheme {
  return {
    arithmetic: 'linnet',
    title,
    uplink: id,
    downlink: id,
    snapshotEvery: SNAPSHOT_EVERY,
    ...(density !== undefined && { density }),
  };
}

export const schemes = {
  float32: { arithmetic: 'float32', title: 'float32 FedAvg' },
  exact: bothWays('exact both ways', codec.RICE_INT16),
  default: byDefault,
  dense: bothWays('dense-3 both ways', codec.DENSE_3),
  sparse: bothWays('sparse both ways, 10 %', codec.SPARSE_TERNARY, 100),
  sparser: bothWays('sparse both ways, 5 %', codec.SPARSE_TERNARY, 50),
} as const satisfies Record<string, Scheme>;

export type SchemeName = keyof typeof schemes;

/** Which schemes are run on which task. */
export const schemesOf: Readonly<Record<TaskName, readonly SchemeName[]>> = {
  har: ['float32', 'exact', 'dense', 'sparse', 'sparser'],
  ecg: ['float32', 'exact', 'dense', 'sparse', 'sparser'],
  mnist: ['float32', 'default', 'dense'],
};
