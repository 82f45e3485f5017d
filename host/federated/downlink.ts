/** What a version publishes of its master (SPEC, 2.9): all of it, or a coded difference from its parent. */
import { codec, type Difference, type Plan } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { idOf, sha256 } from '../contract/hash.js';
import { isFrozen, type ModelInfo } from '../model/info.js';
import { packSnapshot } from '../model/snapshot.js';
import { codeDifference, decodePayload, isCodec } from './codecs.js';
import { publishedWords } from './master.js';
import { DEFAULT_DENSITY } from './plan.js';

/** How a federation brings new versions to its nodes. */
export interface Downlink {
  /** CODEC of the differences; RAW_INT16: there are none. */
  readonly codec: number;
  /** K: versions whose number is a multiple of it are published in full. */
  readonly snapshotEvery: number;
}

/** Every version in full. */
export const inFull: Downlink = { codec: codec.RAW_INT16, snapshotEvery: 1 };

export const SNAPSHOT_EVERY = 64;

/** What nodes get of a version. */
export interface Published {
  /** int16 [P]. */
  readonly words: Int16Array;
  /** As announced; absent: in full. */
  readonly difference?: Difference;
  /** The object it names. */
  readonly payload?: Uint8Array;
  /** The words are the initial ones of this seed. */
  readonly initialSeed?: number;
}

/** A version that was published before. */
export interface PublishedBase {
  readonly version: number;
  /** SHA-256 of its snapshot. */
  readonly artefact: Uint8Array;
  readonly words: Int16Array;
}

const MIN_WORD = -32768;
const MAX_WORD = 32767;

/** Throws ERR_CONFIG for a codec or an interval that makes no sense. */
export function checkDownlink({ codec: id, snapshotEvery }: Downlink): void {
  const fail = (cause: string, remedy: string): never => {
    throw new LinnetError('ERR_CONFIG', cause, { remedy });
  };
  if (!isCodec(id) || id === codec.NONE)
    fail(`the downlink codec is ${id}`, 'give one that codes words');
  if (!Number.isSafeInteger(snapshotEvery) || snapshotEvery < 1)
    fail(`a snapshot is published every ${snapshotEvery} versions`, 'give at least 1');
}

/** base + delta, saturated to int16. */
function addWords(base: Int16Array, delta: Int16Array): Int16Array {
  return base.map((word, i) => Math.max(MIN_WORD, Math.min(MAX_WORD, word + delta[i])));
}

/** Segments do not reach the layers that the plan freezes. */
function reachesAll(
  model: ModelInfo,
  frozenLayers: number,
  base: Int16Array,
  target: Int16Array,
): boolean {
  return model.layers.every((layer) => {
    if (!isFrozen(layer, frozenLayers)) return true;
    for (let i = layer.weightOffset; i < layer.biasOffset + layer.biases; i++)
      if (base[i] !== target[i]) return false;
    return true;
  });
}

/** A version coded as a difference from its parent; undefined where it has to be published in full. */
export function codeVersion(
  model: ModelInfo,
  master: Int32Array,
  plan: Plan,
  base: PublishedBase,
  id: number,
): Published | undefined {
  const target = publishedWords(master);
  const { frozenLayers = 0, density = DEFAULT_DENSITY } = plan;
  if (!reachesAll(model, frozenLayers, base.words, target)) return undefined;
  const step = { seed: plan.seed, frozenLayers, version: base.version, density };
  const payload = codeDifference(model, step, id, base.words, target);
  const delta = decodePayload(model, frozenLayers, id, payload);
  if (!delta) throw new LinnetError('ERR_INTERNAL', `codec ${id} does not read what it wrote`);
  const words = addWords(base.words, delta);
  if (payload.length === 0 || payload.length >= packSnapshot(model.hash, words).length)
    return undefined;
  const difference = {
    base: idOf(base.artefact),
    codec: id,
    hash: sha256(payload),
    bytes: payload.length,
  };
  return { words, difference, payload };
}

/** What the round that made this version publishes. The final version leaves nothing out. */
export function publishRound(
  model: ModelInfo,
  master: Int32Array,
  { plan, isFinal }: { readonly plan: Plan; readonly isFinal: boolean },
  base: PublishedBase,
  downlink: Downlink,
): Published {
  const isDue = (base.version + 1) % downlink.snapshotEvery === 0;
  const coded =
    downlink.codec === codec.RAW_INT16 || isDue
      ? undefined
      : codeVersion(model, master, plan, base, isFinal ? codec.RICE_INT16 : downlink.codec);
  return coded ?? { words: publishedWords(master) };
}
