import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeFds1 } from '../../host/data/fds1.js';
import { loadDataset } from '../../host/data/load.js';
import { expectDataError, makeDataset, makeFolder } from './support.js';

it('recognises FDS1 and IDX by content and CSV by name', () => {
  const folder = makeFolder();
  const path = (name: string): string => join(folder, name);
  writeFds1(path('data.whatever'), makeDataset([0, 1, 2]));
  expect(loadDataset(path('data.whatever'))).toEqual(makeDataset([0, 1, 2]));
  writeFileSync(
    path('train-images-idx3-ubyte'),
    Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9),
  );
  writeFileSync(path('train-labels-idx1-ubyte'), Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 0));
  expect([...loadDataset(path('train-images-idx3-ubyte')).x]).toEqual([4]);
  expect(loadDataset(folder)).toEqual(loadDataset(path('train-images-idx3-ubyte')));
  writeFileSync(path('t.CSV'), 'a,label\n0.5,0\n');
  expect([...loadDataset(path('t.CSV'), { quantise: 'global' }).x]).toEqual([64]);
});

it('refuses what it does not know', () => {
  const folder = makeFolder();
  writeFileSync(join(folder, 'x.txt'), 'hello');
  writeFileSync(join(folder, 'empty.bin'), '');
  expectDataError(
    () => loadDataset(join(folder, 'x.txt')),
    /x\.txt: is no known data format.*FDS1/,
  );
  expectDataError(() => loadDataset(join(folder, 'empty.bin')), /is no known data format/);
  expectDataError(() => loadDataset(join(folder, 'absent.bin')), /absent\.bin: cannot be read/);
  expectDataError(() => loadDataset(folder), /holds no train-images/);
});
