import { denseChain } from '../descriptor.js';
import { readModel } from '../../oracle/descriptor.js';
import { toHex } from '../../../host/contract/hash.js';
import type { Settings, Step } from '../script.js';
import { call, type Draft, finish, plan, settings } from './common.js';

/** Order of calls and ranges of arguments: a refused call must change nothing. */

const descriptor = denseChain(9, 16, 3);
const { parameters, classes } = readModel(descriptor);
const x = { kind: 'uniform', seed: 3 } as const;
const most = 2 ** 31 - 1;

const beforePlan: Draft = {
  name: 'every call before plan is ERR_STATE',
  script: [
    { do: 'words', names: ['abi', 'numerics'] },
    call('initialise', 1),
    call('load', 0, 1),
    call('store', 0, 1),
    call('delta', 0, 1),
    call('begin'),
    call('order', 0, 1, 0),
    call('train', 0),
    call('evaluate', 0),
    call('infer'),
    call('check'),
    call('saturations'),
    call('pull', 0, 1),
  ],
};

const beforeBegin: Draft = {
  name: 'training, evaluation and order before begin are ERR_STATE',
  script: [
    plan(descriptor),
    { do: 'words', names: ['parameters', 'layers', 'classes', 'inputBytes'] },
    call('initialise', 1),
    { do: 'train', x, label: 0 },
    { do: 'evaluate', x, label: 0 },
    call('order', 0, 1, 0),
    call('pull', 0, 1),
    { do: 'hash' },
    { do: 'saturations' },
    call('check'),
  ],
};

const zeroWords: Draft = {
  name: 'parameters are zero words between plan and load',
  script: [
    plan(descriptor),
    call('initialise', 1),
    plan(descriptor),
    { do: 'storeSlice', offset: 0, count: 128 },
    { do: 'hash' },
    { do: 'infer', x },
    { do: 'logits' },
    { do: 'begin', settings: settings() },
    { do: 'train', x, label: 1 },
    { do: 'hash' },
    ...finish,
  ],
};

const slices: readonly (readonly [number, number])[] = [
  [-1, 1],
  [0, -1],
  [0, 129],
  [parameters, 1],
  [parameters - 1, 2],
  [parameters - 127, 128],
  [most, 1],
  [most, most],
  [-most - 1, 1],
  [-128, 128],
  [1, most],
];

const refusedSlices: Draft = {
  name: 'slices outside the parameters or the transfer buffer are ERR_RANGE',
  script: [
    plan(descriptor),
    call('initialise', 2),
    { do: 'begin', settings: settings({ proximalShift: 3 }) },
    ...(['load', 'store', 'delta', 'pull'] as const).flatMap((name) =>
      slices.map(([offset, count]) => call(name, offset, count)),
    ),
    { do: 'hash' },
    call('check'),
  ],
};

const goodSlices: Draft = {
  name: 'slices of any length at any offset',
  script: [
    plan(descriptor),
    call('initialise', 2),
    { do: 'storeSlice', offset: parameters - 128, count: 128 },
    { do: 'storeSlice', offset: 1, count: 1 },
    { do: 'loadSlice', offset: 5, values: [-32768, 32767, 0] },
    { do: 'loadSlice', offset: parameters - 1, values: [-32768] },
    { do: 'storeSlice', offset: 4, count: 5 },
    { do: 'hash' },
  ],
};

const refusedLabels: Draft = {
  name: 'labels that are no class are ERR_LABEL',
  script: [
    plan(descriptor),
    call('initialise', 2),
    { do: 'begin', settings: settings() },
    { do: 'train', x, label: 1 },
    { do: 'hash' },
    ...[-1, classes, 255, 256, most, -most - 1].flatMap((label): Step[] => [
      { do: 'train', x, label },
      { do: 'evaluate', x, label },
    ]),
    { do: 'hash' },
    { do: 'train', x, label: 2 },
    { do: 'hash' },
    ...finish,
  ],
};

const badSettings: readonly Partial<Settings>[] = [
  { lrShift: 25 },
  { lrShift: 0xffffffff },
  { lrDecay: 2 },
  { lrDecay: 0x80000000 },
  { skipThreshold: 32768 },
  { skipThreshold: 0xffffffff },
  { proximalShift: 16 },
  { proximalShift: 0xffffffff },
];

