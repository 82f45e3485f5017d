import { purpose } from '../../host/contract/contract.gen.js';

/** Random streams of the specification (2.2). Hashes are in BigInt; draws are exact in doubles. */

const two32 = 2 ** 32;

function low32(value: bigint): bigint {
  return BigInt.asUintN(32, value);
}

/** One step of the 32-bit hash; `v` may be any 32-bit integer, signed or not. */
export function fold(h: number, v: number): number {
  let x = low32(BigInt(h)) ^ low32(BigInt(v));
  x = low32(x * 0x9e3779b1n + 0x7f4a7c15n);
  x ^= x >> 15n;
  x = low32(x * 0x85ebca77n);
  x ^= x >> 13n;
  return Number(x);
}

/** mix(seed, a, b, …): the values folded in from left to right. */
export function mix(seed: number, ...values: readonly number[]): number {
  return values.reduce(fold, seed);
}

/** A linear congruential stream; the high bits are the draw. */
export class RandomStream {
  constructor(private state: number) {}

  /** An integer in 0…2^bits − 1, 1 ≤ bits ≤ 30. The state advances once. */
  draw(bits: number): number {
    // 2^32 · 1664525 < 2^53: exact
    this.state = (this.state * 1664525 + 1013904223) % two32;
    return Math.floor(this.state / 2 ** (32 - bits));
  }
}

/** Seed of everything one node draws while it trains from one version. */
export function nodeSeedOf(federationSeed: number, baseVersion: number, nodeKey: number): number {
  return mix(federationSeed, purpose.NODE, baseVersion, nodeKey);
}

/** Four Feistel rounds on 2 · halfBits bits: a permutation of 0…2^(2 · halfBits) − 1. */
function feistel(key: number, halfBits: number, value: number): number {
  const half = 2 ** halfBits;
  let left = Math.floor(value / half);
  let right = value % half;
  for (let round = 0; round < 4; round++) {
    const scrambled = fold(fold(key, round), right) % half;
    [left, right] = [right, (left ^ scrambled) >>> 0];
  }
  return left * half + right;
}

/** order(stream, count, index): cycle walking keeps the result below count. 1 ≤ count ≤ 2^30. */
export function permute(nodeSeed: number, stream: number, count: number, index: number): number {
  let bits = 2;
  while (2 ** bits < count) bits += 2;
  const key = mix(nodeSeed, purpose.ORDER, stream);
  let value = index;
  do {
    value = feistel(key, bits / 2, value);
  } while (value >= count);
  return value;
}
