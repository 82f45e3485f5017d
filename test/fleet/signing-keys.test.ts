/** The keys of a fleet that vouch for announcements: where they lie, and what takes their place. */
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toHex } from '../../host/contract/hash.js';
import { rootOf, roundKeyOf } from '../../host/cli/trust-settings.js';
import { createFleet } from '../../host/fleet/create.js';
import { Fleet } from '../../host/fleet/fleet.js';
import { checkDelegation, parseRoundKey, type RoundKey } from '../../host/proof/delegation.js';
import { parsePublicKey, publicBytesOf, type KeyObject } from '../../host/proof/keys.js';

const options = {
  ...{ base: 'linnet', federation: 'test', hosts: ['localhost'], port: 8883 },
  ...{ authorityDays: 1000, days: 100 },
};

let folder: string;
let top: string;
beforeEach(async () => {
  top = mkdtempSync(join(tmpdir(), 'linnet-fleet-'));
  folder = join(top, 'fleet');
  await createFleet(folder, options);
});
afterEach(() => rmSync(top, { recursive: true }));

const path = (...parts: string[]): string => join(folder, ...parts);
const read = (...parts: string[]): string => readFileSync(path(...parts), 'utf8');
const fleet = (): Fleet => new Fleet(folder);
const round = (): RoundKey => parseRoundKey(read('aggregator/round.pem'), 'round.pem');
const publicRoot = (): KeyObject => parsePublicKey(read('aggregator/root.pub'), 'root.pub');

/** That the aggregator's key is of the newest delegation and signed by the root key of everybody. */
function checkKeys(serial: number): void {
  const { root, delegations } = fleet().signing;
  expect(toHex(publicBytesOf(publicRoot()))).toBe(root);
  expect(delegations.map((entry) => entry.serial)).toEqual(
    Array.from({ length: serial }, (_, i) => i + 1),
  );
  expect(round().delegation).toMatchObject({ serial, federation: 'test' });
  expect(toHex(round().delegation.key)).toBe(delegations.at(-1)!.key);
  checkDelegation(round().bytes, [publicRoot()]);
}

describe('a fleet', () => {
  it('is made with a root key and a first delegation, and with a note where to take the key', () => {
    checkKeys(1);
    expect(read('root/root.pub')).toBe(read('aggregator/root.pub'));
    expect(read('root/README.txt')).toContain('offline');
    expect(read('root/root.key')).toContain('BEGIN PRIVATE KEY');
    expect(read('aggregator/round.pem')).not.toContain(read('root/root.key').split('\n')[1]);
  });

  it('delegates to a new key each time, with the root key here or elsewhere', async () => {
    const first = read('aggregator/round.pem');
    await fleet().delegate();
    checkKeys(2);
    expect(read('aggregator/round.pem')).not.toBe(first);
    const rootKey = join(top, 'medium');
    renameSync(path('root'), rootKey);
    await expect(fleet().delegate()).rejects.toMatchObject({ code: 'ERR_USAGE' });
    await fleet().delegate({ rootKey: join(rootKey, 'root.key') });
    checkKeys(3);
    // Without it everything else goes on.
    await fleet().add(['a'], 10);
    expect(read('nodes/a/root.pub')).toBe(read('aggregator/root.pub'));
  });

  it('takes no root key of another fleet, and what is no key', async () => {
    await createFleet(join(top, 'other'), options);
    const foreign = join(top, 'other/root/root.key');
    await expect(fleet().delegate({ rootKey: foreign })).rejects.toMatchObject({
      code: 'ERR_AUTH',
      message: expect.stringMatching(/not the root key of this fleet/) as string,
    });
    await expect(fleet().delegate({ rootKey: path('root/root.pub') })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
    });
    checkKeys(1);
  });

  it('replaces a root key that is lost, and counts on', async () => {
    await fleet().add(['a', 'b'], 10);
    const before = read('root/root.pub');
    rmSync(path('root/root.key'));
    await fleet().delegate({ newRoot: true });
    checkKeys(2);
    expect(read('root/root.pub')).not.toBe(before);
    expect(read('old/@root.1/root.pub')).toBe(before);
    for (const node of ['a', 'b'])
      expect(read('nodes', node, 'root.pub')).toBe(read('root/root.pub'));
    rmSync(path('root'), { recursive: true });
    await fleet().delegate({ newRoot: true });
    checkKeys(3);
  });

  it('renews an aggregator with its round key; one that was revoked gets another', async () => {
    const key = read('aggregator/round.pem');
    await fleet().renew(['@aggregator'], 10);
    expect(read('aggregator/round.pem')).toBe(key);
    checkKeys(1);
    await fleet().revoke(['@aggregator']);
    await expect(fleet().delegate()).rejects.toThrow(/revoked: .*linnet fleet add @aggregator/);
    await fleet().add(['@aggregator'], 10);
    expect(existsSync(path('aggregator/round.pem'))).toBe(false);
    await fleet().delegate();
    checkKeys(2);
  });
});

describe('folders of credentials', () => {
  it('give bridges the root key and aggregators the round key', async () => {
    const credentials = path('nodes');
    expect(rootOf({ credentials })).toBeUndefined();
    await fleet().add(['a', 'b'], 10);
    expect(publicBytesOf(rootOf({ credentials })!)).toEqual(publicBytesOf(publicRoot()));
    expect(roundKeyOf({ credentials: path('aggregator') })!.bytes).toEqual(round().bytes);
    expect(roundKeyOf({ roundKey: path('aggregator/round.pem') })!.bytes).toEqual(round().bytes);
    expect([rootOf({}), roundKeyOf({}), roundKeyOf({ credentials })]).toEqual(Array(3));
  });

  it('of two fleets are told apart', async () => {
    await createFleet(join(top, 'other'), options);
    await new Fleet(join(top, 'other')).add(['b'], 10);
    await fleet().add(['a'], 10);
    cpSync(join(top, 'other/nodes/b'), path('nodes/b'), { recursive: true });
    expect(() => rootOf({ credentials: path('nodes') })).toThrow(
      /b.root.pub and .*different fleets/,
    );
    cpSync(join(top, 'other/aggregator/round.pem'), path('aggregator/round.pem'));
    expect(() => roundKeyOf({ credentials: path('aggregator') })).toThrow(
      expect.objectContaining({ code: 'ERR_AUTH' }) as Error,
    );
    expect(() => rootOf({ root: path('nowhere') })).toThrow(/--root: .* cannot be read/);
    expect(() => rootOf({ root: path('root/root.key') })).toThrow(/it is a private one/);
  });
});
