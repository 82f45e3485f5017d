import { denseChain, exponentChain } from '../descriptor.js';
import type { Step } from '../script.js';
import { type Draft, everyInput, everyWord, finish, look, ready } from './common.js';

/** Dense layers: shapes off the multiples of four, weights and inputs at their edges. */

const smallShapes = [
  [1, 1, 2],
  [2, 3, 2],
  [3, 2, 3],
  [4, 4, 4],
  [5, 7, 3],
  [7, 5, 6],
  [8, 8, 8],
  [9, 1, 2],
  [15, 17, 5],
  [16, 4, 2],
  [1, 128, 3],
  [33, 6, 37],
];
const largeShapes = [
  [127, 31, 3],
  [128, 127, 2],
  [129, 128, 5],
  [127, 127, 7],
];

type WordKind = (typeof everyWord)[number];
type InputKind = (typeof everyInput)[number];

const edgeWords: readonly WordKind[] = ['uniform', 'limits', 'bottom'];
const edgeInputs: readonly InputKind[] = ['uniform', 'bottom', 'sparse'];

function shapeCases(
  shapes: readonly number[][],
  words: readonly WordKind[],
  inputs: readonly InputKind[],
): Draft[] {
  return shapes.flatMap(([I, O, classes]) =>
    words.map((kind) => ({
      name: `${I}-${O}-${classes}, ${kind} weights`,
      script: [
        ...ready(denseChain(I, O, classes), { kind, seed: I }, { lrShift: 5 }),
        ...inputs.flatMap((input, i): Step[] => [
          { do: 'train', x: { kind: input, seed: O + i }, label: i % classes },
          ...look,
        ]),
        { do: 'evaluate', x: { kind: 'uniform', seed: 99 }, label: 0 },
        { do: 'infer', x: { kind: 'signs', seed: 98 } },
        ...finish,
      ],
    })),
  );
}

/** One dense layer: its error comes straight from the loss and nothing flows back. */
const single: Draft[] = [1, 2, 3, 4, 5, 8, 127].map((I) => ({
  name: `${I}-3 without a hidden layer`,
  script: [
    ...ready(denseChain(I, 3), { kind: 'uniform', seed: I }, { lrShift: 4 }),
    ...everyInput.flatMap((kind, i): Step[] => [
      { do: 'train', x: { kind, seed: i }, label: i % 3 },
      ...look,
    ]),
    ...finish,
  ],
}));

/** Hidden layers without an activation: negative values pass, nothing is masked. */
const linear: Draft[] = ([['uniform'], ['limits'], ['bottom']] as [WordKind][]).map(([kind]) => ({
  name: `10-6-5-4 without ReLU, ${kind} weights`,
  script: [
    ...ready(exponentChain([10, 6, 5, 4], -7, -5, false), { kind, seed: 4 }),
    ...everyInput.flatMap((input, i): Step[] => [
      { do: 'train', x: { kind: input, seed: i }, label: i % 4 },
      ...look,
    ]),
    ...finish,
  ],
}));

export const dense: readonly Draft[] = [
  ...shapeCases(smallShapes, everyWord, everyInput),
  ...shapeCases(largeShapes, edgeWords, edgeInputs),
  ...single,
  ...linear,
];

/** Sums of exponents at which a bias changes its alignment: 12 / 13, 0, −12 … −27, and the ends. */
const pairs: readonly (readonly [number, number])[] = [
  [6, 6],
  [7, 6],
  [-6, -6],
  [-6, -7],
  [-5, -6],
  [-13, -12],
  [-13, -13],
  [-14, -13],
  [0, 0],
  [24, 24],
  [-24, -24],
  [24, -24],
  [-24, 24],
  [-7, 24],
  [-7, -24],
  [24, -6],
  [-24, -6],
];

export const exponents: readonly Draft[] = pairs.flatMap(([ex, ew]) =>
  [
    [5, 4],
    [6, 5, 4, 3],
    [3, 3, 3, 3, 3, 2],
  ].map((sizes) => ({
    name: `${sizes.join('-')}, input exponent ${ex}, weight exponent ${ew}`,
    script: [
      ...ready(exponentChain(sizes, ex, ew), { kind: 'uniform', seed: ex + ew + 50 }),
      ...everyInput.flatMap((kind, i): Step[] => [
        { do: 'train', x: { kind, seed: i }, label: i % 2 },
        ...look,
      ]),
      ...finish,
    ],
  })),
);
