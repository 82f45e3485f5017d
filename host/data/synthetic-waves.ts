import { cosTurns, expMinus, sinTurns } from './exact-math.js';
import type { SeededRandom } from './random.js';
import { KIND } from './synthetic-rhythm.js';
import type { Beat } from './synthetic-rhythm.js';

/** One Gaussian event of the model. */
export interface Wave {
  /** Centre, relative to the beat (or, in a trace, to its start). */
  readonly timeS: number;
  /** Standard deviation. */
  readonly widthS: number;
  readonly amplitudeMv: number;
}

/** What a subject's beats look like in the one lead. */
export interface Morphology {
  readonly p: Wave;
  /** Q, R and S. */
  readonly narrowQrs: readonly Wave[];
  /** Centre at an RR of 1 s; it moves with √RR. */
  readonly t: Wave;
  /** The P of a supraventricular focus; amplitude 0 where it hides in the QRS. */
  readonly ectopicP: Wave;
  /** Main and opposite deflection of a ventricular beat, 1.5 to 3 times as wide. */
  readonly wideQrs: readonly Wave[];
  readonly discordantT: Wave;
}

/**
 * Draws a subject's waves around those of McSharry et al. 2003: their angles −π/3, −π/12, 0, π/12, π/2 are, at 60
 * beats per minute, P −167 ms, Q −42, R 0, S 42 and T 250 ms from R. R is near 1 mV, the others are relative to it.
 *
 * The electrical axis turns the heart against the lead by up to ±36°: R, P and T shrink with its cosine, and S or Q
 * deepens with its sine. The ventricular focus makes the wide beat point up in two subjects of three, else down.
 */
export function drawMorphology(random: SeededRandom): Morphology {
  const axisTurns = random.between(-0.1, 0.1);
  const [along, across] = [cosTurns(axisTurns), sinTurns(axisTurns)];
  const wave = (timeS: number, widthS: number, amplitudeMv: number): Wave => ({
    timeS,
    widthS: widthS * random.between(0.85, 1.15),
    amplitudeMv,
  });
  const up = random.unit() < 2 / 3 ? 1 : -1;
  const tall = random.between(0.9, 1.6) * up;
  // One subject in five conducts slowly to one ventricle (bundle branch block): normal beats are wide too.
  const qrs = random.below(5) === 0 ? 1.5 : 1;
  const wideS = 0.014 * qrs * random.between(1.6, 2.8);
  const atrial = random.between(0.1, 0.22) * along;
  return {
    p: wave(-random.between(0.145, 0.185), 0.026, atrial),
    narrowQrs: [
      wave(
        -random.between(0.03, 0.038) * qrs,
        0.011 * qrs,
        -random.between(0.02, 0.12) - 0.3 * Math.max(0, -across),
      ),
      wave(0, 0.014 * qrs, along),
      wave(
        random.between(0.032, 0.04) * qrs,
        0.012 * qrs,
        -random.between(0.05, 0.3) - 0.4 * Math.max(0, across),
      ),
    ],
    t: wave(random.between(0.25, 0.3), 0.052, random.between(0.12, 0.38) * along),
    ectopicP: wave(-random.between(0.1, 0.14), 0.024, atrial * random.below(3) * -0.6),
    wideQrs: [wave(0, wideS, tall), wave(2.5 * wideS, wideS, -tall * random.between(0.2, 0.6))],
    discordantT: wave(random.between(0.29, 0.34), 0.06, -tall * random.between(0.2, 0.4)),
  };
}

/**
 * The events of a beat at absolute times, each beat a little different: heights by 5 % (V 15 %), timing of V by
 * ±8 ms.
 *
 * T follows the beat by √RR (Bazett): as ECGSYN, the paper's program, moves T with the mean rate, but beat by beat.
 */
