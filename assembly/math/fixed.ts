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

/** Half a unit of `v >> shift`, to be added before the shift; 0 for shift 0. */
// @ts-ignore: decorator
@inline
export function halfOf(shift: i32): i32 {
  return (1 << shift) >> 1;
}

/** `v` limited to ±127, for values that are rarely outside. */
// @ts-ignore: decorator
@inline
export function clampInt8(v: i32): i32 {
  if (<u32>(v + INT8_LIMIT) <= 2 * INT8_LIMIT) return v;
  return v < 0 ? -INT8_LIMIT : INT8_LIMIT;
}
