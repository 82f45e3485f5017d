/**
 * The rules of a node (SPEC, section 7) as pure functions: which announcements it follows, which
 * sample a step trains, which bytes it uploads. firmware/src holds the same rules in C.
 */
import { correctIn } from '../contract/confusion.js';
import { codec, constant, decay, receipt, task, version } from '../contract/contract.gen.js';
import type {
  Announcement,
  Counters,
  Eligibility,
  Kernel as AllowedKernel,
  Plan,
  Receipt,
} from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { equalBytes, idOf } from '../contract/hash.js';
import { checkName } from '../contract/topics.js';
import { decodeWire, encodeWire } from '../contract/wire.js';
import type { Kernel, KernelCounters, TrainSettings } from '../kernel/kernel.js';

const maxU32 = 0xffff_ffff;
const maxI32 = 2 ** 31 - 1;
const maxOrder = 2 ** 30;
/** Steps are counted in the int32 of the kernel's parameter block. */
const maxSteps = 2 ** 31 - 1;

function checkRange(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new LinnetError('ERR_RANGE', `${name} = ${value} is not in ${least}…${most}`);
}

/** Numerics, task and codec: what this node does not have at all. */
function checkSupport({ numerics, plan }: Announcement): void {
  const fail = (what: string): never => {
    throw new LinnetError('ERR_UNSUPPORTED', what);
  };
  const tasks: readonly number[] = Object.values(task);
  const canCarry = !taskTrains(plan) || carriesTraining(plan);
  const codecs = Object.values<number>(codec).filter(() => canCarry);
  if (numerics !== version.NUMERICS) fail(`numerics ${numerics} is not known`);
  if (!tasks.includes(plan.task)) fail(`task ${plan.task} is not known`);
  if (!codecs.includes(plan.codec)) fail(`codec ${plan.codec} cannot carry this task`);
}

/** RAW_INT16 has a place for every word, also of a personal layer; without a codec all that is learnt stays. */
function carriesTraining({ task: id, codec: coding, personalLayers = 0 }: Plan): boolean {
  if (coding === codec.NONE) return id === task.PERSONALISE && personalLayers !== 0;
  return coding !== codec.RAW_INT16 || personalLayers === 0;
}

function checkEligibility(asked: Eligibility): void {
  checkRange('eligibility.minBattery', asked.minBattery ?? 0, 0, 100);
  checkRange('eligibility.charging', asked.charging ?? 0, 0, 1);
  checkRange('eligibility.minLink', asked.minLink ?? 0, 0, 100);
  checkRange('eligibility.minRam', asked.minRam ?? 0, 0, maxI32);
  checkRange('eligibility.minSamples', asked.minSamples ?? 0, 0, maxU32);
  checkRange('eligibility.maxModelAge', asked.maxModelAge ?? 0, 0, maxU32);
  checkRange('eligibility.minModelAge', asked.minModelAge ?? 0, 0, maxU32);
}

function checkPlan(plan: Plan): void {
  checkRange('plan.seed', plan.seed, 0, maxU32);
  checkRange('plan.lrShift', plan.lrShift, 0, 24);
  checkRange('plan.lrDecay', plan.lrDecay, decay.CONSTANT, decay.STEPS);
  checkRange('plan.epochs', plan.epochs, 1, 255);
  checkRange('plan.samples', plan.samples, 0, maxOrder);
  checkRange('plan.skipThreshold', plan.skipThreshold, 0, 32767);
  checkRange('plan.classWeights', plan.classWeights?.length ?? 0, 0, constant.MAX_CLASSES);
  checkRange('plan.weightUnit', plan.weightUnit, 1, maxU32);
  checkRange('plan.frozenLayers', plan.frozenLayers ?? 0, 0, maxU32);
  checkRange('plan.personalLayers', plan.personalLayers ?? 0, 0, maxU32);
  checkRange('plan.proximalShift', plan.proximalShift ?? 0, 0, constant.MAX_PROXIMAL_SHIFT);
  checkRange('plan.maxStaleness', plan.maxStaleness ?? 0, 0, constant.MAX_STALENESS);
  checkRange('plan.drawBelow', plan.drawBelow ?? 1, 1, maxU32);
  checkRange('plan.jitterMs', plan.jitterMs ?? 1, 1, maxU32);
  if (plan.eligibility) checkEligibility(plan.eligibility);
  const leastDensity = plan.codec === codec.SPARSE_TERNARY ? 1 : 0;
  checkRange('plan.density', plan.density ?? 0, leastDensity, constant.MAX_DENSITY);
}

