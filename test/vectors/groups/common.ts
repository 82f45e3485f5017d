import { constant, decay } from '../../../host/contract/contract.gen.js';
import { toHex } from '../../../host/contract/hash.js';
import { readModel } from '../../oracle/descriptor.js';
import { generousMemoryBytes } from '../../oracle/memory.js';
import type { Net } from '../net.js';
import type { InputFill, Settings, Step, WordFill } from '../script.js';

/** A case before the oracle has filled in the outcomes. */
export interface Draft {
  readonly name: string;
  readonly script: readonly Step[];
}

/** A net with most kinds of layers, for what goes through all of them. */
export const convolutionsAndPools: Net = {
  input: [1, 18, 2],
  layers: [
    { conv: 4, kernel: 3, pad: 'same' },
    { pool: 'max', kernel: 2, stride: 2 },
    { conv: 5, kernel: 3, pad: 'same' },
    { pool: 'global' },
    { dense: 3 },
  ],
};

/** Settings that train visibly in one step; a group overrides what it is about. */
export function settings(overrides: Partial<Settings> = {}): Settings {
  return {
    federationSeed: 1,
    baseVersion: 0,
    nodeKey: 0x1234abcd,
    lrShift: 6,
    lrDecay: decay.CONSTANT,
    totalSteps: 100,
    skipThreshold: 0,
    ...overrides,
  };
}

export function plan(descriptor: Uint8Array, frozenLayers = 0): Step {
  const memoryBytes = generousMemoryBytes(readModel(descriptor));
  const frozen = frozenLayers === 0 ? {} : { frozenLayers };
  return { do: 'plan', descriptor: toHex(descriptor), memoryBytes, ...frozen };
}

export function call(name: Extract<Step, { do: 'call' }>['name'], ...args: number[]): Step {
  return { do: 'call', name, args };
}

/** Plan, load and begin: the start of most cases. */
export function ready(
  descriptor: Uint8Array,
  words: WordFill,
  overrides: Partial<Settings> = {},
  frozenLayers = 0,
): Step[] {
  return [
    plan(descriptor, frozenLayers),
    { do: 'load', words },
    { do: 'begin', settings: settings(overrides) },
  ];
}

/** What can be seen after a sample: all of it in a few lines. */
export const look: readonly Step[] = [{ do: 'logits' }, { do: 'hash' }];

/** The end of every case: counters, saturated words and canaries. */
export const finish: readonly Step[] = [{ do: 'counters' }, { do: 'saturations' }, call('check')];

type WordKind = Extract<WordFill, { kind: string }>['kind'];
type InputKind = Extract<InputFill, { kind: string }>['kind'];

export const everyWord: readonly WordKind[] = [
  'small',
  'limits',
  'uniform',
  'bottom',
  'top',
  'neutral',
];
export const everyInput: readonly InputKind[] = [
  'uniform',
  'sparse',
  'signs',
  'tiny',
  'top',
  'bottom',
  'zero',
];

/**
 * Trains a net on a few samples of different kinds and looks at everything. `n` numbers the case:
 * weights and the first sample take their turns by it.
 */
export function exercise(
  name: string,
  descriptor: Uint8Array,
  n: number,
  { steps = 3, overrides = {} }: { steps?: number; overrides?: Partial<Settings> } = {},
): Draft {
  const { classes } = readModel(descriptor);
  const words = { kind: everyWord[n % 4], seed: n } as const;
  const kinds = Array.from({ length: steps }, (_, i) => everyInput[(n + i) % everyInput.length]);
  const samples = kinds.flatMap((kind, i): Step[] => [
    { do: 'train', x: { kind, seed: 10 * n + i }, label: (n + i) % classes },
    ...look,
  ]);
  const uniform = { kind: 'uniform', seed: n + 900 } as const;
  const after: readonly Step[] = [
    { do: 'evaluate', x: uniform, label: 0 },
    { do: 'logits' },
    ...finish,
  ];
  const script = [...ready(descriptor, words, { lrShift: 5, ...overrides }), ...samples, ...after];
  return { name: `${name}, ${words.kind} weights`, script };
}

export const skipDefault: number = constant.SKIP_THRESHOLD_DEFAULT;
