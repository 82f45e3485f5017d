import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256, toHex } from '../../host/contract/hash.js';
import { decodeWire, encodeWire } from '../../host/contract/wire.js';
import { Lineage } from '../../host/federated/lineage.js';
import { Replay, replayStore, type ReplayedVersion } from '../../host/federated/replay.js';
import { packSnapshot, unpackSnapshot } from '../../host/model/snapshot.js';
import { contributeAll, model, nodes } from './history.js';
import {
  lineageOptions,
  packDelta,
  simulateDelta,
  simulateEnvelope,
  withFolder,
} from './fixture.js';

const replayAll = (folder: string): ReplayedVersion[] => [...replayStore(folder)];

/** Of three closed rounds. */
let whole: string;
beforeAll(async () => {
  whole = mkdtempSync(join(tmpdir(), 'linnet-replay-'));
  const lineage = await Lineage.open(lineageOptions(whole));
  for (let round = 0; round < 3; round++) contributeAll(lineage, nodes);
  lineage.close();
  expect(replayAll(whole).every(({ isEqual }) => isEqual)).toBe(true);
});
afterAll(() => rmSync(whole, { recursive: true, force: true }));

/** A copy of that store; `spoil` changes it behind the aggregator's back. */
function withSpoilt(
  spoil: (place: { database: Database.Database; folder: string }) => void,
  check: (versions: readonly ReplayedVersion[]) => void,
): Promise<void> {
  return withFolder((folder) => {
    cpSync(whole, folder, { recursive: true });
    const database = new Database(join(folder, 'ledger.db'));
    spoil({ database, folder });
    database.close();
    check(replayAll(folder));
  });
}

type Row = Record<string, ArrayBuffer>;

function readBytes(database: Database.Database, sql: string): Uint8Array {
  return new Uint8Array(Object.values(database.prepare(sql).get() as Row)[0]);
}

function updateVersion(
  database: Database.Database,
  column: string,
  version: number,
  bytes: Uint8Array,
): void {
  const update = `UPDATE versions SET ${column} = ? WHERE version = ?`;
  database.prepare(update).run(Buffer.from(bytes), version);
}

