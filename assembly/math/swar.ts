/**
 * Two products in one 64-bit multiplication (SIMD within a register). An interpreter pays per
 * instruction, whatever the instruction does, so fewer and wider ones win.
 *
 * Four words hold their operands in the high bytes:
 *
 *      63      48 47      32 31      16 15       0
 *     | hi3 |  . | hi2 |  . | hi1 |  . | hi0 |  . |      one load
 *     |          |      hi2 |          |      hi0 |      evenOperands
 *     |          |      hi3 |          |      hi1 |      oddOperands
 *
 * Flipping the sign bits makes the operands unsigned, hi + 128, so that no field borrows from its
 * neighbour; the surplus is 128 times the sum of the other factors and is taken off at the end.
 */

const SIGN_BITS: u64 = 0x8000800080008000;
const OPERAND_MASK: u64 = 0x000000ff000000ff;

/** log2 of what evenOperands() and oddOperands() add to an operand. */
export const OPERAND_OFFSET_SHIFT: i32 = 7;

/** Four weight words, their operands made unsigned. */
// @ts-ignore: decorator
@inline
export function loadOperands(w: usize): u64 {
  return load<u64>(w) ^ SIGN_BITS;
}

// @ts-ignore: decorator
@inline
export function evenOperands(operands: u64): i64 {
  return <i64>((operands >> 8) & OPERAND_MASK);
}

// @ts-ignore: decorator
@inline
export function oddOperands(operands: u64): i64 {
  return <i64>((operands >> 24) & OPERAND_MASK);
}

/** The signed low field of a sum of products. */
// @ts-ignore: decorator
@inline
export function lowField(sum: i64): i32 {
  return <i32>sum;
}

/** The high field, freed of what the low one borrowed. */
// @ts-ignore: decorator
@inline
export function highField(sum: i64): i32 {
  return <i32>((sum - <i64>(<i32>sum)) >> 32);
}

/**
 * Spreads int8 inputs for dotProduct().
 *
 * x [n] int8, n a multiple of 4 -> packed [n/4][2] i64: (x0·2^32 + x2), (x1·2^32 + x3)
 * Returns Σ x. packed needs 4 bytes per input, 8-byte aligned.
 */
export function packInputs(x: usize, n: i32, packed: usize): i32 {
  const end = x + <usize>n;
  let sum = 0;
  while (x < end) {
    const x0 = load<i8>(x) as i64;
    const x1 = load<i8>(x, 1) as i64;
    const x2 = load<i8>(x, 2) as i64;
    const x3 = load<i8>(x, 3) as i64;
    store<i64>(packed, (x0 << 32) + x2);
    store<i64>(packed, (x1 << 32) + x3, 8);
    sum += <i32>(x0 + x1 + x2 + x3);
    x += 4;
    packed += 16;
  }
  return sum;
}

/**
 * Σ (hi(w) + 128) · x over packed inputs [packed, end).
 *
 * (a + b·2^32) · (d + c·2^32) has a·c + b·d in its high field. |result| < 2^31 for 32,768 inputs.
 */
// @ts-ignore: decorator
@inline
export function dotProduct(w: usize, packed: usize, end: usize): i32 {
  let sum: i64 = 0;
  do {
    const operands = loadOperands(w);
    sum += evenOperands(operands) * load<i64>(packed);
    sum += oddOperands(operands) * load<i64>(packed, 8);
    w += 8;
    packed += 16;
  } while (packed < end);
  return highField(sum);
}
