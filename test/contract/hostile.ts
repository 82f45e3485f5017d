/** Bytes as anybody may send them: any at all, and good ones with a few changed, cut off, doubled or added. */
import fc from 'fast-check';
import { LinnetError } from '../../host/contract/error.js';

const edits = fc.record({
  /** Places and values. */
  bytes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
  cut: fc.option(fc.nat(), { freq: 3 }),
  /** A piece that comes twice: where it begins, and its length. */
  twice: fc.option(fc.tuple(fc.nat(), fc.nat(40)), { freq: 3 }),
});

export function hostileBytes(
  good: fc.Arbitrary<Uint8Array>,
  maxLength = 300,
): fc.Arbitrary<Uint8Array> {
  const changed = fc.tuple(good, edits).map(([bytes, { bytes: others, cut, twice }]) => {
    const out = [...bytes];
    const placeOf = (number: number): number => number % (out.length + 1);
    for (const [at, value] of others) out[placeOf(at)] = value;
    if (twice) {
      const at = placeOf(twice[0]);
      out.splice(at, 0, ...out.slice(at, at + twice[1]));
    }
    if (cut !== null) out.length = placeOf(cut);
    return Uint8Array.from(out);
  });
  return fc.oneof(fc.uint8Array({ maxLength }), { weight: 3, arbitrary: changed });
}

/** The status a call is refused with, 'OK' if it is not. Whatever else it throws, this throws too. */
export function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof LinnetError) return error.code;
    throw error;
  }
  return 'OK';
}
