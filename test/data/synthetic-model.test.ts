import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../host/data/random.js';
import { drawBeats, drawRhythm } from '../../host/data/synthetic-rhythm.js';
import { traceEcg } from '../../host/data/synthetic-waves.js';
import type { Wander, Wave } from '../../host/data/synthetic-waves.js';

const TAU = 2 * Math.PI;

/**
 * The three equations of McSharry et al. 2003 as printed, integrated in Cartesian coordinates by Runge-Kutta with
 * 1 ms steps; one beat per second, R at whole seconds; returns z at 128 Hz.
 */
function integratePaper(
  waves: readonly Wave[],
  z0: (t: number) => number,
  seconds: number,
): number[] {
  const events = waves.map(({ timeS, widthS, amplitudeMv }) => {
    const [theta, b] = [TAU * timeS, TAU * widthS];
    return { theta, b, a: (amplitudeMv * TAU) / (b * b) };
  });
  const slope = (t: number, [x, y, z]: readonly number[]): number[] => {
    const alpha = 1 - Math.sqrt(x * x + y * y);
    let dz = -(z - z0(t));
    for (const { theta, b, a } of events) {
      const turns = (Math.atan2(y, x) - theta) / TAU;
      const delta = TAU * (turns - Math.round(turns));
      dz -= a * delta * Math.exp((-delta * delta) / (2 * b * b));
    }
    return [alpha * x - TAU * y, alpha * y + TAU * x, dz];
  };
  const h = 1 / 1024;
  let state = [1, 0, 0];
  const out: number[] = [];
  for (let n = 0; n < seconds * 1024; n++) {
    if (n % 8 === 0) out.push(state[2]);
    const t = n * h;
    const move = (k: readonly number[], by: number): number[] => state.map((s, i) => s + by * k[i]);
    const k1 = slope(t, state);
    const k2 = slope(t + h / 2, move(k1, h / 2));
    const k3 = slope(t + h / 2, move(k2, h / 2));
    const k4 = slope(t + h, move(k3, h));
    state = state.map((s, i) => s + (h / 6) * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]));
  }
  return out;
}

describe('traceEcg', () => {
  it('equals the paper’s three equations at a constant rate', () => {
    const waves: Wave[] = [
      { timeS: -1 / 6, widthS: 0.025, amplitudeMv: 0.15 },
      { timeS: -1 / 24, widthS: 0.016, amplitudeMv: -0.1 },
      { timeS: 0, widthS: 0.016, amplitudeMv: 1 },
      { timeS: 1 / 24, widthS: 0.016, amplitudeMv: -0.2 },
      { timeS: 1 / 4, widthS: 0.05, amplitudeMv: 0.3 },
    ];
    const wander: Wander = {
      amplitudeMv: 0.1,
      respirationHz: 0.25,
      driftHz: 0.05,
      phaseTurns: 0.2,
    };
    const z0 = (t: number): number =>
      0.1 * (Math.sin(TAU * (0.25 * t + 0.2)) + Math.sin(TAU * (0.05 * t + 0.4)));
    const beats = [0, 1, 2, 3, 4, 5, 6];
    const train = beats.flatMap((at) => waves.map((w) => ({ ...w, timeS: w.timeS + at })));
    const expected = integratePaper(waves, z0, 6);
    const trace = traceEcg(train, wander, expected.length, 128);
    expect(Math.max(...expected)).toBeGreaterThan(0.8);
    trace.forEach((z, n) => expect(Math.abs(z - expected[n])).toBeLessThan(1e-3));
  });

  it('relaxes to the baseline where there is no event', () => {
    const flat: Wander = { amplitudeMv: 0, respirationHz: 0.2, driftHz: 0.05, phaseTurns: 0 };
    const bump = traceEcg([{ timeS: 1, widthS: 0.02, amplitudeMv: 1 }], flat, 1280, 128);
    expect(bump[0]).toBe(0);
    expect(bump[128]).toBeGreaterThan(0.95);
    expect(Math.abs(bump[1279])).toBeLessThan(1e-4);
  });
});

describe('drawBeats', () => {
  it('has an RR spectrum with a peak at the Mayer waves and one at the breathing', () => {
    const bands = { lf: 0, between: 0, hf: 0 };
    for (let seed = 0; seed < 20; seed++) {
      const random = new SeededRandom(seed);
      const rhythm = { ...drawRhythm(random), shareS: 0, shareV: 0 };
      const beats = drawBeats(random, rhythm, 400).slice(1);
      const mean = beats.reduce((sum, beat) => sum + beat.rrBeforeS, 0) / beats.length;
      const powerAt = (hz: number): number => {
        let [re, im] = [0, 0];
        for (const { timeS, rrBeforeS } of beats) {
          // The interval was set by the modulation at its start.
          re += (rrBeforeS - mean) * Math.cos(TAU * hz * (timeS - rrBeforeS));
          im += (rrBeforeS - mean) * Math.sin(TAU * hz * (timeS - rrBeforeS));
        }
        return re * re + im * im;
      };
      const powerAround = (centre: number): number =>
        [-0.01, -0.005, 0, 0.005, 0.01].reduce((sum, d) => sum + powerAt(centre + d), 0);
      bands.lf += powerAround(0.1);
      bands.hf += powerAround(rhythm.respirationHz);
      bands.between += powerAround((0.1 + rhythm.respirationHz) / 2);
    }
    expect(bands.lf).toBeGreaterThan(4 * bands.between);
    expect(bands.hf).toBeGreaterThan(4 * bands.between);
  });

  it('never puts two ectopic beats in a row, and times beats by their intervals', () => {
    const random = new SeededRandom(3);
    const beats = drawBeats(random, drawRhythm(random), 1000);
    expect(beats.length).toBe(1000);
    for (let i = 1; i < beats.length; i++) {
      expect(Math.min(beats[i].kind, beats[i - 1].kind)).toBe(0);
      expect(beats[i].timeS - beats[i - 1].timeS).toBeCloseTo(beats[i].rrBeforeS, 9);
      expect(beats[i].rrBeforeS).toBeGreaterThan(0.3);
    }
  });
});
