import { codec } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { toHex, idOf } from '../contract/hash.js';
import { checkName, topicOf, type TopicScope } from '../contract/topics.js';
import { everybody } from '../contract/participation.js';
import { encodeWire } from '../contract/wire.js';
import { parseDescriptor } from '../model/descriptor.js';
import type { MqttOptions, MqttSession } from '../mqtt/session.js';
import { parseMqttUrl } from '../mqtt/url.js';
import type { RoundKey } from '../proof/delegation.js';
import { checkDownlink, type Downlink } from './downlink.js';
import type { FaultPoint } from './fault-point.js';
import type { InitialWords } from './lineage.js';
import type { NodeKeys } from './node-keys.js';
import { checkPlanSettings, type PlanSettings } from './plan.js';
import type { HeldOutScores, ReceiptReport, RoundReport } from './report.js';
import { checkRoundRules, type RoundRules } from './round.js';
import { parseStrategy } from './strategies/strategies.js';
import type { Timers } from './timers.js';
import { checkSampling, drawBelowOf, type Sampling } from './turns.js';

export const DEFAULT_STRATEGY = 'fed-avg';

export interface AggregatorOptions {
  /** Folder of ledger and objects; created if absent, continued if not. */
  readonly store: string;
  readonly mqtt: Omit<MqttOptions, 'clientId' | 'will' | 'clean'> & { readonly clientId?: string };
  readonly federation: string;
  /** Orders announcements before their versions do; absent: that of the store, at first 0. */
  readonly epoch?: number;
  readonly descriptor: Uint8Array;
  /** Kernels nodes may use and can fetch, at least one; a node takes the first it can run. */
  readonly kernels: readonly Uint8Array[];
  /** Of version 0, if the store is empty. */
  readonly initialWords: InitialWords;
  /** Rounds nodes work on; the version the last of them makes is the final one. */
  readonly rounds: number;
  readonly round: RoundRules;
  readonly plan: PlanSettings;
  /** Absent: every node is asked in every version. */
  readonly sampling?: Sampling;
  /** As parseStrategy() reads it; default `fed-avg`. Another than that of the store goes on from the same master. */
  readonly strategy?: string;
  /** How new versions come to the nodes. Default: each in full. */
  readonly downlink?: Downlink;
  /** Newest versions whose uploads are kept, so that they can be replayed and retracted; default 1000. */
  readonly keep?: number;
  /** Signs every version; a store that has been signed is not continued without. */
  readonly roundKey?: RoundKey;
  /** Nodes that may take part; absent: any. */
  readonly nodes?: readonly string[];
  /** Their keys: with them what has no right tag is not counted. */
  readonly keys?: NodeKeys;
  /** In ServerState; default `aggregator`. */
  readonly name?: string;
  /** Name and version, in ServerState; default `linnet`. */
  readonly software?: string;
  /** Uploads that may wait for the ledger; one beyond gets LATER. Default 1000. */
  readonly queueLimit?: number;
  /** What they may hold together. Default 64 MiB. */
  readonly queueBytes?: number;
  /**
   * Soonest a node shall send again what got LATER; many are told to come one after the other. Default 1000; and while a node
   * counts in the open version, when that is expected to close.
   */
  readonly retryMs?: number;
  /** Scores of a new version's words [P] on samples held out here. */
  readonly evaluate?: (
    words: Int16Array,
    version: number,
  ) => HeldOutScores | undefined | Promise<HeldOutScores | undefined>;
  readonly onRound?: (report: RoundReport) => void;
  readonly onReceipt?: (report: ReceiptReport) => void;
  /** Something was tolerated; one line. */
  readonly onWarning?: (text: string) => void;
  readonly timers?: Timers;
  /** When versions were announced, by the clock of `timers`; those that are not here count as announced at the start. */
  readonly announcedMs?: ReadonlyMap<number, number>;
  /** How it comes to its session; default connectMqtt(). */
  readonly connect?: (options: MqttOptions) => Promise<MqttSession>;
  /** All that has come so far is answered. */
  readonly onIdle?: () => void;
  readonly faultPoint?: FaultPoint;
  /** Aborting closes the aggregator. */
  readonly signal?: AbortSignal;
}

