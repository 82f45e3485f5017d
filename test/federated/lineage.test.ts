import { writeFileSync } from 'node:fs';
import { version } from '../../host/contract/contract.gen.js';
import { join } from 'node:path';
import Database from 'libsql';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256, toHex } from '../../host/contract/hash.js';
import { faultPointNames, type FaultPointName } from '../../host/federated/fault-point.js';
import { Lineage } from '../../host/federated/lineage.js';
import { rollBack } from '../../host/federated/operator.js';
import { replayStore, type ReplayedVersion } from '../../host/federated/replay.js';
import { packSnapshot, unpackSnapshot } from '../../host/model/snapshot.js';
import {
  initialWords,
  kernelBytes,
  lineageOptions,
  samplesOf,
  simulateDelta,
  simulateEnvelope,
  smallDescriptor,
  withFolder,
} from './fixture.js';
import { contribute, contributeAll, model, nodes } from './history.js';
import * as oracle from '../oracle/aggregate.js';
import { readModel } from '../oracle/descriptor.js';
import { initialParameters } from '../oracle/model.js';

/** Words of every version as BigInt arithmetic gives them. */
function expectedWords(rounds: number, cohort: readonly string[]): Int16Array[] {
  let master = oracle.masterOf(initialWords(smallDescriptor));
  const words = [oracle.publishedWords(master)];
  for (let base = 0; base < rounds; base++) {
    const contributions = cohort.map((node) => ({
      samples: samplesOf(node),
      delta: simulateDelta(node, base, model.parameters),
    }));
    master = oracle.aggregate(master, contributions, 10);
    words.push(oracle.publishedWords(master));
  }
  return words;
}

const replay = (folder: string): ReplayedVersion[] => [...replayStore(folder)];

