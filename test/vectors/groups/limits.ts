import { type Net, netDescriptor } from '../net.js';
import type { Step, WordFill } from '../script.js';
import { type Draft, exercise, finish, look, plan, ready, settings } from './common.js';

/** Words on their way to the limits of int16, step by step, and samples beyond theirs. */

/**
 * The logits of these nets are too small to matter, so the error never dies out and every word drifts at
 * the rate of the shift s = L − 18 − class weight, about.
 */
const weightExponent = -24;
const drifting: Readonly<Record<string, Net>> = {
  dense: { input: [1, 13, 1], layers: [{ dense: 5, weightExponent }] },
  'dense, two layers': {
    input: [1, 9, 1],
    layers: [
      { dense: 6, weightExponent: -4 },
      { dense: 3, weightExponent },
    ],
  },
  conv: { input: [1, 7, 3], layers: [{ conv: 3, kernel: 7, weightExponent }] },
  'conv above a depthwise one': {
    input: [1, 8, 2],
    layers: [
      { depthwise: true, kernel: 3, weightExponent: -4 },
      { conv: 3, kernel: 6, weightExponent },
    ],
  },
};

const starts: readonly (readonly [string, WordFill])[] = [
  ['small', { kind: 'small', seed: 1 }],
  ['uniform', { kind: 'uniform', seed: 2 }],
];

const top = { kind: 'top' } as const;
const bytes = { kind: 'tokens', seed: 3 } as const;

function drift(name: string, net: Net, [kind, words]: (typeof starts)[number], s: number): Draft {
  const weight = -12 - s;
  const classWeights = [weight, weight, weight, weight, weight];
  const descriptor = netDescriptor(net);
  const outputs = name === 'dense' ? 5 : 3;
  return {
    name: `${name}, drift from ${kind} weights at a shift of ${s}`,
    script: [
      ...ready(descriptor, words, { lrShift: 6, classWeights: classWeights.slice(0, outputs) }),
      ...Array.from({ length: 18 }, (_, t): Step[] => [
        { do: 'train', x: t % 5 === 4 ? bytes : top, label: t < 15 ? 1 : 0 },
        { do: 'hash' },
        ...(t === 14 ? [{ do: 'saturations' } as const] : []),
      ]).flat(),
      { do: 'logits' },
      ...finish,
    ],
  };
}

const drifts: readonly Draft[] = Object.entries(drifting).flatMap(([name, net]) =>
  starts.flatMap((start) => [0, 1, 2, 3, 4, 6].map((s) => drift(name, net, start, s))),
);

/** Whatever a kernel knows about the size of its words ends where somebody else writes them. */
const written: Draft = {
  name: 'words at the limits after loads, pulls and initialisation between steps',
  script: [
    plan(netDescriptor(drifting['dense'])),
    { do: 'call', name: 'initialise', args: [5] },
    { do: 'begin', settings: settings({ classWeights: [-14, -14, -14, -14, -14] }) },
    { do: 'train', x: top, label: 1 },
    { do: 'loadSlice', offset: 12, values: [32767, -32768] },
    { do: 'train', x: top, label: 2 },
    { do: 'hash' },
    { do: 'loadSlice', offset: 69, values: [-32768] },
    { do: 'train', x: top, label: 4 },
    { do: 'hash' },
    { do: 'call', name: 'initialise', args: [6] },
    {
      do: 'begin',
      settings: settings({ classWeights: [-14, -14, -14, -14, -14], proximalShift: 1 }),
    },
    { do: 'train', x: top, label: 1 },
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((): Step => ({ do: 'pull', base: { kind: 'top' } })),
    { do: 'train', x: top, label: 1 },
    { do: 'hash' },
    { do: 'train', x: bytes, label: 1 },
    { do: 'hash' },
    ...finish,
  ],
};

const widest: Draft = {
  name: 'initial words as large as they may be, at a shift of 2',
  script: [
    plan(
      netDescriptor({
        input: [1, 16, 1],
        layers: [{ dense: 3, weightExponent, initBound: 16383 }],
      }),
    ),
    { do: 'call', name: 'initialise', args: [9] },
    { do: 'begin', settings: settings({ classWeights: [-14, -14, -14] }) },
    ...Array.from({ length: 9 }, (_, t): Step[] => [
      { do: 'train', x: t % 2 > 0 ? bytes : top, label: 1 },
      { do: 'hash' },
    ]).flat(),
    ...finish,
  ],
};

const firsts: Readonly<Record<string, Net>> = {
  dense: { input: [1, 11, 1], layers: [{ dense: 6 }, { dense: 3 }] },
  conv: { input: [1, 9, 3], layers: [{ conv: 5, kernel: 3, pad: 'same' }, { dense: 3 }] },
  depthwise: { input: [5, 4, 2], layers: [{ depthwise: true, kernel: [3, 2] }, { dense: 3 }] },
  'max pool': { input: [1, 9, 3], layers: [{ pool: 'max', kernel: 1, stride: 2 }, { dense: 3 }] },
  'average pool': { input: [1, 8, 2], layers: [{ pool: 'average', kernel: 1 }, { dense: 3 }] },
  'global average': { input: [1, 1, 8], layers: [{ pool: 'global' }, { dense: 3 }] },
  autoencoder: { input: [1, 9, 1], layers: [{ dense: 4 }, { dense: 9 }], loss: 'squared error' },
};

/** −128 is no value of an activation, but a sample may hold it. */
const lowest: readonly Draft[] = Object.entries(firsts).map(([name, net], n) => {
  const length = net.input[0] * net.input[1] * net.input[2];
  const x = { values: new Array<number>(length).fill(-128) };
  return {
    name: `samples of -128 under a layer: ${name}`,
    script: [
      ...ready(
        netDescriptor(net),
        { kind: n % 2 > 0 ? 'bottom' : 'uniform', seed: n },
        { lrShift: 3 },
      ),
      { do: 'train', x, label: 0 },
      ...look,
      { do: 'train', x: bytes, label: 0 },
      ...look,
      { do: 'train', x: { ...bytes, seed: 4 }, label: 0 },
      ...look,
      ...finish,
    ],
  };
});

/** A sample stays where it is until another one is written. */
const again: readonly Draft[] = Object.entries(firsts).map(([name, net], n) => ({
  name: `a sample that is used again: ${name}`,
  script: [
    ...exercise(name, netDescriptor(net), n).script,
    ...[0, 0, 0].flatMap((label): Step[] => [
      { do: 'train', label },
      ...look,
      { do: 'infer' },
      { do: 'evaluate', label },
      { do: 'logits' },
    ]),
    ...finish,
  ],
}));

export const limits: readonly Draft[] = [...drifts, written, widest, ...lowest, ...again];
