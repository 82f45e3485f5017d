/** Words by runs (9), written and read one number at a time. */
import { type BitReader, lowBits, rice } from './codec.js';

const longBits = 31;

/** The smallest k ≤ most that suits numbers of mean total / count. */
export function fitRice(total: number, count: number, most: number): number {
  const all = Array.from({ length: most }, (_, k) => k);
  return all.find((k) => 3 * count * 2 ** k >= 2 * total) ?? most;
}

/** The words, none beyond `most`, and the end of their segment. */
export function encodeRuns(words: readonly number[], j: number, most: number): string {
  const places = words.flatMap((q, i) => (q === 0 ? [] : [i]));
  const numberBefore = (place: number, n: number): number => {
    if (n === 0) return place;
    const zeros = place - places[n - 1] - 1;
    return most > 1 ? zeros + 1 : zeros;
  };
  const coded = places.map((place, n) => {
    const q = words[place];
    const steps = rice(0, j, longBits).repeat(Math.abs(q) - 1);
    return rice(numberBefore(place, n), j, longBits) + lowBits(q < 0 ? 1 : 0, 1) + steps;
  });
  const end = numberBefore(words.length, places.length);
  return coded.join('') + (end > 0 ? rice(end, j, longBits) : '');
}

/**
 * `count` words with at most `longest` zeros in a row; a bit is read when the first word that depends on it is asked
 * for.
 */
export function* decodeRuns(
  reader: BitReader,
  j: number,
  most: number,
  count: number,
  longest = count,
): Generator<number> {
  let at = 0;
  /** Zeros, where the number of them was read behind the word before. */
  let known: number | undefined;
  while (at < count) {
    const zeros = known ?? reader.takeRice(j, longBits);
    if (zeros > longest || at + zeros > count) throw new RangeError('a run beyond the end');
    for (let i = 0; i < zeros; i++) yield 0;
    at += zeros;
    if (at === count) return;
    const sign = reader.take(1) === 1 ? -1 : 1;
    let magnitude = 1;
    known = undefined;
    if (most > 1) {
      let number = reader.takeRice(j, longBits);
      for (; number === 0; number = reader.takeRice(j, longBits)) magnitude++;
      if (magnitude > most) throw new RangeError('a word beyond its limit');
      known = number - 1;
      if (at + 1 + known > count) throw new RangeError('a run beyond the end');
    }
    yield sign * magnitude;
    at++;
  }
}
