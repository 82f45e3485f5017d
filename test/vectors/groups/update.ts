import { decay } from '../../../host/contract/contract.gen.js';
import { denseChain, exponentChain } from '../descriptor.js';
import { type Net, netDescriptor } from '../net.js';
import type { Settings, Step, WordFill } from '../script.js';
import { type Draft, finish, look, plan, ready, settings } from './common.js';

/** Update: learning rates, rounding, clamps, saturation, class weights and decay. */

const top = { kind: 'top' } as const;
const uniform = { kind: 'uniform', seed: 8 } as const;

const rates: Draft[] = [0, 1, 2, 3, 5, 8, 10, 13, 16, 20, 24].map((lrShift) => ({
  name: `learning rate 2^-${lrShift}`,
  script: [
    ...ready(denseChain(10, 6, 3), { kind: 'small', seed: lrShift }, { lrShift }),
    ...[0, 1, 2, 1].flatMap((label): Step[] => [{ do: 'train', x: uniform, label }, ...look]),
    ...finish,
  ],
}));

/** Shifts s = L − ee − ex + ew − 8 far above 30 and far below 0, through the exponents. */
const shifts: Draft[] = [
  ['far above 30', -24, 24, 24],
  ['around 30', -7, -7, 22],
  ['around 0', 4, -8, 0],
  ['far below 0', 24, -24, 0],
].map(([name, ex, ew, lrShift]) => ({
  name: `update shift ${name}`,
  script: [
    ...ready(
      exponentChain([5, 4, 3], ex as number, ew as number),
      { kind: 'small', seed: 3 },
      { lrShift: lrShift as number },
    ),
    ...[0, 1, 2].flatMap((label): Step[] => [
      { do: 'train', x: uniform, label },
      ...look,
      { do: 'train', x: { kind: 'tiny', seed: 5 }, label },
      ...look,
    ]),
    ...finish,
  ],
}));

/** Every weight and bias against its limit, upwards and downwards; counted one by one. */
const saturation: Draft[] = (
  [
    ['top', { kind: 'top' }],
    ['bottom', { kind: 'bottom' }],
    ['limits', { kind: 'limits', seed: 2 }],
  ] as [string, WordFill][]
).flatMap(([name, words]) =>
  [-7, 6].map((ex) => ({
    name: `saturation from ${name}, input exponent ${ex}`,
    script: [
      ...ready(exponentChain([6, 5, 3], ex, -5), words, { lrShift: 0, classWeights: [3, 3, 3] }),
      ...[0, 1, 2, 0].flatMap((label): Step[] => [
        { do: 'train', x: top, label },
        { do: 'hash' },
        { do: 'train', x: { kind: 'bottom' }, label },
        { do: 'hash' },
        { do: 'saturations' },
      ]),
      ...finish,
    ],
  })),
);

const weighted: Draft[] = [
  [0, 2, 1],
  [-3, 0, 3],
  [127, -128, 40],
  [-20, -40, -60],
].map((classWeights) => ({
  name: `class weights ${classWeights.join(', ')}`,
  script: [
    ...ready(denseChain(10, 6, 3), { kind: 'small', seed: 1 }, { classWeights, lrShift: 7 }),
    ...[0, 1, 2].flatMap((label): Step[] => [{ do: 'train', x: uniform, label }, ...look]),
    ...finish,
  ],
}));

/** The exponent of the error is limited before anything is made of it, which extreme layers show. */
const beyond: Draft[] = [
  { ex: 24, hidden: 24, last: -24, weight: -128, lrShift: 0 },
  { ex: 24, hidden: 24, last: -24, weight: -70, lrShift: 12 },
  { ex: -24, hidden: -24, last: 24, weight: 127, lrShift: 0 },
  { ex: -24, hidden: -24, last: 24, weight: 90, lrShift: 9 },
].map(({ ex, hidden, last, weight, lrShift }) => ({
  name: `class weight ${weight} on exponents ${ex}, ${hidden}, ${last}`,
  script: [
    ...ready(
      netDescriptor({
        input: [1, 6, 1],
        inputExponent: ex,
        layers: [
          { dense: 5, weightExponent: hidden, relu: false },
          { dense: 4, weightExponent: hidden, relu: false },
          { dense: 3, weightExponent: last },
        ],
      }),
      { kind: 'uniform', seed: 5 },
      { lrShift, classWeights: [weight, weight, weight] },
    ),
    ...[0, 1, 2, 1].flatMap((label): Step[] => [{ do: 'train', x: uniform, label }, ...look]),
    ...finish,
  ],
}));

