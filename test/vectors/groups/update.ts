import { decay } from '../../../host/contract/contract.gen.js';
import { denseChain, exponentChain } from '../descriptor.js';
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
        { do: 'counters' },
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

export const update: readonly Draft[] = [
  ...rates,
  ...shifts,
  ...saturation,
  ...weighted,
  ...decays,
  seeds,
];
