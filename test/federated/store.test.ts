import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { sha256, toHex } from '../../host/contract/hash.js';
import {
  Ledger,
  type TrafficRow,
  type UploadRow,
  type VersionRow,
} from '../../host/federated/ledger.js';
import { ObjectStore } from '../../host/federated/objects.js';
import { withFolder } from './fixture.js';

const identity = { federation: 'test', model: new Uint8Array(32).fill(9) };
const storeFailure = (text: string): unknown =>
  expect.objectContaining({
    code: 'ERR_STORE',
    message: expect.stringContaining(text) as string,
  });

const version: VersionRow = {
  event: 'start',
  version: 0,
  artefact: new Uint8Array(32).fill(1),
  master: Uint8Array.of(1, 2, 3, 4),
  moments: Uint8Array.of(7),
  announcement: Uint8Array.of(5, 6),
  strategy: 'fed-avg',
  contributions: 0,
  weight: 0,
  uplinkBytes: 0,
  isDegraded: false,
};

function upload(node: string, base = 0, contribution = 0): UploadRow {
  const envelope = new TextEncoder().encode(`${node} ${base} ${contribution}`);
  const openVersion = base;
  return { version: base, openVersion, node, contribution, hash: sha256(envelope), envelope };
}

describe('ledger', () => {
  it('gives back what was put in, after it was closed too', () =>
    withFolder((folder) => {
      const next = {
        ...version,
        version: 1,
        parent: 0,
        contributions: 2,
        weight: 7,
        isDegraded: true,
      };
      const first = Ledger.open(folder, identity);
      expect(first.newestVersion()).toBeUndefined();
      first.addVersion(version);
      first.addVersion({ ...next, uplinkBytes: 2 ** 40 });
      first.addUploads([upload('b'), upload('a')]);
      first.addUploads([upload('a', 1)]);
      first.close();
      const second = Ledger.open(folder, identity);
      expect(second.newestVersion()).toBe(1);
      expect(second.findVersion(0)).toEqual(version);
      expect(second.findVersion(1)).toEqual({ ...next, uplinkBytes: 2 ** 40 });
      expect(second.findVersion(2)).toBeUndefined();
      expect([...second.uploadsOf(0)]).toEqual([upload('b'), upload('a')]);
      expect([...second.uploadsOf(1)]).toEqual([upload('a', 1)]);
      expect(second.findUpload(0, 'a', 0)).toEqual(upload('a').hash);
      expect(second.findUpload(0, 'a', 1)).toBeUndefined();
      second.close();
    }));

  it('takes one upload per key, and of a group all or none', () =>
    withFolder((folder) => {
      const ledger = Ledger.open(folder, identity);
      ledger.addVersion(version);
      ledger.addUploads([upload('a')]);
      expect(() => ledger.addUploads([upload('b'), upload('a')])).toThrow(storeFailure('UNIQUE'));
      expect([...ledger.uploadsOf(0)]).toEqual([upload('a')]);
      ledger.addUploads([upload('b')]);
      ledger.close();
    }));

  it('counts its starts', () =>
    withFolder((folder) => {
      for (const expected of [1, 2, 3]) {
        const ledger = Ledger.open(folder, identity);
        expect(ledger.countStart()).toBe(expected);
        ledger.close();
      }
    }));

  it('keeps its epoch, which never goes back', () =>
    withFolder((folder) => {
      const raise = (wanted?: number): number => {
        const ledger = Ledger.open(folder, identity);
        try {
          return ledger.raiseEpoch(wanted);
        } finally {
          ledger.close();
        }
      };
      expect([raise(), raise(2), raise(), raise(2), raise(3)]).toEqual([0, 2, 2, 2, 3]);
      expect(() => raise(2)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }));
      expect(raise()).toBe(3);
    }));

  it('is durable: write-ahead log, full synchronisation', () =>
    withFolder((folder) => {
      const ledger = Ledger.open(folder, identity);
      ledger.addVersion(version);
      // Killed here the log alone would hold the row, so it must be there before close().
      expect(statSync(join(folder, 'ledger.db-wal')).size).toBeGreaterThan(0);
      ledger.close();
    }));

  it('refuses the store of another federation or model', () =>
    withFolder((folder) => {
      Ledger.open(folder, identity).close();
      const federation = { ...identity, federation: 'other' };
      expect(() => Ledger.open(folder, federation)).toThrow(storeFailure('the federation test'));
      const model = { ...identity, model: new Uint8Array(32) };
      expect(() => Ledger.open(folder, model)).toThrow(storeFailure('the model 0909'));
      Ledger.open(folder, identity).close();
    }));

  it('refuses a second user, in this process and in another', () =>
    withFolder((folder) => {
      const ledger = Ledger.open(folder, identity);
      expect(() => Ledger.open(folder, identity)).toThrow(storeFailure(`process ${process.pid}`));
      const script = `
        import { Ledger } from ${JSON.stringify(join(import.meta.dirname, '../../host/federated/ledger.ts'))};
        try { Ledger.open(${JSON.stringify(folder)}); } catch (error) { console.log(error.code); }
      `;
      const other = spawnSync(
        process.execPath,
        ['--import', 'tsx', '--input-type=module', '-e', script],
        { encoding: 'utf8' },
      );
      expect(other.stdout.trim()).toBe('ERR_STORE');
      ledger.close();
      Ledger.open(folder, identity).close();
    }));

  it('refuses the database of another program', () =>
    withFolder((folder) => {
      const foreign = new Database(join(folder, 'ledger.db'));
      foreign.exec('CREATE TABLE recipes (name TEXT)');
      foreign.close();
      expect(() => Ledger.open(folder)).toThrow(storeFailure('something else'));
    }));

  it('refuses the schema of another release', () =>
    withFolder((folder) => {
      Ledger.open(folder).close();
      const later = new Database(join(folder, 'ledger.db'));
      later.pragma('user_version = 6');
      later.close();
      expect(() => Ledger.open(folder)).toThrow(storeFailure('schema 6'));
    }));

  it('finds uploads of older bases under the version that was open', () =>
    withFolder((folder) => {
      const ledger = Ledger.open(folder, identity);
      ledger.addVersion(version);
      ledger.addVersion({ ...version, version: 1, parent: 0, event: 'round', base: 0 });
      const late = { ...upload('b'), openVersion: 1 };
      ledger.addUploads([upload('a'), late, upload('a', 1)]);
      expect([...ledger.uploadsOf(0)]).toEqual([upload('a')]);
      expect([...ledger.uploadsOf(1)]).toEqual([late, upload('a', 1)]);
      expect(ledger.findUpload(0, 'b', 0)).toEqual(late.hash);
      ledger.close();
    }));

  it('keeps what a round cost whose upload it has, as it was told last', () =>
    withFolder((folder) => {
      const row = (node: string, payloadUp: number): TrafficRow => ({
        version: 0,
        node,
        traffic: { payloadUp, payloadDown: 1, linkUp: 2, linkDown: 3, mqttUp: 4, mqttDown: 5 },
      });
      const ledger = Ledger.open(folder, identity);
      ledger.addVersion(version);
      ledger.addUploads([upload('a')], [row('a', 10), row('stranger', 10)]);
      ledger.addUploads([], [row('a', 20), { ...row('a', 20), version: 7 }]);
      expect(ledger.trafficOf(0)).toEqual([row('a', 20)]);
      ledger.close();
      const again = Ledger.open(folder, identity);
      expect([again.trafficOf(0), again.trafficOf(7)]).toEqual([[row('a', 20)], []]);
      again.close();
    }));

  it('refuses what is no database, and a damaged one', () =>
    withFolder((folder) => {
      writeFileSync(join(folder, 'ledger.db'), 'a letter to my landlord'.repeat(400));
      expect(() => Ledger.open(folder)).toThrow(storeFailure('not a database'));
      const damaged = join(folder, 'second');
      const ledger = Ledger.open(damaged);
      ledger.addVersion({ ...version, master: new Uint8Array(50_000).fill(7) });
      ledger.close();
      const file = openSync(join(damaged, 'ledger.db'), 'r+');
      writeSync(file, new Uint8Array(12_288).fill(255), 0, 12_288, 12_288);
      closeSync(file);
      expect(() => Ledger.open(damaged)).toThrow(storeFailure('malformed'));
    }));

  it('refuses a folder it cannot have', () =>
    withFolder((folder) => {
      writeFileSync(join(folder, 'file'), '');
      expect(() => Ledger.open(join(folder, 'file', 'store'))).toThrow(storeFailure('ENOTDIR'));
    }));
});

