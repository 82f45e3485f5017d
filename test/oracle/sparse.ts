/** Segments of SPARSE_TERNARY (9): plain sorting and counting, no histogram. */
import { type BitReader, lowBits, rice } from './codec.js';

const lastCode = 55;
const longBits = 31;

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
  let k = 0;
  while (k < 15 && 3 * places.length * 2 ** k < 2 * (sums.length - places.length)) k++;
  let bits = lowBits(code, 6) + lowBits(k, 4);
  let next = 0;
  for (const place of places) {
    bits += rice(place - next, k, longBits) + (sums[place] < 0 ? '1' : '0');
    left[place] -= Math.sign(sums[place]) * middleOf(code);
    next = place + 1;
  }
  if (next < sums.length) bits += rice(sums.length - next, k, longBits);
  return { bits, left };
}

/** The words of a segment; of a gap nothing is read before its first word is asked for. */
export function* decodeSparseWords(
  reader: BitReader,
  magnitude: number,
  words: number,
): Generator<number> {
  const k = reader.take(4);
  for (let at = 0; at < words;) {
    const gap = reader.takeRice(k, longBits);
    if (at + gap > words || gap === words) throw new RangeError('a gap beyond the end');
    const isEnd = at + gap === words;
    const value = !isEnd && reader.take(1) === 1 ? -magnitude : magnitude;
    for (let i = 0; i < gap; i++) yield 0;
    if (!isEnd) yield value;
    at += gap + 1;
  }
}