const refusedSettings: Draft = {
  name: 'settings outside their range are ERR_RANGE and keep the counters',
  script: [
    plan(descriptor),
    call('initialise', 2),
    { do: 'begin', settings: settings() },
    { do: 'train', x, label: 1 },
    { do: 'evaluate', x, label: 0 },
    ...badSettings.map((bad): Step => ({ do: 'begin', settings: settings(bad) })),
    { do: 'hash' },
    ...finish,
    {
      do: 'begin',
      settings: settings({ lrShift: 24, skipThreshold: 32767, lrDecay: 1, proximalShift: 15 }),
    },
    ...finish,
  ],
};

const refusedOrder: Draft = {
  name: 'order outside 1…2^30 or past its end is ERR_RANGE',
  script: [
    plan(descriptor),
    call('initialise', 2),
    { do: 'begin', settings: settings() },
    ...[
      [0, 0],
      [-1, 0],
      [1, 1],
      [1, -1],
      [5, 5],
      [2 ** 30 + 1, 0],
      [most, 0],
      [-most - 1, 0],
      [10, most],
      [10, -most - 1],
    ].map(([count, index]) => call('order', 0, count, index)),
    ...finish,
  ],
};

const beginAgain: Draft = {
  name: 'begin starts the streams, the steps and the counters again',
  script: [
    plan(descriptor),
    call('initialise', 2),
    { do: 'begin', settings: settings() },
    { do: 'train', x, label: 1 },
    { do: 'hash' },
    { do: 'train', x, label: 2 },
    { do: 'hash' },
    ...finish,
    call('initialise', 2),
    { do: 'begin', settings: settings() },
    ...finish,
    { do: 'train', x, label: 1 },
    { do: 'hash' },
    ...finish,
  ],
};

const refusedPlan: Draft = {
  name: 'a refused plan leaves no model behind',
  script: [
    plan(descriptor),
    call('initialise', 2),
    { do: 'begin', settings: settings() },
    { do: 'plan', descriptor: toHex(descriptor.slice(0, -1)), memoryBytes: 65536 },
    call('initialise', 2),
    call('store', 0, 1),
    call('begin'),
    call('train', 0),
    call('infer'),
    plan(descriptor),
    call('initialise', 2),
    { do: 'hash' },
  ],
};

const again = {
  do: 'plan',
  descriptor: toHex(descriptor),
  memoryBytes: 65536,
  inParts: true,
} as const;

/** prepare, arrange and plan one after the other are what plan is alone. */
const inParts: Draft = {
  name: 'a plan in three parts',
  script: [
    plan(descriptor),
    call('initialise', 2),
    again,
    { do: 'words', names: ['parameters', 'layers', 'classes', 'inputBytes'] },
    { do: 'hash' },
    { do: 'train', x, label: 0 },
    call('initialise', 2),
    { do: 'begin', settings: settings() },
    { do: 'train', x, label: 1 },
    { do: 'hash' },
    ...finish,
    { ...again, frozenLayers: 1 },
    call('initialise', 3),
    { do: 'begin', settings: settings() },
    { do: 'train', x, label: 1 },
    { do: 'hash' },
    { ...again, descriptor: toHex(descriptor.slice(0, -1)) },
    call('initialise', 2),
    call('train', 0),
    { ...again, memoryBytes: 0 },
    call('initialise', 2),
    again,
    call('initialise', 2),
    { do: 'hash' },
    call('check'),
  ],
};

/** What was prepared for one descriptor must not be taken for another. */
const abandoned: Draft = {
  name: 'a plan that was begun for another descriptor',
  script: (['prepare', 'arrange'] as const).flatMap((part): Step[] => [
    plan(denseChain(3, 2)),
    call(part),
    call('initialise', 1),
    call('infer'),
    plan(denseChain(30, 20, 10, 4, 4)),
    call('initialise', 2),
    { do: 'infer', x },
    { do: 'logits' },
    { do: 'hash' },
    call('check'),
    call(part),
    plan(denseChain(5, 3)),
    call('initialise', 2),
    { do: 'infer', x },
    { do: 'logits' },
    { do: 'hash' },
    call('check'),
  ]),
};

/** `beforePlan` needs a fresh kernel and so comes first. */
export const state: readonly Draft[] = [
  beforePlan,
  beforeBegin,
  zeroWords,
  refusedSlices,
  goodSlices,
  refusedLabels,
  refusedSettings,
  refusedOrder,
  beginAgain,
  refusedPlan,
  inParts,
  abandoned,
];
