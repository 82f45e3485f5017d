/**
 * Fixed point of the specification, written for reading and not for speed: integers are exact
 * doubles, shifts are divisions, and nothing wraps silently because every result that a kernel
 * keeps in 32 bits is asserted to fit.
 */

/** Values in −127…127 with one power of two for all of them. */
export interface Tensor {
  readonly values: Int8Array;
  readonly exponent: number;
}

/** `value` itself, if it is an integer that int32 can hold; throws otherwise. */
export function expectInt32(value: number): number {
  if (!Number.isInteger(value) || value < -(2 ** 31) || value >= 2 ** 31) {
    throw new RangeError(`${value} does not fit int32: the bounds of the specification are broken`);
  }
  return value;
}

/** `v >> s`: the floor of v / 2^s. */
export function shiftRight(v: number, s: number): number {
  return Math.floor(v / 2 ** s);
}

/** `blen(v)`: bits needed to write v ≥ 0; 0 for 0. */
export function bitLength(v: number): number {
  let bits = 0;
  for (let rest = v; rest >= 1; rest = shiftRight(rest, 1)) bits++;
  return bits;
}

/** `rs(v, s)`: v / 2^s to nearest, halves up; v · 2^−s for s ≤ 0. */
export function roundShift(v: number, s: number): number {
  return expectInt32(s <= 0 ? v * 2 ** -s : shiftRight(v + 2 ** (s - 1), s));
}

/** `cl(v, m)`: v limited to −m…m. */
export function clampSymmetric(v: number, m: number): number {
  return Math.min(m, Math.max(-m, v));
}

/** Every exponent is kept in −64…63. */
export function clampExponent(exponent: number): number {
  return Math.min(63, Math.max(-64, exponent));
}

/** `max(0, blen(max|v|) − 7)`: the shift that brings all values to seven bits and a sign. */
export function requantiseShift(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]));
  return Math.max(0, bitLength(largest) - 7);
}

/** Values of exponent `exponent` as int8 with the shift added to the exponent. */
export function requantise(values: ArrayLike<number>, exponent: number): Tensor {
  const shift = requantiseShift(values);
  const quantised = Int8Array.from(values, (v) => clampSymmetric(roundShift(v, shift), 127));
  return { values: quantised, exponent: clampExponent(exponent + shift) };
}

/** `sat16(v)`: v limited to int16. */
export function saturate16(v: number): number {
  return Math.min(32767, Math.max(-32768, v));
}
