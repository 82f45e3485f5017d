import { sampleAt, samplesOfSplit, type Dataset } from '../host/data/dataset.js';
import { withRrFeatures } from '../host/data/ecg-features.js';
import { generateSyntheticEcg } from '../host/data/synthetic-ecg.js';
import { loadEcgChannels, loadRecording } from './accuracy/targets/data.js';
import type { MeasuredModel } from './models.js';

export interface Sample {
  readonly x: Int8Array;
  readonly label: number;
}

/** Numerical Recipes' generator; the high bits are good enough here. */
function* drawHalves(state = 1): Generator<number, never> {
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state >>> 16;
  }
}

const noiseRange = 81;
const signal = 60;

/** Seeded noise with a bump per class: hard enough that errors stay, easy enough to be learnt. */
export function makeSamples(
  { elements, classes }: Pick<MeasuredModel, 'elements' | 'classes'>,
  count: number,
): Sample[] {
  const draws = drawHalves();
  return Array.from({ length: count }, (_, n) => {
    const label = n % classes;
    const noise = (): number => (draws.next().value % noiseRange) - (noiseRange >> 1);
    const x = Int8Array.from(
      { length: elements },
      (_, i) => noise() + (i % classes === label ? signal : 0),
    );
    return { x, label };
  });
}

/** Samples of a dataset, drawn from its training split without putting back. */
function drawSamples(dataset: Dataset, count: number): Sample[] {
  const left = samplesOfSplit(dataset, 0);
  const draws = drawHalves(7);
  return Array.from({ length: Math.min(count, left.length) }, () => {
    const index = left.splice(draws.next().value % left.length, 1)[0];
    return { x: sampleAt(dataset, index), label: dataset.label[index] };
  });
}

/** Samples of real people, and where they come from. */
export interface Recording {
  readonly source: string;
  readonly samples: readonly Sample[];
}

/**
 * Training samples of a conv net: MIT-BIH beats or HAR windows where LINNET_DATA has them; beats made up
 * by a generator otherwise; undefined for a net that has neither.
 */
export function loadRecordedSamples({ name }: MeasuredModel, count: number): Recording | undefined {
  if (process.env['LINNET_DATA'] !== undefined) {
    if (name === 'ECG') {
      return { source: 'MIT-BIH', samples: drawSamples(loadEcgChannels(), count) };
    }
    if (name === 'HAR') {
      return { source: 'HAPT', samples: drawSamples(loadRecording('har'), count) };
    }
  } else if (name === 'ECG') {
    const dataset = withRrFeatures(
      generateSyntheticEcg({ subjects: 20, testSubjects: 1, beatsPerSubject: 300, seed: 1 }),
      'channels',
    );
    return { source: 'synthetic ECG', samples: drawSamples(dataset, count) };
  }
  return undefined;
}