describe('lineage', () => {
  it('begins with the initial words and keeps every object', () =>
    withFolder(async (folder) => {
      const lineage = await Lineage.open(lineageOptions(folder));
      const { announcement, snapshot } = lineage.head;
      expect(announcement).toMatchObject({
        version: 0,
        federation: 'test',
        numerics: version.NUMERICS,
      });
      expect(announcement.artefactHash).toEqual(sha256(snapshot));
      expect(unpackSnapshot(snapshot, model.hash)).toEqual(initialWords(smallDescriptor));
      for (const bytes of [snapshot, smallDescriptor, kernelBytes])
        expect(lineage.objects.read(sha256(bytes))).toEqual(bytes);
      expect(lineage.starts).toBe(1);
      lineage.close();
    }));

  it('begins with the words of a seed, which version 0 alone announces', () =>
    withFolder(async (folder) => {
      const seed = 2 ** 32 - 5;
      const lineage = await Lineage.open(lineageOptions(folder, { initialWords: seed }));
      const words = initialParameters(readModel(smallDescriptor), seed);
      expect(lineage.head.words).toEqual(words);
      expect(lineage.head.announcement.initialSeed).toBe(seed);
      expect(lineage.objects.read(lineage.head.announcement.artefactHash)).toEqual(
        packSnapshot(model.hash, words),
      );
      contributeAll(lineage, nodes);
      expect(lineage.head.announcement.initialSeed).toBeUndefined();
      lineage.close();
      expect(rollBack(folder, 0)!.modelHash).toBe(toHex(sha256(packSnapshot(model.hash, words))));
      const again = await Lineage.open(lineageOptions(folder, { initialWords: 1 }));
      expect(again.head.words).toEqual(words);
      expect(again.head.announcement.initialSeed).toBeUndefined();
      again.close();
      expect(replay(folder).map(({ isEqual }) => isEqual)).toEqual([true, true, true]);
    }));

  it('gives the models BigInt arithmetic gives, whatever the order, the groups and the restarts', () => {
    const turns = fc.record({
      order: fc.shuffledSubarray(nodes, { minLength: nodes.length }),
      /** After which contributions to commit, and after which to restart besides. */
      commit: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      restart: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    });
    const rounds = 3;
    const expected = expectedWords(rounds, nodes);
    const property = fc.asyncProperty(
      fc.array(turns, { minLength: rounds, maxLength: rounds }),
      (history) =>
        withFolder(async (folder) => {
          let lineage = await Lineage.open(lineageOptions(folder));
          for (const [base, turn] of history.entries()) {
            expect(lineage.head.words).toEqual(expected[base]);
            for (const [i, node] of turn.order.entries()) {
              contribute(lineage, node);
              if (turn.commit[i] || turn.restart[i]) lineage.commit();
              if (!turn.restart[i]) continue;
              lineage.close();
              lineage = await Lineage.open(lineageOptions(folder));
              expect(lineage.open.sum.count).toBe(i + 1);
            }
            lineage.commit();
            lineage.closeVersion(false);
          }
          expect(lineage.head.words).toEqual(expected[rounds]);
          expect(lineage.head.announcement.final).toBe(true);
          lineage.close();
          expect(replay(folder).map(({ isEqual }) => isEqual)).toEqual([true, true, true, true]);
        }),
    );
    return fc.assert(property, { numRuns: 6 });
  });

  it('publishes the same announcement bytes after a restart, with other options too', () =>
    withFolder(async (folder) => {
      const first = await Lineage.open(lineageOptions(folder, { deadlineMs: 5000 }));
      const { announcementBytes } = first.head;
      first.close();
      const other = lineageOptions(folder, { rounds: 9, kernels: [] });
      const second = await Lineage.open({
        ...other,
        initialWords: () => {
          throw new Error('not asked again');
        },
      });
      expect(toHex(second.head.announcementBytes)).toBe(toHex(announcementBytes));
      expect(second.starts).toBe(2);
      second.close();
    }));

  it('forgets what was staged and not committed', () =>
    withFolder(async (folder) => {
      const first = await Lineage.open(lineageOptions(folder));
      contribute(first, 'ann');
      first.commit();
      contribute(first, 'ben');
      expect(first.findUpload(0, 'ben', 0)).toBeDefined();
      first.close();
      const second = await Lineage.open(lineageOptions(folder));
      expect(second.open.nodes).toEqual(['ann']);
      expect(second.findUpload(0, 'ben', 0)).toBeUndefined();
      second.close();
    }));

  it('knows the uploads to closed versions', () =>
    withFolder(async (folder) => {
      const lineage = await Lineage.open(lineageOptions(folder));
      const envelope = simulateEnvelope(lineage.head.announcement, 'ann', model.parameters);
      contribute(lineage, 'ann');
      lineage.commit();
      lineage.closeVersion(true);
      expect(lineage.findUpload(0, 'ann', 0)).toEqual(sha256(envelope));
      expect(lineage.findUpload(1, 'ann', 0)).toBeUndefined();
      lineage.close();
      expect(replay(folder)[1]).toMatchObject({
        contributions: 1,
        isDegraded: true,
        isEqual: true,
      });
    }));

  it('sums what nodes counted, and counts it again from the rows', () =>
    withFolder(async (folder) => {
      const first = await Lineage.open(lineageOptions(folder));
      for (const node of nodes) contribute(first, node);
      first.commit();
      const { training, uplinkBytes, nodes: contributors } = first.open;
      first.close();
      const second = await Lineage.open(lineageOptions(folder));
      const samples = nodes.reduce((sum, node) => sum + samplesOf(node), 0);
      expect(training).toMatchObject({ nodes: 4, samples, loss: samples * 1024, skipped: 4 });
      expect(training!.correct).toBe(samples - 4);
      expect(second.open.training).toEqual(training);
      expect(second.open.evaluation).toBeUndefined();
      expect(second.open.uplinkBytes).toBe(uplinkBytes);
      expect(second.open.nodes).toEqual(contributors);
      second.close();
    }));

  it('refuses a ledger somebody edited', () =>
    withFolder(async (folder) => {
      const lineage = await Lineage.open(lineageOptions(folder));
      contribute(lineage, 'ann');
      lineage.commit();
      lineage.close();
      const edit = (sql: string): void => {
        const database = new Database(join(folder, 'ledger.db'));
        database.exec(sql);
        database.close();
      };
      edit("UPDATE uploads SET envelope = CAST(x'00' || envelope AS BLOB)");
      await expect(Lineage.open(lineageOptions(folder))).rejects.toMatchObject({
        code: 'ERR_STORE',
        message: expect.stringContaining('ann') as string,
      });
      edit('UPDATE uploads SET envelope = CAST(substr(envelope, 2) AS BLOB)');
      (await Lineage.open(lineageOptions(folder))).close();
      edit("UPDATE versions SET master = CAST(x'00000001' || substr(master, 5) AS BLOB)");
      await expect(Lineage.open(lineageOptions(folder))).rejects.toMatchObject({
        code: 'ERR_STORE',
      });
    }));

  it('writes a lost or damaged snapshot again', () =>
    withFolder(async (folder) => {
      const first = await Lineage.open(lineageOptions(folder));
      const { snapshot } = first.head;
      first.close();
      writeFileSync(join(folder, 'objects', toHex(sha256(snapshot))), 'gone');
      const second = await Lineage.open(lineageOptions(folder));
      expect(second.objects.read(sha256(snapshot))).toEqual(snapshot);
      second.close();
    }));

  it('refuses initial words of another model', () =>
    withFolder(async (folder) => {
      const wrong = lineageOptions(folder, { initialWords: () => new Int16Array(1) });
      await expect(Lineage.open(wrong)).rejects.toMatchObject({ code: 'ERR_INTERNAL' });
      (await Lineage.open(lineageOptions(folder))).close();
    }));

  const points = faultPointNames.filter((name) => /commit|snapshot|rename/.test(name));
  it.each(points)('is as before or as after, never between, when stopped at %s', (point) =>
    withFolder(async (folder) => {
      const expected = expectedWords(1, nodes);
      let armed: FaultPointName | undefined;
      let landed = 0;
      const faultPoint = (name: FaultPointName): void => {
        if (name !== armed) return;
        landed++;
        throw new Error('stopped');
      };
      const options = lineageOptions(folder, { faultPoint });
      const crashed = await Lineage.open(options);
      armed = point;
      const work = (lineage: Lineage): void => {
        for (const node of nodes) if (!lineage.findUpload(0, node, 0)) contribute(lineage, node);
        lineage.commit();
        lineage.closeVersion(false);
      };
      expect(() => work(crashed)).toThrow('stopped');
      crashed.close();
      armed = undefined;
      const again = await Lineage.open(options);
      if (again.open.version === 0) work(again);
      expect(landed).toBe(1);
      expect(again.open.version).toBe(1);
      expect(again.head.words).toEqual(expected[1]);
      again.close();
      expect(replay(folder).every(({ isEqual }) => isEqual)).toBe(true);
    }),
  );
});
