/** The folder of a fleet: a model of what was issued and revoked against the files. */
import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as x509 from '@peculiar/x509';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFleet, type FleetOptions } from '../../host/fleet/create.js';
import { Fleet } from '../../host/fleet/fleet.js';
import { parseRegistry } from '../../host/fleet/registry.js';
import { readCredentials } from '../../host/mqtt/credentials.js';
import { codeOf, hostileBytes } from '../contract/hostile.js';
import { noSmallDisk, SmallDisk } from '../federated/small-disk.js';

const start = new Date('2030-01-01T00:00:00Z');
const dayMs = 86_400_000;
const after = (days: number): Date => new Date(start.getTime() + days * dayMs);

const options: FleetOptions = {
  base: 'some/where',
  federation: 'test',
  hosts: ['broker.example'],
  port: 8883,
  authorityDays: 1000,
  days: 100,
};

let template: string;
let root: string;
let folder: string;
beforeAll(async () => {
  template = join(mkdtempSync(join(tmpdir(), 'linnet-fleet-')), 'fleet');
  await createFleet(template, options, start);
});
afterAll(() => rmSync(dirname(template), { recursive: true }));
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'linnet-fleet-'));
  folder = join(root, 'fleet');
});
afterEach(() => rmSync(root, { recursive: true }));

/** A new fleet, without the time that making one takes. */
function copyFleet(): void {
  rmSync(folder, { recursive: true, force: true });
  cpSync(template, folder, { recursive: true });
}

const path = (...parts: string[]): string => join(folder, ...parts);
const read = (...parts: string[]): string => readFileSync(path(...parts), 'utf8');

/** Every path of the fleet with its mode. */
function modes(): Map<string, string> {
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return new Map(all.map((name) => [name, (statSync(path(name)).mode & 0o777).toString(8)]));
}

/** What has to hold after every change, `model` being every certificate with its state. */
function checkFolder(model: readonly Expected[], now: Date): void {
  for (const [name, mode] of modes()) expect(`${name} ${mode}`).toMatch(/ (600|700)$/);
  expect(readdirSync(folder).sort()).toEqual([
    'aggregator',
    'broker',
    'ca',
    'fleet.json',
    'keys',
    'nodes',
    'old',
    'root',
  ]);
  const reports = new Fleet(folder, now).list().filter(({ name }) => !name.startsWith('@'));
  expect(reports.map(({ name, serial, state }) => ({ name, serial, state }))).toEqual(
    model.map(({ name, serial, revoked, end }) => ({
      ...{ name, serial },
      state: revoked ? 'revoked' : now < end ? 'active' : 'expired',
    })),
  );
  const admitted = [...new Set(model.filter(({ revoked }) => !revoked).map(({ name }) => name))];
  const users = [...read('broker/acl').matchAll(/^user (.*)$/gm)].map(([, name]) => name);
  expect(users).toEqual(['@aggregator', ...admitted]);
  const list = new x509.X509Crl(read('broker/crl.pem'));
  expect(list.entries.map(({ serialNumber }) => serialNumber).sort()).toEqual(
    model
      .filter(({ revoked }) => revoked)
      .map(({ serial }) => serial)
      .sort(),
  );
  // The newest certificate of a node lies in its place, and every other is kept.
  const newest = new Map(model.map((entry) => [entry.name, entry]));
  const inPlace = [...newest.values()].filter(({ revoked }) => !revoked);
  expect(readdirSync(path('nodes')).sort()).toEqual(inPlace.map(({ name }) => name).sort());
  for (const { name, serial } of inPlace) {
    expect(read('nodes', name, 'root.pub')).toBe(read('root/root.pub'));
    const certificate = new X509Certificate(read('nodes', name, 'cert.pem'));
    expect(certificate.serialNumber.toLowerCase()).toBe(serial);
  }
  // The aggregator has the key of those and of nobody else.
  expect(readdirSync(path('keys')).sort()).toEqual(
    inPlace.map((entry) => `${entry.name}.key`).sort(),
  );
  for (const { name } of inPlace) {
    expect(read('keys', `${name}.key`)).toMatch(/^[0-9a-f]{64}\n$/);
    expect(read('nodes', name, 'node.key')).toBe(read('keys', `${name}.key`));
  }
  const serialsOfOld = readdirSync(path('old')).map((name) =>
    new X509Certificate(read('old', name, 'cert.pem')).serialNumber.toLowerCase(),
  );
  const rest = model.filter((entry) => !inPlace.includes(entry));
  expect(serialsOfOld.sort()).toEqual(rest.map(({ serial }) => serial).sort());
}

interface Expected {
  readonly name: string;
  readonly serial: string;
  readonly end: Date;
  readonly revoked: boolean;
}

