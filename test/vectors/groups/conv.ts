import { type Net, netDescriptor, type NetLayer } from '../net.js';
import { type Draft, exercise } from './common.js';

/** Convolutions: kernels, strides and pads around every edge, channels off the multiples of four. */

interface Shape {
  readonly input: Net['input'];
  readonly kernel: number | readonly [number, number];
  readonly stride?: number | readonly [number, number];
  readonly pad?: 'same' | readonly [number, number, number, number];
}

const series: readonly Shape[] = [
  { input: [1, 1, 1], kernel: 1 },
  { input: [1, 2, 1], kernel: 2 },
  { input: [1, 5, 1], kernel: 1, stride: 2 },
  { input: [1, 9, 2], kernel: 3 },
  { input: [1, 9, 3], kernel: 3, stride: 2, pad: 'same' },
  { input: [1, 10, 4], kernel: 5, stride: 2, pad: 'same' },
  { input: [1, 11, 5], kernel: 4, stride: 3, pad: [0, 2, 0, 0] },
  { input: [1, 8, 6], kernel: 2, stride: 3 },
  { input: [1, 13, 7], kernel: 7, stride: 2, pad: [0, 6, 0, 1] },
  { input: [1, 7, 3], kernel: 7 },
  { input: [1, 3, 2], kernel: 7, pad: [0, 3, 0, 3] },
  { input: [1, 4, 9], kernel: 5, stride: 1, pad: [0, 0, 0, 4] },
  { input: [1, 4, 8], kernel: 5, stride: 3, pad: [0, 4, 0, 3] },
  { input: [1, 1, 4], kernel: 3, pad: 'same' },
  { input: [1, 6, 16], kernel: 3, stride: 3 },
  { input: [1, 17, 1], kernel: 6, stride: 1, pad: [0, 1, 0, 5] },
  { input: [1, 4, 33], kernel: 3, pad: 'same' },
  { input: [1, 40, 1], kernel: 7, stride: 2 },
];

const images: readonly Shape[] = [
  { input: [3, 3, 1], kernel: [3, 3] },
  { input: [4, 5, 2], kernel: [3, 3], pad: 'same' },
  { input: [6, 5, 3], kernel: [3, 3], stride: [2, 2], pad: 'same' },
  { input: [5, 7, 1], kernel: [2, 4], stride: [1, 3], pad: [1, 0, 0, 3] },
  { input: [7, 4, 2], kernel: [7, 1], stride: [3, 1], pad: [5, 0, 2, 0] },
  { input: [4, 7, 3], kernel: [1, 7], stride: [1, 2], pad: [0, 2, 0, 5] },
  { input: [2, 2, 5], kernel: [5, 4], pad: [4, 3, 1, 0] },
  { input: [1, 6, 4], kernel: [3, 2], pad: [1, 1, 1, 0] },
  { input: [9, 1, 3], kernel: [3, 1], stride: [2, 1] },
  { input: [5, 5, 4], kernel: [1, 1], stride: [2, 3] },
  { input: [6, 6, 1], kernel: [5, 5], stride: [3, 3], pad: [2, 1, 3, 4] },
];

const describeShape = ({ input, kernel, stride = 1, pad }: Shape): string =>
  `${input.join('x')}, kernel ${String(kernel)}, stride ${String(stride)}, pad ${String(pad ?? 0)}`;

const filters = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 17];

/** One convolution below a dense layer: nothing flows back through it. */
const single: readonly Draft[] = [...series, ...images].map((shape, n) => {
  const conv = filters[n % filters.length];
  const layers = [{ conv, ...shape }, { dense: 3 }];
  return exercise(
    `conv ${conv} on ${describeShape(shape)}`,
    netDescriptor({ ...shape, layers }),
    n,
  );
});

