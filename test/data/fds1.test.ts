import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleAt } from '../../host/data/dataset.js';
import { decodeFds1, encodeFds1, readFds1, writeFds1 } from '../../host/data/fds1.js';
import { arbitraryDataset, expectDataError, makeDataset, makeFolder } from './support.js';

/** 2 samples of 2 channels × 3 steps, 3 classes, 1 extra, byte by byte. */
const EXAMPLE = Uint8Array.of(
  ...[0x46, 0x44, 0x53, 0x31], // "FDS1"
  ...[2, 0, 0, 0], // N
  ...[2, 0, 3, 0, 3, 0, 1, 0], // C, T, classes, E
  ...[0x34, 0x12, 9, 0], // subjects 0x1234, 9
  ...[2, 0], // labels
  ...[0, 1], // splits
  ...[1, 2, 3, 0xff, 0xfe, 0xfd], // sample 0: channel 0, then channel 1
  ...[10, 20, 30, 40, 50, 0x80], // sample 1
  ...[0xff, 0xff, 1, 0], // extras
);

describe('FDS1', () => {
  it('decodes the example, channel-first to channels-last', () => {
    const dataset = decodeFds1(EXAMPLE, 'example.bin');
    expect(dataset).toMatchObject({
      name: 'example',
      steps: 3,
      channels: 2,
      classNames: ['0', '1', '2'],
      hasSubjects: true,
      hasSplit: true,
      extraCount: 1,
    });
    expect([...sampleAt(dataset, 0)]).toEqual([1, -1, 2, -2, 3, -3]);
    expect([...sampleAt(dataset, 1)]).toEqual([10, 40, 20, 50, 30, -128]);
    expect([...dataset.label]).toEqual([2, 0]);
    expect([...dataset.subject]).toEqual([0x1234, 9]);
    expect([...dataset.split]).toEqual([0, 1]);
    expect([...dataset.extra]).toEqual([0xffff, 1]);
  });

  it('encodes the example back, also from the middle of a larger buffer', () => {
    const shifted = new Uint8Array(EXAMPLE.length + 3);
    shifted.set(EXAMPLE, 3);
    expect(encodeFds1(decodeFds1(shifted.subarray(3), 'example.bin'))).toEqual(EXAMPLE);
  });

  it('returns what was written, for any dataset', () => {
    const folder = makeFolder();
    const path = join(folder, 'any.bin');
    fc.assert(
      fc.property(arbitraryDataset(), (dataset) => {
        writeFds1(path, dataset);
        expect(readFds1(path)).toEqual(dataset);
      }),
    );
  });

  it('keeps the names of extras', () => {
    const path = join(makeFolder(), 'named.bin');
    const named = makeDataset([0, 1], {
      extra: Uint16Array.of(5, 6),
      extraCount: 1,
      extraNames: ['rr_pre_ms'],
    });
    writeFds1(path, named);
    expect(readFds1(path)).toEqual(named);
  });

  it('reads names from the .json beside the file; a name of an extra is its first word', () => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'example.bin'), EXAMPLE);
    const description = {
      name: 'Beats',
      classNames: ['N', 'S', 'V'],
      extra: ['rr_pre_ms (0 = none)'],
    };
    writeFileSync(join(folder, 'example.json'), JSON.stringify(description));
    expect(readFds1(join(folder, 'example.bin'))).toMatchObject({
      name: 'Beats',
      classNames: ['N', 'S', 'V'],
      extraNames: ['rr_pre_ms'],
    });
  });
});

describe('malformed FDS1', () => {
  const patched = (at: number, ...bytes: number[]): Uint8Array => {
    const copy = EXAMPLE.slice();
    copy.set(bytes, at);
    return copy;
  };
  const decode = (bytes: Uint8Array) => () => decodeFds1(bytes, 'bad.bin');

  it('is refused at every length but the right one', () => {
    for (let length = 0; length < EXAMPLE.length; length++) {
      expectDataError(decode(EXAMPLE.slice(0, length)), /bad\.bin: .*(too few|cut short)/);
    }
    expectDataError(decode(Uint8Array.of(...EXAMPLE, 0)), /longer than its header says/);
  });

  it('is refused for its header or labels', () => {
    expectDataError(decode(patched(0, 0x58)), /does not begin with "FDS1"/);
    expectDataError(decode(patched(4, 0xff, 0xff, 0xff, 0xff)), /cut short.*4294967295 samples/);
    expectDataError(
      decode(patched(4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)),
      /cut short/,
    );
    expectDataError(decode(patched(12, 2)), /sample 0 has label 2, but there are 2 classes/);
    expectDataError(decode(patched(12, 0)), /0 classes/);
    expectDataError(decode(patched(13, 2)), /classes/);
    expectDataError(decode(patched(22, 2)), /sample 0 has split 2/);
  });

  it('is refused without samples or values', () => {
    const header = (count: number, channels: number): Uint8Array =>
      Uint8Array.of(...EXAMPLE.slice(0, 4), count, 0, 0, 0, channels, 0, 3, 0, 3, 0, 0, 0);
    expectDataError(decode(header(0, 2)), /no samples/);
    expectDataError(decode(Uint8Array.of(...header(1, 0), 0, 0, 0, 0)), /is empty/);
  });

  it('never gives anything but a dataset or ERR_DATA', () => {
    const mutated = fc.array(fc.tuple(fc.nat({ max: EXAMPLE.length - 1 }), fc.nat({ max: 255 })), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(mutated, (changes) => {
        const bytes = EXAMPLE.slice();
        for (const [at, byte] of changes) bytes[at] = byte;
        let encoded: Uint8Array;
        try {
          encoded = encodeFds1(decodeFds1(bytes, 'fuzz.bin'));
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_DATA' });
          return;
        }
        expect(encoded).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it('is refused with a description that does not fit', () => {
    const folder = makeFolder();
    const path = join(folder, 'example.bin');
    writeFileSync(path, EXAMPLE);
    const describeAs = (text: string): (() => unknown) => {
      return () => {
        writeFileSync(join(folder, 'example.json'), text);
        readFds1(path);
      };
    };
    expectDataError(describeAs('{\n"name": oops\n}'), /example\.json: is not valid JSON/);
    expectDataError(describeAs('{"classNames":["N"]}'), /"classNames" has 1 entries.*3/);
    expectDataError(describeAs('{"classNames":[1,2,3]}'), /not a list of texts/);
    expectDataError(describeAs('{"extra":[]}'), /"extra" has 0 entries.*1/);
    expectDataError(() => readFds1(join(folder, 'absent.bin')), /absent\.bin: cannot be read/);
  });

  it('cannot be written with more steps than the header counts', () => {
    const long = makeDataset([0], { steps: 70000, x: new Int8Array(70000) });
    expectDataError(() => encodeFds1(long), /70000 steps .* do not fit/);
  });
});
