import { statSync } from 'node:fs';
import { readCsv } from './csv.js';
import type { CsvOptions } from './csv.js';
import { readDataFile } from './data-file.js';
import { dataError } from './data-error.js';
import type { Dataset } from './dataset.js';
import { FDS1_MAGIC, readFds1 } from './fds1.js';
import { isIdx, readIdx } from './idx.js';

export type LoadOptions = CsvOptions;

/**
 * Reads a dataset of any known format, recognised by content: FDS1, IDX (a file or a folder), else CSV by its name
 * (.csv or .csv.gz).
 *
 * `options` concern CSV only. Throws ERR_DATA for anything else and for whatever the format's reader refuses.
 */
export function loadDataset(path: string, options: LoadOptions = {}): Dataset {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return readIdx(path);
  const bytes = readDataFile(path);
  const magic = new TextDecoder('latin1').decode(bytes.subarray(0, FDS1_MAGIC.length));
  if (magic === FDS1_MAGIC) return readFds1(path);
  if (isIdx(bytes)) return readIdx(path);
  if (/\.csv(\.gz)?$/i.test(path)) return readCsv(path, options);
  throw dataError(
    `${path}: is no known data format`,
    'give an FDS1 file (.bin), MNIST-style IDX files or a CSV file whose name ends in .csv',
  );
}
