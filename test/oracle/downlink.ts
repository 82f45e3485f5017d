import { codec, constant } from '../../host/contract/contract.gen.js';
import { nodeKeyOf } from '../../host/contract/hash.js';
import { publishedWords } from './aggregate.js';
import { decodePayload, encodePayload, encodeSparse, segmentsOf } from './codec.js';
import type { Model } from './layers.js';
import { nodeSeedOf } from './random.js';

/** Published words and differences of the specification (2.9), one version after the other. */

export interface Downlink {
  readonly codec: number;
  readonly snapshotEvery: number;
}

export interface Step {
  /** Of the version that is made. */
  readonly version: number;
  readonly seed: number;
  readonly frozenLayers: number;
  readonly isFinal: boolean;
}

export interface Publication {
  readonly words: Int16Array;
  /** Absent: in full. */
  readonly payload?: Uint8Array;
}

const saturate = (word: number): number => Math.min(32767, Math.max(-32768, word));
const clampDelta = (d: number): number =>
  Math.min(constant.DELTA_LIMIT, Math.max(-constant.DELTA_LIMIT, d));

/** What a round publishes of its master on top of its parent's words. */
export function publishRound(
  model: Model,
  master: readonly bigint[],
  base: Int16Array,
  { version, seed, frozenLayers, isFinal }: Step,
  downlink: Downlink,
): Publication {
  const target = publishedWords(master);
  const inFull = { words: target };
  if (downlink.codec === codec.RAW_INT16 || version % downlink.snapshotEvery === 0) return inFull;
  const reached = new Set(
    segmentsOf(model, frozenLayers).flatMap(({ start, end }) =>
      Array.from({ length: end - start }, (_, i) => start + i),
    ),
  );
  if (target.some((word, i) => !reached.has(i) && word !== base[i])) return inFull;
  const id = isFinal ? codec.RICE_INT16 : downlink.codec;
  const nodeSeed = nodeSeedOf(seed, version - 1, nodeKeyOf(''));
  const delta = target.map((word, i) => clampDelta(word - base[i]));
  const sparse = { density: 100, residual: new Int16Array(delta.length) };
  const payload =
    id === codec.SPARSE_TERNARY
      ? encodeSparse(model, frozenLayers, delta, sparse)!.payload
      : encodePayload(model, frozenLayers, id, nodeSeed, delta)!;
  const snapshotBytes = constant.SNAPSHOT_HEADER_BYTES + 2 * target.length;
  if (payload.length === 0 || payload.length >= snapshotBytes) return inFull;
  const words = base.slice();
  for (const slice of decodePayload(model, frozenLayers, id, payload).slices)
    slice.words.forEach((d, i) => {
      words[slice.start + i] = saturate(words[slice.start + i] + d);
    });
  return { words, payload };
}
