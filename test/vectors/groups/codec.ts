import { codec as ids } from '../../../host/contract/contract.gen.js';
import { toHex } from '../../../host/contract/hash.js';
import { encodePayload, encodeSparse } from '../../oracle/codec.js';
import { readModel } from '../../oracle/descriptor.js';
import { nodeSeedOf } from '../../oracle/random.js';
import { fillWords, TestRandom } from '../fill.js';
import { type Net, netDescriptor } from '../net.js';
import type { Step, WordFill } from '../script.js';
import { call, convolutionsAndPools, type Draft, plan, ready, settings } from './common.js';

/** Payloads of deltas of every size, and bytes that are none. */

const nets: Readonly<Record<string, Net>> = {
  'dense 9-7-3': { input: [1, 9, 1], layers: [{ dense: 7 }, { dense: 3 }] },
  'a row longer than a slice': { input: [1, 70, 1], layers: [{ dense: 2 }, { dense: 2 }] },
  'convolutions and pools': convolutionsAndPools,
  'an embedding and a depthwise layer': {
    input: [1, 7, 1],
    layers: [{ embedding: 6, channels: 4 }, { depthwise: true, kernel: 3 }, { dense: 3 }],
  },
};

const codecs = Object.values(ids).filter((id) => id >= 1 && id < 255);
/** SPARSE_TERNARY has a residual and a density beside the delta. */
const exactOrDense = codecs.filter((id) => id !== ids.SPARSE_TERNARY);

/** Words, and the base they came from: deltas of 0, small, of every size, and saturated. */
const pairs: readonly (readonly [WordFill, WordFill])[] = [
  [
    { kind: 'small', seed: 3 },
    { kind: 'small', seed: 3 },
  ],
  [
    { kind: 'small', seed: 3 },
    { kind: 'small', seed: 4 },
  ],
  [
    { kind: 'uniform', seed: 5 },
    { kind: 'uniform', seed: 6 },
  ],
  [{ kind: 'top' }, { kind: 'bottom' }],
  [
    { kind: 'neutral', seed: 1 },
    { kind: 'limits', seed: 7 },
  ],
];

const densities = [1, 50, 100, 333, 1000];
const residuals: readonly WordFill[] = [
  { kind: 'small', seed: 8 },
  { kind: 'uniform', seed: 9 },
  { kind: 'limits', seed: 10 },
  { kind: 'top' },
];

function encodeCase(name: string, net: Net, frozenLayers: number, n: number): Draft {
  const descriptor = netDescriptor(net);
  const script = pairs.flatMap(([words, base], i): Step[] => [
    ...ready(descriptor, words, { nodeKey: 10 * n + i }, frozenLayers),
    ...exactOrDense.map((id): Step => ({ do: 'encode', codec: id, base })),
    ...densities.map((density, j): Step => ({
      do: 'encodeSparse',
      base,
      residual: residuals[(i + j) % 4],
      density,
    })),
  ]);
  return { name: `${name}, frozen ${frozenLayers}`, script: [...script, call('check')] };
}

/** A payload, and the same with a bit, a byte or the end changed. */
function* spoil(payload: Uint8Array, random: TestRandom): Generator<Uint8Array> {
  yield payload;
  yield payload.slice(0, -1);
  yield Uint8Array.of(...payload, 0);
  for (let i = 0; i < 6; i++) {
    const changed = payload.slice();
    changed[random.below(changed.length)] ^= 1 << random.below(8);
    yield changed;
  }
  yield Uint8Array.from(payload, () => random.below(256));
}

