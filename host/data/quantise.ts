/** One power-of-two scale for each column, or one for all. */
export type QuantiseMode = 'per-column' | 'global';

const INT8_LIMIT = 127;

/**
 * Turns float features into int8 with power-of-two scales.
 *
 * rows [N] of [T]; split [N] -> x [N][T] int8 in -127..127 and exponents [T], value ≈ x · 2^exponent.
 * A scale is the finest one under which no training value (split 0) leaves ±127; test values never influence it and
 * saturate. Without training samples all exponents are 0. Rounds to nearest, halves away from zero; exact, since
 * scaling by a power of two is (apart from subnormal numbers).
 */
export function quantiseColumns(
  rows: readonly (Int8Array | Float64Array)[],
  split: Uint8Array,
  mode: QuantiseMode,
): { x: Int8Array; exponents: number[] } {
  const columns = rows.length === 0 ? 0 : rows[0].length;
  const greatest = new Float64Array(columns);
  rows.forEach((row, index) => {
    if (split[index] !== 0) return;
    row.forEach((value, column) => {
      greatest[column] = Math.max(greatest[column], Math.abs(value));
    });
  });
  if (mode === 'global') greatest.fill(greatest.reduce((a, b) => Math.max(a, b), 0));
  const exponents = Array.from(greatest, finestExponent);
  const scales = exponents.map((exponent) => powerOfTwo(-exponent));
  const x = new Int8Array(rows.length * columns);
  rows.forEach((row, index) => {
    row.forEach((value, column) => {
      const rounded = roundHalfAway(value * scales[column]);
      x[index * columns + column] = Math.max(-INT8_LIMIT, Math.min(INT8_LIMIT, rounded));
    });
  });
  return { x, exponents };
}

/** The smallest e with round(greatest / 2^e) ≤ 127; 0 for a column of zeros; never below -1000. */
function finestExponent(greatest: number): number {
  if (greatest === 0) return 0;
  let exponent = 0;
  let scaled = greatest;
  while (roundHalfAway(scaled) > INT8_LIMIT) {
    scaled /= 2;
    exponent++;
  }
  while (exponent > -1000 && roundHalfAway(scaled * 2) <= INT8_LIMIT) {
    scaled *= 2;
    exponent--;
  }
  return exponent;
}

/** 2^exponent by multiplication, for Math.pow is not exact in every engine. */
function powerOfTwo(exponent: number): number {
  const factor = exponent < 0 ? 0.5 : 2;
  let power = 1;
  for (let i = Math.abs(exponent); i > 0; i--) power *= factor;
  return power;
}

function roundHalfAway(value: number): number {
  return value < 0 ? -Math.floor(0.5 - value) : Math.floor(value + 0.5);
}
