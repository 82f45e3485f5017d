/*
 * sin and exp built from + - * / alone. ECMAScript leaves the last bits of Math.sin and Math.exp to the engine; these
 * four operations are correctly rounded by IEEE 754, so whatever is computed here has the same bits everywhere.
 */

const TAU = 6.283185307179586;

/**
 * sin(2π·turns), for |turns| < 2^40.
 *
 * Error below 1e-9: quadrant folding, then the Taylor series to x^13 on [0, π/2].
 */
export function sinTurns(turns: number): number {
  let fraction = turns - Math.floor(turns);
  const sign = fraction >= 0.5 ? -1 : 1;
  if (fraction >= 0.5) fraction -= 0.5;
  if (fraction > 0.25) fraction = 0.5 - fraction;
  const x = fraction * TAU;
  const xx = x * x;
  let series = 1;
  for (let n = 12; n >= 2; n -= 2) series = 1 - (series * xx) / (n * (n + 1));
  return sign * x * series;
}

/** cos(2π·turns), as exact as {@link sinTurns}. */
export function cosTurns(turns: number): number {
  return sinTurns(turns + 0.25);
}

/**
 * e^-u, for 0 ≤ u ≤ 32.
 *
 * Relative error below 1e-8: the Taylor series of e^(u/64) to the tenth power, squared six times, inverted.
 */
export function expMinus(u: number): number {
  const v = u / 64;
  let power = 1;
  for (let n = 10; n >= 1; n--) power = 1 + (power * v) / n;
  for (let i = 0; i < 6; i++) power *= power;
  return 1 / power;
}
