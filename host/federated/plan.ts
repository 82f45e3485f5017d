/** What an aggregator announces: the plan of each version and the announcement around it. */
import { codec, constant, decay, task, version } from '../contract/contract.gen.js';
import type {
  Announcement,
  Difference,
  Eligibility,
  Kernel,
  Plan,
} from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { encodeWire } from '../contract/wire.js';

export interface PlanSettings {
  /** TASK of every version but the last, which has NONE. */
  readonly task: number;
  /** Federation seed, u32. */
  readonly seed: number;
  /** Learning rate 2^−lrShift of version 0. */
  readonly lrShift: number;
  /** linear: lr · (1 − r/R) in version r of R, to the nearest power of two. */
  readonly lrSchedule: 'constant' | 'linear';
  /** DECAY inside a training call. */
  readonly lrDecay: number;
  readonly epochs: number;
  /** Samples per round and node, 0 = all it has. */
  readonly samples: number;
  /** Q15. */
  readonly skipThreshold: number;
  /** One exponent per class. */
  readonly classWeights?: Int8Array;
  /** Samples per unit of contribution weight. */
  readonly weightUnit: number;
  /** Bit l: layer l is not trained; 0 if absent. */
  readonly frozenLayers?: number;
  /** Bit l: what layer l learns stays on the node (FedPer); 0 if absent. */
  readonly personalLayers?: number;
  /** Epochs of a local fine-tuning after the last round, 1…255; 0 or absent: none. */
  readonly fineTuneEpochs?: number;
  /** CODEC of the uploads; if absent RAW_INT16, or RICE_INT16 with personal layers. */
  readonly codec?: number;
  /** Of SPARSE_TERNARY: words of each segment that are coded, per mille; DEFAULT_DENSITY if absent. */
  readonly density?: number;
  /** FedProx: nodes pull toward the base by 2^−this; 0 or absent: not at all. */
  readonly proximalShift?: number;
  /** Versions that may come after the one a delta was trained from; 0 or absent: none. */
  readonly maxStaleness?: number;
  /** What a device must fulfil to take part. */
  readonly eligibility?: Eligibility;
  /** Nodes begin within this time, each at another; 0 or absent: at once. */
  readonly jitterMs?: number;
}

/** A tenth: as accurate as float32 uploads where every node takes part (DESIGN.md). */
export const DEFAULT_DENSITY = 100;

export const MAX_LR_SHIFT = 24;
const MAX_U32 = 0xffff_ffff;
const MAX_SAMPLES = 2 ** 30;

const ranges: Readonly<Record<string, readonly [number, number]>> = {
  task: [task.TRAIN, task.PERSONALISE],
  seed: [0, MAX_U32],
  lrShift: [0, MAX_LR_SHIFT],
  lrDecay: [decay.CONSTANT, decay.STEPS],
  epochs: [1, 255],
  samples: [0, MAX_SAMPLES],
  skipThreshold: [0, 32767],
  weightUnit: [1, MAX_U32],
  frozenLayers: [0, MAX_U32],
  personalLayers: [0, MAX_U32],
  fineTuneEpochs: [0, 255],
  proximalShift: [0, constant.MAX_PROXIMAL_SHIFT],
  density: [1, constant.MAX_DENSITY],
  maxStaleness: [0, constant.MAX_STALENESS],
  jitterMs: [0, MAX_U32],
};

const eligibilityRanges: Readonly<Record<keyof Eligibility, readonly [number, number]>> = {
  minBattery: [0, 100],
  charging: [0, 1],
  minLink: [0, 100],
  minRam: [0, 2 ** 31 - 1],
  minSamples: [0, MAX_U32],
  maxModelAge: [0, MAX_U32],
  minModelAge: [0, MAX_U32],
};

/** Of these as bits of a u32; layers beyond are always trained, and everybody's. */
const MASKED_LAYERS = 32;
export const ALL_LAYERS = MAX_U32;