describe('objects', () => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, i) => i & 255);

  it('are named by their hash and written once', () =>
    withFolder((folder) => {
      const objects = new ObjectStore(folder);
      const hash = objects.put(bytes);
      expect(hash).toEqual(sha256(bytes));
      expect(objects.read(hash)).toEqual(bytes);
      const { ino } = statSync(join(folder, toHex(hash)));
      objects.put(bytes);
      expect(statSync(join(folder, toHex(hash))).ino).toBe(ino);
      expect(readdirSync(folder)).toEqual([toHex(hash)]);
    }));

  it('are never half there: a crash before the rename leaves nothing', () =>
    withFolder((folder) => {
      const crashing = new ObjectStore(folder, () => {
        throw new Error('power cut');
      });
      expect(() => crashing.put(bytes)).toThrow('power cut');
      expect(existsSync(join(folder, toHex(sha256(bytes))))).toBe(false);
      expect(readdirSync(folder)).toHaveLength(1);
      const objects = new ObjectStore(folder);
      expect(readdirSync(folder)).toHaveLength(0);
      expect(() => objects.read(sha256(bytes))).toThrow(storeFailure('ENOENT'));
      expect(objects.read(objects.put(bytes))).toEqual(bytes);
    }));

  it('are checked when read and mended when written again', () =>
    withFolder((folder) => {
      const objects = new ObjectStore(folder);
      const hash = objects.put(bytes);
      writeFileSync(join(folder, toHex(hash)), bytes.subarray(1));
      expect(() => objects.read(hash)).toThrow(storeFailure('damaged'));
      objects.put(bytes);
      expect(objects.read(hash)).toEqual(bytes);
    }));
});
