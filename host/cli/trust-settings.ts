/** Keys that vouch for announcements, as commands are given them (docs/FLEET.md). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { LinnetError } from '../contract/error.js';
import { equalBytes } from '../contract/hash.js';
import { sharedKeys } from '../contract/node-key.js';
import { KeyFolder } from '../federated/node-keys.js';
import { checkDelegation, parseRoundKey, type RoundKey } from '../proof/delegation.js';
import {
  parsePublicKey,
  publicBytesOf,
  rootFile,
  roundKeyFile,
  type KeyObject,
} from '../proof/keys.js';
import type { SettingTable } from './settings.js';

/** Of a bridge. */
export const trustSettings = {
  root: {
    kind: 'text',
    value: 'file',
    text: 'public root key: only announcements it vouches for pass; default: root.pub of --credentials',
  },
  state: {
    kind: 'text',
    value: 'folder',
    text: 'where the bridge remembers the newest version, so that no older one passes after a restart',
  },
} as const satisfies SettingTable;

/** Of an aggregator. */
export const aggregatorTrustSettings = {
  keys: {
    kind: 'text',
    value: 'folder',
    text: 'keys of the nodes: uploads without a right tag are refused; default: keys/ beside --credentials',
  },
  withoutKeys: { kind: 'switch', text: 'count uploads of whoever may publish them' },
  roundKey: {
    kind: 'text',
    value: 'file',
    text: 'signs every version; default: round.pem of --credentials',
  },
} as const satisfies SettingTable;

function readText(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new LinnetError('ERR_USAGE', `${flag}: ${path} cannot be read`, {
      remedy: 'give a file that linnet fleet made, readable for this user',
      source: error,
    });
  }
}

/** Throws ERR_USAGE if the file cannot be read, ERR_CONFIG if it is no public key. */
export function readRoot(path: string): KeyObject {
  return parsePublicKey(readText(path, '--root'), path);
}

interface Given {
  readonly credentials?: string | undefined;
  readonly root?: string | undefined;
  readonly roundKey?: string | undefined;
  readonly keys?: string | undefined;
  readonly withoutKeys?: boolean;
}

/** The public root key in the folders of nodes: they are of one fleet. */
function findRoot(credentials: string): KeyObject | undefined {
  const paths = readdirSync(credentials)
    .sort()
    .map((node) => join(credentials, node, rootFile))
    .filter((path) => existsSync(path));
  const keys = paths.map(readRoot);
  const other = keys.findIndex((key) => !equalBytes(publicBytesOf(key), publicBytesOf(keys[0])));
  if (other < 0) return keys[0];
  throw new LinnetError('ERR_CONFIG', `${paths[other]} and ${paths[0]} are of different fleets`, {
    remedy: 'bring all folders from one fleet, after fleet delegate --new-root again',
  });
}

/** What a bridge checks announcements against; undefined if nothing was given. */
export function rootOf({ root, credentials }: Given): KeyObject | undefined {
  if (root !== undefined) return readRoot(root);
  return credentials === undefined ? undefined : findRoot(credentials);
}

/** What an aggregator signs with; undefined if nothing was given. */
export function roundKeyOf({ roundKey, credentials }: Given): RoundKey | undefined {
  const inFolder = (file: string): string | undefined => {
    const path = credentials === undefined ? undefined : join(credentials, file);
    return path !== undefined && existsSync(path) ? path : undefined;
  };
  const path = roundKey ?? inFolder(roundKeyFile);
  if (path === undefined) return undefined;
  const found = parseRoundKey(readText(path, '--round-key'), path);
  const root = inFolder(rootFile);
  // Says at once what every bridge would say.
  if (root !== undefined) checkDelegation(found.bytes, [readRoot(root)]);
  return found;
}

/** The keys of the nodes of a fleet; undefined if the aggregator shall ask for none. Throws ERR_USAGE. */
export function nodeKeysOf(
  { keys, withoutKeys, credentials }: Given,
  federation: string,
): KeyFolder | undefined {
  if (withoutKeys && keys !== undefined) {
    throw new LinnetError('ERR_USAGE', '--keys and --without-keys contradict each other', {
      remedy: 'give one of them',
    });
  }
  if (withoutKeys) return undefined;
  if (keys !== undefined) return new KeyFolder(keys, federation);
  if (credentials === undefined) return undefined;
  const folder = join(dirname(resolve(credentials)), sharedKeys);
  if (existsSync(folder)) return new KeyFolder(folder, federation);
  throw new LinnetError('ERR_USAGE', `there are no keys of nodes in ${folder}`, {
    remedy: `bring ${sharedKeys}/ of the fleet there or name it with --keys; --without-keys does without`,
  });
}
