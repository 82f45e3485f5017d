import { type Net, netDescriptor, type NetLayer } from '../net.js';
import type { Step, WordFill } from '../script.js';
import { type Draft, finish, look, ready } from './common.js';

/** Embeddings: tokens within and beyond the vocabulary, rows that several positions change. */

const nets: Readonly<Record<string, Net>> = {
  'one token, two words': {
    input: [1, 1, 1],
    layers: [{ embedding: 2, channels: 1 }, { dense: 2 }],
  },
  'dense above': { input: [1, 6, 1], layers: [{ embedding: 5, channels: 3 }, { dense: 4 }] },
  'the whole vocabulary': {
    input: [1, 5, 1],
    layers: [{ embedding: 256, channels: 2 }, { dense: 3 }],
  },
  'a convolution above': {
    input: [1, 9, 1],
    layers: [
      { embedding: 12, channels: 4 },
      { conv: 5, kernel: 3, pad: 'same' },
      { pool: 'global' },
      { dense: 3 },
    ],
  },
  'tokens in two dimensions': {
    input: [3, 4, 1],
    layers: [{ embedding: 9, channels: 5 }, { conv: 3, kernel: [2, 2], relu: false }, { dense: 3 }],
  },
  'a depthwise convolution above': {
    input: [1, 7, 1],
    layers: [{ embedding: 4, channels: 6 }, { depthwise: true, kernel: 3 }, { dense: 3 }],
  },
  'an average pool above': {
    input: [1, 8, 1],
    layers: [
      { embedding: 3, channels: 7 },
      { pool: 'average', kernel: 3, stride: 2 },
      { dense: 3 },
    ],
  },
  'a max pool above, one row only': {
    input: [1, 8, 1],
    layers: [{ embedding: 3, channels: 4 }, { pool: 'max', kernel: 8 }, { dense: 3 }],
  },
};

const tokens = { kind: 'tokens', seed: 5 } as const;
const few = (length: number): number[] => Array.from({ length }, (_, i) => (i * i) % 4);

const fills: readonly WordFill[] = [
  { kind: 'small', seed: 3 },
  { kind: 'limits', seed: 4 },
  { kind: 'uniform', seed: 5 },
];

function cases(name: string, net: Net): Draft[] {
  const length = net.input[0] * net.input[1];
  return fills.map((words, n) => ({
    name: `${name}, ${'kind' in words ? words.kind : 'given'} weights`,
    script: [
      ...ready(netDescriptor(net), words, { lrShift: 3 + n }),
      ...[
        { values: few(length) },
        tokens,
        { values: new Array<number>(length).fill(1) },
        { values: new Array<number>(length).fill(-1) },
        { values: few(length).reverse() },
      ].flatMap((x, i): Step[] => [{ do: 'train', x, label: i % 2 }, ...look]),
      { do: 'evaluate', x: tokens, label: 1 },
      { do: 'logits' },
      ...finish,
    ],
  }));
}

/** The exponent of the input plays no part; that of the table is the output's. */
const exponents: readonly Draft[] = [
  [-24, -6],
  [24, -6],
  [-7, -24],
  [-7, 24],
  [0, 0],
].map(([inputExponent, weightExponent]) => {
  const layers: readonly NetLayer[] = [
    { embedding: 6, channels: 3, weightExponent },
    { conv: 4, kernel: 2 },
    { dense: 3 },
  ];
  const descriptor = netDescriptor({ input: [1, 5, 1], inputExponent, layers });
  return {
    name: `input exponent ${inputExponent}, table exponent ${weightExponent}`,
    script: [
      ...ready(descriptor, { kind: 'small', seed: 8 }, { lrShift: 4 }),
      ...[0, 1, 2].flatMap((label): Step[] => [
        { do: 'train', x: { values: few(5) }, label },
        ...look,
      ]),
      ...finish,
    ],
  };
});

const initial: Draft = {
  name: 'initial table',
  script: [
    ...ready(netDescriptor(nets['a convolution above']), { kind: 'small' }),
    { do: 'call', name: 'initialise', args: [77] },
    { do: 'hash' },
    { do: 'storeSlice', offset: 0, count: 60 },
    { do: 'words', names: ['parameters', 'layers', 'classes', 'inputBytes'] },
  ],
};

export const embedding: readonly Draft[] = [
  ...Object.entries(nets).flatMap(([name, net]) => cases(name, net)),
  ...exponents,
  initial,
];
