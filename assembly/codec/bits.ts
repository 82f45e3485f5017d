/**
 * Bits of a payload, the first one lowest in its byte, and Rice codes of them (Rice & Plaunt 1971) with a
 * bound on their length:
 *
 *     u >> k < 16:   u >> k ones, a zero, the k low bits of u          up to 31 bits
 *     otherwise:     16 ones, 17 bits of u (of a gap 31)               33 bits (47)
 *
 * Bits that make no byte yet wait here from one call to the next.
 */
import { DELTA_LIMIT, ERR_RANGE, OK } from '../contract.gen';
import { clampSymmetric } from '../math/fixed';

@unmanaged
class Bits {
  waiting: u64;
  count: i32;
  /** Next byte, and the end of what may be read. */
  at: usize;
  end: usize;
}

const bits = changetype<Bits>(memory.data(offsetof<Bits>(), 8));

const ONES: i32 = 16;
const ESCAPE: u64 = (1 << ONES) - 1;
const WORD_BITS: i32 = 17;
const GAP_BITS: i32 = 31;

export function clearBits(): void {
  bits.waiting = 0;
  bits.count = 0;
}

/** Where bytes go, or come from and up to where. */
export function moveBits(at: usize, end: usize): void {
  bits.at = at;
  bits.end = end;
}

/** Address behind the last byte that was written or read. */
export function bitsAt(): usize {
  return bits.at;
}

/** Writes the `n` low bits of `value`, of which no other is set; n ≤ 47. */
export function putBits(value: u64, n: i32): void {
  let waiting = bits.waiting | (value << (<u64>bits.count));
  let count = bits.count + n;
  for (; count >= 8; count -= 8) {
    store<u8>(bits.at++, <u8>waiting);
    waiting >>= 8;
  }
  bits.waiting = waiting;
  bits.count = count;
}

/** Writes the last bits, zeros above them. */
export function padBits(): void {
  if (bits.count > 0) putBits(0, 8 - bits.count);
}

/**
 * The smallest Rice parameter up to `most` for `count` numbers of the sum `total`: their mean is close to
 * 1.44 · 2^k at the best k, and two thirds of it stand for that.
 */
export function riceParameter(total: i64, count: i64, most: i32): i32 {
  let k = 0;
  while (k < most && (3 * count) << (<i64>k) < 2 * total) k++;
  return k;
}

function putNumber(u: i32, k: i32, longBits: i32): void {
  const quotient = u >> k;
  if (quotient >= ONES) return putBits(ESCAPE | ((<u64>u) << ONES), ONES + longBits);
  const low = <u64>(u & ((1 << k) - 1));
  putBits(((1 << quotient) - 1) | (low << (quotient + 1)), quotient + 1 + k);
}

/** A word, zigzag. */
export function putRice(u: i32, k: i32): void {
  putNumber(u, k, WORD_BITS);
}

/** Words between two. */
export function putGap(u: i32, k: i32): void {
  putNumber(u, k, GAP_BITS);
}

/**
 * As many bytes as can wait, unless there are enough for any number. Eight are loaded at once where there are
 * eight: bits that do not count yet already stand in their place.
 */
function fetchBits(): void {
  const count = bits.count;
  if (count > 48) return;
  if (bits.end - bits.at >= 8) {
    const bytes = (63 - count) >> 3;
    bits.waiting |= load<u64>(bits.at) << (<u64>count);
    bits.at += <usize>bytes;
    bits.count = count + (bytes << 3);
    return;
  }
  while (bits.count <= 56 && bits.at < bits.end) {
    bits.waiting |= (<u64>load<u8>(bits.at++)) << (<u64>bits.count);
    bits.count += 8;
  }
}

/** `n` bits, n ≤ 31, or ERR_RANGE if there are no more. */
export function takeBits(n: i32): i32 {
  fetchBits();
  if (bits.count < n) return ERR_RANGE;
  const value = bits.waiting & (((<u64>1) << n) - 1);
  bits.waiting >>= <u64>n;
  bits.count -= n;
  return <i32>value;
}

/** A number, or ERR_RANGE if there is none or it could have been written shorter. */
function takeNumber(k: i32, longBits: i32): i32 {
  fetchBits();
  const waiting = bits.waiting;
  const quotient = <i32>ctz(~waiting);
  if (quotient >= ONES) {
    if (takeBits(ONES) < 0) return ERR_RANGE;
    const u = takeBits(longBits);
    return u >> k < ONES ? ERR_RANGE : u;
  }
  const n = quotient + 1 + k;
  if (bits.count < n) return ERR_RANGE;
  bits.waiting = waiting >> (<u64>n);
  bits.count -= n;
  return (quotient << k) | ((<i32>(waiting >> (<u64>quotient + 1))) & ((1 << k) - 1));
}

export function takeGap(k: i32): i32 {
  return takeNumber(k, GAP_BITS);
}

/**
 * `count` words to int16 at `to`, each times `factor` and cut to ±DELTA_LIMIT. OK, or ERR_RANGE if one is no number or, zigzag,
 * above `most`. What waits stays in locals: an aggregator decodes all day.
 */
export function takeRices(to: usize, count: i32, k: i32, most: i32, factor: i32): i32 {
  const mask = (1 << k) - 1;
  let waiting = bits.waiting;
  let have = bits.count;
  for (const end = to + ((<usize>count) << 1); to < end; to += 2) {
    // A number that does not escape has at most 31 bits.
    if (have < 31) {
      bits.waiting = waiting;
      bits.count = have;
      fetchBits();
      waiting = bits.waiting;
      have = bits.count;
    }
    const quotient = <i32>ctz(~waiting);
    let u = 0;
    if (quotient < ONES) {
      const n = quotient + 1 + k;
      if (have < n) return ERR_RANGE;
      u = (quotient << k) | ((<i32>(waiting >> (<u64>quotient + 1))) & mask);
      waiting >>= <u64>n;
      have -= n;
    } else {
      bits.waiting = waiting;
      bits.count = have;
      u = takeNumber(k, WORD_BITS);
      waiting = bits.waiting;
      have = bits.count;
      if (u < 0) return ERR_RANGE;
    }
    if (u > most) return ERR_RANGE;
    store<i16>(to, <i16>clampSymmetric(((u >>> 1) ^ -(u & 1)) * factor, DELTA_LIMIT));
  }
  bits.waiting = waiting;
  bits.count = have;
  return OK;
}

/** Gives back whole bytes that were fetched and not used. */
export function returnBits(): void {
  bits.at -= <usize>(bits.count >> 3);
  bits.count &= 7;
  bits.waiting &= ((<u64>1) << (<u64>bits.count)) - 1;
}

/** Nothing but the zeros that fill the last byte is left. */
export function bitsEnd(): bool {
  return bits.waiting == 0 && bits.at == bits.end;
}
