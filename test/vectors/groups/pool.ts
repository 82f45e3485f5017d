import { type Net, netDescriptor, type NetLayer } from '../net.js';
import { type Draft, exercise } from './common.js';

/** Pools: windows that overlap, touch and leave gaps; ties; divisors that are no power of two. */

interface Shape {
  readonly kernel: number | readonly [number, number];
  readonly stride: number | readonly [number, number];
  readonly input: Net['input'];
}

const shapes: readonly Shape[] = [
  { input: [1, 1, 3], kernel: 1, stride: 1 },
  { input: [1, 8, 1], kernel: 2, stride: 2 },
  { input: [1, 9, 4], kernel: 3, stride: 1 },
  { input: [1, 9, 5], kernel: 3, stride: 2 },
  { input: [1, 11, 3], kernel: 2, stride: 3 },
  { input: [1, 12, 2], kernel: 5, stride: 4 },
  { input: [1, 7, 6], kernel: 7, stride: 1 },
  { input: [4, 4, 2], kernel: [2, 2], stride: [2, 2] },
  { input: [5, 6, 3], kernel: [3, 3], stride: [1, 2] },
  { input: [5, 5, 1], kernel: [4, 2], stride: [1, 1] },
  { input: [7, 3, 4], kernel: [1, 3], stride: [3, 1] },
  { input: [6, 5, 2], kernel: [2, 1], stride: [3, 2] },
  { input: [6, 1, 7], kernel: [3, 1], stride: [2, 1] },
];

const kinds = ['max', 'average'] as const;

function poolCases({ input, kernel, stride }: Shape, n: number): Draft[] {
  const [height, width, channels] = input;
  return kinds.flatMap((pool, k) => {
    const layer: NetLayer = { pool, kernel, stride };
    const name = `${pool} pool ${String(kernel)}, stride ${String(stride)}, of ${input.join('x')}`;
    const first = netDescriptor({ input, layers: [layer, { dense: 3 }] });
    const below: NetLayer = { conv: channels, kernel: 1, relu: (n + k) % 3 > 0 };
    const layers = [below, layer, { dense: 2 + (n % 3) }];
    const above = netDescriptor({ input: [height, width, 2], layers });
    return [
      exercise(`${name}, of the input`, first, n),
      exercise(`${name}, of a convolution`, above, n + k, { steps: 4 }),
    ];
  });
}

const global: readonly Draft[] = [
  [1, 1, 2],
  [1, 2, 3],
  [1, 3, 5],
  [1, 5, 4],
  [1, 12, 6],
  [3, 3, 2],
  [2, 7, 8],
  [1, 33, 3],
].map(([height, width, channels], n) => {
  const layers: readonly NetLayer[] = [
    { conv: channels, kernel: 1, relu: n % 3 > 0 },
    { pool: 'global' },
    { dense: 3 },
  ];
  const descriptor = netDescriptor({ input: [height, width, 3], layers });
  return exercise(`global average of ${height}x${width}x${channels}`, descriptor, n, { steps: 4 });
});

const nets: Readonly<Record<string, Net>> = {
  'a pool of a pool of a pool': {
    input: [6, 8, 2],
    layers: [
      { conv: 3, kernel: [3, 3], pad: 'same' },
      { pool: 'max', kernel: [2, 2], stride: [2, 2] },
      { pool: 'average', kernel: [2, 3] },
      { pool: 'global' },
      { dense: 3 },
    ],
  },
  'a padded convolution above a pool': {
    input: [1, 16, 3],
    layers: [
      { conv: 4, kernel: 3 },
      { pool: 'max', kernel: 2, stride: 2 },
      { conv: 5, kernel: 5, pad: 'same' },
      { pool: 'average', kernel: 3, stride: 3 },
      { dense: 4 },
    ],
  },
  'pools of a dense layer': {
    input: [1, 5, 1],
    layers: [
      { dense: 11 },
      { pool: 'max', kernel: 1 },
      { pool: 'average', kernel: 1, stride: 3 },
      { pool: 'global' },
      { dense: 3 },
    ],
  },
  'the global average of the input': {
    input: [3, 5, 4],
    layers: [{ pool: 'global' }, { dense: 4 }],
  },
  'logits by a convolution above a global average': {
    input: [1, 9, 2],
    layers: [{ conv: 6, kernel: 3 }, { pool: 'global' }, { conv: 3, kernel: 1 }],
  },
  'a pool above and under depthwise convolutions': {
    input: [5, 5, 3],
    layers: [
      { depthwise: true, kernel: [3, 3], pad: 'same' },
      { pool: 'average', kernel: [2, 2] },
      { depthwise: true, kernel: [2, 2] },
      { pool: 'max', kernel: [3, 3] },
      { dense: 3 },
    ],
  },
};

const whole: readonly Draft[] = Object.entries(nets).flatMap(([name, net], n) =>
  [0, 1, 2].map((k) => exercise(name, netDescriptor(net), 3 * n + k, { steps: 4 })),
);

export const pool: readonly Draft[] = [...shapes.flatMap(poolCases), ...global, ...whole];
