/** Which receipt an upload gets (SPEC, section 8). Never throws, whatever the bytes are. */
import { codec, macKind, receipt, task, version } from '../contract/contract.gen.js';
import type { Announcement, Envelope } from '../contract/contract.gen.js';
import { isSealed } from '../contract/authentic.js';
import { equalBytes, idOf, sha256, toHex } from '../contract/hash.js';
import { checkName, matchTopic, type TopicScope } from '../contract/topics.js';
import { decodeWire } from '../contract/wire.js';
import { isFrozen, type ModelInfo } from '../model/info.js';
import { decodePayload, isCodec, silentLayers } from './codecs.js';
import { isEvaluationPlausible, isTrainingPlausible } from './counters.js';
import type { NodeKeys } from './node-keys.js';
import type { Upload } from './open-version.js';

/** A message on the upload topic. */
export interface IncomingUpload {
  /** As the topic says; the model as its id in hex. */
  readonly model: string;
  readonly node: string;
  readonly version: number;
  readonly bytes: Uint8Array;
}

export interface Verdict {
  /** RECEIPT. */
  readonly code: number;
  readonly version: number;
  readonly contribution: number;
  /** SHA-256 of the envelope. */
  readonly hash: Uint8Array;
  /** With LATER, where it is known. */
  readonly retryMs?: number;
  /** With ACCEPTED alone. */
  readonly upload?: Upload;
}

export interface IntakeRules {
  readonly model: ModelInfo;
  /** [P], where deltas are decoded: that of a verdict holds until the next upload is judged. Absent: for ever. */
  readonly delta?: Int16Array;
  /** Nodes of the federation; absent: any. */
  readonly nodes?: ReadonlySet<string>;
  /** Keys of the nodes; absent: uploads need no tag. */
  readonly keys?: NodeKeys;
  /** SHA-256 of the upload accepted under this key, of any version. */
  findUpload(version: number, node: string, contribution: number): Uint8Array | undefined;
  /** The announcement of a version that deltas may be trained from now. */
  findBase(version: number): Announcement | undefined;
  /**
   * Milliseconds until an upload of the node to this version can count, as far as is known: its turn may have to come, or a
   * version to close in which it counts already. Infinity: it never does.
   */
  leftMs(announcement: Announcement, node: string): number;
}

/** What an upload topic says; undefined if a node could not have published there. */
export function readUploadTopic(
  scope: TopicScope,
  topic: string,
  bytes: Uint8Array,
): IncomingUpload | undefined {
  const values = matchTopic('upload', scope, topic);
  if (!values || !/^\d{1,10}$/.test(values['version'])) return undefined;
  try {
    const node = checkName(values['node'], 'node');
    return { model: values['model'], node, version: Number(values['version']), bytes };
  } catch {
    return undefined;
  }
}

/** CBOR around a payload: ids, numbers, and two confusion matrices of 9 bytes a count. */
const ENVELOPE_OVERHEAD_BYTES = 512;
const COUNT_BYTES = 9;

/** Of a word in the longest code of any codec, 33 bits and a share of the segment. */
const WORD_BYTES = 4.5;

/** Longest envelope worth decoding. */
export function maxEnvelopeBytes({ model: { parameters, classes } }: IntakeRules): number {
  return (
    Math.ceil(WORD_BYTES * parameters) +
    2 * COUNT_BYTES * classes * classes +
    ENVELOPE_OVERHEAD_BYTES
  );
}

/** Whether the node of the topic wrote these bytes for this model. */
function isAuthentic({ node, bytes }: IncomingUpload, rules: IntakeRules): boolean {
  if (!rules.keys) return true;
  const key = rules.keys.find(node);
  return key !== undefined && isSealed(key, macKind.UPLOAD, rules.model.hash, bytes);
}

/** The envelope, if it is one that could have been sent to this topic. */
function readEnvelope(incoming: IncomingUpload): Envelope | undefined {
  let envelope: Envelope;
  try {
    envelope = decodeWire('Envelope', incoming.bytes);
  } catch {
    return undefined;
  }
  const isOurs = envelope.format === version.WIRE_FORMAT && envelope.version === incoming.version;
  return isOurs ? envelope : undefined;
}

