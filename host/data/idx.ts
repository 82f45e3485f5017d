/*
 * IDX, the container of MNIST and its relatives (LeCun, Cortes & Burges). Big-endian:
 *
 *   0          2        3         4                4 + 4·D
 *   +----------+--------+---------+----------------+-----------------------+
 *   | 00 00    | type   | D       | size u32 [D]   | values, row-major     |
 *   +----------+--------+---------+----------------+-----------------------+
 *
 * Images are type 08 (u8) with D = 3 (N, H, W); labels are type 08 with D = 1 (N). Files may be gzipped.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readDataFile } from './data-file.js';
import { dataError } from './data-error.js';
import { createDataset } from './dataset.js';
import type { Dataset } from './dataset.js';

const TYPE_U8 = 0x08;
const IMAGES_NAME = /^(.*)images(.)idx3(.*)$/;

interface IdxArray {
  readonly sizes: readonly number[];
  readonly values: Uint8Array;
}

interface ImageSet {
  readonly height: number;
  readonly width: number;
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
}

/** True if bytes begin as an IDX array of u8 does. */
export function isIdx(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0 && bytes[1] === 0 && bytes[2] === TYPE_U8;
}

/**
 * Reads images with their labels; `path` is the folder or an images file (`…images-idx3…`, labels `…labels-idx1…`).
 *
 * A folder, or a file whose name begins with "train", brings its "t10k" or "test" companion as split 1; any other
 * file comes alone, with no split. One sample is H·W steps of one channel, pixel >> 1, so 0..127. Classes are "0" to
 * the greatest label. Throws ERR_DATA for a missing or malformed file or images that do not match their labels.
 */
export function readIdx(path: string): Dataset {
  const trainPath = IMAGES_NAME.test(basename(path)) ? path : findTrainImages(path);
  const train = readImageSet(trainPath);
  const testPath = findTestImages(trainPath);
  if (testPath === undefined) return joinSets(trainPath, train, undefined);
  const test = readImageSet(testPath);
  if (test.height !== train.height || test.width !== train.width) {
    throw dataError(
      `${testPath}: images are ${test.height}x${test.width}, the training images ${train.height}x${train.width}`,
      'give training and test images of one size',
    );
  }
  return joinSets(trainPath, train, test);
}

/**
 * Decodes one IDX array of u8; `source` names it in errors.
 *
 * Throws ERR_DATA unless the type is u8, it has `dimensions` dimensions, and it is exactly as long as they say.
 */
export function decodeIdx(bytes: Uint8Array, dimensions: number, source: string): IdxArray {
  const headerBytes = 4 + 4 * dimensions;
  if (!isIdx(bytes) || bytes[3] !== dimensions || bytes.length < headerBytes) {
    throw dataError(
      `${source}: is not an IDX file of bytes in ${dimensions} dimensions`,
      'give MNIST-style images (idx3-ubyte) and labels (idx1-ubyte)',
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sizes = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = headerBytes + sizes.reduce((product, size) => product * size, 1);
  if (bytes.length !== expected) {
    throw dataError(
      `${source}: has ${bytes.length} bytes, but its sizes ${sizes.join(' x ')} need ${expected}`,
      'copy or download the whole file again',
    );
  }
  return { sizes, values: bytes.subarray(headerBytes) };
}

function findTrainImages(folder: string): string {
  const names = listFolder(folder).filter((name) => IMAGES_NAME.test(name));
  const train = names.find((name) => name.startsWith('train'));
  if (train === undefined) {
    throw dataError(
      `${folder}: holds no train-images-idx3-ubyte file`,
      'give the folder with the MNIST-style files, or one images file',
    );
  }
  return join(folder, train);
}

function findTestImages(trainPath: string): string | undefined {
  if (!basename(trainPath).startsWith('train')) return undefined;
  const folder = dirname(trainPath);
  const name = listFolder(folder).find(
    (candidate) =>
      IMAGES_NAME.test(candidate) && (candidate.startsWith('t10k') || candidate.startsWith('test')),
  );
  return name && join(folder, name);
}

function listFolder(folder: string): string[] {
  try {
    // Sorted, so that of a plain and a gzipped copy the same one is taken on every file system.
    return readdirSync(folder).sort();
  } catch (thrown) {
    throw dataError(
      `${folder}: is neither an images-idx3 file by its name nor a folder that can be listed`,
      'give the folder with the MNIST-style files, or one images file',
      thrown,
    );
  }
}

function readImageSet(imagesPath: string): ImageSet {
  const images = decodeIdx(readDataFile(imagesPath), 3, imagesPath);
  const labelsPath = findLabels(imagesPath);
  const labels = decodeIdx(readDataFile(labelsPath), 1, labelsPath);
  const [count, height, width] = images.sizes;
  if (labels.sizes[0] !== count) {
    throw dataError(
      `${labelsPath}: has ${labels.sizes[0]} labels for ${count} images`,
      'give the labels file that belongs to the images',
    );
  }
  return { height, width, pixels: images.values, labels: labels.values };
}

/** The labels beside an images file, plain or gzipped whichever is there. */
function findLabels(imagesPath: string): string {
  const name = basename(imagesPath).replace(IMAGES_NAME, '$1labels$2idx1$3');
  const plain = join(dirname(imagesPath), name.replace(/\.gz$/, ''));
  const found = [join(dirname(imagesPath), name), plain, `${plain}.gz`].find(existsSync);
  if (found === undefined) {
    throw dataError(`${plain}: the labels are missing`, `put the labels file beside ${imagesPath}`);
  }
  return found;
}

function joinSets(path: string, train: ImageSet, test: ImageSet | undefined): Dataset {
  const steps = train.height * train.width;
  const trainCount = train.labels.length;
  const count = trainCount + (test?.labels.length ?? 0);
  const label = new Uint8Array(count);
  const x = new Int8Array(count * steps);
  label.set(train.labels);
  // Halving brings 0..255 into int8 without moving black away from 0.
  x.set(train.pixels.map((pixel) => pixel >> 1));
  if (test) {
    label.set(test.labels, trainCount);
    x.set(
      test.pixels.map((pixel) => pixel >> 1),
      trainCount * steps,
    );
  }
  const greatest = label.reduce((a, b) => Math.max(a, b), 0);
  return createDataset(
    {
      name: basename(dirname(path)),
      steps,
      channels: 1,
      classNames: Array.from({ length: greatest + 1 }, (_, i) => String(i)),
      x,
      label,
      subject: new Uint16Array(count),
      split: new Uint8Array(count).fill(1, trainCount),
      extra: new Uint16Array(0),
      extraCount: 0,
    },
    path,
  );
}
