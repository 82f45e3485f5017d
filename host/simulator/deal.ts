/** Which samples each virtual node has. */
import { dataError } from '../data/data-error.js';
import { distinctSubjects, samplesOfSplit, type Dataset } from '../data/dataset.js';
import { holdOutSubjects, isTestSample, partitionDirichlet } from '../data/partition.js';
import { SeededRandom } from '../data/random.js';
import type { Scenario } from './scenario.js';
import { purpose } from './seeds.js';

/** Indices into the dataset: those of node n from offsets[n] to offsets[n + 1]. */
export interface Dealt {
  readonly offsets: Uint32Array<SharedArrayBuffer>;
  readonly indices: Uint32Array<SharedArrayBuffer>;
  /** Of each node: how many of its samples, the last of them, it tests on. */
  readonly tests: Uint32Array<SharedArrayBuffer>;
  /** Of people, or samples, that no node has. */
  readonly test: readonly number[];
  /** One line for people. */
  readonly how: string;
}

/** Held out where the file marks no test samples. */
const testFraction = 0.2;

type Shares = readonly (readonly number[])[];

/**
 * Shares of a list of samples: `size` for each of `parts`, one behind the other and from the beginning again where they
 * are not enough; without a size all of them, evenly.
 */
function cut(samples: readonly number[], parts: number, size: number | undefined): number[][] {
  return Array.from({ length: parts }, (_, part) => {
    if (size === undefined)
      return samples.slice(
        Math.floor((part * samples.length) / parts),
        Math.floor(((part + 1) * samples.length) / parts),
      );
    const length = Math.min(size, samples.length);
    return Array.from({ length }, (_, i) => samples[(part * length + i) % samples.length]);
  });
}

/** Node n has samples of subject n mod subjects; nodes of one subject share them out. */
function bySubject(dataset: Dataset, train: readonly number[], { nodes, deal }: Scenario): Shares {
  const subjects = distinctSubjects(dataset, train);
  const samplesOf = new Map(subjects.map((subject): [number, number[]] => [subject, []]));
  for (const index of train) samplesOf.get(dataset.subject[index])!.push(index);
  const shares: number[][] = [];
  subjects.forEach((subject, rank) => {
    const parts = Math.ceil((nodes - rank) / subjects.length);
    if (parts <= 0) return;
    cut(samplesOf.get(subject)!, parts, deal.samplesPerNode).forEach((share, part) => {
      shares[rank + part * subjects.length] = share;
    });
  });
  return shares;
}

/**
 * McMahan et al. 2017: samples sorted by class, cut into equal shards, `shardsPerNode` of which each node gets.
 * Throws ERR_DATA for more shards than samples.
 */
export function dealShards(
  dataset: Dataset,
  samples: readonly number[],
  nodes: number,
  shardsPerNode: number,
  seed: number,
): number[][] {
  if (nodes * shardsPerNode > samples.length) {
    throw dataError(
      `${dataset.name}: ${samples.length} training samples are fewer than ${nodes} · ${shardsPerNode} shards`,
      'give a smaller deal.shardsPerNode, or use fewer nodes',
    );
  }
  const sorted = [...samples].sort((a, b) => dataset.label[a] - dataset.label[b] || a - b);
  const shards = cut(sorted, nodes * shardsPerNode, undefined);
  new SeededRandom(seed, purpose.deal, 1).shuffle(shards);
  return Array.from({ length: nodes }, (_, node) =>
    shards.slice(node * shardsPerNode, (node + 1) * shardsPerNode).flat(),
  );
}

function sharesOf(dataset: Dataset, train: readonly number[], scenario: Scenario): Shares {
  const { nodes, seed, deal } = scenario;
  if (deal.by === 'dirichlet') return partitionDirichlet(dataset, nodes, deal.alpha, seed, train);
  if (deal.by === 'shards') return dealShards(dataset, train, nodes, deal.shardsPerNode, seed);
  if (deal.by === 'subject') return bySubject(dataset, train, scenario);
  const shuffled = new SeededRandom(seed, purpose.deal, 0).shuffle([...train]);
  return cut(shuffled, nodes, deal.samplesPerNode);
}

const rules: Readonly<Record<Scenario['deal']['by'], string>> = {
  subject: 'by person',
  iid: 'alike',
  dirichlet: 'by a Dirichlet distribution per class',
  shards: 'in shards of one class',
};

/** Deals a dataset to the nodes of a scenario. Throws ERR_DATA if a node would have nothing. */
export function dealSamples(dataset: Dataset, scenario: Scenario): Dealt {
  const { nodes, seed, deal } = scenario;
  const { train, test } = dataset.hasSplit
    ? { train: samplesOfSplit(dataset, 0), test: samplesOfSplit(dataset, 1) }
    : holdOutSubjects(dataset, testFraction, seed);
  const shares = sharesOf(dataset, train, scenario);
  const limit = deal.samplesPerNode ?? Infinity;
  const lengths = shares.map((share) => Math.min(limit, share.length));
  if (lengths.length < nodes || lengths.includes(0)) {
    throw dataError(
      `${dataset.name}: ${train.length} training samples leave some of ${nodes} nodes without any`,
      'give deal.samplesPerNode, so that nodes may have the same samples, or use fewer nodes',
    );
  }
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const offsets = new Uint32Array(new SharedArrayBuffer(4 * (nodes + 1)));
  const indices = new Uint32Array(new SharedArrayBuffer(4 * total));
  const tests = new Uint32Array(new SharedArrayBuffer(4 * nodes));
  for (let node = 0; node < nodes; node++) {
    const own = shares[node].slice(0, lengths[node]);
    const held = own.filter((_, i) => isTestSample(i, deal.testShare));
    const kept = own.filter((_, i) => !isTestSample(i, deal.testShare));
    indices.set([...kept, ...held], offsets[node]);
    tests[node] = held.length;
    offsets[node + 1] = offsets[node] + lengths[node];
  }
  const how = `${total} samples dealt to ${nodes} nodes ${rules[deal.by]}, ${test.length} held out`;
  return { offsets, indices, tests, test, how };
}
