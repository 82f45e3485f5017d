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
 * Σ (hi(w) + 128) · x over packed inputs [packed, end), for one row.
 *
 * (a + b·2^32) · (d + c·2^32) has a·c + b·d in its high field. |result| < 2^31 for 32,768 inputs.
 */
// @ts-ignore: decorator
@inline
export function dotRow(w: usize, packed: usize, end: usize): i32 {
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

/** Σ of four words and their packed inputs, added to `sum`. */
// @ts-ignore: decorator
@inline
function addProducts(sum: i64, w: usize, even: i64, odd: i64): i64 {
  const operands = loadOperands(w);
  sum += evenOperands(operands) * even;
  return sum + oddOperands(operands) * odd;
}

/**
 * dotRow() for four rows, rowBytes apart, into sums [4] int32: the packed inputs are loaded once. The words
 * of a row come eight at a time, and four at the end.
 */
// @ts-ignore: decorator
@inline
export function dotFourRows(
  w: usize,
  rowBytes: usize,
  packed: usize,
  end: usize,
  sums: usize,
): void {
  let w1 = w + rowBytes;
  let w2 = w1 + rowBytes;
  let w3 = w2 + rowBytes;
  let sum0: i64 = 0;
  let sum1: i64 = 0;
  let sum2: i64 = 0;
  let sum3: i64 = 0;
  const last = end - 16;
  while (packed < last) {
    let even = load<i64>(packed);
    let odd = load<i64>(packed, 8);
    sum0 = addProducts(sum0, w, even, odd);
    sum1 = addProducts(sum1, w1, even, odd);
    sum2 = addProducts(sum2, w2, even, odd);
    sum3 = addProducts(sum3, w3, even, odd);
    even = load<i64>(packed, 16);
    odd = load<i64>(packed, 24);
    sum0 = addProducts(sum0, w + 8, even, odd);
    sum1 = addProducts(sum1, w1 + 8, even, odd);
    sum2 = addProducts(sum2, w2 + 8, even, odd);
    sum3 = addProducts(sum3, w3 + 8, even, odd);
    w += 16;
    w1 += 16;
    w2 += 16;
    w3 += 16;
    packed += 32;
  }
  if (packed < end) {
    const even = load<i64>(packed);
    const odd = load<i64>(packed, 8);
    sum0 = addProducts(sum0, w, even, odd);
    sum1 = addProducts(sum1, w1, even, odd);
    sum2 = addProducts(sum2, w2, even, odd);
    sum3 = addProducts(sum3, w3, even, odd);
  }
  store<i32>(sums, highField(sum0));
  store<i32>(sums, highField(sum1), 4);
  store<i32>(sums, highField(sum2), 8);
  store<i32>(sums, highField(sum3), 12);
}

/*
 * Convolutions use every operand and every input many times, so both are spread once: two to a 64-bit
 * word, the operands in reading order, the inputs of a product in the other.
 *
 *     pair(a0, a1) = a1·2^32 + a0      swapped(x0, x1) = x0·2^32 + x1
 *     pair · swapped has a0·x0 + a1·x1 in its high field; pair · e is pair(a0·e, a1·e)
 */

/** The operands of `n` words, n a multiple of 4 -> [n/2] i64 pairs. */
export function spreadOperands(w: usize, n: i32, pairs: usize): void {
  const end = w + ((<usize>n) << 1);
  while (w < end) {
    store<i64>(pairs, ((load<i8>(w, 3) as i64) << 32) + (load<i8>(w, 1) as i64));
    store<i64>(pairs, ((load<i8>(w, 7) as i64) << 32) + (load<i8>(w, 5) as i64), 8);
    w += 8;
    pairs += 16;
  }
}

/** `n` int8 values, n a multiple of 4 -> [n/2] i64 pairs. */
export function spreadInputs(x: usize, n: i32, pairs: usize): void {
  const end = x + <usize>n;
  for (; x < end; x += 4, pairs += 16) {
    store<i64>(pairs, ((load<i8>(x, 1) as i64) << 32) + (load<i8>(x) as i64));
    store<i64>(pairs, ((load<i8>(x, 3) as i64) << 32) + (load<i8>(x, 2) as i64), 8);
  }
}

/** `n` int8 values, n a multiple of 4 -> [n/2] i64, swapped for a dot product. */
export function spreadSwapped(x: usize, n: i32, pairs: usize): void {
  const end = x + <usize>n;
  for (; x < end; x += 4, pairs += 16) {
    store<i64>(pairs, ((load<i8>(x) as i64) << 32) + (load<i8>(x, 1) as i64));
    store<i64>(pairs, ((load<i8>(x, 2) as i64) << 32) + (load<i8>(x, 3) as i64), 8);
  }
}

/** Σ a · x of four spread rows `bytes` apart with swapped inputs, into sums [4] int32. */
// @ts-ignore: decorator
@inline
export function dotFourPairs(a: usize, bytes: usize, x: usize, sums: usize): void {
  const end = a + bytes;
  let a1 = end;
  let a2 = a1 + bytes;
  let a3 = a2 + bytes;
  let sum0: i64 = 0;
  let sum1: i64 = 0;
  let sum2: i64 = 0;
  let sum3: i64 = 0;
  do {
    const x0 = load<i64>(x);
    const x1 = load<i64>(x, 8);
    sum0 += load<i64>(a) * x0 + load<i64>(a, 8) * x1;
    sum1 += load<i64>(a1) * x0 + load<i64>(a1, 8) * x1;
    sum2 += load<i64>(a2) * x0 + load<i64>(a2, 8) * x1;
    sum3 += load<i64>(a3) * x0 + load<i64>(a3, 8) * x1;
    a += 16;
    a1 += 16;
    a2 += 16;
    a3 += 16;
    x += 16;
  } while (a < end);
  store<i32>(sums, highField(sum0));
  store<i32>(sums, highField(sum1), 4);
  store<i32>(sums, highField(sum2), 8);
  store<i32>(sums, highField(sum3), 12);
}

/** sums [n/2] pairs += factor · pairs [a, end), four at a time and two at the end. */
// @ts-ignore: decorator
@inline
export function addScaledPairs(sums: usize, a: usize, end: usize, factor: i64): void {
  const last = end - 16;
  while (a < last) {
    store<i64>(sums, load<i64>(sums) + load<i64>(a) * factor);
    store<i64>(sums, load<i64>(sums, 8) + load<i64>(a, 8) * factor, 8);
    store<i64>(sums, load<i64>(sums, 16) + load<i64>(a, 16) * factor, 16);
    store<i64>(sums, load<i64>(sums, 24) + load<i64>(a, 24) * factor, 24);
    a += 32;
    sums += 32;
  }
  if (a == last) {
    store<i64>(sums, load<i64>(sums) + load<i64>(a) * factor);
    store<i64>(sums, load<i64>(sums, 8) + load<i64>(a, 8) * factor, 8);
  }
}

/** Pairs become two int32 each, in place. */
export function separatePairs(pairs: usize, end: usize): void {
  for (; pairs < end; pairs += 8) {
    const sum = load<i64>(pairs);
    store<i32>(pairs, lowField(sum));
    store<i32>(pairs, highField(sum), 4);
  }
}
