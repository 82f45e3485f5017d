/**
 * What a node computes for an announced version (SPEC, section 7, steps 4 to 6): a pure function of the announcement,
 * the words of its snapshot, the samples, the node's name and key, and its local words. Whoever runs it brings the
 * samples it asks for, at once or when they have come over a link.
 */
import { codec, split, task } from '../contract/contract.gen.js';
import type { Announcement } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { nodeKeyOf, noMac } from '../contract/hash.js';
import type { Kernel, KernelCounters } from '../kernel/kernel.js';
import {
  buildEnvelope,
  isPullDue,
  labelFor,
  sampleOfStep,
  samplesOfRound,
  settingsOf,
  taskEvaluates,
  taskTrains,
} from './node-rules.js';
import type { LocalWords } from './node-local.js';
import type { Sample } from './node-samples.js';
import { sealEnvelope } from './node-trust.js';

export interface NodeWork {
  readonly announcement: Announcement;
  /** Name of the node. */
  readonly node: string;
  /** Of the node alone; absent: no tag. */
  readonly key?: Uint8Array;
  /** Of the kernel that the node has chosen: all that are announced give the same bits. */
  readonly kernelHash: Uint8Array;
  /** Words [P] of the announced snapshot. */
  readonly base: Int16Array;
  /** Samples of each SPLIT. */
  readonly trainSamples: number;
  readonly testSamples: number;
  readonly local: LocalWords;
}

/** A sample that comes next, and how far the work is. */
export interface NextSample {
  /** SPLIT. */
  readonly part: number;
  readonly index: number;
  /** Training steps done, and all there are; 0 while evaluating. */
  readonly step: number;
  readonly totalSteps: number;
}

type Steps<Result> = Generator<NextSample, Result, Sample>;

/**
 * The envelope, or undefined if the task asks for none. `kernel` holds model and words. Throws ERR_NO_SAMPLES,
 * ERR_RANGE, or what the kernel has against the work.
 */
export function* performWork(kernel: Kernel, work: NodeWork): Steps<Uint8Array | undefined> {
  const { announcement, kernelHash, key } = work;
  const { plan } = announcement;
  if (!taskTrains(plan) && !taskEvaluates(plan)) return undefined;
  const evaluation = taskEvaluates(plan) ? yield* evaluate(kernel, work) : undefined;
  const result = { kernelHash, ...(key && { mac: noMac }), ...(evaluation && { evaluation }) };
  const seal = (envelope: Uint8Array): Uint8Array => sealEnvelope(work, announcement, envelope);
  if (!taskTrains(plan)) {
    if (!evaluation) throw new LinnetError('ERR_NO_SAMPLES', 'there are no test samples');
    return seal(buildEnvelope(announcement, { ...result, samples: 0 }));
  }
  const samples = samplesOfRound(plan, work.trainSamples);
  const training = yield* train(kernel, work, samples);
  const personal = plan.task === task.PERSONALISE ? yield* evaluate(kernel, work) : undefined;
  const payload = encode(kernel, work);
  kernel.keepPersonal(work.local.words, plan.personalLayers ?? 0);
  const trained = { samples, training, ...(personal && { personal }), ...(payload && { payload }) };
  return seal(buildEnvelope(announcement, { ...result, ...trained }));
}

/** Undefined of a local fine-tuning, which sends nothing that was learnt. */
function encode(kernel: Kernel, { announcement, base, local }: NodeWork): Uint8Array | undefined {
  const { codec: id, density } = announcement.plan;
  if (id === codec.NONE) return undefined;
  const sparse = { ...(density !== undefined && { density }), residual: local.words };
  return kernel.encodeDelta(id, base, sparse);
}

function begin(kernel: Kernel, { announcement, node }: NodeWork, totalSteps: number): void {
  kernel.begin(settingsOf(announcement, nodeKeyOf(node), totalSteps, kernel.word('classes')));
}

/** Undefined without test samples. */
function* evaluate(kernel: Kernel, work: NodeWork): Steps<KernelCounters | undefined> {
  if (work.testSamples === 0) return undefined;
  begin(kernel, work, 0);
  for (let index = 0; index < work.testSamples; index++) {
    const { x, label } = yield { part: split.TEST, index, step: 0, totalSteps: 0 };
    kernel.evaluate(x, labelFor(kernel, label));
  }
  return kernel.counters();
}

function* train(kernel: Kernel, work: NodeWork, samples: number): Steps<KernelCounters> {
  const { announcement, base, local, trainSamples } = work;
  const { plan } = announcement;
  if (local.own) kernel.personalise(local.own, local.ownLayers);
  const totalSteps = plan.epochs * samples;
  begin(kernel, work, totalSteps);
  for (let step = 0; step < totalSteps; step++) {
    const index = sampleOfStep(kernel, step, samples, trainSamples);
    const { x, label } = yield { part: split.TRAIN, index, step, totalSteps };
    kernel.train(x, labelFor(kernel, label));
    if (isPullDue(plan, step + 1)) kernel.pull(base);
  }
  kernel.check();
  return kernel.counters();
}

/** Runs the work with samples that are at hand. */
export function performWorkNow(
  kernel: Kernel,
  work: NodeWork,
  read: (part: number, index: number) => Sample,
): Uint8Array | undefined {
  const steps = performWork(kernel, work);
  let next = steps.next();
  while (!next.done) next = steps.next(read(next.value.part, next.value.index));
  return next.value;
}
