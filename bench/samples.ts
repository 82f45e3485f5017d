import { sampleAt, samplesOfSplit, type Dataset } from '../host/data/dataset.js';
import { withRrFeatures } from '../host/data/ecg-features.js';
import { generateSyntheticEcg } from '../host/data/synthetic-ecg.js';
import { loadEcgChannels, loadRecording as loadHar } from './accuracy/targets/data.js';
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

/** The training split of a dataset in a random order. */
function shuffle(dataset: Dataset): Sample[] {
  const left = samplesOfSplit(dataset, 0);
  const draws = drawHalves(7);
  for (let last = left.length - 1; last > 0; last--) {
    const other = (draws.next().value * 65536 + draws.next().value) % (last + 1);
    [left[last], left[other]] = [left[other], left[last]];
  }
  return left.map((index) => ({ x: sampleAt(dataset, index), label: dataset.label[index] }));
}

/** Samples of real people, and how a model is trained on them. */
export interface Recording {
  readonly source: string;
  readonly samples: readonly Sample[];
  readonly epochs: number;
}

/**
 * Training samples of a conv net: MIT-BIH beats or HAR windows where LINNET_RECORDINGS has them; beats made up
 * by a generator otherwise; undefined for a net that has neither.
 */
export function loadRecording({ name }: MeasuredModel): Recording | undefined {
  const hasData = process.env['LINNET_RECORDINGS'] !== undefined;
  if (name === 'HAR' && hasData) {
    return { source: 'HAPT', samples: shuffle(loadHar('har')), epochs: 15 };
  }
  if (name === 'ECG' && hasData) {
    return { source: 'MIT-BIH', samples: shuffle(loadEcgChannels()), epochs: 3 };
  }
  if (name !== 'ECG') return undefined;
  const options = { subjects: 20, testSubjects: 1, beatsPerSubject: 300, seed: 1 };
  const dataset = withRrFeatures(generateSyntheticEcg(options), 'channels');
  return { source: 'synthetic ECG', samples: shuffle(dataset), epochs: 3 };
}
