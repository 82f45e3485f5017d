import { chainDescriptor } from '../descriptor.js';
import { readModel } from '../../oracle/descriptor.js';
import { forward, largestError } from '../../oracle/model.js';
import { softmaxCrossEntropy } from '../../oracle/softmax.js';
import type { Step } from '../script.js';
import { call, type Draft, finish, look, plan, ready, settings } from './common.js';

/**
 * Softmax and cross-entropy on chosen logits. The model has one input, a zero, so the logits are
 * the biases, aligned to the exponent ex + ew = el: b · 2^min(14, −(el + 12)). With el = −12 they
 * are the biases themselves. The error shows in the biases after the update.
 */

const zero = { values: [0] } as const;

function biasModel(classes: number, el: number): Uint8Array {
  const ex = Math.trunc(el / 2);
  return chainDescriptor({
    inputs: 1,
    inputExponent: ex,
    layers: [{ outputs: classes, weightExponent: el - ex, initBound: 0 }],
  });
}

/** Trains every label once from the same logits and counts. */
function everyLabel(name: string, el: number, biases: readonly number[]): Draft {
  const words = { values: [...biases.map(() => 128), ...biases] };
  return {
    name,
    script: [
      plan(biasModel(biases.length, el)),
      ...biases.flatMap((_, label): Step[] => [
        { do: 'load', words },
        { do: 'begin', settings: settings({ lrShift: 0 }) },
        { do: 'evaluate', x: zero, label },
        { do: 'train', x: zero, label },
        ...look,
        { do: 'counters' },
      ]),
      ...finish,
    ],
  };
}

const ramp = (count: number, slope: number): number[] =>
  Array.from({ length: count }, (_, c) => c * slope);

const logits: readonly (readonly [string, number, readonly number[]])[] = [
  ['two equal', -12, [77, 77]],
  ['seven equal', -12, [-3, -3, -3, -3, -3, -3, -3]],
  ['all zero', -12, [0, 0, 0]],
  ['ties for the maximum', -12, [4, 9, 9, 9, -2]],
  ['one LSB apart', -12, [100, 101]],
  ['near', -12, [1000, 1500, 2000, 2500]],
  ['a ramp through the table', -12, ramp(17, 178)],
  ['wide', -12, [-32767, 32767, 0]],
  ['huge', 10, [-32767, 32767]],
  ['largest logits', -26, [-32767, 32767, 1]],
  ['tiny exponent', -48, [-32767, 0, 32767]],
  ['difference lost in truncation', -40, [1, 2, 3]],
  ['saturating at once', 12, [4, 8, -4]],
  ['one part in 2^24', -36, [32767, 32766, 1]],
  ['forty classes', -12, ramp(40, -311)],
];

/** Thresholds around the largest error of a sample: the step is taken below it and skipped at it. */
function thresholdCases(): Draft[] {
  const descriptor = biasModel(3, -12);
  const biases = [900, -2000, 300];
  const words = Int16Array.from([128, 128, 128, ...biases]);
  const { logits: z, logitsExponent } = forward(readModel(descriptor), words, new Int8Array(1));
  return [0, 1, 2].map((label) => {
    const top = largestError(softmaxCrossEntropy(z, logitsExponent, label).err);
    return {
      name: `skip threshold at the largest error of label ${label}`,
      script: [top - 1, top, top + 1, 0, 32767].flatMap((skipThreshold): Step[] => [
        ...ready(descriptor, { values: [...words] }, { lrShift: 2, skipThreshold }),
        { do: 'train', x: zero, label },
        { do: 'train', x: zero, label },
        { do: 'hash' },
        ...finish,
      ]),
    };
  });
}

const allSkipped: Draft = {
  name: 'skipped steps count as steps: the stream moves on',
  script: [
    ...ready(biasModel(2, -12), { values: [128, 128, 3000, -3000] }, { skipThreshold: 2000 }),
    ...[0, 0, 1, 0, 1].flatMap((label): Step[] => [
      { do: 'train', x: zero, label },
      { do: 'hash' },
    ]),
    ...finish,
    call('check'),
  ],
};

export const loss: readonly Draft[] = [
  ...logits.map(([name, el, biases]) => everyLabel(name, el, biases)),
  ...thresholdCases(),
  allSkipped,
];