/** Throws ERR_CONFIG, or ERR_RANGE for a name, where the options make no sense. */
export function checkOptions(options: AggregatorOptions): void {
  checkName(options.federation, 'federation');
  options.nodes?.forEach((node) => checkName(node, 'node'));
  checkRoundRules(options.round);
  const { classes, layers } = parseDescriptor(options.descriptor);
  checkPlanSettings(options.plan, classes, layers.filter(({ index }) => index >= 0).length);
  if (options.downlink) checkDownlink(options.downlink);
  checkDrawing(options);
  checkStrategy(options);
  const fail = (cause: string, remedy: string): never => {
    throw new LinnetError('ERR_CONFIG', cause, { remedy });
  };
  if (!Number.isSafeInteger(options.rounds) || options.rounds < 1) {
    fail(`there are ${options.rounds} rounds`, 'give at least 1');
  }
  const { initialWords } = options;
  if (typeof initialWords === 'number' && initialWords !== initialWords >>> 0) {
    fail(`the seed of the initial words is ${initialWords}`, 'give a whole number below 2^32');
  }
  if (options.kernels.length === 0) fail('there is no kernel', 'allow at least one');
  for (const name of ['queueLimit', 'queueBytes', 'retryMs', 'keep'] as const) {
    const value = options[name] ?? 1;
    if (!Number.isSafeInteger(value) || value < 1) fail(`${name} is ${value}`, 'give at least 1');
  }
  const { nodes, round } = options;
  if (nodes && nodes.length < round.cohort) {
    fail(`${nodes.length} nodes cannot be a cohort of ${round.cohort}`, 'name more nodes');
  }
}

/** Nodes there are, as far as the aggregator knows. */
function fleetSizeOf({ sampling, keys, nodes }: AggregatorOptions): number | undefined {
  return sampling?.fleetSize ?? keys?.nodes().length ?? nodes?.length;
}

function checkDrawing(options: AggregatorOptions): void {
  const { sampling, round } = options;
  if (!sampling) return;
  checkSampling(sampling, round.cohort);
  if (fleetSizeOf(options) === undefined) {
    throw new LinnetError('ERR_CONFIG', 'nobody knows how large the fleet is', {
      remedy: 'give the fleet size or the keys of the nodes',
    });
  }
  if (round.deadlineMs === undefined) {
    throw new LinnetError('ERR_CONFIG', 'a sampled cohort has no deadline', {
      remedy: 'give one: when it passes more nodes take part, or a version could wait for ever',
    });
  }
}

/** The limit of the draw of the next version; undefined if all take part. */
export function drawBelow(options: AggregatorOptions): number | undefined {
  const { sampling, round } = options;
  const fleetSize = fleetSizeOf(options);
  if (!sampling || fleetSize === undefined) return undefined;
  const limit = drawBelowOf(round.cohort, sampling.overSelection, fleetSize);
  return limit === everybody ? undefined : limit;
}

/** Whether the strategy can do what plan and store promise. */
function checkStrategy({ plan, strategy, keep }: AggregatorOptions): void {
  const { maxStaleness = 0 } = plan;
  const { name, takesStale, codecs } = parseStrategy(strategy ?? DEFAULT_STRATEGY);
  if (codecs && !codecs.includes(plan.codec ?? codec.RAW_INT16)) {
    throw new LinnetError('ERR_CONFIG', `${name} cannot use deltas rounded so coarsely`, {
      remedy: 'choose the codec exact, raw or dense-6 to dense-8',
    });
  }
  if (maxStaleness > 0 && !takesStale) {
    throw new LinnetError('ERR_CONFIG', `${name} takes no deltas of older versions`, {
      remedy: 'choose fed-buff, or a maximum staleness of 0',
    });
  }
  if (keep !== undefined && keep <= maxStaleness) {
    throw new LinnetError('ERR_CONFIG', `uploads are kept for ${keep} versions`, {
      remedy: `keep those of ${maxStaleness + 1} or more, the maximum staleness and one, or leave the default: they could count twice`,
    });
  }
}

export function scopeOf(options: AggregatorOptions): TopicScope {
  return { base: parseMqttUrl(options.mqtt.url).base, federation: options.federation };
}

/** Payload of ServerState. */
export function packState(options: AggregatorOptions, epoch: number, online: boolean): Uint8Array {
  const { name = 'aggregator', software = 'linnet' } = options;
  return encodeWire('ServerState', { aggregator: name, epoch, software, online });
}

/**
 * The aggregator's MQTT session: kept by the broker while it is away, so that uploads wait for it,
 * and with a last will that tells nodes that it is.
 */
export function sessionOptions(
  options: AggregatorOptions,
  model: Uint8Array,
  epoch: number,
): MqttOptions {
  return {
    clientId: `linnet-${options.federation}-${toHex(idOf(model))}`,
    ...options.mqtt,
    clean: false,
    will: {
      topic: topicOf('serverState', scopeOf(options)),
      payload: packState(options, epoch, false),
      retain: true,
    },
  };
}
