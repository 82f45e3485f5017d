/** Powers and logarithms of two for the softmax (SPEC 2.4). */
import { bitLength } from './fixed';

/** round(65535 · 2^−((i + ½)/16)), i = 0…15. */
const HALVING_TABLE: usize = memory.data<u16>([
  64131, 61412, 58808, 56315, 53927, 51641, 49452, 47355, 45347, 43425, 41584, 39821, 38132, 36516,
  34968, 33485,
]);

const E_ONE: i32 = 65535;
const Q_LIMIT: i32 = 16384;
const LOG2_E_Q10: i32 = 1477;

/** Distance `d ≥ 0` in units of 2^exponent nats to Q10 bits; saturates at 2^14 · log2 e. */
export function distanceQ10(d: i32, exponent: i32): i32 {
  const shift = exponent + 10;
  let q: i32;
  if (shift <= 0) q = shift < -31 ? 0 : min(Q_LIMIT, d >> -shift);
  else if (shift > 14) q = d == 0 ? 0 : Q_LIMIT;
  else q = d > Q_LIMIT >> shift ? Q_LIMIT : d << shift;
  return (q * LOG2_E_Q10) >> 10;
}

/** 65535 · 2^−(t/1024) for the Q10 distance `t` of a class that is `isMax` or not. */
export function powerOfTwo(t: i32, isMax: bool): i32 {
  if (isMax) return E_ONE;
  return (<i32>load<u16>(HALVING_TABLE + ((<usize>((t & 1023) >> 6)) << 1))) >> (t >> 10);
}

/** log2 of v ≥ 1 in Q10, linear between powers of two (Mitchell 1962). */
export function log2Q10(v: i32): i32 {
  const bits = bitLength(v);
  return ((bits - 1) << 10) + (((v << (32 - bits)) >>> 21) & 1023);
}
