import { dataError } from './data-error.js';
import { createDataset } from './dataset.js';
import type { Dataset } from './dataset.js';
import { SeededRandom } from './random.js';
import { drawBeats, drawRhythm } from './synthetic-rhythm.js';
import type { Beat } from './synthetic-rhythm.js';
import { drawMorphology, traceEcg, wavesOfBeat } from './synthetic-waves.js';

export interface SyntheticEcgOptions {
  /** Training subjects, ids 1 .. subjects. */
  readonly subjects: number;
  /** Test subjects, ids after the training subjects; the same people whatever `subjects` is. */
  readonly testSubjects: number;
  readonly beatsPerSubject: number;
  readonly seed: number;
}

/** The form of the recorded ECG: 1 s at 128 Hz, the beat at index 64, R about 64. */
const RATE_HZ = 128;
const STEPS = 128;
const BEAT_INDEX = 64;
const R_AMPLITUDE = 64;
/** The peak of a beat is looked for within ±13 samples, 0.1 s. */
const PEAK_REACH = 13;
/** Subject ids are 16 bits. */
const MAX_SUBJECTS = 0xffff;
/** One array of 2 GiB. */
const MAX_SAMPLES = 2 ** 24 - 1;
/** First integer of a random stream's path: training and test subjects are different people. */
const PURPOSE = { train: 11, test: 12 } as const;

/**
 * Makes labelled heartbeats of imaginary people, in the form of the recorded ECG data.
 *
 * N = (subjects + testSubjects)·beatsPerSubject samples [128][1] int8 at 128 Hz around each beat; classes N, S, V;
 * extras rr_pre_ms, rr_post_ms; split 1 = test subjects. Each subject has a seeded rhythm, wave shapes, electrical
 * axis, noise and baseline wander. As in the recorded data a record is scaled so that the median peak is 64, rounded
 * and clipped to ±127. The same options give the same bytes on every platform: only + - * / and sqrt are used.
 * Throws ERR_DATA for counts that are not whole numbers or leave no training sample, or for too many.
 * Source: McSharry, Clifford, Tarassenko & Smith 2003; see synthetic-waves.ts and synthetic-rhythm.ts for where it
 * differs.
 */
export function generateSyntheticEcg(options: SyntheticEcgOptions): Dataset {
  checkOptions(options);
  const { subjects, testSubjects, beatsPerSubject, seed } = options;
  const people = subjects + testSubjects;
  const count = people * beatsPerSubject;
  const x = new Int8Array(count * STEPS);
  const label = new Uint8Array(count);
  const extra = new Uint16Array(count * 2);
  for (let person = 0; person < people; person++) {
    const isTest = person >= subjects;
    const random = isTest
      ? new SeededRandom(seed, PURPOSE.test, person - subjects)
      : new SeededRandom(seed, PURPOSE.train, person);
    const record = recordSubject(random, beatsPerSubject);
    const first = person * beatsPerSubject;
    x.set(record.x, first * STEPS);
    label.set(record.label, first);
    extra.set(record.extra, first * 2);
  }
  const subjectOf = (_: unknown, index: number): number => 1 + Math.floor(index / beatsPerSubject);
  const subject = Uint16Array.from({ length: count }, subjectOf);
  return createDataset({
    name: 'synthetic ECG',
    steps: STEPS,
    channels: 1,
    classNames: ['N', 'S', 'V'],
    x,
    label,
    subject,
    split: Uint8Array.from(subject, (id) => (id > subjects ? 1 : 0)),
    extra,
    extraCount: 2,
    extraNames: ['rr_pre_ms', 'rr_post_ms'],
  });
}

/** One subject's samples: x [n][128], label [n], extra [n][2]. */
interface SubjectRecord {
  readonly x: Int8Array;
  readonly label: Uint8Array;
  readonly extra: Uint16Array;
}

function recordSubject(random: SeededRandom, count: number): SubjectRecord {
  const rhythm = drawRhythm(random);
  const morphology = drawMorphology(random);
  // One beat more at each end, so that every sample has neighbours and both intervals.
  const beats = drawBeats(random, rhythm, count + 2);
  const waves = beats.flatMap((beat) => wavesOfBeat(random, morphology, beat));
  const wander = {
    amplitudeMv: random.between(0.02, 0.12),
    respirationHz: rhythm.respirationHz,
    driftHz: random.between(0.03, 0.08),
    phaseTurns: random.unit(),
  };
  const length = sampleOf(beats[beats.length - 1]) + STEPS;
  const trace = traceEcg(waves, wander, length, RATE_HZ);
  addNoise(random, trace);
  return cutBeats(trace, beats);
}

/** Muscle and sensor noise: white noise through a one-pole filter, deviation 0.015 to 0.05 mV. */
function addNoise(random: SeededRandom, trace: Float64Array): void {
  const deviation = random.between(0.015, 0.05);
  const memory = random.between(0.2, 0.7);
  const fresh = deviation * Math.sqrt(1 - memory * memory);
  let noise = 0;
  trace.forEach((value, n) => {
    noise = memory * noise + fresh * random.normal();
    trace[n] = value + noise;
  });
}

/** Scales the record and cuts out every beat but the first and the last. */
function cutBeats(trace: Float64Array, beats: readonly Beat[]): SubjectRecord {
  const inner = beats.slice(1, -1);
  const scale = R_AMPLITUDE / medianPeak(trace, inner);
  const x = new Int8Array(inner.length * STEPS);
  const extra = new Uint16Array(inner.length * 2);
  inner.forEach((beat, i) => {
    const start = sampleOf(beat) - BEAT_INDEX;
    for (let t = 0; t < STEPS; t++) {
      const value = Math.floor(trace[start + t] * scale + 0.5);
      x[i * STEPS + t] = Math.max(-127, Math.min(127, value));
    }
    extra[2 * i] = toMs(beat.rrBeforeS);
    extra[2 * i + 1] = toMs(beats[i + 2].rrBeforeS);
  });
  return { x, label: Uint8Array.from(inner, (beat) => beat.kind), extra };
}

function medianPeak(trace: Float64Array, beats: readonly Beat[]): number {
  const peaks = Float64Array.from(beats, (beat) => {
    const at = sampleOf(beat);
    const around = trace.subarray(at - PEAK_REACH, at + PEAK_REACH + 1);
    return around.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0);
  });
  return peaks.sort()[Math.floor(peaks.length / 2)];
}

function sampleOf(beat: Beat): number {
  return Math.floor(beat.timeS * RATE_HZ + 0.5);
}

function toMs(seconds: number): number {
  return Math.floor(seconds * 1000 + 0.5);
}

function checkOptions({
  subjects,
  testSubjects,
  beatsPerSubject,
  seed,
}: SyntheticEcgOptions): void {
  const whole = [subjects, testSubjects, beatsPerSubject, seed].every(Number.isInteger);
  const people = subjects + testSubjects;
  const enough = subjects >= 1 && testSubjects >= 0 && beatsPerSubject >= 1;
  if (whole && enough && people <= MAX_SUBJECTS && people * beatsPerSubject <= MAX_SAMPLES) return;
  throw dataError(
    `synthetic ECG of ${subjects}+${testSubjects} subjects, ${beatsPerSubject} beats each, seed ${seed} cannot be made`,
    `use whole numbers, at least 1 subject and 1 beat, at most ${MAX_SUBJECTS} subjects and ${MAX_SAMPLES} beats in all`,
  );
}
