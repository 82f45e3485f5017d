import { readFileSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { dataError, describeThrown } from './data-error.js';

/** Larger files cannot be one array in memory. */
const MAX_FILE_BYTES = 2 ** 31 - 1;

/**
 * The bytes of a data file; gzip is recognised by its first two bytes and unpacked.
 *
 * Throws ERR_DATA: absent, unreadable, a damaged gzip, or more than 2 GiB packed or unpacked.
 */
export function readDataFile(path: string): Uint8Array {
  const bytes = readBytes(path);
  const isGzip = bytes.length > 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isGzip) return bytes;
  try {
    return plainBytes(gunzipSync(bytes, { maxOutputLength: MAX_FILE_BYTES }));
  } catch (thrown) {
    throw dataError(
      `${path}: the gzip data is damaged or too large (${describeThrown(thrown)})`,
      'download or copy the file again',
      thrown,
    );
  }
}

function readBytes(path: string): Uint8Array {
  let size: number;
  try {
    size = statSync(path).size;
    if (size <= MAX_FILE_BYTES) return plainBytes(readFileSync(path));
  } catch (thrown) {
    throw dataError(
      `${path}: cannot be read (${describeThrown(thrown)})`,
      'check the path and its permissions',
      thrown,
    );
  }
  throw dataError(`${path}: ${size} bytes are too many`, 'split it into files below 2 GiB');
}

/** Without the methods of Buffer, whose slice() shares memory where Uint8Array's copies. */
function plainBytes(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
