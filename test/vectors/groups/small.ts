import { toHex } from '../../../host/contract/hash.js';
import { readModel } from '../../oracle/descriptor.js';
import { enoughMemoryBytes } from '../../oracle/memory.js';
import { decay } from '../../../host/contract/contract.gen.js';
import { type Net, netDescriptor } from '../net.js';
import type { Step } from '../script.js';
import { call, type Draft, finish, look, settings, skipDefault } from './common.js';

/**
 * Models that train in about 4 KB of linear memory, for a core with 16 KB of RAM: a little of
 * everything that the other groups look at closely.
 */

const nets: Readonly<Record<string, Net>> = {
  'dense 12-8-3': { input: [1, 12, 1], layers: [{ dense: 8 }, { dense: 3 }] },
  'dense 20-10-6-4': { input: [1, 20, 1], layers: [{ dense: 10 }, { dense: 6 }, { dense: 4 }] },
  'a series: conv k3 s2 x4, global average, dense 3': {
    input: [1, 16, 3],
    layers: [{ conv: 4, kernel: 3, stride: 2, pad: 'same' }, { pool: 'global' }, { dense: 3 }],
  },
  'an image: conv 3x3 x3, max pool 2, dense 3': {
    input: [6, 6, 1],
    layers: [
      { conv: 3, kernel: [3, 3], pad: 'same' },
      { pool: 'max', kernel: [2, 2], stride: [2, 2] },
      { dense: 3 },
    ],
  },
  'depthwise k3, conv k1 x4, dense 3': {
    input: [1, 8, 4],
    layers: [{ depthwise: true, kernel: 3 }, { conv: 4, kernel: 1 }, { dense: 3 }],
  },
  'embedding 8x4, average pool, dense 2': {
    input: [1, 8, 1],
    layers: [
      { embedding: 8, channels: 4 },
      { pool: 'average', kernel: 3, stride: 2 },
      { dense: 2 },
    ],
  },
  'autoencoder 10-4-10': {
    input: [1, 10, 1],
    layers: [{ dense: 4 }, { dense: 10 }],
    loss: 'squared error',
  },
  'dense 6-4-2': { input: [1, 6, 1], layers: [{ dense: 4 }, { dense: 2 }] },
  'autoencoder 6-2-6': {
    input: [1, 6, 1],
    layers: [{ dense: 2 }, { dense: 6 }],
    loss: 'squared error',
  },
};

function planned(descriptor: Uint8Array, frozenLayers?: number): Step {
  const memoryBytes = 64 * Math.ceil(enoughMemoryBytes(readModel(descriptor)) / 64);
  const frozen = frozenLayers === undefined ? {} : { frozenLayers };
  return { do: 'plan', descriptor: toHex(descriptor), memoryBytes, ...frozen };
}

function smallCase([name, net]: [string, Net], n: number): Draft {
  const descriptor = netDescriptor(net);
  const { classes } = readModel(descriptor);
  const plan = { lrShift: 5, lrDecay: decay.STEPS, totalSteps: 40, skipThreshold: skipDefault };
  const x = { kind: 'uniform', seed: n } as const;
  return {
    name,
    script: [
      planned(descriptor),
      call('initialise', n),
      { do: 'hash' },
      { do: 'begin', settings: settings(plan) },
      { do: 'trajectory', seed: n, steps: 40 },
      { do: 'evaluate', x, label: classes - 1 },
      { do: 'logits' },
      ...finish,
      { do: 'load', words: { kind: 'limits', seed: n } },
      { do: 'begin', settings: settings({ lrShift: 1, proximalShift: 3 }) },
      { do: 'train', x, label: 0 },
      ...look,
      { do: 'pull', base: { kind: 'small', seed: n } },
      { do: 'delta', base: { kind: 'small', seed: n } },
      ...finish,
      planned(descriptor, 1),
      call('initialise', n),
      { do: 'begin', settings: settings() },
      { do: 'train', x, label: 0 },
      ...look,
      ...finish,
    ],
  };
}

export const small: readonly Draft[] = Object.entries(nets).map(smallCase);
