import { readModel } from '../../oracle/descriptor.js';
import { denseChain } from '../descriptor.js';
import { type Net, netDescriptor } from '../net.js';
import type { Step, WordFill } from '../script.js';
import { call, convolutionsAndPools, type Draft, finish, look, ready, settings } from './common.js';

/** What a fleet adds to training: layers that stay as they are, and the pull toward the base. */

const nets: Readonly<Record<string, Net>> = {
  'three dense layers': { input: [1, 9, 1], layers: [{ dense: 7 }, { dense: 6 }, { dense: 3 }] },
  'convolutions and pools': convolutionsAndPools,
  'depthwise in the middle': {
    input: [4, 5, 2],
    layers: [
      { conv: 3, kernel: [2, 2] },
      { depthwise: true, kernel: [3, 3], pad: 'same' },
      { dense: 4 },
    ],
  },
  'an embedding at the bottom': {
    input: [1, 7, 1],
    layers: [{ embedding: 6, channels: 4 }, { conv: 3, kernel: 3 }, { dense: 3 }],
  },
  autoencoder: {
    input: [1, 10, 1],
    layers: [{ dense: 6 }, { dense: 4 }, { dense: 10 }],
    loss: 'squared error',
  },
};

/** Prefixes, the middle, the head, and bits that name no layer. */
const masks = [0b001, 0b011, 0b010, 0b100, 0b101, 0b110, 0xfffffff8];

function frozenCase(name: string, net: Net, mask: number, n: number): Draft {
  const descriptor = netDescriptor(net);
  const { classes } = readModel(descriptor);
  return {
    name: `${name}, frozen ${mask.toString(2)}`,
    script: [
      ...ready(
        descriptor,
        { kind: n % 2 > 0 ? 'uniform' : 'small', seed: n },
        { lrShift: 4 },
        mask,
      ),
      ...[0, 1, 2, 3].flatMap((i): Step[] => [
        {
          do: 'train',
          x: { kind: i === 2 ? 'sparse' : 'uniform', seed: n + i },
          label: i % classes,
        },
        ...look,
      ]),
      { do: 'evaluate', x: { kind: 'uniform', seed: 77 }, label: 0 },
      { do: 'logits' },
      ...finish,
    ],
  };
}

/** Everything but training works on a model that is frozen throughout. */
function wholeFrozen(name: string, net: Net): Draft {
  const x = { kind: 'uniform', seed: 6 } as const;
  return {
    name: `${name}, all frozen`,
    script: [
      ...ready(netDescriptor(net), { kind: 'small', seed: 6 }, {}, 0xffffffff),
      { do: 'train', x, label: 0 },
      { do: 'evaluate', x, label: 0 },
      { do: 'infer', x },
      { do: 'logits' },
      call('order', 1, 5, 2),
      { do: 'hash' },
      ...finish,
      ...ready(netDescriptor(net), { kind: 'small', seed: 6 }),
      { do: 'train', x, label: 0 },
      { do: 'hash' },
      ...finish,
    ],
  };
}

/** Bits exist for 32 layers; those above are trained whatever the mask says. */
const deep: Draft = {
  name: '34 layers, frozen as far as bits go',
  script: [
    ...ready(
      denseChain(3, ...new Array<number>(34).fill(3)),
      { kind: 'small', seed: 1 },
      {},
      0xffffffff,
    ),
    ...[0, 1, 2].flatMap((label): Step[] => [
      { do: 'train', x: { kind: 'uniform', seed: label }, label },
      ...look,
    ]),
    ...finish,
  ],
};

export const freezing: readonly Draft[] = [
  ...Object.entries(nets).flatMap(([name, net], n) => [
    ...masks.map((mask, m) => frozenCase(name, net, mask, 8 * n + m)),
    wholeFrozen(name, net),
  ]),
  deep,
];

const bases: readonly WordFill[] = [
  { kind: 'small', seed: 40 },
  { kind: 'top' },
  { kind: 'bottom' },
  { kind: 'limits', seed: 41 },
];

const pulls: readonly Draft[] = [0, 1, 2, 3, 5, 8, 12, 15].map((proximalShift) => ({
  name: `pull of 2^-${proximalShift}`,
  script: [
    ...ready(
      netDescriptor(nets['convolutions and pools']),
      { kind: 'uniform', seed: 4 },
      { proximalShift },
    ),
    ...bases.flatMap((base, i): Step[] => [
      { do: 'pull', base },
      { do: 'hash' },
      { do: 'train', x: { kind: 'uniform', seed: i }, label: i % 3 },
      { do: 'pull', base },
      { do: 'pull', base },
      { do: 'hash' },
    ]),
    ...finish,
  ],
}));

const seeds: Draft = {
  name: 'seeds of the pull',
  script: [
    ...ready(denseChain(12, 9, 3), { kind: 'limits', seed: 1 }, { proximalShift: 4 }),
    ...[{}, { federationSeed: 9 }, { baseVersion: 9 }, { nodeKey: 9 }].flatMap(
      (identity): Step[] => [
        { do: 'load', words: { kind: 'limits', seed: 1 } },
        { do: 'begin', settings: settings({ proximalShift: 4, ...identity }) },
        { do: 'pull', base: { kind: 'small', seed: 3 } },
        { do: 'hash' },
      ],
    ),
    { do: 'storeSlice', offset: 0, count: 128 },
  ],
};

const frozenPull: Draft = {
  name: 'a frozen layer is pulled too',
  script: [
    ...ready(denseChain(6, 5, 3), { kind: 'uniform', seed: 2 }, { proximalShift: 2 }, 1),
    { do: 'pull', base: { kind: 'small', seed: 3 } },
    { do: 'storeSlice', offset: 0, count: 53 },
    { do: 'pull', base: { kind: 'small', seed: 3 } },
    { do: 'hash' },
  ],
};

export const proximal: readonly Draft[] = [...pulls, seeds, frozenPull];
