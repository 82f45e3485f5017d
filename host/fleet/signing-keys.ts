/** The keys that vouch for announcements (SPEC, 8.3): an offline root key and the round key of the aggregator. */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { LinnetError } from '../contract/error.js';
import { equalBytes, toHex } from '../contract/hash.js';
import { delegate, packRoundKey } from '../proof/delegation.js';
import {
  createKey,
  packPrivateKey,
  packPublicKey,
  parsePrivateKey,
  publicBytesOf,
  publicKeyOf,
  rootFile,
  type KeyObject,
} from '../proof/keys.js';

const keySchema = z.string().regex(/^[0-9a-f]{64}$/);

/** In fleet.json: a serial stands here before anything is signed with it, so none is used twice. */
export const signingSchema = z.strictObject({
  /** Public, hex. */
  root: keySchema,
  /** With the public round key of each. */
  delegations: z.array(
    z.strictObject({ serial: z.int().min(1), key: keySchema, at: z.iso.datetime() }),
  ),
});

export type Signing = Readonly<z.infer<typeof signingSchema>>;
export type DelegationEntry = Readonly<Signing['delegations'][number]>;

/** In root/. */
export const rootFiles = { key: 'root.key', public: rootFile, note: 'README.txt' } as const;

const note = `The root key of a Linnet fleet (docs/FLEET.md).

Take this folder offline now: move it to a medium that is connected to nothing, with a copy elsewhere.
It is needed again for linnet fleet delegate alone, which takes --root-key FILE.

root.key  private: who has it can sign any model for every bridge of the fleet
root.pub  public: what bridges and linnet audit check against; lies in every folder of credentials too
`;

/** A new root key: its share of fleet.json, and the files of its folder. */
export function createRoot(): { root: string; files: Readonly<Record<string, string>> } {
  const key = createKey();
  const files = {
    [rootFiles.key]: packPrivateKey(key),
    [rootFiles.public]: packPublicKey(key),
    [rootFiles.note]: note,
  };
  return { root: toHex(publicBytesOf(key)), files };
}

/** The public root key as a file. */
export function packRoot({ root }: Signing): string {
  return packPublicKey(publicKeyOf(Buffer.from(root, 'hex')));
}

/** Throws ERR_USAGE while the key is elsewhere, ERR_AUTH if it is that of another fleet. */
export function readRoot(path: string, { root }: Signing): KeyObject {
  if (!existsSync(path)) {
    throw new LinnetError('ERR_USAGE', `the root key is not at ${path}`, {
      remedy: 'bring it and name its file with --root-key; if it is lost, give --new-root',
    });
  }
  const key = parsePrivateKey(readFileSync(path, 'utf8'), path);
  if (equalBytes(publicBytesOf(key), Buffer.from(root, 'hex'))) return key;
  throw new LinnetError('ERR_AUTH', `${path} is not the root key of this fleet`, {
    remedy: `give the one whose public key begins with ${root.slice(0, 16)}`,
  });
}

/** A new round key under the next serial: its entry, and the file for the aggregator. */
export function createRound(
  root: KeyObject,
  federation: string,
  { delegations }: Signing,
  now: Date,
): { entry: DelegationEntry; file: string } {
  const key = createKey();
  const serial = Math.max(0, ...delegations.map((entry) => entry.serial)) + 1;
  const file = packRoundKey(delegate(root, { federation, serial, key }));
  const entry = { serial, key: toHex(publicBytesOf(key)), at: now.toISOString() };
  return { entry, file };
}
