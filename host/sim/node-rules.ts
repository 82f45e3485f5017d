/**
 * The rules of a node (SPEC, section 7) as pure functions: which announcements it follows, which
 * sample a step trains, which bytes it uploads. firmware/src holds the same rules in C.
 */
import { codec, constant, decay, task, version } from '../contract/contract.gen.js';
import type {
  Announcement,
  Counters,
  Kernel as AllowedKernel,
  Plan,
} from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { equalBytes, idOf } from '../contract/hash.js';
import { checkName } from '../contract/topics.js';
import { decodeWire, encodeWire } from '../contract/wire.js';
import type { Kernel, KernelCounters, TrainSettings } from '../kernel/kernel.js';

const maxU32 = 0xffff_ffff;
const maxOrder = 2 ** 30;

function checkRange(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new LinnetError('ERR_RANGE', `${name} = ${value} is not in ${least}…${most}`);
}

function checkPlan(plan: Plan): void {
  const tasks: readonly number[] = Object.values(task);
  if (!tasks.includes(plan.task)) {
    throw new LinnetError('ERR_UNSUPPORTED', `task ${plan.task} is not known`);
  }
  const trains = plan.task === task.TRAIN || plan.task === task.BOTH;
  if (plan.codec !== codec.RAW_INT16 && (trains || plan.codec !== codec.NONE)) {
    throw new LinnetError('ERR_UNSUPPORTED', `codec ${plan.codec} cannot carry this task`);
  }
  checkRange('plan.seed', plan.seed, 0, maxU32);
  checkRange('plan.lrShift', plan.lrShift, 0, 24);
  checkRange('plan.lrDecay', plan.lrDecay, decay.CONSTANT, decay.STEPS);
  checkRange('plan.epochs', plan.epochs, 1, 255);
  checkRange('plan.samples', plan.samples, 0, maxOrder);
  checkRange('plan.skipThreshold', plan.skipThreshold, 0, 32767);
  checkRange('plan.classWeights', plan.classWeights?.length ?? 0, 0, constant.MAX_CLASSES);
  checkRange('plan.weightUnit', plan.weightUnit, 1, maxU32);
}

/**
 * Reads an announcement and judges whether this node can follow it.
 *
 * Throws ERR_FULL, ERR_CBOR, ERR_VERSION, ERR_UNSUPPORTED or ERR_RANGE: the answer to ANNOUNCE.
 */
export function readAnnouncement(bytes: Uint8Array): Announcement {
  if (bytes.length > constant.ANNOUNCEMENT_MAX_BYTES) {
    throw new LinnetError('ERR_FULL', `the announcement has ${bytes.length} bytes`);
  }
  const announcement = decodeWire('Announcement', bytes);
  if (announcement.format !== version.WIRE_FORMAT) {
    throw new LinnetError('ERR_VERSION', `wire format ${announcement.format} is not known`);
  }
  if (announcement.numerics !== version.NUMERICS) {
    throw new LinnetError('ERR_UNSUPPORTED', `numerics ${announcement.numerics} is not known`);
  }
  checkName(announcement.federation, 'federation');
  checkRange('version', announcement.version, 0, maxU32);
  checkRange('artefactBytes', announcement.artefactBytes, 0, maxU32);
  checkRange('descriptorBytes', announcement.descriptorBytes, 0, constant.DESCRIPTOR_MAX_BYTES);
  checkPlan(announcement.plan);
  return announcement;
}

/** What decides the work of an announcement; a fresh deadline does not. */
function workBytes(announcement: Announcement): Uint8Array {
  const { final: _final, plan, ...rest } = announcement;
  const { deadlineMs: _deadlineMs, ...work } = plan;
  return encodeWire('Announcement', { ...rest, plan: work });
}

export function isSameWork(a: Announcement, b: Announcement): boolean {
  return equalBytes(workBytes(a), workBytes(b));
}

/** The installed kernel if it is allowed, else the first allowed one this node can run. */
export function chooseKernel(announcement: Announcement, installed?: Uint8Array): AllowedKernel {
  const { kernels } = announcement;
  const usable = kernels.filter((kernel) => kernel.intrinsicSet <= version.INTRINSIC_SET);
  const present = installed && usable.find((kernel) => equalBytes(kernel.hash, installed));
  const chosen = present ?? usable[0];
  if (chosen) return chosen;
  throw new LinnetError('ERR_UNSUPPORTED', 'every announced kernel needs intrinsics not here');
}

export function taskTrains(plan: Plan): boolean {
  return plan.task === task.TRAIN || plan.task === task.BOTH;
}

export function taskEvaluates(plan: Plan): boolean {
  return plan.task === task.EVALUATE || plan.task === task.BOTH;
}

/** m: samples of one epoch, of `available` on the node. */
export function samplesOfRound(plan: Plan, available: number): number {
  return plan.samples === 0 ? available : Math.min(available, plan.samples);
}

/** The sample that training step `t` takes, for `m` of `n` samples an epoch. */
export function sampleOfStep(kernel: Kernel, t: number, m: number, n: number): number {
  const epoch = Math.floor(t / m);
  return kernel.order(0, n, kernel.order(1 + epoch, m, t % m));
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
  };
  if (!plan.classWeights) return settings;
  checkRange('plan.classWeights', plan.classWeights.length, classes, classes);
  return { ...settings, classWeights: new Int8Array(plan.classWeights) };
}

/** What a round produced besides the announcement's own facts. */
export interface RoundResult {
  readonly node: string;
  readonly kernelHash: Uint8Array;
  readonly numerics: number;
  /** Distinct samples trained on. */
  readonly samples: number;
  readonly training?: KernelCounters;
  readonly evaluation?: KernelCounters;
  /** int16 per parameter; absent without training. */
  readonly delta?: Int16Array;
}

function countersToWire(counters: KernelCounters): Counters {
  return { ...counters, confusion: [...counters.confusion] };
}

function encodeDelta(delta: Int16Array): Uint8Array {
  const out = new Uint8Array(2 * delta.length);
  const view = new DataView(out.buffer);
  delta.forEach((word, i) => view.setInt16(2 * i, word, true));
  return out;
}

/** The upload, byte for byte (SPEC, sections 7.6 and 9). */
export function buildEnvelope(announcement: Announcement, result: RoundResult): Uint8Array {
  const { training, evaluation, delta } = result;
  return encodeWire('Envelope', {
    format: version.WIRE_FORMAT,
    federation: announcement.federation,
    model: idOf(announcement.descriptorHash),
    version: announcement.version,
    artefact: idOf(announcement.artefactHash),
    node: result.node,
    contribution: 0,
    numerics: result.numerics,
    kernel: idOf(result.kernelHash),
    samples: result.samples,
    ...(training && { training: countersToWire(training) }),
    ...(evaluation && { evaluation: countersToWire(evaluation) }),
    codec: delta ? codec.RAW_INT16 : codec.NONE,
    payload: delta ? encodeDelta(delta) : new Uint8Array(),
  });
}
