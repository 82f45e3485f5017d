import { dataError } from './data-error.js';
import { createDataset, extrasAt, sampleAt, sampleCount } from './dataset.js';
import type { Dataset } from './dataset.js';

/** append: two more inputs after the waveform; channels: two more channels, constant over the beat. */
export type RrMode = 'append' | 'channels';

/** Names of the first two extras of an ECG dataset: intervals to the beats before and after, in ms, 0 = none. */
const RR_EXTRAS = ['rr_pre_ms', 'rr_post_ms'];

/** The running mean follows intervals clamped to 30..200 beats per minute. */
const RR_MIN_MS = 300;
const RR_MAX_MS = 2000;

/** True if the extras are named as RR intervals, so {@link withRrFeatures} applies. */
export function hasRrIntervals(dataset: Dataset): boolean {
  return RR_EXTRAS.every((name, i) => dataset.extraNames?.[i] === name);
}

/**
 * Adds to each beat how its RR intervals before and after compare with the subject's running mean.
 *
 * x [N][T][1] -> append: [N][T+2][1], the waveform, then before, after; channels: [N][T][3]. Each value is int8 in
 * -64..127: -64 = no interval at all, 0 = the mean, 64 = twice the mean. Integer arithmetic as on a device.
 * The mean is per subject, in file order over all its beats: apply this before dropping classes or selecting samples.
 * Throws ERR_DATA unless there is one channel and the first two extras can be rr_pre_ms and rr_post_ms.
 */
export function withRrFeatures(dataset: Dataset, mode: RrMode): Dataset {
  checkEcg(dataset);
  const features = computeRrFeatures(dataset);
  const { steps } = dataset;
  const shape = mode === 'append' ? { steps: steps + 2, channels: 1 } : { steps, channels: 3 };
  const length = shape.steps * shape.channels;
  const x = new Int8Array(sampleCount(dataset) * length);
  for (let i = 0; i < sampleCount(dataset); i++) {
    const wave = sampleAt(dataset, i);
    const rr = features.subarray(2 * i, 2 * i + 2);
    const sample = x.subarray(i * length, (i + 1) * length);
    if (mode === 'append') {
      sample.set(wave);
      sample.set(rr, steps);
    } else {
      wave.forEach((value, t) => sample.set([value, rr[0], rr[1]], 3 * t));
    }
  }
  return createDataset({ ...dataset, ...shape, x });
}

/**
 * The two features of every beat, [N][2] int8: before, after.
 *
 * With m the subject's mean, feature = min(127, rr·64/m − 64) and, after both features of a beat, with r = rr before
 * clamped to 300..2000: m += (r − m)/8 if |rr − m| < m/2, else /16. Divisions truncate toward zero. m starts at the
 * first interval, clamped (beats before it have 0, 0). A missing interval (0: start or end of a record) gives feature 0, "as usual", and leaves m
 * alone: the formula would give −64 and make it look like the earliest of all beats.
 * Source: the project's arithmetic recipe, which leaves the start, the order and the missing interval open.
 */
export function computeRrFeatures(dataset: Dataset): Int8Array {
  const features = new Int8Array(2 * sampleCount(dataset));
  const means = new Map<number, number>();
  for (let i = 0; i < sampleCount(dataset); i++) {
    const [before, after] = extrasAt(dataset, i);
    const subject = dataset.subject[i];
    const mean = means.get(subject) ?? (before === 0 ? undefined : clampInterval(before));
    if (mean === undefined) continue;
    features[2 * i] = compareInterval(before, mean);
    features[2 * i + 1] = compareInterval(after, mean);
    means.set(subject, before === 0 ? mean : followInterval(mean, before));
  }
  return features;
}

function compareInterval(rr: number, mean: number): number {
  return rr === 0 ? 0 : Math.min(127, Math.trunc((rr * 64) / mean) - 64);
}

/** Intervals far from the mean are likely ectopic or missed beats, so they move it half as far. */
function followInterval(mean: number, rr: number): number {
  const divisor = 2 * Math.abs(rr - mean) < mean ? 8 : 16;
  return mean + Math.trunc((clampInterval(rr) - mean) / divisor);
}

function clampInterval(rr: number): number {
  return Math.min(RR_MAX_MS, Math.max(RR_MIN_MS, rr));
}

function checkEcg(dataset: Dataset): void {
  if (dataset.channels !== 1) {
    throw dataError(
      `${dataset.name}: RR features need a waveform of one channel, there are ${dataset.channels}`,
      'use RR features for single-lead ECG only',
    );
  }
  const named = dataset.extraNames === undefined || hasRrIntervals(dataset);
  if (dataset.extraCount < RR_EXTRAS.length || !named) {
    const found = dataset.extraNames?.join(', ') ?? `${dataset.extraCount} unnamed`;
    throw dataError(
      `${dataset.name}: RR features need the extras ${RR_EXTRAS.join(', ')} first (found: ${found || 'none'})`,
      'use RR features for ECG files only, with these two extras',
    );
  }
}
