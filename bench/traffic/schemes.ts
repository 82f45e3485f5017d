/** How models and deltas travel: what is compared. */
import { codec } from '../../host/contract/contract.gen.js';
import { SNAPSHOT_EVERY } from '../../host/federated/downlink.js';

/** A codec of one way and, of SPARSE_TERNARY, its density per mille. */
export interface Way {
  readonly codec: number;
  readonly density?: number;
}

export interface CodedScheme {
  readonly arithmetic: 'linnet';
  readonly title: string;
  readonly up: Way;
  /** Of the difference from one version to the next. */
  readonly down: Way;
  /** Every K-th version is published in full. */
  readonly snapshotEvery: number;
  /** As users write it; absent: fed-avg. */
  readonly strategy?: string;
  /** FedProx: nodes pull toward the base by 2^−this; absent: not at all. */
  readonly proximalShift?: number;
  /** FedPer: bit l: layer l stays with each node; absent: none. */
  readonly personalLayers?: number;
}

/** float32 FedAvg, parameters both ways. */
export interface FloatScheme {
  readonly arithmetic: 'float32';
  readonly title: string;
}

export type Scheme = CodedScheme | FloatScheme;

export const dense3: Way = { codec: codec.DENSE_3 };
export const sparse = (density: number): Way => ({ codec: codec.SPARSE_TERNARY, density });

export function coded(title: string, up: Way, down: Way): CodedScheme {
  return { arithmetic: 'linnet', title, up, down, snapshotEvery: SNAPSHOT_EVERY };
}

export const schemes = {
  float32: { arithmetic: 'float32', title: 'float32 FedAvg' },
  dense: coded('dense-3 both ways', dense3, dense3),
  sparseUp: coded('sparse 10 % up, dense-3 down', sparse(100), dense3),
  sparse10: coded('sparse both ways, 10 %', sparse(100), sparse(100)),
  sparse5: coded('sparse both ways, 5 %', sparse(50), sparse(50)),
} as const satisfies Record<string, Scheme>;

export type SchemeName = keyof typeof schemes;