/** The announcement that an envelope was made under, or the receipt of one that is for no version that is open to it. */
function findBase(
  model: string,
  envelope: Envelope,
  newest: Announcement,
  rules: IntakeRules,
): Announcement | number {
  const isKnownModel = model === toHex(idOf(newest.descriptorHash));
  if (!isKnownModel || envelope.version > newest.version) return receipt.BAD_BASE;
  const base = newest.final ? undefined : rules.findBase(envelope.version);
  if (!base) return receipt.STALE;
  const isBase =
    envelope.epoch === base.epoch && equalBytes(envelope.artefact, idOf(base.artefactHash));
  return isBase ? base : receipt.BAD_BASE;
}

/** Whether the envelope says what a node that follows the plan would say. */
function followsPlan(envelope: Envelope, announcement: Announcement, rules: IntakeRules): boolean {
  const { plan } = announcement;
  const trains = plan.task !== task.EVALUATE;
  const most = plan.samples === 0 ? Infinity : plan.samples;
  const { training, evaluation, personal } = envelope;
  const { classes } = rules.model;
  return (
    envelope.contribution === 0 &&
    envelope.codec === (trains ? plan.codec : codec.NONE) &&
    (trains ? envelope.samples >= 1 && envelope.samples <= most : envelope.samples === 0) &&
    (training === undefined || isTrainingPlausible(training, classes)) &&
    [evaluation, personal].every(
      (counters) => counters === undefined || isEvaluationPlausible(counters, classes),
    )
  );
}

/** Whether the delta leaves alone what the plan freezes or leaves to the nodes. */
function keepsSilent(delta: Int16Array, announcement: Announcement, rules: IntakeRules): boolean {
  const silent = silentLayers(announcement.plan);
  return rules.model.layers.every((layer) => {
    const end = layer.biasOffset + layer.biases;
    const words = delta.subarray(layer.weightOffset, end);
    return !isFrozen(layer, silent) || words.every((word) => word === 0);
  });
}

/** Judges an upload while the version of `newest` is open. */
export function judgeUpload(
  incoming: IncomingUpload,
  newest: Announcement,
  rules: IntakeRules,
): Verdict {
  const hash = sha256(incoming.bytes);
  const unread = (code: number): Verdict => {
    return { code, version: incoming.version, contribution: 0, hash };
  };
  if (incoming.bytes.length > maxEnvelopeBytes(rules)) return unread(receipt.MALFORMED);
  if (!isAuthentic(incoming, rules)) return unread(receipt.BAD_MAC);
  const envelope = readEnvelope(incoming);
  if (!envelope) return unread(receipt.MALFORMED);
  const { model, node } = incoming;
  const { version: trainedFrom, contribution } = envelope;
  const verdict = (code: number, upload?: Upload): Verdict => ({
    code,
    version: trainedFrom,
    contribution,
    hash,
    ...(upload && { upload }),
  });
  const known = rules.findUpload(trainedFrom, node, contribution);
  if (known) return verdict(equalBytes(known, hash) ? receipt.DUPLICATE : receipt.CONFLICT);
  const announcement = findBase(model, envelope, newest, rules);
  if (typeof announcement === 'number') return verdict(announcement);
  const isEligible =
    (rules.nodes?.has(node) ?? true) && envelope.kernel < announcement.kernels.length;
  const leftMs = rules.leftMs(announcement, node);
  if (!isEligible || leftMs === Infinity) return verdict(receipt.INELIGIBLE);
  if (leftMs > 0) return { ...verdict(receipt.LATER), retryMs: leftMs };
  if (!isCodec(envelope.codec)) return verdict(receipt.UNKNOWN_CODEC);
  const { codec: id, payload } = envelope;
  const silent = silentLayers(announcement.plan);
  const delta = decodePayload(rules.model, silent, id, payload, rules.delta);
  const isGood =
    delta && followsPlan(envelope, announcement, rules) && keepsSilent(delta, announcement, rules);
  if (!isGood) return verdict(receipt.MALFORMED);
  return verdict(receipt.ACCEPTED, { node, envelope, delta, hash, bytes: incoming.bytes });
}
