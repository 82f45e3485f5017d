import { chainDescriptor, denseChain } from '../descriptor.js';
import type { Step } from '../script.js';
import { call, type Draft, finish, plan, settings } from './common.js';

/** Initial weights, and permutations of samples. */

const models: readonly (readonly [string, Uint8Array])[] = [
  ['1-1-2', denseChain(1, 1, 2)],
  ['64-32-6', denseChain(64, 32, 6)],
  ['130-32-3', denseChain(130, 32, 3)],
  ['12-9-7-5', denseChain(12, 9, 7, 5)],
  ['7-5 with the largest bound', chainDescriptor(withBound(16383))],
  ['7-5 with bound 1', chainDescriptor(withBound(1))],
  ['7-5 with bound 0', chainDescriptor(withBound(0))],
];

function withBound(initBound: number): Parameters<typeof chainDescriptor>[0] {
  return { inputs: 7, layers: [{ outputs: 5, initBound, weightExponent: -5 }] };
}

const seeds = [0, 1, 2, 0x7fffffff, -1, -2147483648];

export const initialise: readonly Draft[] = models.map(([name, descriptor]) => ({
  name: `initial weights of ${name}`,
  script: [
    plan(descriptor),
    { do: 'words', names: ['parameters', 'layers', 'classes', 'inputBytes'] },
    ...seeds.flatMap((seed): Step[] => [call('initialise', seed), { do: 'hash' }]),
    call('check'),
  ],
}));

const identities = [
  { federationSeed: 0, baseVersion: 0, nodeKey: 0 },
  { federationSeed: 1, baseVersion: 0, nodeKey: 0 },
  { federationSeed: 0, baseVersion: 1, nodeKey: 0 },
  { federationSeed: 0, baseVersion: 0, nodeKey: 1 },
  { federationSeed: 0xffffffff, baseVersion: 0xffffffff, nodeKey: 0xffffffff },
];

const small: Step[] = [1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65].map((count) => ({
  do: 'permutation',
  stream: 1,
  count,
}));

const large: Step[] = [255, 256, 257, 1000, 65535, 65536, 65537, 2 ** 28 + 1, 2 ** 30].flatMap(
  (count) =>
    [0, 1, count >> 1, count - 2, count - 1].map((index) => call('order', 7, count, index)),
);

export const order: readonly Draft[] = identities.map((identity, i) => ({
  name: `permutations of node ${i}`,
  script: [
    plan(denseChain(3, 2)),
    call('initialise', 1),
    { do: 'begin', settings: settings(identity) },
    ...(i === 0 ? [...small, ...large] : []),
    ...[0, 1, 2, -1, 2 ** 31 - 1].map((stream): Step => ({ do: 'permutation', stream, count: 20 })),
    ...finish,
  ],
}));