/** Of deterministic CBOR the format is the first entry: it can be read whatever follows it. */
function checkFormat(bytes: Uint8Array): void {
  const hasFormat = bytes.length > 2 && bytes[0] >> 5 === 5 && bytes[1] === 1 && bytes[2] < 0x1c;
  if (!hasFormat || bytes[2] === version.WIRE_FORMAT) return;
  throw new LinnetError('ERR_VERSION', 'the announcement has another wire format');
}

/**
 * Reads an announcement and judges whether this node can follow it.
 *
 * Throws, in this order of precedence, ERR_FULL, ERR_VERSION, ERR_CBOR, ERR_UNSUPPORTED or
 * ERR_RANGE: the answer to ANNOUNCE.
 */
export function readAnnouncement(bytes: Uint8Array): Announcement {
  if (bytes.length > constant.ANNOUNCEMENT_MAX_BYTES) {
    throw new LinnetError('ERR_FULL', `the announcement has ${bytes.length} bytes`);
  }
  checkFormat(bytes);
  const announcement = decodeWire('Announcement', bytes);
  checkSupport(announcement);
  checkName(announcement.federation, 'federation');
  checkRange('epoch', announcement.epoch, 0, maxU32);
  checkRange('version', announcement.version, 0, maxU32);
  checkRange('parent', announcement.parent ?? 0, 0, maxU32);
  checkRange('artefactBytes', announcement.artefactBytes, 0, maxU32);
  checkRange('initialSeed', announcement.initialSeed ?? 0, 0, maxU32);
  checkRange('descriptorBytes', announcement.descriptorBytes, 0, constant.DESCRIPTOR_MAX_BYTES);
  checkPlan(announcement.plan);
  return announcement;
}

/** Throws ERR_FULL, ERR_CBOR or ERR_RANGE: the answer to RECEIPT. */
export function readReceipt(bytes: Uint8Array): Receipt {
  if (bytes.length > constant.RECEIPT_MAX_BYTES) {
    throw new LinnetError('ERR_FULL', `the receipt has ${bytes.length} bytes`);
  }
  const receipt = decodeWire('Receipt', bytes);
  checkRange('version', receipt.version, 0, maxU32);
  checkRange('contribution', receipt.contribution, 0, maxU32);
  checkRange('current', receipt.current, 0, maxU32);
  return receipt;
}

/** What decides the work of an announcement: not who does it and until when, nor the list of kernels. */
function workBytes(announcement: Announcement): Uint8Array {
  const {
    deadlineMs: _d,
    drawBelow: _b,
    jitterMs: _j,
    eligibility: _e,
    ...plan
  } = announcement.plan;
  const { format, federation, version, artefactHash, descriptorHash } = announcement;
  const { artefactBytes, descriptorBytes, numerics, epoch } = announcement;
  return encodeWire('Announcement', {
    ...{ format, federation, version, artefactHash, artefactBytes, descriptorHash },
    ...{ epoch, descriptorBytes, numerics, kernels: [], plan },
  });
}

export function isSameWork(a: Announcement, b: Announcement): boolean {
  return equalBytes(workBytes(a), workBytes(b));
}

/** Whether a delta made under one announcement still counts when another is the newest. */
export function countsBeside(now: Announcement, next: Announcement): boolean {
  return (
    now.federation === next.federation &&
    equalBytes(now.descriptorHash, next.descriptorHash) &&
    now.epoch === next.epoch &&
    next.version > now.version &&
    next.version - now.version <= (now.plan.maxStaleness ?? 0)
  );
}

/** Kernels of an announcement that a node looks at. */
const kernelsKept = 4;

/**
 * The first allowed kernel this node can run; `out` are hashes of those that are out. Throws
 * ERR_INTRINSICS if no set of intrinsics fits, ERR_TRIAL if what fits is out.
 */
export function chooseKernel(
  announcement: Announcement,
  intrinsicSet: number,
  out: readonly Uint8Array[],
): AllowedKernel {
  const fitting = announcement.kernels
    .slice(0, kernelsKept)
    .filter((kernel) => kernel.intrinsicSet === 0 || kernel.intrinsicSet === intrinsicSet);
  if (fitting.length === 0) {
    throw new LinnetError('ERR_INTRINSICS', 'every announced kernel needs intrinsics not here');
  }
  const chosen = fitting.find(({ hash }) => !out.some((other) => equalBytes(hash, other)));
  if (chosen) return chosen;
  throw new LinnetError('ERR_TRIAL', 'no announced kernel is left');
}

const training: readonly number[] = [task.TRAIN, task.BOTH, task.PERSONALISE];
const evaluating: readonly number[] = [task.EVALUATE, task.BOTH, task.PERSONALISE];