describe('replay', () => {
  it('finds an upload that was exchanged, in the version it made', () =>
    withSpoilt(
      ({ database }) => {
        const select = "SELECT envelope FROM uploads WHERE version = 1 AND node = 'ben'";
        const envelope = decodeWire('Envelope', readBytes(database, select));
        const delta = simulateDelta('ben', 1, model.parameters);
        delta[7] += 500;
        const announcement = decodeWire(
          'Announcement',
          readBytes(database, 'SELECT announcement FROM versions WHERE version = 1'),
        );
        const changes = { ...envelope, payload: packDelta(delta) };
        const forged = simulateEnvelope(announcement, 'ben', model.parameters, changes);
        database
          .prepare("UPDATE uploads SET envelope = ?, hash = ? WHERE version = 1 AND node = 'ben'")
          .run(Buffer.from(forged), Buffer.from(sha256(forged)));
      },
      (versions) => {
        expect(versions.map(({ isEqual }) => isEqual)).toEqual([true, true, false, true]);
        const { where, expected, found } = versions[2].difference!;
        expect(where).toBe('parameter 7 (layer 0)');
        expect(Number(expected)).toBeGreaterThan(Number(found));
        expect(versions[2].recomputed).not.toBe(versions[2].published);
      },
    ));

  it('finds a model that was exchanged with its hash and announcement', () =>
    withSpoilt(
      ({ database, folder }) => {
        const select = 'SELECT announcement FROM versions WHERE version = 2';
        const announcement = decodeWire('Announcement', readBytes(database, select));
        const path = join(folder, 'objects', toHex(announcement.artefactHash));
        const words = unpackSnapshot(new Uint8Array(readFileSync(path)));
        words[40] += 3;
        const forged = packSnapshot(model.hash, words);
        const artefactHash = sha256(forged);
        writeFileSync(join(folder, 'objects', toHex(artefactHash)), forged);
        updateVersion(database, 'artefact', 2, artefactHash);
        const changed = encodeWire('Announcement', { ...announcement, artefactHash });
        updateVersion(database, 'announcement', 2, changed);
      },
      (versions) => {
        expect(versions.map(({ isEqual }) => isEqual)).toEqual([true, true, false, true]);
        const { where, expected, found } = versions[2].difference!;
        expect(where).toBe('parameter 40 (layer 1)');
        expect(Number(found) - Number(expected)).toBe(3);
      },
    ));

  it('finds a master whose words are right and whose fractions are not', () =>
    withSpoilt(
      ({ database }) => {
        const master = readBytes(database, 'SELECT master FROM versions WHERE version = 1');
        // The lowest bit of a Q16.16 number rounds to the same word (checked by what is found).
        master[4 * 3] ^= 1;
        updateVersion(database, 'master', 1, master);
      },
      (versions) => {
        expect(versions[1].difference!.where).toBe('parameter 3 (layer 0) of the master');
        expect(versions[1].recomputed).toBe(versions[1].published);
      },
    ));

  it('finds a version 0 that is not of the seed it announces', () =>
    withSpoilt(
      ({ database }) => {
        const select = 'SELECT announcement FROM versions WHERE version = 0';
        const announcement = decodeWire('Announcement', readBytes(database, select));
        const changed = encodeWire('Announcement', { ...announcement, initialSeed: 1 });
        updateVersion(database, 'announcement', 0, changed);
      },
      (versions) => {
        expect(versions.map(({ isEqual }) => isEqual)).toEqual([false, true, true, true]);
        expect(versions[0].difference!.where).toBe('parameter 0 (layer 0)');
      },
    ));

  const headers: readonly (readonly [string, string, string])[] = [
    ['UPDATE versions SET contributions = 5 WHERE version = 1', 'contributions', '5'],
    ['UPDATE versions SET weight = weight + 1 WHERE version = 1', 'weight', ''],
    ['UPDATE versions SET uplink_bytes = 0 WHERE version = 1', 'uplink bytes', '0'],
    ['UPDATE versions SET parent = NULL WHERE version = 1', 'parent', 'none'],
    ["UPDATE versions SET announcement = x'a0' WHERE version = 1", 'announcement', 'other bytes'],
    ["UPDATE versions SET master = x'00' WHERE version = 1", 'length of the master', '1'],
    [
      "UPDATE versions SET artefact = CAST(x'00' || substr(artefact, 2) AS BLOB) WHERE version = 1",
      'artefact of the announcement',
      '',
    ],
    ['UPDATE versions SET degraded = 1 WHERE version = 1', 'the row', 'another'],
    [
      "UPDATE uploads SET retracted = 2 WHERE version = 0 AND node = 'ben'",
      'retraction of the upload of ben',
      '2',
    ],
    [
      "UPDATE uploads SET envelope = CAST(envelope || x'00' AS BLOB) WHERE version = 0 AND node = 'ann'",
      'the ledger',
      'the upload of ann to version 0 is damaged',
    ],
  ];
  it.each(headers)('names what "%s" has changed', (sql, where, found) =>
    withSpoilt(
      ({ database }) => {
        database.exec(sql);
      },
      (versions) => {
        const first = versions.find(({ isEqual }) => !isEqual)!;
        expect(first.version).toBe(1);
        expect(first.difference!.where).toBe(where);
        if (found !== '') expect(first.difference!.found).toBe(found);
      },
    ),
  );

  it('finds a lost and a damaged snapshot', async () => {
    const spoilSnapshot = (spoil: (path: string) => void) =>
      withSpoilt(
        ({ database, folder }) => {
          const hash = readBytes(database, 'SELECT artefact FROM versions WHERE version = 1');
          spoil(join(folder, 'objects', toHex(hash)));
        },
        (versions) => {
          expect(versions.map(({ isEqual }) => isEqual)).toEqual([true, false, true, true]);
          expect(versions[1].difference!.where).toBe('snapshot');
        },
      );
    await spoilSnapshot((path) => rmSync(path));
    await spoilSnapshot((path) => appendFileSync(path, 'x'));
  });

  it('reads beside a working aggregator, and sees what was there when it began', () =>
    withFolder(async (folder) => {
      const lineage = await Lineage.open(lineageOptions(folder));
      contributeAll(lineage, nodes);
      const replay = Replay.open(folder);
      expect([replay.oldest, replay.newest, replay.federation]).toEqual([0, 1, 'test']);
      contributeAll(lineage, nodes);
      expect(replay.replay(1).isEqual).toBe(true);
      expect(() => replay.replay(2)).toThrow(/version 2 cannot be replayed.*versions 0 to 1/);
      replay.close();
      expect(replayAll(folder)).toHaveLength(3);
      contributeAll(lineage, nodes);
      lineage.close();
      expect(replayAll(folder).map(({ isEqual }) => isEqual)).toEqual([true, true, true, true]);
    }));

  it('refuses what is no store, and makes none', () =>
    withFolder((folder) => {
      const nothing = join(folder, 'nothing');
      expect(() => replayAll(nothing)).toThrow(/nothing is no store/);
      expect(() => replayAll(nothing)).toThrow(/nothing is no store/);
    }));
});
