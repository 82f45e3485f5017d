/** The demonstration is authenticated: every node shares a key with the aggregator, made for its folder. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyText, keySuffix, sharedKeys } from '../../contract/node-key.js';

/** What the aggregator is given. */
export const keysFolderOf = (folder: string): string => join(folder, sharedKeys);

export const keyPathOf = (folder: string, node: string): string =>
  join(keysFolderOf(folder), node + keySuffix);

/** Makes the keys that are not there yet. */
export function makeKeys(folder: string, nodes: readonly string[]): void {
  mkdirSync(keysFolderOf(folder), { recursive: true, mode: 0o700 });
  for (const path of nodes.map((node) => keyPathOf(folder, node))) {
    if (!existsSync(path)) writeFileSync(path, createKeyText(), { mode: 0o600 });
  }
}
