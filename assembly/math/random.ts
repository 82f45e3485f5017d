/**
 * Random streams (SPEC 2.2). Every stream starts from a hash of what it is for, never from state,
 * so neither the order of rows nor the width of vectors can change a draw.
 *
 * Source: multipliers of xxHash32 (Collet) in a multiply-xorshift finaliser; the stream is the
 * linear congruential generator of Press et al., Numerical Recipes, used for its high bits.
 */
import { PURPOSE_ORDER } from '../contract.gen';

const MULTIPLIER: i32 = 1664525;
const INCREMENT: i32 = 1013904223;

/** Takes one more number into the hash. */
export function fold(h: i32, v: i32): i32 {
  return foldHere(h, v);
}

/** fold() without a call, for where it is done once a row. */
// @ts-ignore: decorator
@inline
export function foldHere(h: i32, v: i32): i32 {
  h = (h ^ v) * <i32>0x9e3779b1 + <i32>0x7f4a7c15;
  h ^= h >>> 15;
  h *= <i32>0x85ebca77;
  return h ^ (h >>> 13);
}

/** The next state of a stream; its high bits are the draw. */
// @ts-ignore: decorator
@inline
export function nextState(state: i32): i32 {
  return state * MULTIPLIER + INCREMENT;
}

/** `bits` uniform bits of a state, 1 ≤ bits ≤ 30. */
// @ts-ignore: decorator
@inline
export function draw(state: i32, bits: i32): i32 {
  return state >>> (32 - bits);
}

/**
 * Element `index` of a seeded permutation of 0…count−1, without memory.
 *
 * 1 ≤ count ≤ 2^30, 0 ≤ index < count. Expected cost: under four passes of four rounds.
 * Source: Black & Rogaway 2002, ciphers with arbitrary finite domains (Feistel, cycle walking).
 */
export function permute(seed: i32, stream: i32, count: i32, index: i32): i32 {
  const key = fold(fold(seed, PURPOSE_ORDER), stream);
  const bits = max(2, 32 - <i32>clz(count - 1));
  const half = (bits + 1) >> 1;
  const mask = (1 << half) - 1;
  do {
    let left = index >> half;
    let right = index & mask;
    for (let round = 0; round < 4; round++) {
      const next = left ^ (fold(fold(key, round), right) & mask);
      left = right;
      right = next;
    }
    index = (left << half) | right;
  } while (index >= count);
  return index;
}
