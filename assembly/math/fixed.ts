/**
 * Fixed-point primitives (SPEC, conventions). All rounding of the kernel except the stochastic one
 * of optim/sgd.ts happens in roundShift().
 */

/** Exponents live in −64…63; real training stays in about −20…5. */
const MIN_EXPONENT: i32 = -64;
const MAX_EXPONENT_VALUE: i32 = 63;

/** Magnitude limit of int8 activations and errors. */
export const INT8_LIMIT: i32 = 127;

/** Number of significant bits of `v`, 0 for 0. */
// @ts-ignore: decorator
@inline
export function bitLength(v: i32): i32 {
  return 32 - <i32>clz(v);
}

/** `v · 2^−shift`, rounded to nearest, halves up; a left shift for shift ≤ 0. */
// @ts-ignore: decorator
@inline
export function roundShift(v: i32, shift: i32): i32 {
  return shift <= 0 ? v << -shift : (v + (1 << (shift - 1))) >> shift;
}

/** `v` limited to −limit…limit. */
// @ts-ignore: decorator
@inline
export function clampSymmetric(v: i32, limit: i32): i32 {
  const low = select(v, -limit, v > -limit);
  return select(low, limit, low < limit);
}

export function clampExponent(exponent: i32): i32 {
  return min(MAX_EXPONENT_VALUE, max(MIN_EXPONENT, exponent));
}

// @ts-ignore: decorator
@inline
export function alignUp4(n: i32): i32 {
  return (n + 3) & ~3;
}

/** Shift that brings magnitudes of `bits` significant bits into seven. */
// @ts-ignore: decorator
@inline
export function requantiseShift(bits: i32): i32 {
  return max(0, bits - 7);
}

/**
 * Requantises a tensor to int8.
 *
 * source [n] int32 -> target [n] int8; value = target · 2^shift · unit of source
 * Rounding: nearest, halves up; saturates to ±127.
 * target may not overlap source.
 */
export function requantise(source: usize, n: i32, shift: i32, target: usize): void {
  const end = source + ((<usize>n) << 2);
  while (source < end) {
    store<i8>(target, <i8>clampSymmetric(roundShift(load<i32>(source), shift), INT8_LIMIT));
    source += 4;
    target += 1;
  }
}