describe('a fleet', () => {
  it('gives a node a key that outlives its certificates and ends with it', async () => {
    copyFleet();
    const fleet = new Fleet(folder, start);
    await fleet.add(['a', 'b'], 50);
    const first = read('keys/a.key');
    expect(read('keys/b.key')).not.toBe(first);
    await fleet.renew(['a'], 50);
    expect(read('nodes/a/node.key')).toBe(first);
    await fleet.revoke(['a']);
    expect(existsSync(path('keys/a.key'))).toBe(false);
    await fleet.add(['a'], 50);
    expect(read('keys/a.key')).not.toBe(first);
    expect(read('nodes/a/node.key')).toBe(read('keys/a.key'));
    expect(read('old/a.1/node.key')).toBe(first);
  });

  it('does what its model says, whatever the order', async () => {
    // A name that looks like a draft, and one that is the beginning of another.
    const name = fc.constantFrom('a', 'a.new', 'draft');
    const names = fc.uniqueArray(name, { minLength: 1, maxLength: 2 });
    const step = fc.record({
      action: fc.constantFrom('add', 'renew', 'revoke'),
      names,
      days: fc.integer({ min: 1, max: 60 }),
      wait: fc.integer({ min: 0, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        copyFleet();
        let model: Expected[] = [];
        let today = 0;
        for (const { action, names, days, wait } of steps) {
          today += wait;
          const now = after(today);
          const of = (name: string): Expected[] => model.filter((entry) => entry.name === name);
          const isActive = ({ revoked, end }: Expected): boolean => !revoked && now < end;
          const allowed = {
            add: (name: string) => !of(name).some(isActive),
            renew: (name: string) => of(name).some(({ revoked }) => !revoked),
            revoke: (name: string) => of(name).length > 0,
          }[action as 'add'];
          const fleet = new Fleet(folder, now);
          const done =
            action === 'revoke' ? fleet.revoke(names) : fleet[action as 'add'](names, days);
          if (!names.every((name) => allowed(name))) {
            await expect(done).rejects.toMatchObject({ code: 'ERR_USAGE' });
          } else if (action === 'revoke') {
            await done;
            model = model.map((entry) =>
              (names as string[]).includes(entry.name) ? { ...entry, revoked: true } : entry,
            );
          } else {
            const issued = (await done).map(({ name, serial }) => ({ name, serial }));
            expect(issued.map(({ name }) => name)).toEqual(names);
            const end = after(today + days);
            model.push(...issued.map((entry) => ({ ...entry, end, revoked: false })));
          }
          checkFolder(model, now);
        }
      }),
      { numRuns: 6 },
    );
  });

  it('is made once, whole or not at all', async () => {
    await createFleet(folder, options, start);
    const before = read('fleet.json');
    await expect(createFleet(folder, options)).rejects.toThrow(/fleet is not empty: .*--fleet/);
    expect(read('fleet.json')).toBe(before);
    for (const [change, message] of [
      [{ hosts: ['a b'] }, /"a b" is not a host/],
      [{ hosts: ['broker:8883'] }, /"broker:8883" is not a host: .*without port/],
      [{ base: 'a//b' }, /base "" is not a name/],
      [{ federation: 'a\nb' }, /is not a name/],
      [{ days: 1001 }, /1001 days are more than the 1000 .*--days 1000/],
    ] as const) {
      const other = join(root, 'other');
      await expect(createFleet(other, { ...options, ...change }, start)).rejects.toThrow(message);
      expect(readdirSync(root)).toEqual(['fleet']);
    }
    mkdirSync(join(root, 'empty'));
    await createFleet(join(root, 'empty'), options, start);
  });

  it.skipIf(noSmallDisk)(
    'leaves a full disk as it was, and goes on when there is room',
    async () => {
      const disk = new SmallDisk(2 ** 17);
      const onDisk = join(disk.folder, 'fleet');
      const files = (): unknown[] => readdirSync(disk.folder, { recursive: true }).sort();
      try {
        for (let free = 0; free < 2 ** 16; free += 2 ** 13) {
          disk.fill(free);
          await expect(createFleet(onDisk, options, start)).rejects.toThrow(/ENOSPC/);
          expect(files()).toEqual(['filler']);
          disk.makeRoom();
        }
        await createFleet(onDisk, options, start);
        disk.fill(0);
        const before = files();
        await expect(new Fleet(onDisk, start).add(['a'], 1)).rejects.toThrow(/ENOSPC/);
        expect(files()).toEqual(before);
        disk.makeRoom();
        await new Fleet(onDisk, start).add(['a'], 1);
      } finally {
        disk.close();
      }
    },
  );

  it('takes only names that are names, and nobody twice', async () => {
    copyFleet();
    const fleet = new Fleet(folder, start);
    for (const name of ['', '.', '..', 'a/b', 'a b', '@broker', 'x'.repeat(33)]) {
      await expect(fleet.add(['good', name], 1)).rejects.toMatchObject({ code: 'ERR_RANGE' });
    }
    expect(fleet.list()).toHaveLength(2);
    expect(await fleet.add(['a', 'a'], 1)).toHaveLength(1);
    await expect(fleet.revoke(['b'])).rejects.toThrow(/no b in .*linnet fleet list/);
    await expect(fleet.revoke(['@broker'])).rejects.toThrow(/make a new fleet/);
    await expect(fleet.renew(['b'], 1)).rejects.toThrow(/no b in/);
    await expect(new Fleet(folder, after(999)).add(['b'], 2)).rejects.toThrow(/at most --days 1/);
    await expect(new Fleet(folder, after(1001)).add(['b'], 1)).rejects.toThrow(/make a new fleet/);
  });

  it('lets an aggregator that was revoked in again', async () => {
    copyFleet();
    const fleet = new Fleet(folder, start);
    await fleet.revoke(['@aggregator']);
    expect(existsSync(path('aggregator'))).toBe(false);
    expect(read('broker/acl')).not.toContain('@aggregator');
    await fleet.add(['@aggregator'], 1);
    expect(readCredentials(path('aggregator'), '@aggregator', start).key).toContain('key.pem');
    await expect(fleet.add(['@aggregator'], 1)).rejects.toThrow(/renew @aggregator/);
  });

  describe('that was interrupted', () => {
    beforeEach(copyFleet);

    it('names every certificate it may have given away', async () => {
      const fleet = new Fleet(folder, start);
      // After the registry, before the folder: a key that nobody has.
      rmSync(path('nodes'), { recursive: true });
      writeFileSync(path('nodes'), 'in the way');
      await expect(fleet.add(['a'], 1)).rejects.toThrow();
      const names = new Fleet(folder, start).list().map(({ name }) => name);
      expect(names).toEqual(['@broker', '@aggregator', 'a']);
      expect(readdirSync(folder)).toContain('draft');
      rmSync(path('nodes'));
      mkdirSync(path('nodes'), { mode: 0o700 });
      await expect(fleet.add(['a'], 1)).rejects.toThrow(/linnet fleet renew a/);
      await fleet.renew(['a'], 1);
      expect(read('broker/acl')).toContain('user a');
      expect(readdirSync(folder)).not.toContain('draft');
      readCredentials(path('nodes/a'), 'a', start);
    });

    it('revokes again what was revoked by halves', async () => {
      const fleet = new Fleet(folder, start);
      await fleet.add(['a'], 1);
      const lists = (): string[] => ['acl', 'crl.pem'].map((file) => read('broker', file));
      const [acl] = lists();
      const key = read('ca/ca.key');
      rmSync(path('ca/ca.key'));
      // Without the authority the access list alone changes.
      await expect(fleet.revoke(['a'])).rejects.toThrow(/ca.key is not there: bring the authority/);
      expect(read('broker/acl')).not.toContain('user a');
      writeFileSync(path('ca/ca.key'), key);
      writeFileSync(path('broker/acl'), acl);
      await new Fleet(folder, after(0.5)).revoke(['a']);
      expect(read('broker/acl')).not.toContain('user a');
      expect(new x509.X509Crl(read('broker/crl.pem')).entries).toHaveLength(1);
      expect(new Fleet(folder).list().at(-1)).toMatchObject({ revoked: start.toISOString() });
    });

    it('says that another process is at it, and changes nothing', async () => {
      writeFileSync(path('lock'), '4711\n');
      await expect(new Fleet(folder).add(['a'], 1)).rejects.toThrow(/process 4711 .*remove .*lock/);
      expect(new Fleet(folder).list()).toHaveLength(2);
      rmSync(path('lock'));
      const both = ['a', 'b'].map((name) => new Fleet(folder, start).add([name], 1));
      const outcomes = (await Promise.allSettled(both)).map(({ status }) => status);
      expect(outcomes.sort()).toEqual(['fulfilled', 'rejected']);
      expect(new Fleet(folder).list()).toHaveLength(3);
    });

    it('reads fleet.json from any text and any change of one, or says what is wrong', () => {
      const good = fc.constant(new Uint8Array(readFileSync(path('fleet.json'))));
      const json = fc.json().map((text) => new Uint8Array(Buffer.from(text)));
      fc.assert(
        fc.property(fc.oneof(hostileBytes(good), json), (bytes) => {
          const read = (): unknown => parseRegistry(Buffer.from(bytes).toString(), 'fleet.json');
          expect(['OK', 'ERR_CONFIG']).toContain(codeOf(read));
        }),
        { numRuns: 500 },
      );
    });

    it('reads no fleet.json that is damaged', () => {
      for (const [text, message] of [
        ['{', /fleet.json: the file is damaged.*restore/],
        ['{"format":2}', /fleet.json: format: .*restore/],
        ['[]', /fleet.json: the file: /],
      ] as const) {
        writeFileSync(path('fleet.json'), text);
        expect(() => new Fleet(folder)).toThrow(message);
      }
      expect(() => new Fleet(root)).toThrow(/no fleet in .*linnet fleet init/);
    });
  });
});
