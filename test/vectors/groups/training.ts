import { decay } from '../../../host/contract/contract.gen.js';
import { chainDescriptor, denseChain } from '../descriptor.js';
import type { Settings, Step, WordFill } from '../script.js';
import { call, type Draft, finish, plan, ready, settings, skipDefault } from './common.js';

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

export const trajectory: readonly Draft[] = runs.map((run, i) => ({
  name: `${run.name}, ${run.steps} steps`,
  script: [
    plan(run.descriptor),
    call('initialise', 11 + i),
    { do: 'hash' },
    { do: 'begin', settings: settings({ skipThreshold: skipDefault, ...run.settings }) },
    { do: 'trajectory', seed: 5 + i, steps: run.steps },
    ...finish,
  ],
}));

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
