import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  createDataset,
  selectSamples,
  sampleCount,
  sampleLength,
  type Dataset,
} from '../../data/dataset.js';
import { writeFds1 } from '../../data/fds1.js';
import { federateDataset, isTestSample } from '../../data/partition.js';

/** What one node holds. */
export interface Shard {
  readonly node: string;
  /** FDS1 file of one channel per input and one step, so that channel order cannot matter. */
  readonly path: string;
  readonly dataset: Dataset;
}

export interface DealtTask {
  readonly shards: readonly Shard[];
  readonly test: readonly number[];
  /** One line for people. */
  readonly how: string;
}

/** Samples as a node takes them: flat inputs, `testShare` of them for its own tests. */
function flatten(dataset: Dataset, name: string, testShare: number): Dataset {
  const { extraNames: _extraNames, ...parts } = dataset;
  return createDataset({
    ...parts,
    name,
    steps: 1,
    channels: sampleLength(dataset),
    split: Uint8Array.from({ length: sampleCount(dataset) }, (_, i) =>
      Number(isTestSample(i, testShare)),
    ),
    extra: new Uint16Array(0),
    extraCount: 0,
  });
}

export interface DealOptions {
  /** Lets a test spoil what a node holds before the node starts. */
  readonly tamper?: (shard: Shard) => void;
  /** Part of each node's samples that it tests on. */
  readonly testShare?: number;
}

/** Deals a dataset to `nodes` nodes and writes one shard file each into `folder`. */
export function dealShards(
  dataset: Dataset,
  nodes: number,
  seed: number,
  folder: string,
  { tamper, testShare = 0 }: DealOptions = {},
): DealtTask {
  const dealt = federateDataset(dataset, { nodes, seed });
  mkdirSync(folder, { recursive: true });
  const shards = dealt.train.map((indices, i) => {
    const node = `node-${i}`;
    const path = join(folder, `${node}.fds`);
    const shard = {
      node,
      path,
      dataset: flatten(selectSamples(dataset, indices), node, testShare),
    };
    tamper?.(shard);
    writeFds1(path, shard.dataset);
    return shard;
  });
  return { shards, test: dealt.test, how: dealt.how };
}
