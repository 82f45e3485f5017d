/**
 * Nodes that do not tell the truth: what the literature tries against federated averaging, as pure functions of the
 * scenario's seed, the node and the version.
 */
import { SeededRandom } from '../data/random.js';
import { Kernel, type SparseOptions } from '../kernel/kernel.js';
import { purpose } from './seeds.js';

export const lies = ['flip-labels', 'scale-10', 'random-words', 'random-bytes'] as const;
export type Lie = (typeof lies)[number];

const FACTOR = 10;
const INT16_MAX = 32767;

function toInt16(value: number): number {
  return Math.min(INT16_MAX, Math.max(-INT16_MAX - 1, value));
}

/** Class l of L becomes L − 1 − l: Fang, Cao, Jia, Gong, "Local Model Poisoning Attacks…", USENIX Security 2020, 5.1.2. */
export function flipLabel(label: number, classes: number): number {
  return classes - 1 - label;
}

/** Words [P] ten times as far from the base; they saturate, and so will their delta. */
export function scaleWords(base: Int16Array, words: Int16Array): Int16Array {
  return words.map((word, i) => toInt16(base[i] + FACTOR * (word - base[i])));
}

/** Words [P] whose deltas are uniform in the full range, as far as int16 words can say them. */
export function randomWords(base: Int16Array, random: SeededRandom): Int16Array {
  return base.map((word) => toInt16(word + random.below(2 * INT16_MAX + 1) - INT16_MAX));
}

/** As many bytes, which are no envelope. */
export function randomBytes(length: number, random: SeededRandom): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

/** Of one upload. */
export function lieStream(seed: number, node: number, version: number): SeededRandom {
  return new SeededRandom(seed, purpose.lie, node, version);
}

/** A kernel that codes other words than it has trained while a distortion is set. */
export class LyingKernel extends Kernel {
  distort: ((base: Int16Array, words: Int16Array) => Int16Array) | undefined;

  override encodeDelta(id: number, base: Int16Array, sparse: SparseOptions = {}): Uint8Array {
    if (this.distort) this.loadParameters(this.distort(base, this.storeParameters()));
    return super.encodeDelta(id, base, sparse);
  }
}
