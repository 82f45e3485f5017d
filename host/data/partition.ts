import { dataError } from './data-error.js';
import { allSamples, countClasses, distinctSubjects } from './dataset.js';
import type { Dataset } from './dataset.js';
import { SeededRandom } from './random.js';

/** First integer of a random stream's path: what the stream is for. */
const PURPOSE = { dirichlet: 1, holdOutSubjects: 2, holdOutSamples: 3 } as const;

/** Far beyond the alpha that makes all nodes alike; keeps the urn's sums finite. */
const MAX_ALPHA = 1e6;

/**
 * Deals whole subjects to nodes: ascending ids, round-robin.
 *
 * indices of samples -> [nodes] lists of them, each in the order given; every index in exactly one list.
 * Throws ERR_DATA if there are fewer subjects than nodes: a subject is one person's device, and splitting one would
 * make the nodes look alike.
 */
export function partitionBySubject(
  dataset: Dataset,
  nodes: number,
  indices: readonly number[] = allSamples(dataset),
): number[][] {
  checkNodes(dataset, nodes);
  const subjects = distinctSubjects(dataset, indices);
  if (subjects.length < nodes) {
    throw dataError(
      `${dataset.name}: ${subjects.length} training subject(s) cannot be dealt to ${nodes} nodes`,
      `use ${subjects.length} nodes or fewer`,
    );
  }
  const nodeOf = new Map(subjects.map((subject, rank) => [subject, rank % nodes]));
  const parts = emptyParts(nodes);
  for (const index of indices) parts[nodeOf.get(dataset.subject[index]) ?? 0].push(index);
  return parts;
}

/**
 * Deals samples to nodes so that each class is spread by proportions from a Dirichlet(alpha): small alpha, unlike nodes.
 *
 * indices of samples -> [nodes] lists, ascending; every index in exactly one list, no list empty (an empty one is
 * given the last sample of the longest).
 * Proportions are not drawn as such. A Pólya urn that begins with weight alpha per node and gains 1 for each sample
 * dealt gives the same distribution of counts (Blackwell & MacQueen 1973, Annals of Statistics 1(2)), whatever the
 * order of the samples. It needs only + * and <, so the result is the same on every platform; gamma draws need log and
 * pow, which are not.
 * The partition per class follows Yurochkin et al. 2019 (ICML).
 * Throws ERR_DATA for fewer samples than nodes or an alpha outside 0..10^6.
 */
export function partitionDirichlet(
  dataset: Dataset,
  nodes: number,
  alpha: number,
  seed: number,
  indices: readonly number[] = allSamples(dataset),
): number[][] {
  checkNodes(dataset, nodes);
  if (!(alpha > 0 && alpha <= MAX_ALPHA)) {
    throw dataError(
      `alpha ${alpha} is no Dirichlet parameter`,
      `use a number above 0 and up to ${MAX_ALPHA}, such as 0.5`,
    );
  }
  if (indices.length < nodes) {
    throw dataError(
      `${dataset.name}: ${indices.length} training sample(s) cannot be dealt to ${nodes} nodes`,
      `use ${indices.length} nodes or fewer`,
    );
  }
  const parts = emptyParts(nodes);
  groupByClass(dataset, indices).forEach((samples, label) => {
    const random = new SeededRandom(seed, PURPOSE.dirichlet, label);
    const dealt: number[] = [];
    for (const index of samples) {
      const node = drawFromUrn(random, dealt, nodes, alpha);
      dealt.push(node);
      parts[node].push(index);
    }
  });
  for (const part of parts) part.sort((a, b) => a - b);
  fillEmptyParts(parts);
  return parts;
}

/** Training and test samples, ascending, and one sentence that says how they were told apart. */
export interface HoldOut {
  readonly train: number[];
  readonly test: number[];
  readonly how: string;
}

/**
 * Sets aside a seeded fraction of the subjects as test subjects, or of the samples of each class if there are no
 * subjects.
 *
 * At least one subject is held out and one kept; of every class with two samples or more likewise.
 * Throws ERR_DATA for a fraction outside 0..1 (both exclusive), or if no class has two samples.
 */
export function holdOutSubjects(dataset: Dataset, fraction: number, seed: number): HoldOut {
  if (!(fraction > 0 && fraction < 1)) {
    throw dataError(`the held-out fraction ${fraction} is not between 0 and 1`, 'use 0.2, say');
  }
  if (!dataset.hasSubjects) return holdOutSamples(dataset, fraction, seed);
  const subjects = distinctSubjects(dataset);
  new SeededRandom(seed, PURPOSE.holdOutSubjects).shuffle(subjects);
  const held = new Set(subjects.slice(0, heldCount(subjects.length, fraction)));
  const { train, test } = separate(dataset, (index) => held.has(dataset.subject[index]));
  const names = [...held].sort((a, b) => a - b).join(', ');
  return { train, test, how: `test: seeded held-out subject(s) ${names} of ${subjects.length}` };
}