function decodeCase(name: string, net: Net, frozenLayers: number, n: number): Draft {
  const descriptor = netDescriptor(net);
  const model = readModel(descriptor);
  const random = new TestRandom(n);
  const script = codecs.flatMap((id, i): Step[] => {
    const [words, base] = pairs[(n + i) % pairs.length].map((fill) => fillWords(fill, model));
    const delta = words.map((word, j) => Math.max(-32767, Math.min(32767, word - base[j])));
    const { federationSeed, baseVersion, nodeKey } = settings();
    const seed = nodeSeedOf(federationSeed, baseVersion, nodeKey);
    const sparse = { density: 100 + 40 * n, residual: new Int16Array(delta.length) };
    const payload =
      id === ids.SPARSE_TERNARY
        ? encodeSparse(model, frozenLayers, delta, sparse)!.payload
        : encodePayload(model, frozenLayers, id, seed, delta)!;
    return [...spoil(payload, random)].map((bytes) => ({
      do: 'decode',
      codec: id,
      payload: toHex(bytes),
    }));
  });
  const steps = [plan(descriptor, frozenLayers), ...script, call('check')];
  return { name: `${name}, frozen ${frozenLayers}, read`, script: steps };
}

const unknown: Draft = {
  name: 'codecs that these calls do not know',
  script: [
    ...ready(netDescriptor(nets['dense 9-7-3']), { kind: 'small', seed: 1 }),
    ...[ids.RAW_INT16, ids.NONE, 17, 25, 31, 33, -1].flatMap((id): Step[] => [
      { do: 'encode', codec: id, base: { kind: 'small', seed: 2 } },
      { do: 'decode', codec: id, payload: '00' },
    ]),
  ],
};

const badDensities: Draft = {
  name: 'densities that are none',
  script: [
    ...ready(netDescriptor(nets['dense 9-7-3']), { kind: 'small', seed: 1 }),
    ...[0, 1001, 0xffffffff, 1000].map((density): Step => ({
      do: 'encodeSparse',
      base: { kind: 'top' },
      residual: { kind: 'top' },
      density,
    })),
  ],
};

/** A gap in the long form stands between many words that have changed and one far behind them. */
function* changeFew(words: number): Generator<number> {
  for (let i = 0; i < words; i++) yield i < 400 || i === words - 2 ? -5 : 0;
}

const longGaps: Draft = {
  name: 'gaps in the long form',
  script: (() => {
    const descriptor = netDescriptor({ input: [1, 300, 1], layers: [{ dense: 12 }] });
    const values = [...changeFew(readModel(descriptor).parameters)];
    const zeros = { values: values.map(() => 0) };
    const densities = [1, 300];
    return [
      ...ready(descriptor, { values }),
      ...densities.map((density): Step => ({
        do: 'encodeSparse',
        base: zeros,
        residual: zeros,
        density,
      })),
      call('check'),
    ];
  })(),
};

/** Personal layers are trained and have no segment; what a node keeps of them goes through load and store. */
function personalCase(personalLayers: number, n: number): Draft {
  const descriptor = netDescriptor(convolutionsAndPools);
  const [words, base] = pairs[n];
  const still = { do: 'begin', settings: settings({ proximalShift: 2 }) } as const;
  return {
    name: `personal ${personalLayers}`,
    script: [
      ...ready(descriptor, words, { personalLayers, proximalShift: 2 }),
      { do: 'load', words: { kind: 'uniform', seed: 70 + n } },
      { do: 'train', x: { kind: 'uniform', seed: n }, label: n % 3 },
      { do: 'pull', base },
      ...[ids.RICE_INT16, ids.DENSE_3].map((id): Step => ({ do: 'encode', codec: id, base })),
      { do: 'encodeSparse', base, residual: residuals[n], density: 100 },
      { do: 'keep', words: { kind: 'small', seed: 60 + n } },
      still,
      { do: 'hash' },
      { do: 'encode', codec: ids.RICE_INT16, base },
      call('check'),
    ],
  };
}

const masks = [0, 0b10, 0b101, 0xffffffff];

export const codec: readonly Draft[] = [
  ...Object.entries(nets).flatMap(([name, net], n) =>
    masks
      .slice(0, n % 2 === 0 ? 4 : 2)
      .flatMap((mask, i) => [
        encodeCase(name, net, mask, 4 * n + i),
        decodeCase(name, net, mask, 4 * n + i),
      ]),
  ),
  ...[0b1, 0b100, 0b110, 0xffffffff].map(personalCase),
  unknown,
  badDensities,
  longGaps,
];
