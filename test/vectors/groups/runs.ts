import { codec as ids } from '../../../host/contract/contract.gen.js';
import { toHex } from '../../../host/contract/hash.js';
import { lowBits, rice, toBytes } from '../../oracle/codec.js';
import { readModel } from '../../oracle/descriptor.js';
import { encodeRuns } from '../../oracle/runs.js';
import { fillWords, TestRandom } from '../fill.js';
import { netDescriptor } from '../net.js';
import type { Step } from '../script.js';
import { call, type Draft, plan, ready } from './common.js';

/** Segments by runs: deltas of which most are 0, and payloads that a writer would not make. */

const narrow = [ids.DENSE_2, ids.DENSE_3, ids.DENSE_4];
const long = netDescriptor({ input: [1, 300, 1], layers: [{ dense: 12 }] });
const weights = 3600;
/** Words without a change, which take less room here than zeros. */
const base = { kind: 'neutral' } as const;
const unchanged = fillWords(base, readModel(long));

type Delta = (at: number) => number;

/** Of `perMille` words of a thousand, magnitudes that halve in number from one to the next. */
function scattered(perMille: number, step: number): Delta {
  const random = new TestRandom(perMille);
  return () => {
    if (random.below(1000) >= perMille) return 0;
    let magnitude = step;
    while (magnitude < 16 * step && random.below(2) === 0) magnitude += step;
    return random.below(2) === 0 ? magnitude : -magnitude;
  };
}

const deltas: Readonly<Record<string, Delta>> = {
  'one in a hundred': scattered(10, 1),
  'one in ten': scattered(100, 90),
  'one in four': scattered(250, 7),
  'two in five': scattered(400, 2000),
  'large words side by side': (at) => (at >= 100 && at < 120 ? 30000 : 0),
  'a slice of large words, and a run in the long form': (at) => (at < 128 ? -7 : 0),
  'the first and the last': (at) => (at === 0 || at === weights - 1 ? -1 : 0),
  'only the last': (at) => (at === unchanged.length - 1 ? 5 : 0),
};

const written = Object.entries(deltas).map(([name, delta], n): Draft => {
  const values = [...unchanged].map((word, at) => word + delta(at));
  const script = [...narrow, ids.DENSE_5].map((id): Step => ({ do: 'encode', codec: id, base }));
  return {
    name: `runs: ${name}`,
    script: [...ready(long, { values }, { nodeKey: n }), ...script, call('check')],
  };
});

const short = netDescriptor({ input: [1, 9, 1], layers: [{ dense: 3 }] });
/** Words of its first segment; the second is all 0. */
const words = 27;

/** A payload with `body` as its first segment, behind k and the shift 3. */
function payload(k: number, body: string): Uint8Array {
  return toBytes(lowBits(k, 4) + lowBits(3, 4) + body + lowBits(15, 4));
}

const zeros = Array.from({ length: words }, () => 0);
const signs = zeros.map((_, i) => (i % 4 === 3 ? 0 : (i % 2) * 2 - 1));
const mixed = zeros.map((_, i) => (i % 3 === 0 ? 0 : (i % 7) - 3));

function* payloadsOf(id: number): Generator<Uint8Array> {
  const most = 2 ** (id - 17) - 1;
  const run = (zerosBefore: number, j = 2): string => rice(zerosBefore, j, 31);
  for (let j = 0; j <= 6; j++) {
    yield payload(8 + j, encodeRuns(zeros, j, most));
    yield payload(8 + j, encodeRuns(signs, j, most));
    yield payload(8 + j, encodeRuns(mixed, j, most));
    yield payload(8 + j, encodeRuns(zeros.with(words - 1, most), j, most));
    // One step more than a word can be.
    yield payload(8 + j, encodeRuns(zeros.with(3, -most - 1), j, most));
  }
  // A run that ends behind the segment, before a word and after one.
  yield payload(10, run(words + 1));
  yield payload(10, `${run(20)}1${run(words - 20 + 1)}`);
  yield payload(10, `${run(20)}1${run(words - 20)}`);
  // No end; a run in the long form that has a short one.
  yield payload(10, `${run(words - 1)}0`);
  yield payload(10, '1'.repeat(16) + lowBits(words, 31));
}

const sparseZeros = toBytes(lowBits(9, 6) + lowBits(2, 4) + rice(words + 3, 2, 31));

const read: Draft = {
  name: 'runs: read',
  script: [
    plan(short),
    ...[...narrow, ids.DENSE_5].flatMap((id) =>
      [...payloadsOf(id)].map((bytes): Step => ({
        do: 'decode',
        codec: id,
        payload: toHex(bytes),
      })),
    ),
    { do: 'decode', codec: ids.SPARSE_TERNARY, payload: toHex(sparseZeros) },
    call('check'),
  ],
};

export const runs: readonly Draft[] = [...written, read];