export interface FederateOptions {
  readonly nodes: number;
  readonly seed: number;
  /** Dirichlet parameter, used without subjects; default 0.5. */
  readonly alpha?: number;
  /** Held-out fraction, used without a test split; default 0.2. */
  readonly testFraction?: number;
}

/** The samples of a federation, as indices into its dataset. */
export interface FederatedSamples {
  /** One list per node. */
  readonly train: number[][];
  /** The aggregator's test set. */
  readonly test: number[];
  /** One line for people: how the samples were dealt. */
  readonly how: string;
}

/**
 * Deals a dataset to the nodes of a federation and its test set, by the first rule that fits.
 *
 * Test: the file's split 1; else seeded held-out subjects; else seeded held-out samples of each class.
 * Training: one subject per node; more subjects than nodes, dealt round-robin by subject; fewer, ERR_DATA that names
 * the greatest number of nodes; no subjects, a seeded Dirichlet partition.
 */
export function federateDataset(dataset: Dataset, options: FederateOptions): FederatedSamples {
  const { nodes, seed, alpha = 0.5, testFraction = 0.2 } = options;
  checkNodes(dataset, nodes);
  const { train, test, how } = dataset.hasSplit
    ? fileSplit(dataset)
    : holdOutSubjects(dataset, testFraction, seed);
  if (!dataset.hasSubjects) {
    return {
      train: partitionDirichlet(dataset, nodes, alpha, seed, train),
      test,
      how: `training: no subjects, ${train.length} samples dealt to ${nodes} node(s) by a seeded Dirichlet(${alpha}) per class; ${how}`,
    };
  }
  const subjects = distinctSubjects(dataset, train).length;
  const dealt =
    subjects === nodes
      ? 'one subject per node'
      : `${subjects} subjects dealt round-robin to ${nodes} node(s)`;
  return {
    train: partitionBySubject(dataset, nodes, train),
    test,
    how: `training: ${dealt}; ${how}`,
  };
}

/** Whether the i-th of a node's samples is one it tests on: `share` of them, spread evenly, never the first. */
export function isTestSample(i: number, share: number): boolean {
  return Math.floor((i + 1) * share) > Math.floor(i * share);
}

function fileSplit(dataset: Dataset): HoldOut {
  const { train, test } = separate(dataset, (index) => dataset.split[index] === 1);
  return { train, test, how: `test: the ${test.length} samples the file marks as test` };
}

function holdOutSamples(dataset: Dataset, fraction: number, seed: number): HoldOut {
  const held = new Set<number>();
  groupByClass(dataset, allSamples(dataset)).forEach((samples, label) => {
    if (samples.length < 2) return;
    new SeededRandom(seed, PURPOSE.holdOutSamples, label).shuffle(samples);
    for (const index of samples.slice(0, heldCount(samples.length, fraction))) held.add(index);
  });
  if (held.size === 0) {
    throw dataError(
      `${dataset.name}: no class has two samples, so none can be held out for testing`,
      'give more samples or mark a test split in the file',
    );
  }
  const { train, test } = separate(dataset, (index) => held.has(index));
  return { train, test, how: `test: ${test.length} seeded held-out samples, by class` };
}

/** At least one of `total` ≥ 2, and never all. */
function heldCount(total: number, fraction: number): number {
  return Math.max(1, Math.min(total - 1, Math.round(total * fraction)));
}

function separate(
  dataset: Dataset,
  isTest: (index: number) => boolean,
): { train: number[]; test: number[] } {
  const train: number[] = [];
  const test: number[] = [];
  for (const index of allSamples(dataset)) (isTest(index) ? test : train).push(index);
  return { train, test };
}

function groupByClass(dataset: Dataset, indices: readonly number[]): number[][] {
  const groups = countClasses(dataset, indices).map((): number[] => []);
  for (const index of indices) groups[dataset.label[index]].push(index);
  return groups;
}

/** The node of the next sample of a class: with weight nodes·alpha a new draw, else as an earlier sample's. */
function drawFromUrn(
  random: SeededRandom,
  dealt: readonly number[],
  nodes: number,
  alpha: number,
): number {
  const fresh = nodes * alpha;
  const drawsFresh = random.unit() * (fresh + dealt.length) < fresh;
  return drawsFresh ? random.below(nodes) : dealt[random.below(dealt.length)];
}

function fillEmptyParts(parts: number[][]): void {
  for (const part of parts) {
    if (part.length > 0) continue;
    const longest = parts.reduce((a, b) => (b.length > a.length ? b : a));
    const moved = longest.pop();
    if (moved !== undefined) part.push(moved);
  }
}

function emptyParts(nodes: number): number[][] {
  return Array.from({ length: nodes }, () => []);
}

function checkNodes(dataset: Dataset, nodes: number): void {
  if (Number.isInteger(nodes) && nodes >= 1) return;
  throw dataError(
    `${dataset.name}: cannot be dealt to ${nodes} nodes`,
    'use a whole number of 1 or more',
  );
}
