/** Magnitudes to three leading bits: a bucket for each, in ascending order; below 8 every number has its own. */

// @ts-ignore: decorator
@inline
export function bucketOf(magnitude: i32): i32 {
  const e = max(29 - <i32>clz(magnitude), 0);
  return (e << 2) + (magnitude >> e);
}

/** Middle of a bucket, rounded down. */
// @ts-ignore: decorator
@inline
export function middleOf(bucket: i32): i32 {
  return bucket < 8 ? bucket : ((2 * (4 + (bucket & 3)) + 1) << ((bucket >> 2) - 1)) >> 1;
}
