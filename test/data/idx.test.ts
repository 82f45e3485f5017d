import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sampleAt } from '../../host/data/dataset.js';
import { decodeIdx, readIdx } from '../../host/data/idx.js';
import { expectDataError, makeFolder } from './support.js';

function idx(sizes: readonly number[], values: readonly number[]): Uint8Array {
  const header = [0, 0, 8, sizes.length, ...sizes.flatMap((size) => [0, 0, 0, size])];
  return Uint8Array.of(...header, ...values);
}

/** Two training images and one test image of 1×3. */
function writeMnistLike(folder: string, gzip = false): void {
  const write = (name: string, bytes: Uint8Array): void =>
    writeFileSync(join(folder, gzip ? `${name}.gz` : name), gzip ? gzipSync(bytes) : bytes);
  write('train-images-idx3-ubyte', idx([2, 1, 3], [0, 1, 2, 253, 254, 255]));
  write('train-labels-idx1-ubyte', idx([2], [3, 0]));
  write('t10k-images-idx3-ubyte', idx([1, 1, 3], [100, 101, 102]));
  write('t10k-labels-idx1-ubyte', idx([1], [1]));
}

describe('IDX', () => {
  it.each([false, true])('reads a folder, train and test (gzip %s)', (gzip) => {
    const folder = join(makeFolder(), 'digits');
    mkdirSync(folder);
    writeMnistLike(folder, gzip);
    const dataset = readIdx(folder);
    expect(dataset).toMatchObject({
      name: 'digits',
      steps: 3,
      channels: 1,
      classNames: ['0', '1', '2', '3'],
      hasSubjects: false,
      hasSplit: true,
    });
    expect([...dataset.x]).toEqual([0, 0, 1, 126, 127, 127, 50, 50, 51]);
    expect([...dataset.label]).toEqual([3, 0, 1]);
    expect([...dataset.split]).toEqual([0, 0, 1]);
  });

  it('reads the training images with their test companion, and test images alone', () => {
    const folder = makeFolder();
    writeMnistLike(folder);
    expect(readIdx(join(folder, 'train-images-idx3-ubyte'))).toEqual(readIdx(folder));
    const test = readIdx(join(folder, 't10k-images-idx3-ubyte'));
    expect(test.hasSplit).toBe(false);
    expect([...sampleAt(test, 0)]).toEqual([50, 50, 51]);
  });

  it('finds gzipped labels beside plain images and the other way round', () => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'a-images.idx3-ubyte'), idx([1, 1, 1], [8]));
    writeFileSync(join(folder, 'a-labels.idx1-ubyte.gz'), gzipSync(idx([1], [0])));
    writeFileSync(join(folder, 'b-images.idx3-ubyte.gz'), gzipSync(idx([1, 1, 1], [6])));
    writeFileSync(join(folder, 'b-labels.idx1-ubyte'), idx([1], [0]));
    expect([...readIdx(join(folder, 'a-images.idx3-ubyte')).x]).toEqual([4]);
    expect([...readIdx(join(folder, 'b-images.idx3-ubyte.gz')).x]).toEqual([3]);
  });
});

describe('malformed IDX', () => {
  it('is refused for type, dimensions or length', () => {
    const good = idx([2, 1, 3], [0, 1, 2, 3, 4, 5]);
    for (let length = 0; length < good.length; length++) {
      expectDataError(() => decodeIdx(good.slice(0, length), 3, 'bad'), /bad: (is not an IDX|has)/);
    }
    expectDataError(() => decodeIdx(Uint8Array.of(...good, 0), 3, 'bad'), /has 23 bytes.*need 22/);
    expectDataError(() => decodeIdx(good, 1, 'bad'), /1 dimensions/);
    const float = good.slice();
    float[2] = 0x0d;
    expectDataError(() => decodeIdx(float, 3, 'bad'), /is not an IDX file of bytes/);
    const huge = good.slice();
    huge.fill(0xff, 4, 16);
    expectDataError(() => decodeIdx(huge, 3, 'bad'), /4294967295 x 4294967295/);
  });

  it('is refused when the files do not belong together', () => {
    const folder = makeFolder();
    expectDataError(() => readIdx(folder), /holds no train-images-idx3-ubyte/);
    expectDataError(() => readIdx(join(folder, 'absent')), /neither an images-idx3 file/);
    writeMnistLike(folder);
    const file = (name: string): string => join(folder, name);
    writeFileSync(file('t10k-images-idx3-ubyte'), idx([1, 3, 1], [1, 2, 3]));
    expectDataError(() => readIdx(folder), /images are 3x1, the training images 1x3/);
    writeFileSync(file('train-labels-idx1-ubyte'), idx([3], [1, 2, 3]));
    expectDataError(() => readIdx(folder), /has 3 labels for 2 images/);
    renameSync(file('train-labels-idx1-ubyte'), file('elsewhere'));
    expectDataError(() => readIdx(folder), /labels are missing/);
  });

  it('is refused with damaged gzip or no images', () => {
    const folder = makeFolder();
    writeFileSync(
      join(folder, 'train-images-idx3-ubyte.gz'),
      gzipSync(idx([1, 1, 1], [1])).subarray(0, 20),
    );
    expectDataError(() => readIdx(folder), /gzip data is damaged/);
    writeFileSync(join(folder, 'a-images-idx3-ubyte'), idx([0, 28, 28], []));
    writeFileSync(join(folder, 'a-labels-idx1-ubyte'), idx([0], []));
    expectDataError(() => readIdx(join(folder, 'a-images-idx3-ubyte')), /no samples/);
  });
});
