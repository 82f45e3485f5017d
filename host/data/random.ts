/** 2^32: one more than the largest draw of {@link SeededRandom.nextU32}. */
const U32_RANGE = 4294967296;

/**
 * Scrambles a 32-bit integer so that every input bit affects every output bit.
 *
 * h u32 -> u32, a bijection.
 * Source: the finaliser of MurmurHash3 (Appleby 2011).
 */
function scramble(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * A seeded stream of random numbers that is the same on every platform.
 *
 * Draws come from a counter that steps by 2^32/φ and is scrambled (Weyl sequence, as in SplitMix: Steele, Lea & Flood
 * 2014, OOPSLA); the period is 2^32 draws. Real-valued draws use only IEEE 754 + - * / and sqrt, which are correctly
 * rounded everywhere. For data only: not for keys, and not the kernel's streams.
 */
export class SeededRandom {
  private counter = 0;

  /**
   * Starts the stream named by `seed` and a path of integers (purpose, subject, …): streams with different paths are
   * independent, so adding a subject does not change the others.
   */
  constructor(seed: number, ...path: readonly number[]) {
    this.counter = scramble(seed >>> 0);
    for (const step of path) {
      this.counter = scramble((Math.imul(this.counter, 31) + (step >>> 0) + 0x9e3779b9) >>> 0);
    }
  }

  /** The next 32 random bits, 0 .. 2^32-1. */
  nextU32(): number {
    this.counter = (this.counter + 0x9e3779b9) >>> 0;
    return scramble(this.counter);
  }

  /** A uniform integer in 0 .. bound-1, 1 ≤ bound ≤ 2^32; exactly uniform (draws past the last whole multiple are redrawn). */
  below(bound: number): number {
    const limit = U32_RANGE - (U32_RANGE % bound);
    for (;;) {
      const draw = this.nextU32();
      if (draw < limit) return draw % bound;
    }
  }

  /** A uniform multiple of 2^-32 in [0, 1). */
  unit(): number {
    return this.nextU32() / U32_RANGE;
  }

  /** A uniform value in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.unit();
  }

  /**
   * An approximately normal value, mean 0, variance 1, within ±6.
   *
   * The sum of 12 uniforms less 6 (Irwin-Hall): no logarithm or cosine, whose last bit differs between engines.
   */
  normal(): number {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += this.unit();
    return sum;
  }

  /** Shuffles `items` in place (Fisher-Yates) and returns it. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items;
  }
}