function decaying(totalSteps: number, count: number): Draft {
  return {
    name: `decay over ${totalSteps} steps`,
    script: [
      ...ready(
        denseChain(8, 5, 3),
        { kind: 'small', seed: 6 },
        { lrDecay: decay.STEPS, totalSteps, lrShift: 4 },
      ),
      ...Array.from({ length: count }, (_, t): Step[] => [
        { do: 'train', x: { kind: 'uniform', seed: t }, label: t % 3 },
        { do: 'hash' },
      ]).flat(),
      ...finish,
    ],
  };
}

/** Totals whose multiples by 3 and 9 leave 32 bits, the last two to land at 2 and 5. */
const largeTotals = [0x20000000, 0x40000000, 0x80000000, 0xffffffff, 0x55555556, 0x1c71c71d];

const decays: Draft[] = [
  ...[0, 1, 2, 3, 7, 20].map((total) => decaying(total, total + 4)),
  ...largeTotals.map((total) => decaying(total, 4)),
];

/** One seed apart gives other weights: every part of the stream's seed counts. */
const identities: readonly Partial<Settings>[] = [
  {},
  { federationSeed: 2 },
  { baseVersion: 1 },
  { nodeKey: 1 },
  { federationSeed: 0xffffffff, baseVersion: 0xffffffff, nodeKey: 0xffffffff },
];

const seeds: Draft = {
  name: 'seeds of the update streams',
  script: [
    plan(denseChain(9, 4, 3)),
    ...identities.flatMap((identity): Step[] => [
      { do: 'load', words: { kind: 'small', seed: 2 } },
      { do: 'begin', settings: settings(identity) },
      { do: 'train', x: uniform, label: 1 },
      { do: 'hash' },
    ]),
    ...finish,
  ],
};

const swept: Readonly<Record<string, Net>> = {
  dense: { input: [1, 7, 1], layers: [{ dense: 5 }, { dense: 3 }] },
  conv: {
    input: [1, 8, 3],
    layers: [{ conv: 5, kernel: 3, stride: 2, pad: 'same' }, { dense: 3 }],
  },
  depthwise: { input: [4, 4, 3], layers: [{ depthwise: true, kernel: [2, 3] }, { dense: 3 }] },
  embedding: { input: [1, 5, 1], layers: [{ embedding: 4, channels: 5 }, { dense: 3 }] },
};

/** Class weights move every shift through all of its ranges: > 30, 17…30, 9…16, 1…8 and ≤ 0. */
const sweeps: readonly Draft[] = Object.entries(swept).map(([name, net]) => ({
  name: `${name}, every shift from far above 30 to far below 0`,
  script: [
    plan(netDescriptor(net)),
    ...Array.from({ length: 55 }, (_, i) => i - 30).flatMap((weight): Step[] => [
      { do: 'load', words: { kind: weight % 2 === 0 ? 'small' : 'uniform', seed: weight + 40 } },
      {
        do: 'begin',
        settings: settings({ lrShift: 6, classWeights: [weight, weight, weight] }),
      },
      { do: 'train', x: { kind: 'uniform', seed: weight + 40 }, label: (weight + 30) % 3 },
      { do: 'hash' },
      { do: 'saturations' },
    ]),
    ...finish,
  ],
}));

/** Rates that are far too large, for as long as it takes until words saturate. */
const exploding: readonly Draft[] = Object.entries(swept).map(([name, net], n) => ({
  name: `${name}, learning rate 1 and class weight 2^12`,
  script: [
    ...ready(
      netDescriptor(net),
      { kind: 'small', seed: n },
      { lrShift: 0, classWeights: [12, 12, 12] },
    ),
    ...Array.from({ length: 12 }, (_, i): Step[] => [
      { do: 'train', x: { kind: i % 3 === 0 ? 'top' : 'uniform', seed: i }, label: i % 3 },
      { do: 'hash' },
    ]).flat(),
    { do: 'logits' },
    ...finish,
  ],
}));

/** Convolutions and tables against their limits, upwards and downwards. */
const saturated: readonly Draft[] = Object.entries(swept).flatMap(([name, net]) =>
  (['top', 'bottom', 'limits'] as const).map((kind) => ({
    name: `${name}, saturation from ${kind}`,
    script: [
      ...ready(netDescriptor(net), { kind, seed: 3 }, { lrShift: 0, classWeights: [3, 3, 3] }),
      ...[0, 1, 2, 0].flatMap((label): Step[] => [
        { do: 'train', x: top, label },
        { do: 'hash' },
        { do: 'train', x: { kind: 'bottom' }, label },
        { do: 'saturations' },
      ]),
      ...finish,
    ],
  })),
);

export const update: readonly Draft[] = [
  ...sweeps,
  ...exploding,
  ...saturated,
  ...rates,
  ...shifts,
  ...saturation,
  ...weighted,
  ...beyond,
  ...decays,
  seeds,
];
