import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { realSoftmax } from './float.js';
import { bitsBelowMaximum, log2Q10, powerTable, softmaxCrossEntropy } from './softmax.js';

const logits = fc.array(fc.integer({ min: -(2 ** 20), max: 2 ** 20 }), {
  minLength: 2,
  maxLength: 40,
});
const exponent = fc.integer({ min: -20, max: -10 });

describe('softmax and cross-entropy of the oracle', () => {
  it('has the table of the specification', () => {
    expect(powerTable).toHaveLength(16);
    expect([powerTable[0], powerTable[15]]).toEqual([64131, 33485]);
  });

  it('takes logarithms exactly at powers of two and within 0.09 between them', () => {
    for (let b = 0; b <= 24; b++) expect(log2Q10(2 ** b)).toBe(1024 * b);
    const property = fc.property(fc.integer({ min: 1, max: 2 ** 24 }), (v) => {
      // truncation takes away up to one step more
      expect(Math.log2(v) - log2Q10(v) / 1024).toBeGreaterThanOrEqual(0);
      expect(Math.log2(v) - log2Q10(v) / 1024).toBeLessThan(0.087 + 1 / 1024);
    });
    fc.assert(property);
  });

  it('converts logits to bits: 1477 / 1024 for log2(e), saturating at 16 · log2(e) bits', () => {
    expect(bitsBelowMaximum(1024, -10)).toBe(1477);
    expect(bitsBelowMaximum(1, -11)).toBe(0);
    expect(bitsBelowMaximum(2 ** 31 - 1, 63)).toBe(23632);
  });

  it('is within 0.03 of the real probabilities and 0.14 bits of the real loss', () => {
    const property = fc.property(logits, exponent, fc.nat(), (values, el, pick) => {
      const label = pick % values.length;
      const { err, lossQ10 } = softmaxCrossEntropy(Int32Array.from(values), el, label);
      const p = realSoftmax(Float64Array.from(values, (z) => z * 2 ** el));
      p.forEach((probability, c) => {
        const integer = err[c] / 32768 + Number(c === label);
        expect(Math.abs(integer - probability)).toBeLessThan(0.03);
      });
      // the distance of the label from the maximum is cut off where q is
      const top = Math.max(...values);
      const nats = Math.min(16, (top - values[label]) * 2 ** el);
      const real = nats * Math.LOG2E - Math.log2(p[values.indexOf(top)]);
      expect(Math.abs(lossQ10 / 1024 - real)).toBeLessThan(0.14);
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('keeps the errors in Q15 and their sum at zero but for the floors', () => {
    const property = fc.property(logits, fc.integer({ min: -64, max: 63 }), (values, el) => {
      const { err, lossQ10 } = softmaxCrossEntropy(Int32Array.from(values), el, 0);
      const sum = err.reduce((a, b) => a + b);
      expect(sum).toBeLessThanOrEqual(0);
      expect(sum).toBeGreaterThan(-values.length);
      expect(err[0]).toBeLessThanOrEqual(0);
      expect(Math.min(...err.slice(1))).toBeGreaterThanOrEqual(0);
      expect(lossQ10).toBeGreaterThanOrEqual(0);
    });
    fc.assert(property);
  });

  it('shares equal logits evenly and predicts the first maximum', () => {
    const { err, lossQ10, predicted } = softmaxCrossEntropy(Int32Array.of(7, 7, 7, 7), 3, 2);
    expect([...err]).toEqual([8192, 8192, 8192 - 32768, 8192]);
    expect(lossQ10).toBe(2047); // log2(4 · 65535) − 16 truncates to just below two bits
    expect(predicted).toBe(0);
    expect(softmaxCrossEntropy(Int32Array.of(-5, 3, 9, 9), 0, 0).predicted).toBe(2);
  });
});
