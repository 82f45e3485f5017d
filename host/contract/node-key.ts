/** Files with keys of nodes: 64 hex digits and a line feed. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { constant } from './contract.gen.js';
import { LinnetError } from './error.js';

/** Of a fleet: the folder with what its aggregator knows of the keys of nodes, NODE.key of each. */
export const sharedKeys = 'keys';
export const keySuffix = '.key';

/** Text of a file with a new key. */
export function createKeyText(): string {
  return `${randomBytes(constant.KEY_BYTES).toString('hex')}\n`;
}

/** Throws ERR_CONFIG. */
function parseKey(text: string, path: string): Uint8Array {
  const hex = text.trim();
  if (/^[0-9a-f]+$/.test(hex) && hex.length === 2 * constant.KEY_BYTES)
    return new Uint8Array(Buffer.from(hex, 'hex'));
  throw new LinnetError('ERR_CONFIG', `${path} is no key`, {
    remedy: `give a file of ${2 * constant.KEY_BYTES} hex digits, as linnet fleet add makes it`,
  });
}

/** Throws ERR_USAGE if the file cannot be read, ERR_CONFIG if it holds no key. */
export function readKey(path: string): Uint8Array {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new LinnetError('ERR_USAGE', `${path} cannot be read`, { source: error });
  }
  return parseKey(text, path);
}
