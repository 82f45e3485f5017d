import { decay } from '../../../host/contract/contract.gen.js';
import { chainDescriptor, denseChain } from '../descriptor.js';
import { netDescriptor } from '../net.js';
import type { Settings, Step, WordFill } from '../script.js';
import { call, type Draft, finish, ready, settings, skipDefault } from './common.js';

/** Long runs from initial weights, with a hash after every step; deltas and their saturation. */

interface Run {
  readonly name: string;
  readonly descriptor: Uint8Array;
  readonly steps: number;
  readonly settings: Partial<Settings>;
}

const runs: readonly Run[] = [
  {
    name: '64-32-6',
    descriptor: denseChain(64, 32, 6),
    steps: 240,
    settings: { lrShift: 3 },
  },
  {
    name: '130-32-3 with class weights',
    descriptor: denseChain(130, 32, 3),
    steps: 220,
    settings: { lrShift: 4, classWeights: [0, 2, 1] },
  },
  {
    name: '12-9-7-5 with decay',
    descriptor: denseChain(12, 9, 7, 5),
    steps: 400,
    settings: { lrShift: 2, lrDecay: decay.STEPS, totalSteps: 400 },
  },
  {
    name: '21-10-4 without ReLU',
    descriptor: chainDescriptor({
      inputs: 21,
      layers: [{ outputs: 10, relu: false }, { outputs: 4 }],
    }),
    steps: 200,
    settings: { lrShift: 4, federationSeed: 77, baseVersion: 3 },
  },
];

function trajectoryCase(run: Run, i: number): Draft {
  return {
    name: `${run.name}, ${run.steps} steps`,
    script: [
      ...ready(run.descriptor, { kind: 'neutral' }),
      call('initialise', 11 + i),
      { do: 'hash' },
      { do: 'begin', settings: settings({ skipThreshold: skipDefault, ...run.settings }) },
      { do: 'trajectory', seed: 5 + i, steps: run.steps },
      ...finish,
    ],
  };
}

export const trajectory: readonly Draft[] = runs.map(trajectoryCase);

/** Nets that sensors really have. */
const sensors: readonly Run[] = [
  {
    name: 'activity: conv k5 s2 x8, conv k5 s2 x16, global average, dense 6 on 128x9',
    descriptor: netDescriptor({
      input: [1, 128, 9],
      layers: [
        { conv: 8, kernel: 5, stride: 2, pad: 'same' },
        { conv: 16, kernel: 5, stride: 2, pad: 'same' },
        { pool: 'global' },
        { dense: 6 },
      ],
    }),
    steps: 100,
    settings: { lrShift: 3, lrDecay: decay.STEPS, totalSteps: 100 },
  },
  {
    name: 'heart: conv k7 s2 x8, conv k5 s2 x16, max pool 4, dense 3 on 128x3',
    descriptor: netDescriptor({
      input: [1, 128, 3],
      layers: [
        { conv: 8, kernel: 7, stride: 2 },
        { conv: 16, kernel: 5, stride: 2 },
        { pool: 'max', kernel: 4, stride: 4 },
        { dense: 3 },
      ],
    }),
    steps: 100,
    settings: { lrShift: 6, classWeights: [0, 2, 1] },
  },
  {
    name: 'image: conv 3x3 s2 x6, conv 3x3 s2 x8, dense 5 on 12x12',
    descriptor: netDescriptor({
      input: [12, 12, 1],
      layers: [
        { conv: 6, kernel: [3, 3], stride: [2, 2], pad: 'same' },
        { conv: 8, kernel: [3, 3], stride: [2, 2] },
        { dense: 5 },
      ],
    }),
    steps: 150,
    settings: { lrShift: 5 },
  },
  {
    name: 'sound: depthwise k3, conv k1 x6, average pool 2, dense 4 on 20x5',
    descriptor: netDescriptor({
      input: [1, 20, 5],
      layers: [
        { depthwise: true, kernel: 3, pad: 'same' },
        { conv: 6, kernel: 1 },
        { pool: 'average', kernel: 2, stride: 2 },
        { dense: 4 },
      ],
    }),
    steps: 150,
    settings: { lrShift: 4 },
  },
  {
    name: 'text: embedding 20x6, conv k3 x6, global average, dense 3 on 12',
    descriptor: netDescriptor({
      input: [1, 12, 1],
      layers: [
        { embedding: 20, channels: 6 },
        { conv: 6, kernel: 3 },
        { pool: 'global' },
        { dense: 3 },
      ],
    }),
    steps: 150,
    settings: { lrShift: 3 },
  },
  {
    name: 'anomaly: dense 32-8-32',
    descriptor: netDescriptor({
      input: [1, 32, 1],
      layers: [{ dense: 8 }, { dense: 32 }],
      loss: 'squared error',
    }),
    steps: 150,
    settings: { lrShift: 9, skipThreshold: 0 },
  },
];

export const network: readonly Draft[] = sensors.map((run, i) => trajectoryCase(run, i + 20));

const bases: readonly WordFill[] = [
  { kind: 'top' },
  { kind: 'bottom' },
  { kind: 'neutral' },
  { kind: 'uniform', seed: 21 },
];

export const delta: readonly Draft[] = (
  [
    { kind: 'top' },
    { kind: 'bottom' },
    { kind: 'limits', seed: 9 },
    { kind: 'small', seed: 9 },
  ] as WordFill[]
).map((words, i) => ({
  name: `deltas of ${'kind' in words ? words.kind : 'given'} parameters`,
  script: [
    ...ready(denseChain(11, 12, 3), words),
    ...bases.map((base): Step => ({ do: 'delta', base })),
    { do: 'train', x: { kind: 'uniform', seed: i }, label: 1 },
    { do: 'delta', base: words },
    { do: 'hash' },
    ...finish,
  ],
}));
