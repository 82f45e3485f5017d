import { sampleAt, samplesOfSplit, type Dataset } from '../data/dataset.js';
import type { SampleServer } from './device.js';

/** Serves a dataset's samples to a device without storage, in file order. */
export function serveDataset(dataset: Dataset): SampleServer {
  const indices = [samplesOfSplit(dataset, 0), samplesOfSplit(dataset, 1)];
  return {
    count: (split) => indices[split]?.length ?? 0,
    sample: (split, index) => {
      const i = indices[split]?.[index];
      return i === undefined ? undefined : { x: sampleAt(dataset, i), label: dataset.label[i] };
    },
  };
}