export function wavesOfBeat(random: SeededRandom, morphology: Morphology, beat: Beat): Wave[] {
  const ventricular = beat.kind === KIND.V;
  const vary = 1 + (ventricular ? 0.15 : 0.05) * random.normal();
  const shiftS = ventricular ? random.between(-0.008, 0.008) : 0;
  const place = (wave: Wave, stretch = 1): Wave => ({
    timeS: beat.timeS + shiftS + wave.timeS * stretch,
    widthS: wave.widthS,
    amplitudeMv: wave.amplitudeMv * vary * (1 + 0.05 * random.normal()),
  });
  const late = Math.sqrt(beat.rrBeforeS);
  if (ventricular) {
    return [...morphology.wideQrs.map((wave) => place(wave)), place(morphology.discordantT, late)];
  }
  const p = beat.kind === KIND.S ? morphology.ectopicP : morphology.p;
  return [place(p), ...morphology.narrowQrs.map((wave) => place(wave)), place(morphology.t, late)];
}

/** The wandering baseline z0(t) the trace relaxes to, in mV. */
export interface Wander {
  readonly amplitudeMv: number;
  readonly respirationHz: number;
  readonly driftHz: number;
  readonly phaseTurns: number;
}

/** Beyond this many standard deviations an event is below 1e-5 of its height. */
const REACH = 5;

/**
 * Integrates the dynamical model's third equation along its limit cycle.
 *
 * waves, in s and mV -> [sampleCount] mV at `rateHz` from t = 0.
 * The paper's z' = −Σ a·Δθ·exp(−Δθ²/2b²) − (z − z0), where (x, y) circles at θ' = 2π/RR. On the unit circle, which
 * attracts every path, Δθ is proportional to the time since the event, so with events given in seconds
 *   z' = −Σ A·Δt/σ²·exp(−Δt²/2σ²) − (z − z0),
 * and x and y need no integrating. Unlike with fixed angles, a QRS keeps its width when the next beat is early or
 * late, and A is the event's height whatever the heart rate. The decay, 1/s, is solved exactly and the rest by
 * Simpson's rule over each sample: the fourth-order Runge-Kutta step of the paper with an integrating factor.
 * Source: McSharry, Clifford, Tarassenko & Smith 2003, IEEE Trans. Biomed. Eng. 50(3):289-294.
 */
export function traceEcg(
  waves: readonly Wave[],
  wander: Wander,
  sampleCount: number,
  rateHz: number,
): Float64Array {
  const forcing = sumForcing(waves, wander, 2 * sampleCount + 1, 2 * rateHz);
  const halfDecay = expMinus(0.5 / rateHz);
  const decay = halfDecay * halfDecay;
  const trace = new Float64Array(sampleCount);
  let z = 0;
  for (let n = 0; n < sampleCount; n++) {
    trace[n] = z;
    const driven = decay * forcing[2 * n] + 4 * halfDecay * forcing[2 * n + 1] + forcing[2 * n + 2];
    z = decay * z + driven / (6 * rateHz);
  }
  return trace;
}

/** z' + z at `count` points of `rateHz`: z0 and every event within its reach. */
function sumForcing(
  waves: readonly Wave[],
  wander: Wander,
  count: number,
  rateHz: number,
): Float64Array {
  const forcing = new Float64Array(count);
  for (let n = 0; n < count; n++) forcing[n] = wanderAt(wander, n / rateHz);
  for (const { timeS, widthS, amplitudeMv } of waves) {
    if (amplitudeMv === 0) continue;
    const first = Math.max(0, Math.ceil((timeS - REACH * widthS) * rateHz));
    const last = Math.min(count - 1, Math.floor((timeS + REACH * widthS) * rateHz));
    for (let n = first; n <= last; n++) {
      const distance = (n / rateHz - timeS) / widthS;
      const slope = (amplitudeMv * distance) / widthS;
      forcing[n] -= slope * expMinus((distance * distance) / 2);
    }
  }
  return forcing;
}

function wanderAt({ amplitudeMv, respirationHz, driftHz, phaseTurns }: Wander, t: number): number {
  return (
    amplitudeMv *
    (sinTurns(respirationHz * t + phaseTurns) + sinTurns(driftHz * t + 2 * phaseTurns))
  );
}
