import { readModel } from '../../oracle/descriptor.js';
import { forward, largestError, lossOf } from '../../oracle/model.js';
import { fillInput, fillWords } from '../fill.js';
import { type Net, netDescriptor } from '../net.js';
import type { Step } from '../script.js';
import { call, type Draft, everyInput, everyWord, finish, ready } from './common.js';

/** Squared error: autoencoders, scores, units of samples and logits far apart, thresholds. */

const loss = 'squared error';
const nets: Readonly<Record<string, Net>> = {
  'one element': { input: [1, 1, 1], layers: [{ dense: 1 }], loss },
  'dense 12-5-12': { input: [1, 12, 1], layers: [{ dense: 5 }, { dense: 12 }], loss },
  'dense 3x7 through 4': { input: [1, 7, 3], layers: [{ dense: 4 }, { dense: 21 }], loss },
  'convolutions, the first of them padded': {
    input: [1, 9, 2],
    layers: [
      { conv: 5, kernel: 3, pad: 'same' },
      { conv: 2, kernel: 3, pad: 'same' },
    ],
    loss,
  },
  'an image': {
    input: [4, 5, 1],
    layers: [{ conv: 3, kernel: [3, 3], stride: [2, 2], pad: [1, 1, 1, 1] }, { dense: 20 }],
    loss,
  },
  'one convolution': { input: [1, 6, 3], layers: [{ conv: 3, kernel: 5, pad: 'same' }], loss },
  'more than 256 elements': { input: [1, 150, 2], layers: [{ dense: 2 }, { dense: 300 }], loss },
  tokens: {
    input: [1, 6, 1],
    layers: [{ embedding: 10, channels: 3 }, { dense: 6 }],
    loss,
  },
};

const score: Step = { do: 'words', names: ['score'] };

function samples(n: number): Step[] {
  return everyInput.slice(0, 4).flatMap((_, i): Step[] => {
    const x = { kind: everyInput[(n + i) % everyInput.length], seed: n + i } as const;
    return [{ do: 'train', x, label: 0 }, score, { do: 'hash' }];
  });
}

const shapes: readonly Draft[] = Object.entries(nets).flatMap(([name, net], n) =>
  everyWord.slice(0, 3).map((kind, k) => ({
    name: `${name}, ${kind} weights`,
    script: [
      ...ready(netDescriptor(net), { kind, seed: n + k }, { lrShift: 7 }),
      { do: 'words', names: ['parameters', 'layers', 'classes', 'inputBytes'] } as const,
      ...samples(n + k),
      { do: 'infer', x: { kind: 'uniform', seed: n + 50 } } as const,
      score,
      { do: 'logits' } as const,
      { do: 'evaluate', x: { kind: 'signs', seed: n + 51 }, label: 0 } as const,
      score,
      ...finish,
    ],
  })),
);

/** ei − 8 − el around its edges: exponents of the sample against those of the logits. */
const units: readonly Draft[] = [
  [-24, 24],
  [-24, -24],
  [24, 24],
  [24, -24],
  [0, 8],
  [0, -8],
  [-7, -9],
  [-20, 11],
  [0, -23],
  [-8, 7],
].map(([inputExponent, weightExponent], n) => {
  const scale = { weightExponent, initBound: 900 };
  const layers = [
    { dense: 4, ...scale },
    { dense: 8, ...scale },
  ];
  return {
    name: `sample exponent ${inputExponent}, weight exponent ${weightExponent}`,
    script: [
      ...ready(
        netDescriptor({ input: [1, 8, 1], inputExponent, layers, loss }),
        { kind: n % 2 > 0 ? 'small' : 'uniform', seed: n },
        { lrShift: n },
      ),
      ...samples(n),
      { do: 'logits' },
      ...finish,
    ],
  };
});

/** Largest logits under the largest shifts down: biases alone, moved up by 14. */
const shiftedDown: readonly Draft[] = [-14, -15, -16, -17].map((weightExponent) => {
  const layers = [
    { dense: 1, weightExponent: -22 },
    { dense: 2, weightExponent },
  ];
  const descriptor = netDescriptor({ input: [1, 2, 1], inputExponent: 0, layers, loss });
  const words = { values: [128, 128, 0, 128, 128, 32767, -32768] };
  return {
    name: `logits of 2^29 shifted down by ${14 - weightExponent}`,
    script: [
      ...ready(descriptor, words, { lrShift: 10 }),
      { do: 'train', x: { kind: 'zero' }, label: 0 },
      score,
      { do: 'logits' },
      { do: 'hash' },
      ...finish,
    ],
  };
});

/** Logits of one under the largest shifts up. */
const shiftedUp: readonly Draft[] = [5, 12, 13, 14, 22, 23, 24].map((weightExponent) => {
  const layers = [{ dense: 2, weightExponent }];
  const descriptor = netDescriptor({ input: [1, 2, 1], inputExponent: -7, layers, loss });
  return {
    name: `logits of one shifted up by ${8 + weightExponent}`,
    script: [
      ...ready(descriptor, { values: [256, 0, 0, -256, 0, 0] }, { lrShift: 13 }),
      { do: 'train', x: { values: [1, 0] }, label: 0 },
      score,
      { do: 'logits' },
      { do: 'hash' },
      ...finish,
    ],
  };
});

/** Thresholds around the largest error, in 1/256 of the unit. */
const thresholds: Draft = {
  name: 'skip threshold at the largest error',
  script: thresholdScript(),
};

function thresholdScript(): Step[] {
  const descriptor = netDescriptor(nets['dense 12-5-12']);
  const model = readModel(descriptor);
  const words = { kind: 'small', seed: 2 } as const;
  const x = { kind: 'tiny', seed: 9 } as const;
  const passed = forward(model, fillWords(words, model), fillInput(x, model.inputs));
  const top = largestError(lossOf(model, passed, 0).err);
  return [top - 1, top, top + 1, 0, 32767].flatMap((skipThreshold): Step[] => [
    ...ready(descriptor, words, { lrShift: 6, skipThreshold }),
    { do: 'train', x, label: 0 },
    { do: 'hash' },
    ...finish,
  ]);
}

const perfect: Draft = {
  name: 'a perfect reconstruction is skipped',
  script: [
    ...ready(netDescriptor(nets['one element']), { values: [128, 0] }, { lrShift: 2 }),
    { do: 'train', x: { kind: 'zero' }, label: 0 },
    score,
    { do: 'train', x: { kind: 'top' }, label: 0 },
    score,
    { do: 'hash' },
    ...finish,
  ],
};

const labels: Draft = {
  name: 'the only label is 0',
  script: [
    ...ready(netDescriptor(nets['dense 12-5-12']), { kind: 'small', seed: 1 }),
    ...[1, -1, 11, 255].flatMap((label): Step[] => [
      { do: 'train', x: { kind: 'uniform' }, label },
      { do: 'evaluate', x: { kind: 'uniform' }, label },
    ]),
    { do: 'hash' },
    ...finish,
  ],
};

const weighted: readonly Draft[] = [-128, -20, -3, 3, 20, 127].map((weight) => ({
  name: `class weight ${weight}`,
  script: [
    ...ready(
      netDescriptor(nets['convolutions, the first of them padded']),
      { kind: 'small', seed: 3 },
      { lrShift: 8, classWeights: [weight] },
    ),
    ...samples(4),
    ...finish,
    call('check'),
  ],
}));

export const reconstruction: readonly Draft[] = [
  ...shapes,
  ...units,
  ...shiftedDown,
  ...shiftedUp,
  thresholds,
  perfect,
  labels,
  ...weighted,
];