/** Whether a RECEIPT says that the delta counts. */
export function isTaken(code: number): boolean {
  const taken: readonly number[] = [receipt.ACCEPTED, receipt.DUPLICATE, receipt.CLIPPED];
  return taken.includes(code);
}

export function taskTrains(plan: Plan): boolean {
  return training.includes(plan.task);
}

export function taskEvaluates(plan: Plan): boolean {
  return evaluating.includes(plan.task);
}

/** Whether something of what the work learns or leaves out stays on the node (SPEC 7.3, 7.6). */
export function keepsLocal({ plan }: Announcement): boolean {
  const isKept = plan.codec === codec.SPARSE_TERNARY || (plan.personalLayers ?? 0) !== 0;
  return taskTrains(plan) && isKept;
}

/** m: samples of one epoch, of `available` on the node. Throws ERR_NO_SAMPLES or ERR_RANGE. */
export function samplesOfRound(plan: Plan, available: number): number {
  if (available === 0) throw new LinnetError('ERR_NO_SAMPLES', 'there are no training samples');
  const samples = plan.samples === 0 ? available : Math.min(available, plan.samples);
  checkRange('steps of the round', plan.epochs * samples, 1, maxSteps);
  return samples;
}

/** The sample that training step `t` takes, for `m` of `n` samples an epoch. */
export function sampleOfStep(kernel: Kernel, t: number, m: number, n: number): number {
  const epoch = Math.floor(t / m);
  return kernel.order(0, n, kernel.order(1 + epoch, m, t % m));
}

/** A model of one class reconstructs its input: whatever the sample's label, its own is 0. */
export function labelFor(kernel: Kernel, label: number): number {
  return kernel.word('classes') === 1 ? 0 : label;
}

/** Whether the words are pulled toward the base after `steps` training steps. */
export function isPullDue(plan: Plan, steps: number): boolean {
  return (plan.proximalShift ?? 0) > 0 && steps % constant.PROXIMAL_INTERVAL === 0;
}

/** Throws ERR_RANGE if the class weights are not one per class. */
export function settingsOf(
  announcement: Announcement,
  nodeKey: number,
  totalSteps: number,
  classes: number,
): TrainSettings {
  const { plan } = announcement;
  const settings = {
    federationSeed: plan.seed,
    baseVersion: announcement.version,
    nodeKey,
    lrShift: plan.lrShift,
    lrDecay: plan.lrDecay,
    totalSteps,
    skipThreshold: plan.skipThreshold,
    proximalShift: plan.proximalShift ?? 0,
    personalLayers: plan.personalLayers ?? 0,
  };
  if (!plan.classWeights) return settings;
  checkRange('plan.classWeights', plan.classWeights.length, classes, classes);
  return { ...settings, classWeights: new Int8Array(plan.classWeights) };
}

/** What a round produced besides the announcement's own facts. */
export interface RoundResult {
  readonly kernelHash: Uint8Array;
  /** Distinct samples trained on. */
  readonly samples: number;
  readonly training?: KernelCounters;
  readonly evaluation?: KernelCounters;
  /** Of what was trained, on the test split. */
  readonly personal?: KernelCounters;
  /** Coded by the plan's codec; absent without training and of a local fine-tuning. */
  readonly payload?: Uint8Array;
  /** What stands in the place of the tag until the rest of the envelope is there. */
  readonly mac?: Uint8Array;
}

function evaluationToWire(counters: KernelCounters): Counters {
  return { ...counters, confusion: [...counters.confusion] };
}

/** Of a training the matrix is not sent: it would be longer than the delta of a small model. */
function trainingToWire({ confusion, ...counters }: KernelCounters): Counters {
  return { ...counters, correct: correctIn(confusion) };
}

/** The upload, byte for byte (SPEC, sections 7.6 and 9). */
export function buildEnvelope(announcement: Announcement, result: RoundResult): Uint8Array {
  const { training, evaluation, personal, payload, mac } = result;
  return encodeWire('Envelope', {
    format: version.WIRE_FORMAT,
    epoch: announcement.epoch,
    version: announcement.version,
    artefact: idOf(announcement.artefactHash),
    contribution: 0,
    ...(personal && { personal: evaluationToWire(personal) }),
    kernel: announcement.kernels.findIndex(({ hash }) => equalBytes(hash, result.kernelHash)),
    samples: result.samples,
    ...(training && { training: trainingToWire(training) }),
    ...(evaluation && { evaluation: evaluationToWire(evaluation) }),
    codec: payload ? announcement.plan.codec : codec.NONE,
    payload: payload ?? new Uint8Array(),
    ...(mac && { mac }),
  });
}