function coversAll(mask: number, layers: number): boolean {
  if (layers > MASKED_LAYERS) return false;
  return Array.from({ length: layers }, (_, l) => (mask >>> l) & 1).every((bit) => bit === 1);
}

function checkRanges(
  values: object,
  within: Readonly<Record<string, readonly [number, number]>>,
): void {
  for (const [name, [least, most]] of Object.entries(within)) {
    const value = (values as Partial<Record<string, number>>)[name] ?? least;
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    throw new LinnetError('ERR_CONFIG', `${name} is ${value}`, {
      remedy: `give a whole number from ${least} to ${most}`,
    });
  }
}

function checkFrozen(settings: PlanSettings, layers: number): void {
  const { frozenLayers = 0 } = settings;
  if (settings.task === task.EVALUATE || !coversAll(frozenLayers, layers)) return;
  throw new LinnetError('ERR_CONFIG', `all ${layers} layers are frozen`, {
    remedy: 'leave at least one to be trained',
  });
}

/** What stays on the nodes must leave something to send, and a codec that can leave it out. */
function checkPersonal(settings: PlanSettings, layers: number): void {
  const { personalLayers = 0, frozenLayers = 0, fineTuneEpochs = 0 } = settings;
  const fail = (cause: string, remedy: string): never => {
    throw new LinnetError('ERR_CONFIG', cause, { remedy });
  };
  if (fineTuneEpochs > 0 && layers > MASKED_LAYERS)
    fail(`${layers} layers cannot be tuned locally`, `use a model of at most ${MASKED_LAYERS}`);
  if (personalLayers === 0 || settings.task === task.EVALUATE) return;
  if (settings.codec === codec.RAW_INT16)
    fail('the codec raw sends personal layers too', 'choose another codec, such as exact');
  if (coversAll((personalLayers | frozenLayers) >>> 0, layers))
    fail('no layer is trained by all together', 'leave one that is neither personal nor frozen');
}

/**
 * Throws ERR_CONFIG, naming the setting and its range, for a plan no node would follow. `layers` are
 * those with parameters.
 */
export function checkPlanSettings(settings: PlanSettings, classes: number, layers: number): void {
  checkRanges(settings, ranges);
  checkRanges(settings.eligibility ?? {}, eligibilityRanges);
  checkFrozen(settings, layers);
  checkPersonal(settings, layers);
  const weights = settings.classWeights?.length ?? classes;
  if (weights === classes) return;
  throw new LinnetError('ERR_CONFIG', `there are ${weights} class weights`, {
    remedy: `give one for each of the ${classes} classes`,
  });
}

/**
 * round(log2(R / (R − r))) for 0 ≤ r < R: by how much the learning rate of version r has been
 * shifted down. Exact: the largest k with k − ½ ≤ log2(R / (R − r)), that is
 * 2^(2k−1) · (R − r)² ≤ R². No tie exists, for √2 is irrational.
 */
export function linearDecayShift(r: number, rounds: number): number {
  const whole = BigInt(rounds) ** 2n;
  const left = BigInt(rounds - r) ** 2n;
  let k = 0;
  while (left << BigInt(2 * k + 1) <= whole) k++;
  return k;
}

/** Learning-rate shift after r of R rounds, at most 24. */
export function lrShiftOf(settings: PlanSettings, r: number, rounds: number): number {
  if (settings.lrSchedule === 'constant' || r >= rounds) return settings.lrShift;
  return Math.min(MAX_LR_SHIFT, settings.lrShift + linearDecayShift(r, rounds));
}

/** Whether nodes train and send nothing of it: what they learn is theirs (SPEC, 7.6). */
export function tunesLocally({ task: id, codec: coding }: Plan): boolean {
  return id === task.PERSONALISE && coding === codec.NONE;
}

type Shared = Omit<Plan, 'task' | 'epochs' | 'codec'>;