/** The same shapes with another convolution below, whose error flows through them. */
const stacked: readonly Draft[] = [...series, ...images].map((shape, n) => {
  const [height, width, channels] = shape.input;
  const conv = filters[(n + 4) % filters.length];
  const first: NetLayer = { conv: channels, kernel: 1, relu: n % 3 > 0 };
  const layers = [first, { conv, ...shape, relu: n % 2 > 0 }, { dense: 2 + (n % 4) }];
  const descriptor = netDescriptor({ input: [height, width, 1 + (n % 3)], layers });
  return exercise(`conv ${conv} above another on ${describeShape(shape)}`, descriptor, n + 1);
});

const nets: Readonly<Record<string, Net>> = {
  'conv as the last layer': {
    input: [1, 8, 3],
    layers: [
      { conv: 4, kernel: 3 },
      { conv: 5, kernel: 6 },
    ],
  },
  'conv as the last layer, several positions': {
    input: [1, 9, 2],
    layers: [
      { conv: 3, kernel: 3, stride: 2 },
      { conv: 2, kernel: 2 },
    ],
  },
  'a single conv on an image': {
    input: [4, 4, 3],
    layers: [{ conv: 3, kernel: [3, 3], stride: [2, 2], pad: [1, 1, 0, 0] }],
  },
  'a single conv of one window': { input: [1, 5, 3], layers: [{ conv: 7, kernel: 5 }] },
  'conv on the outputs of a dense layer': {
    input: [1, 6, 1],
    layers: [{ dense: 10 }, { conv: 3, kernel: 3, stride: 2, pad: 'same' }, { dense: 3 }],
  },
  'four convolutions': {
    input: [6, 6, 2],
    layers: [
      { conv: 3, kernel: [3, 3], pad: 'same' },
      { conv: 5, kernel: [3, 3], stride: [2, 2] },
      { conv: 4, kernel: [1, 1], relu: false },
      { conv: 6, kernel: [2, 2], pad: [0, 1, 1, 0] },
      { dense: 4 },
    ],
  },
  'padding on an input of one element': {
    input: [1, 1, 1],
    layers: [
      { conv: 2, kernel: [7, 7], pad: [6, 6, 6, 6] },
      { conv: 2, kernel: [7, 7], stride: [7, 7] },
    ],
  },
};

const whole: readonly Draft[] = Object.entries(nets).flatMap(([name, net], n) =>
  [0, 1, 2].map((k) => exercise(name, netDescriptor(net), 3 * n + k, { steps: 4 })),
);

/** Exponents that move the alignment of biases and the shift of updates. */
const exponents: readonly Draft[] = [
  [-24, -24],
  [24, 24],
  [-7, 6],
  [-6, -6],
  [-13, -13],
  [0, -3],
].map(([inputExponent, weightExponent], n) => {
  const layers: readonly NetLayer[] = [
    { conv: 3, kernel: 3, weightExponent },
    { conv: 4, kernel: 3, stride: 2, weightExponent },
    { dense: 3, weightExponent },
  ];
  const descriptor = netDescriptor({ input: [1, 9, 2], inputExponent, layers });
  return exercise(`exponents ${inputExponent}, ${weightExponent}`, descriptor, n);
});

export const conv: readonly Draft[] = [...single, ...stacked, ...whole, ...exponents];

/** Depthwise convolutions of the same shapes, over and under full ones. */
export const depthwise: readonly Draft[] = [...series, ...images].flatMap((shape, n) => {
  const [height, width, channels] = shape.input;
  const name = `depthwise on ${describeShape(shape)}`;
  const layer: NetLayer = { depthwise: true, ...shape, relu: n % 3 > 0 };
  const first = netDescriptor({ ...shape, layers: [layer, { dense: 3 }] });
  const above = netDescriptor({
    input: [height, width, 2],
    layers: [
      { conv: channels, kernel: 1, relu: n % 2 > 0 },
      layer,
      { conv: 4, kernel: 1 },
      { dense: 4 },
    ],
  });
  return [exercise(name, first, n), exercise(`${name}, between convolutions`, above, n + 2)];
});
