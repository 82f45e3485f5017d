import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantiseColumns } from '../../host/data/quantise.js';

describe('quantiseColumns', () => {
  const value = fc
    .double({ noNaN: true, min: -1e12, max: 1e12 })
    .filter((v) => v === 0 || Math.abs(v) > 1e-12);

  it('keeps every training value within half a step, on the finest power-of-two scale', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 20 }), (values) => {
        const rows = values.map((v) => Float64Array.of(v));
        const { x, exponents } = quantiseColumns(rows, new Uint8Array(rows.length), 'per-column');
        const step = 2 ** exponents[0];
        const greatest = Math.max(...values.map(Math.abs));
        values.forEach((v, i) => expect(Math.abs(x[i] * step - v)).toBeLessThanOrEqual(step / 2));
        if (greatest > 0) expect(greatest / (step / 2)).toBeGreaterThanOrEqual(127.5);
      }),
    );
  });

  it('ignores test values when scaling and lets them saturate', () => {
    const rows = [1, 2, 4000, -4000].map((v) => Float64Array.of(v));
    const { x, exponents } = quantiseColumns(rows, Uint8Array.of(0, 0, 1, 1), 'per-column');
    expect(exponents).toEqual([-5]);
    expect([...x]).toEqual([32, 64, 127, -127]);
  });

  it('rounds halves away from zero', () => {
    const rows = [100, 0.5, -0.5, 1.5, -1.5].map((v) => Float64Array.of(v));
    const { x } = quantiseColumns(rows, new Uint8Array(5), 'global');
    expect([...x]).toEqual([100, 1, -1, 2, -2]);
  });

  it('uses the scale up to its last step', () => {
    const exponentOf = (value: number): number =>
      quantiseColumns([Float64Array.of(value)], Uint8Array.of(0), 'global').exponents[0];
    expect([63.5, 63.7, 63.75, 127.4, 127.5, 2 ** -20].map(exponentOf)).toEqual([
      ...[-1, -1, 0, 0, 1, -26],
    ]);
  });

  it('gives a column of zeros exponent 0', () => {
    const rows = [Float64Array.of(0, 127)];
    expect(quantiseColumns(rows, Uint8Array.of(0), 'per-column').exponents).toEqual([0, 0]);
  });
});
