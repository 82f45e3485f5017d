/** Segments of SPARSE_TERNARY (9): plain sorting and counting, no histogram. */
import { lowBits } from './codec.js';
import { encodeRuns, fitRice } from './runs.js';

const lastCode = 55;

/** Numbers of a bucket: those below 8 alone, then four buckets for every power of two. */
function rangeOf(bucket: number): { first: number; count: number } {
  if (bucket < 8) return { first: bucket, count: 1 };
  const count = 2 ** (Math.floor(bucket / 4) - 1);
  return { first: (4 + (bucket % 4)) * count, count };
}

function middleOf(bucket: number): number {
  const { first, count } = rangeOf(bucket);
  return first + Math.floor(count / 2);
}

function bucketOf(magnitude: number): number {
  let bucket = 0;
  while (rangeOf(bucket + 1).first <= magnitude) bucket++;
  return bucket;
}

/** Of a code; throws for one that there is not. */
export function magnitudeOf(code: number): number {
  if (code > lastCode) throw new RangeError('no such magnitude');
  return middleOf(code);
}

/** Places of the words to be coded, in order. */
function choose(buckets: readonly number[], density: number): number[] {
  const most = Math.ceil((density * buckets.length) / 1000);
  return buckets
    .map((bucket, place) => ({ bucket, place }))
    .filter(({ bucket }) => bucket > 0)
    .sort((a, b) => b.bucket - a.bucket || a.place - b.place)
    .slice(0, most)
    .map(({ place }) => place)
    .sort((a, b) => a - b);
}

/** The bits of a segment and what they leave of each sum, before it is limited. */
export function encodeSparseSegment(
  sums: readonly number[],
  density: number,
): { bits: string; left: number[] } {
  const buckets = sums.map((v) => bucketOf(Math.abs(v)));
  const places = choose(buckets, density);
  const left = [...sums];
  if (places.length === 0) return { bits: lowBits(0, 6), left };
  const total = places.reduce((sum, place) => sum + middleOf(buckets[place]), 0);
  const code = Math.min(lastCode, bucketOf(Math.floor(total / places.length)));
  const k = fitRice(sums.length - places.length, places.length, 15);
  const signs = sums.map(() => 0);
  for (const place of places) {
    signs[place] = Math.sign(sums[place]);
    left[place] -= signs[place] * middleOf(code);
  }
  return { bits: lowBits(code, 6) + lowBits(k, 4) + encodeRuns(signs, k, 1), left };
}
