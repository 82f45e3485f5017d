import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitLength, clampExponent, requantise, roundShift, shiftRight } from './fixed-point.js';
import { alignBias } from './weighted.js';

/** rs() with the operators of the specification instead of divisions. */
function roundShiftByOperators(v: number, s: number): number {
  const [value, shift] = [BigInt(v), BigInt(s)];
  return Number(s <= 0 ? value << -shift : (value + (1n << (shift - 1n))) >> shift);
}

const int30 = fc.integer({ min: -(2 ** 30), max: 2 ** 30 });

describe('fixed point of the oracle', () => {
  it('shifts and rounds as the operators of the specification do, small values exhaustively', () => {
    const wrong: number[][] = [];
    for (let v = -2100; v <= 2100; v++) {
      for (let s = -4; s <= 13; s++) {
        if (roundShift(v, s) !== roundShiftByOperators(v, s)) wrong.push([v, s]);
        if (s >= 0 && shiftRight(v, s) !== v >> s) wrong.push([v, s]);
      }
    }
    expect(wrong).toEqual([]);
    const property = fc.property(int30, fc.integer({ min: 1, max: 30 }), (v, s) => {
      expect(roundShift(v, s)).toBe(roundShiftByOperators(v, s));
    });
    fc.assert(property);
  });

  it('rounds halves up, also below zero', () => {
    expect([3, 1, -1, -3].map((v) => roundShift(v, 1) + 0)).toEqual([2, 1, 0, -1]);
  });

  it('refuses results that int32 cannot hold', () => {
    expect(roundShift(2 ** 30, -1 + 1)).toBe(2 ** 30);
    expect(() => roundShift(2 ** 30, -1)).toThrow(RangeError);
  });

  it('counts bits as clz does', () => {
    const property = fc.property(fc.nat(), (v) => {
      expect(bitLength(v)).toBe(32 - Math.clz32(v));
    });
    fc.assert(property);
  });

  it('aligns biases: nothing left past 24 places, at most 14 places up', () => {
    expect(alignBias(32767, 25)).toBe(0);
    expect([12, 15, 24].map((shift) => alignBias(-32767, shift) + 0)).toEqual([-8, -1, 0]);
    expect([0, -1, -14, -15, -40].map((shift) => alignBias(3, shift))).toEqual([
      3,
      6,
      3 << 14,
      3 << 14,
      3 << 14,
    ]);
  });

  it('requantises to seven bits and a sign, and shifts no further than it must', () => {
    const property = fc.property(fc.array(int30, { minLength: 1, maxLength: 20 }), (values) => {
      const { values: quantised, exponent } = requantise(values, 0);
      const largest = Math.max(...values.map(Math.abs));
      const top = Math.max(...quantised.map(Math.abs));
      expect(top).toBeLessThanOrEqual(127);
      if (largest > 127) expect(top).toBeGreaterThanOrEqual(64);
      else expect(exponent).toBe(0);
      for (const [i, v] of values.entries()) {
        // half an LSB, and one more where 127.5 is clamped
        expect(Math.abs(quantised[i] * 2 ** exponent - v)).toBeLessThanOrEqual(2 ** exponent);
      }
    });
    fc.assert(property);
    expect(requantise([0, 0], 5)).toEqual({ values: new Int8Array(2), exponent: 5 });
  });

  it('keeps exponents in −64…63', () => {
    expect([-65, -64, 0, 63, 64].map(clampExponent)).toEqual([-64, -64, 0, 63, 63]);
    expect(requantise([2 ** 29], 60).exponent).toBe(63);
  });
});
