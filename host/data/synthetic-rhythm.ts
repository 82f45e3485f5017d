import { sinTurns } from './exact-math.js';
import type { SeededRandom } from './random.js';

/** Beat kinds, which are also the labels: normal, supraventricular premature, ventricular premature. */
export const KIND = { N: 0, S: 1, V: 2 } as const;
export type BeatKind = (typeof KIND)[keyof typeof KIND];

export interface Beat {
  /** When its R peak (V: its main deflection) is. */
  readonly timeS: number;
  readonly kind: BeatKind;
  /** Interval from the beat before. */
  readonly rrBeforeS: number;
}

/** How a subject's heart times its beats. */
export interface Rhythm {
  readonly meanRrS: number;
  /** RR modulation, a sum of sinusoids: Mayer waves (LF) and respiratory sinus arrhythmia (HF). */
  readonly modulation: readonly Sinusoid[];
  readonly respirationHz: number;
  /** Fraction of the beats that are S, and V. */
  readonly shareS: number;
  readonly shareV: number;
  /** Typical interval before an S and before a V, as a fraction of the sinus interval. */
  readonly couplingS: number;
  readonly couplingV: number;
}

/** amplitude · sin(2π(hz·t + phaseTurns)) */
interface Sinusoid {
  readonly hz: number;
  readonly phaseTurns: number;
  readonly amplitude: number;
}

const SINUSOIDS_PER_BAND = 6;
/** Mayer waves: LF centre; both bands' width (standard deviation). McSharry et al. 2003. */
const LF_HZ = 0.1;
const BAND_WIDTH_HZ = 0.01;
/** No ectopic focus fires earlier than this after a beat. */
const REFRACTORY_S = 0.32;

/** Draws a subject's rhythm: 58 to 98 beats per minute at rest, RR deviation 3 to 6 %. */
export function drawRhythm(random: SeededRandom): Rhythm {
  const respirationHz = random.between(0.2, 0.33);
  const deviation = random.between(0.03, 0.06);
  const lfToHf = random.between(0.3, 1.2);
  const hfVariance = (deviation * deviation) / (1 + lfToHf);
  return {
    meanRrS: random.between(0.61, 1.03),
    modulation: [
      ...drawBand(random, LF_HZ, hfVariance * lfToHf),
      ...drawBand(random, respirationHz, hfVariance),
    ],
    respirationHz,
    shareS: random.between(0.05, 0.15),
    shareV: random.between(0.08, 0.22),
    couplingS: random.between(0.68, 0.86),
    couplingV: random.between(0.58, 0.82),
  };
}

/**
 * One Gaussian peak of the RR spectrum, sampled: frequencies from the peak, random phases, equal power.
 *
 * McSharry et al. invert the whole bimodal spectrum by FFT; a few sinusoids of it can be asked at any time instead.
 */
function drawBand(random: SeededRandom, centreHz: number, variance: number): Sinusoid[] {
  const amplitude = Math.sqrt((2 * variance) / SINUSOIDS_PER_BAND);
  return Array.from({ length: SINUSOIDS_PER_BAND }, () => ({
    hz: centreHz + BAND_WIDTH_HZ * random.normal(),
    phaseTurns: random.unit(),
    amplitude,
  }));
}

/** The interval the sinus node would leave after a beat at `timeS`. */
function sinusInterval(rhythm: Rhythm, timeS: number): number {
  let relative = 1;
  for (const { hz, phaseTurns, amplitude } of rhythm.modulation) {
    relative += amplitude * sinTurns(hz * timeS + phaseTurns);
  }
  return rhythm.meanRrS * relative;
}

/**
 * Draws `count` beats in order; the first is at 1 s.
 *
 * S comes early and resets the sinus node: the next interval is about a usual one. V comes early and does not, so
 * the next sinus beat is blocked and the two intervals make two usual ones (a full compensatory pause). Ectopic beats
 * never follow each other, so a beat after N is ectopic with probability share / (1 − shares).
 */
export function drawBeats(random: SeededRandom, rhythm: Rhythm, count: number): Beat[] {
  const { shareS, shareV } = rhythm;
  const normalShare = 1 - shareS - shareV;
  const beats: Beat[] = [{ timeS: 1, kind: KIND.N, rrBeforeS: rhythm.meanRrS }];
  while (beats.length < count) {
    const previous = beats[beats.length - 1];
    const draw = random.unit() * normalShare;
    let kind: BeatKind = KIND.N;
    if (previous.kind === KIND.N && draw < shareS + shareV) kind = draw < shareS ? KIND.S : KIND.V;
    const rrBeforeS = intervalBefore(random, rhythm, kind, previous);
    beats.push({ timeS: previous.timeS + rrBeforeS, kind, rrBeforeS });
  }
  return beats;
}

function intervalBefore(
  random: SeededRandom,
  rhythm: Rhythm,
  kind: BeatKind,
  previous: Beat,
): number {
  const sinus = sinusInterval(rhythm, previous.timeS);
  if (kind !== KIND.N) {
    const coupling = kind === KIND.S ? rhythm.couplingS : rhythm.couplingV;
    return Math.max(REFRACTORY_S, sinus * (coupling + 0.05 * random.normal()));
  }
  if (previous.kind === KIND.S) return sinus * random.between(0.98, 1.12);
  if (previous.kind === KIND.V) return 2 * sinus - previous.rrBeforeS;
  return sinus * (1 + 0.01 * random.normal());
}
