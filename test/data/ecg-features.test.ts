import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleAt } from '../../host/data/dataset.js';
import type { Dataset } from '../../host/data/dataset.js';
import { computeRrFeatures, hasRrIntervals, withRrFeatures } from '../../host/data/ecg-features.js';
import { expectDataError, makeDataset } from './support.js';

type Beat = readonly [subject: number, rrPre: number, rrPost: number];

function makeEcg(beats: readonly Beat[], named = true): Dataset {
  return makeDataset(
    beats.map(() => 0),
    {
      steps: 2,
      x: Int8Array.from({ length: beats.length * 2 }, (_, i) => i % 100),
      subject: Uint16Array.from(beats, ([subject]) => subject),
      extra: Uint16Array.from(beats.flatMap(([, pre, post]) => [pre, post])),
      extraCount: 2,
      ...(named && { extraNames: ['rr_pre_ms', 'rr_post_ms'] }),
    },
  );
}

const featuresOf = (beats: readonly Beat[]): number[] => [...computeRrFeatures(makeEcg(beats))];

describe('computeRrFeatures', () => {
  it('follows an example worked out by hand', () => {
    const features = featuresOf([
      [1, 800, 800], // m = 800
      [1, 400, 1200], // far: m += trunc(-400/16) = 775
      [1, 1200, 0], // trunc(76800/775) = 99; m += trunc(425/16) = 801
      [1, 810, 3000], // trunc(51840/801) = 64; m += trunc(9/8) = 802
      [1, 0, 802],
      [1, 780, 802], // trunc(49920/802) = 62; m += trunc(-22/8) = 800
      [1, 799, 1200], // trunc(51136/800) = 63
    ]);
    expect(features).toEqual([0, 0, -32, 32, 35, 0, 0, 127, 0, 0, -2, 0, -1, 32]);
  });

  it('takes a missing interval as usual, not as the earliest of all', () => {
    expect(featuresOf([[1, 0, 700]])).toEqual([0, 0]);
    const after = featuresOf([[1, 0, 700], [1, 700, 350], [1, 350, 0]]); // prettier-ignore
    expect(after).toEqual([0, 0, 0, -32, -32, 0]);
  });

  it('starts at the first interval, kept within 300..2000 ms', () => {
    expect(featuresOf([[1, 100, 300]])).toEqual([-43, 0]);
    expect(featuresOf([[1, 60000, 2000]])).toEqual([127, 0]);
  });

  it('keeps one mean per subject, however their beats are interleaved', () => {
    const beat = fc.tuple(fc.constantFrom(3, 8), fc.nat({ max: 65535 }), fc.nat({ max: 65535 }));
    fc.assert(
      fc.property(fc.array(beat, { minLength: 1 }), (beats) => {
        const together = featuresOf(beats);
        for (const subject of [3, 8]) {
          const own = beats.flatMap((b, i) => (b[0] === subject ? [i] : []));
          if (own.length === 0) continue;
          const alone = featuresOf(own.map((i) => beats[i]));
          expect(own.flatMap((i) => together.slice(2 * i, 2 * i + 2))).toEqual(alone);
        }
        for (const feature of together) expect(feature).toBeGreaterThanOrEqual(-64);
      }),
    );
  });
});

describe('withRrFeatures', () => {
  const BEATS: readonly Beat[] = [
    [1, 800, 800],
    [1, 400, 1200],
  ];
  const ecg = makeEcg(BEATS);

  it('appends two inputs', () => {
    const appended = withRrFeatures(ecg, 'append');
    expect(appended).toMatchObject({ steps: 4, channels: 1 });
    expect([...sampleAt(appended, 0)]).toEqual([0, 1, 0, 0]);
    expect([...sampleAt(appended, 1)]).toEqual([2, 3, -32, 32]);
  });

  it('adds two constant channels, channels-last', () => {
    const stacked = withRrFeatures(ecg, 'channels');
    expect(stacked).toMatchObject({ steps: 2, channels: 3 });
    expect([...sampleAt(stacked, 1)]).toEqual([2, -32, 32, 3, -32, 32]);
  });

  it('keeps everything else', () => {
    const { label, subject, extra, classNames } = ecg;
    expect(withRrFeatures(ecg, 'append')).toMatchObject({ label, subject, extra, classNames });
  });

  it('refuses data that has no RR intervals', () => {
    const refuse = (dataset: Dataset, message: RegExp): void =>
      expectDataError(() => withRrFeatures(dataset, 'append'), message);
    refuse(makeDataset([0]), /rr_pre_ms, rr_post_ms first \(found: 0 unnamed\)/);
    refuse({ ...ecg, extraNames: ['experiment', 'first'] }, /found: experiment, first/);
    refuse(makeDataset([0], { channels: 2, x: new Int8Array(2) }), /one channel, there are 2/);
    const unnamed = makeEcg(BEATS, false);
    expect(withRrFeatures(unnamed, 'append').x).toEqual(withRrFeatures(ecg, 'append').x);
    expect([hasRrIntervals(ecg), hasRrIntervals(unnamed)]).toEqual([true, false]);
  });
});
