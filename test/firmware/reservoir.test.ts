import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Reservoir } from '../../host/sim/reservoir.js';
import { askLines, compileProgram, hasCompiler, hexWord } from './native.js';

interface Stream {
  readonly capacity: number;
  readonly classes: number;
  readonly seed: number;
  readonly labels: readonly number[];
}

/** Algorithm 1 of the paper on lists; the numbers of the samples that are kept, by their places. */
function keep({ capacity, classes, seed, labels }: Stream): number[] {
  let state = BigInt(seed);
  const next = (): bigint => (state = (state * 1664525n + 1013904223n) % 2n ** 32n) >> 16n;
  const draw = (bound: number): number =>
    Number((((next() << 16n) | next()) * BigInt(bound)) >> 32n);
  const places: number[] = [];
  const full = new Set<number>();
  const placesOf = (label: number): number[] =>
    [...places.keys()].filter((place) => labels[places[place]] === label);
  const seen = new Map<number, number>();
  labels.forEach((label, i) => {
    if (label >= classes) return;
    seen.set(label, (seen.get(label) ?? 0) + 1);
    if (places.length < capacity) {
      places.push(i);
      return;
    }
    const counts = Array.from({ length: classes }, (_, one) => placesOf(one).length);
    const most = counts.indexOf(Math.max(...counts));
    full.add(most);
    const own = placesOf(label);
    if (!full.has(label)) places[placesOf(most)[draw(counts[most])]] = i;
    else if (draw(seen.get(label)!) < own.length) places[own[draw(own.length)]] = i;
  });
  return places;
}

function askTypeScript({ capacity, classes, seed, labels }: Stream): readonly number[] {
  const reservoir = new Reservoir(capacity, classes, seed);
  labels.forEach((label, i) => {
    if (label < classes) reservoir.see(i, label);
    else expect(() => reservoir.see(i, label)).toThrow(/label \d of \d classes/);
  });
  return reservoir.kept;
}

let program: string;
function askC(streams: readonly Stream[]): number[][] {
  program ??= compileProgram('reservoir_lines', ['samples', 'reservoir']);
  const lines = streams.map(
    ({ capacity, classes, seed, labels }) =>
      `${capacity} ${classes} ${seed} ${hexWord(Uint8Array.from(labels))}`,
  );
  return askLines(program, lines).map((line) => (line === '' ? [] : line.split(' ').map(Number)));
}

type Ask = (streams: readonly Stream[]) => (readonly number[])[];
const implementations: readonly (readonly [string, Ask])[] = [
  ['TypeScript', (streams) => streams.map(askTypeScript)],
  ...(hasCompiler ? [['C', askC] as const] : []),
];

describe.each(implementations)('a class-balanced reservoir in %s', (_, ask) => {
  it('keeps what the algorithm of the paper keeps', () => {
    const label = fc.oneof(
      { weight: 8, arbitrary: fc.constant(0) },
      { weight: 3, arbitrary: fc.nat(2) },
      { weight: 1, arbitrary: fc.nat(5) },
    );
    const stream = fc.record({
      capacity: fc.integer({ min: 1, max: 12 }),
      classes: fc.integer({ min: 1, max: 5 }),
      seed: fc.integer({ min: 0, max: 0xffff_ffff }),
      labels: fc.array(label, { maxLength: 80 }),
    });
    fc.assert(
      fc.property(fc.array(stream, { minLength: 1, maxLength: 40 }), (streams) => {
        expect(ask(streams)).toEqual(streams.map(keep));
      }),
      { numRuns: 20 },
    );
  });

  /** 1 of 100 is of class 2, 9 of class 1. */
  const labels = Array.from({ length: 4000 }, (_, i) => (i % 100 === 7 ? 2 : i % 11 === 0 ? 1 : 0));
  const streams = Array.from({ length: 300 }, (_, seed) => {
    return { capacity: 30, classes: 3, seed: seed * 7919, labels };
  });

  it('holds as many of a rare class as of a frequent one', () => {
    for (const kept of ask(streams.slice(0, 20))) {
      const counts = [0, 1, 2].map((one) => kept.filter((i) => labels[i] === one).length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
    }
  });

  it('is fair to early and late samples of a class', () => {
    const kept = ask(streams).flat();
    for (const one of [0, 1, 2]) {
      const all = [...labels.keys()].filter((i) => labels[i] === one);
      const half = all[all.length >> 1];
      const own = kept.filter((i) => labels[i] === one);
      const late = own.filter((i) => i >= half).length;
      // Five standard deviations of a fair coin.
      expect(Math.abs(late - own.length / 2)).toBeLessThan(2.5 * Math.sqrt(own.length));
    }
  });
});
