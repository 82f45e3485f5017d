/** A worker thread: what nodes compute, one after the other with one kernel. */
import { parentPort, workerData } from 'node:worker_threads';
import { bytesOf } from '../contract/bytes.js';
import { split, type Announcement } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import type { SeededRandom } from '../data/random.js';
import { evaluationSettings } from '../kernel/kernel.js';
import { openV8EngineNow } from '../kernel/v8-engine.js';
import { localFor, localOf, type LocalWords } from '../sim/node-local.js';
import { keepsLocal, labelFor, readAnnouncement } from '../sim/node-rules.js';
import type { Sample } from '../sim/node-samples.js';
import { performWorkNow } from '../sim/node-work.js';
import { nodeName } from './fleet.js';
import { nodeKeyOfSeed } from './keys.js';
import type { Evaluation, Job, JobResult, Trained, Version, WorkerData } from './job.js';
import { NodeSamples } from './node-samples.js';
import {
  flipLabel,
  lieStream,
  LyingKernel,
  randomBytes,
  randomWords,
  scaleWords,
  type Lie,
} from './lies.js';

interface Known {
  readonly announcement: Announcement;
  readonly words: Int16Array;
  readonly kernels: readonly Uint8Array[];
}

class NodeWorker {
  readonly #kernel: LyingKernel;
  readonly #inputs: number;
  readonly #samples: NodeSamples;
  readonly #versions = new Map<number, Known>();
  /** Of the model as it is planned; NaN before the first. */
  #frozenLayers = NaN;

  constructor(private readonly data: WorkerData) {
    this.#kernel = new LyingKernel(openV8EngineNow(data.kernel));
    this.#samples = new NodeSamples(data);
    this.#plan(0);
    this.#inputs = this.#kernel.word('inputBytes');
  }

  learn({ version, announcement: bytes, words, kernels }: Version): void {
    const announcement = readAnnouncement(bytes);
    this.#versions.set(version, { announcement, words, kernels });
  }

  forget(before: number): void {
    for (const version of this.#versions.keys())
      if (version < before) this.#versions.delete(version);
  }

  /** The upload of a node that took the version at `beginMs`, be it true or not. */
  train(version: number, node: number, beginMs: number): Trained {
    const { lies, group, seed } = this.data;
    const lie = lies[group[node]];
    const random = (): SeededRandom => lieStream(seed, node, version);
    const kernel = this.#kernel;
    if (lie === 'scale-10') kernel.distort = scaleWords;
    else if (lie === 'random-words') kernel.distort = (base) => randomWords(base, random());
    else kernel.distort = undefined;
    const trained = this.#work(version, node, beginMs, lie);
    if (lie !== 'random-bytes') return trained;
    return { ...trained, envelope: randomBytes(trained.envelope.length, random()) };
  }

  #work(version: number, node: number, beginMs: number, lie: Lie | undefined): Trained {
    const { announcement, words, kernels } = this.#versions.get(version)!;
    const { offsets, group, seed, hasKeys } = this.data;
    const name = nodeName(node);
    this.#plan(announcement.plan.frozenLayers ?? 0);
    this.#kernel.loadParameters(words);
    const local = this.#localOf(node, announcement, words.length);
    const first = offsets[node];
    const dealt = this.#samples.dealt(node);
    const kept = this.#kept(node, beginMs);
    const work = {
      announcement,
      node: name,
      ...(hasKeys && { key: nodeKeyOfSeed(seed, name) }),
      kernelHash: kernels[group[node]],
      base: words,
      trainSamples: kept?.length ?? dealt,
      testSamples: this.#samples.tests(node),
      local,
    };
    const classes = this.#kernel.word('classes');
    const envelope = performWorkNow(this.#kernel, work, (part, index) => {
      const own = part === split.TEST ? dealt + index : (kept?.[index] ?? index);
      const { x, label } = this.#sample(this.data.indices[first + own]);
      return { x, label: lie === 'flip-labels' ? flipLabel(label, classes) : label };
    });
    if (!envelope) throw new LinnetError('ERR_INTERNAL', `version ${version} asks for no work`);
    return { envelope, ...(keepsLocal(announcement) && { local: local.words }) };
  }

  /** What a node with a reservoir holds at a time; a model of one class takes every sample for one of it. */
  #kept(node: number, timeMs: number): readonly number[] | undefined {
    const { offsets, indices, label } = this.data;
    const kernel = this.#kernel;
    return this.#samples.kept(node, timeMs, kernel.word('classes'), (own) =>
      labelFor(kernel, label[indices[offsets[node] + own]]),
    );
  }

  evaluate(words: Int16Array, samples: readonly number[]): Evaluation {
    const kernel = this.#kernel;
    kernel.loadParameters(words);
    kernel.begin(evaluationSettings);
    const isAutoencoder = kernel.word('classes') === 1;
    const correct = Uint8Array.from(samples, (index) => {
      const { x, label } = this.#sample(index);
      return kernel.evaluate(x, isAutoencoder ? 0 : label) === label ? 1 : 0;
    });
    const { loss, confusion } = kernel.counters();
    return { correct, samples: samples.length, loss, confusion };
  }

  #plan(frozenLayers: number): void {
    if (this.#frozenLayers === frozenLayers) return;
    this.#kernel.plan(this.data.descriptor, { frozenLayers });
    this.#frozenLayers = frozenLayers;
  }

  #localOf(node: number, announcement: Announcement, parameters: number): LocalWords {
    const { local } = this.data;
    if (!local?.exists[node]) return localFor(undefined, announcement, parameters);
    const at = node * parameters;
    const plan = { ...announcement.plan, personalLayers: local.personalLayers };
    const words = local.accepted.subarray(at, at + parameters);
    return localFor(localOf({ ...announcement, plan }, words), announcement, parameters);
  }

  #sample(row: number): Sample {
    const { x, label } = this.data;
    return { x: x.subarray(row * this.#inputs, (row + 1) * this.#inputs), label: label[row] };
  }
}

/** In memory of its own, which can be handed over: parts may be views of something larger. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const worker = new NodeWorker(workerData as WorkerData);

function answer(job: Extract<Job, { id: number }>): JobResult {
  try {
    if (job.type === 'evaluate')
      return { id: job.id, evaluation: worker.evaluate(job.words, job.samples) };
    const trained = job.nodes.map((node, i) => worker.train(job.version, node, job.beginMs[i]));
    const lengths = trained.map(({ envelope }) => envelope.length);
    const local = trained.flatMap((one) => (one.local ? [one.local] : []));
    return {
      ...{ id: job.id, lengths, envelopes: joined(trained.map(({ envelope }) => envelope)) },
      ...(local.length > 0 && { local: new Int16Array(joined(local.map(bytesOf)).buffer) }),
    };
  } catch (error) {
    const code = error instanceof LinnetError ? { code: error.code } : {};
    return { id: job.id, error: { ...code, message: (error as Error).message } };
  }
}

parentPort!.on('message', (job: Job) => {
  if (job.type === 'version') worker.learn(job.version);
  else if (job.type === 'forget') worker.forget(job.before);
  else {
    const result = answer(job);
    const owned = 'envelopes' in result ? [result.envelopes, result.local] : [];
    parentPort!.postMessage(
      result,
      owned.flatMap((array) => (array ? [array.buffer as ArrayBuffer] : [])),
    );
  }
});
