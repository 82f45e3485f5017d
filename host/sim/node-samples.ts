import { split } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import type { Dataset } from '../data/dataset.js';
import { sampleAt, samplesOfSplit } from '../data/dataset.js';
import type { NodeHost } from './node-host.js';

export interface Sample {
  /** int8 inputs, channels-last. */
  readonly x: Int8Array;
  readonly label: number;
}

/** Where a node's samples come from; `part` is a SPLIT, `inputs` the values the model reads. */
export interface SampleSource {
  count(part: number): number;
  read(part: number, index: number, inputs: number, signal: AbortSignal): Sample | Promise<Sample>;
}

/** Samples the node has itself, numbered within each split in the order of the dataset. */
export function ownSamples(dataset: Dataset): SampleSource {
  const train = samplesOfSplit(dataset, split.TRAIN);
  const test = samplesOfSplit(dataset, split.TEST);
  const indicesOf = (part: number): number[] => (part === split.TRAIN ? train : test);
  return {
    count: (part) => indicesOf(part).length,
    read: (part, index) => {
      const row = indicesOf(part)[index];
      return { x: sampleAt(dataset, row), label: dataset.label[row] };
    },
  };
}

/** Bytes of a SAMPLE response that are not inputs: message header, status, label, offset. */
const overheadBytes = 4 + 2 + 1 + 2;

/** One sample of `inputs` values that the host serves, slice by slice. */
export async function pullSample(
  host: NodeHost,
  part: number,
  index: number,
  inputs: number,
  signal: AbortSignal,
): Promise<Sample> {
  const x = new Int8Array(inputs);
  let label = 0;
  for (let offset = 0; offset < inputs;) {
    const length = Math.min(inputs - offset, host.maxPayload - overheadBytes);
    const answer = await host.ask('SAMPLE', { split: part, index, offset, length }, signal);
    const { data } = answer;
    if (data.length === 0 || data.length > length || answer.offset !== offset) {
      throw new LinnetError('ERR_SHAPE', `sample ${index} does not have ${inputs} inputs`);
    }
    x.set(new Int8Array(data.buffer, data.byteOffset, data.length), offset);
    offset += data.length;
    label = answer.label;
  }
  return { x, label };
}