/** What rounds and tuning have in common. */
function sharedPlan(settings: PlanSettings, lrShift: number): Shared {
  const { classWeights, eligibility } = settings;
  return {
    seed: settings.seed,
    lrShift,
    lrDecay: settings.lrDecay,
    samples: settings.samples,
    skipThreshold: settings.skipThreshold,
    ...(classWeights && { classWeights: new Uint8Array(classWeights) }),
    weightUnit: settings.weightUnit,
    ...(settings.frozenLayers && { frozenLayers: settings.frozenLayers }),
    ...(settings.proximalShift && { proximalShift: settings.proximalShift }),
    ...(settings.jitterMs && { jitterMs: settings.jitterMs }),
    ...(eligibility && { eligibility }),
  };
}

/** What nodes do together: train, or evaluate. */
function roundPlan(settings: PlanSettings, lrShift: number): Plan {
  const { maxStaleness, personalLayers = 0, density = DEFAULT_DENSITY } = settings;
  const fallback = personalLayers > 0 ? codec.RICE_INT16 : codec.RAW_INT16;
  const coding = settings.task === task.EVALUATE ? codec.NONE : (settings.codec ?? fallback);
  return {
    ...sharedPlan(settings, lrShift),
    task: settings.task,
    epochs: settings.epochs,
    codec: coding,
    ...(maxStaleness && { maxStaleness }),
    ...(coding === codec.SPARSE_TERNARY && { density }),
    ...(personalLayers > 0 && { personalLayers }),
  };
}

/** Local fine-tuning (SPEC, 7.6); undefined where the settings have none. */
function tuningPlan(settings: PlanSettings, lrShift: number): Plan | undefined {
  const { fineTuneEpochs = 0 } = settings;
  if (fineTuneEpochs === 0) return undefined;
  return {
    ...sharedPlan(settings, lrShift),
    task: task.PERSONALISE,
    epochs: fineTuneEpochs,
    codec: codec.NONE,
    personalLayers: ALL_LAYERS,
  };
}

/** After a plan: nobody is asked for anything. */
function restAfter({ maxStaleness: _s, eligibility: _e, ...plan }: Plan): Plan {
  return { ...plan, task: task.NONE };
}

/**
 * The plan of a version after r of R rounds. Version R is tuned locally if the settings say so; the one after that is to
 * rest, and so is version R if they do not.
 */
export function planOf(
  settings: PlanSettings,
  r: number,
  rounds: number,
  deadlineMs?: number,
  drawBelow?: number,
): Plan {
  const lrShift = lrShiftOf(settings, r, rounds);
  const tuning = r >= rounds ? tuningPlan(settings, lrShift) : undefined;
  const plan = tuning ?? roundPlan(settings, lrShift);
  if (r >= rounds + (tuning ? 1 : 0)) return restAfter(plan);
  return {
    ...plan,
    ...(deadlineMs !== undefined && { deadlineMs }),
    ...(drawBelow !== undefined && { drawBelow }),
  };
}

export interface AnnouncedModel {
  readonly federation: string;
  readonly epoch: number;
  readonly version: number;
  readonly artefactHash: Uint8Array;
  readonly artefactBytes: number;
  readonly difference?: Difference;
  readonly initialSeed?: number;
  readonly descriptorHash: Uint8Array;
  readonly descriptorBytes: number;
  readonly kernels: readonly Kernel[];
  readonly plan: Plan;
}

/** Throws ERR_CONFIG if it would not fit the frame that takes it to a device. */
export function packAnnouncement(model: AnnouncedModel): Uint8Array {
  const announcement: Announcement = {
    format: version.WIRE_FORMAT,
    ...model,
    ...(model.version > 0 && { parent: model.version - 1 }),
    numerics: version.NUMERICS,
    ...(model.plan.task === task.NONE && { final: true }),
  };
  const bytes = encodeWire('Announcement', announcement);
  if (bytes.length <= constant.ANNOUNCEMENT_MAX_BYTES) return bytes;
  throw new LinnetError(
    'ERR_CONFIG',
    `the announcement has ${bytes.length} bytes, ${constant.ANNOUNCEMENT_MAX_BYTES} fit a frame`,
    { remedy: 'allow fewer kernels, leave out the class weights or use --downlink raw' },
  );
}
