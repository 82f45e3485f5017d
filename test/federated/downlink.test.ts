import fc from 'fast-check';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codec, constant } from '../../host/contract/contract.gen.js';
import { idOf, sha256, toHex } from '../../host/contract/hash.js';
import { decodeWire } from '../../host/contract/wire.js';
import { Ledger } from '../../host/federated/ledger.js';
import { Lineage, type LineageOptions } from '../../host/federated/lineage.js';
import { retractNode, rollBack } from '../../host/federated/operator.js';
import { replayStore } from '../../host/federated/replay.js';
import { readUpload } from '../../host/federated/stored-upload.js';
import { isFrozen } from '../../host/model/info.js';
import { packSnapshot } from '../../host/model/snapshot.js';
import * as aggregate from '../oracle/aggregate.js';
import { readModel } from '../oracle/descriptor.js';
import { publishRound } from '../oracle/downlink.js';
import {
  initialWords,
  lineageOptions,
  packDelta,
  planSettings,
  samplesOf,
  simulateDelta,
  simulateEnvelope,
  smallDescriptor,
  withFolder,
} from './fixture.js';
import { contributeAll, model, nodes } from './history.js';

const oracleModel = readModel(smallDescriptor);

const options = (folder: string, changes: Partial<LineageOptions> = {}): LineageOptions =>
  lineageOptions(folder, {
    rounds: 99,
    downlink: { codec: codec.DENSE_3, snapshotEvery: 64 },
    ...changes,
  });

const hashOf = (words: Int16Array): string => toHex(sha256(packSnapshot(model.hash, words)));

/** A delta that leaves frozen layers alone, as a node's does. */
function deltaOf(node: string, version: number, frozenLayers: number): Int16Array {
  const delta = simulateDelta(node, version, model.parameters);
  for (const layer of model.layers)
    if (isFrozen(layer, frozenLayers))
      delta.fill(0, layer.weightOffset, layer.biasOffset + layer.biases);
  return delta;
}

function closeRound(lineage: Lineage, who: readonly string[], frozenLayers: number): void {
  const { version } = lineage.open;
  for (const node of who) {
    const payload = packDelta(deltaOf(node, version, frozenLayers));
    const { announcement } = lineage.head;
    const envelope = simulateEnvelope(announcement, node, model.parameters, { payload });
    const hash = sha256(envelope);
    const row = { version, openVersion: version, node, contribution: 0, hash, envelope };
    lineage.stage(readUpload(row, model, announcement.plan));
  }
  lineage.commit();
  lineage.closeVersion(false);
}

function objectPath(folder: string, hash: Uint8Array): string {
  return join(folder, 'objects', toHex(hash));
}

/** Artefact and difference of every version. */
function artefactsIn(folder: string) {
  const ledger = Ledger.openExisting(folder, 'read');
  const versions = Array.from({ length: ledger.newestVersion()! + 1 }, (_, v) =>
    decodeWire('Announcement', ledger.findVersion(v)!.announcement),
  );
  ledger.close();
  return versions;
}

const differences = (folder: string) => [...replayStore(folder)].map((entry) => entry.difference);

async function roundsOf(folder: string, count: number, changes: Partial<LineageOptions> = {}) {
  const lineage = await Lineage.open(options(folder, changes));
  for (let i = 0; i < count; i++) contributeAll(lineage, nodes);
  const { head } = lineage;
  lineage.close();
  return head;
}

describe('coded versions', () => {
  const turn = fc.record({
    who: fc.subarray(nodes),
    frozenLayers: fc.constantFrom(0, 0, 0, 1, 2),
    codec: fc.constantFrom(
      codec.SPARSE_TERNARY,
      codec.RAW_INT16,
      codec.RICE_INT16,
      codec.DENSE_2,
      codec.DENSE_3,
      codec.DENSE_8,
    ),
    snapshotEvery: fc.constantFrom(1, 3, 64, 64),
    restarts: fc.boolean(),
  });

  it('have the words the specification gives, whatever is set and when, and replay agrees', () =>
    fc.assert(
      fc.asyncProperty(fc.array(turn, { minLength: 6, maxLength: 10 }), (turns) =>
        withFolder(async (folder) => {
          let master = aggregate.masterOf(initialWords(smallDescriptor));
          let words = initialWords(smallDescriptor);
          for (const [version, { who, frozenLayers, ...downlink }] of turns.entries()) {
            const isFinal = version + 1 === turns.length;
            const plan = { ...planSettings, frozenLayers };
            const settings = options(folder, { rounds: turns.length, plan, downlink });
            const lineage = await Lineage.open(settings);
            expect(hashOf(lineage.head.words)).toBe(hashOf(words));
            const announced = lineage.head.announcement.plan.frozenLayers ?? 0;
            closeRound(lineage, who, announced);
            const contributions = who.map((node) => ({
              samples: samplesOf(node),
              delta: deltaOf(node, version, announced),
            }));
            if (who.length > 0) master = aggregate.aggregate(master, contributions, 10);
            const step = { version: version + 1, seed: planSettings.seed, frozenLayers, isFinal };
            const expected = publishRound(oracleModel, master, words, step, downlink);
            words = expected.words;
            const { announcement, difference } = lineage.head;
            expect(hashOf(lineage.head.words)).toBe(hashOf(words));
            expect(difference).toEqual(expected.payload);
            expect(announcement.difference === undefined).toBe(expected.payload === undefined);
            lineage.close();
          }
          expect(differences(folder).filter(Boolean)).toEqual([]);
        }),
      ),
      { numRuns: 15 },
    ));

  it('are what they would be without a codec where it is exact, and in the end with any', () =>
    withFolder(async (folder) => {
      const ends: string[] = [];
      for (const id of [codec.RAW_INT16, codec.RICE_INT16, codec.DENSE_2]) {
        const store = join(folder, String(id));
        const downlink = { codec: id, snapshotEvery: 64 };
        const head = await roundsOf(store, 5, { rounds: 5, downlink });
        expect(head.difference === undefined).toBe(id === codec.RAW_INT16);
        ends.push(toHex(head.announcement.artefactHash));
      }
      // The simulated deltas do not depend on what nodes trained from.
      expect(new Set(ends).size).toBe(1);
    }));

  it('announce the difference from the snapshot of the parent', () =>
    withFolder(async (folder) => {
      const { announcement, difference } = await roundsOf(folder, 2);
      const [, parent] = artefactsIn(folder);
      expect(announcement.difference).toEqual({
        base: idOf(parent.artefactHash),
        codec: codec.DENSE_3,
        hash: sha256(difference!),
        bytes: difference!.length,
      });
      expect(difference!.length).toBeLessThan(announcement.artefactBytes / 3);
    }));

  it('fit an announcement that has everything', () =>
    withFolder(async (folder) => {
      const bytes = (n: number): Uint8Array => new Uint8Array(70_000).fill(n);
      const settings = (classes: number): LineageOptions =>
        options(folder, {
          federation: 'f'.repeat(constant.NAME_MAX_BYTES),
          kernels: [1, 2, 3, 4].map((n) => ({ bytes: bytes(n), intrinsicSet: n % 2 })),
          plan: {
            ...planSettings,
            ...{ seed: 0xffff_ffff, samples: 2 ** 30, weightUnit: 0xffff_ffff },
            ...{ frozenLayers: 1, proximalShift: 7, classWeights: new Int8Array(classes) },
          },
          deadlineMs: 0xffff_ffff,
        });
      const lineage = await Lineage.open(settings(3));
      contributeAll(lineage, []);
      expect(lineage.head.announcementBytes.length).toBeLessThanOrEqual(
        constant.ANNOUNCEMENT_MAX_BYTES - 16,
      );
      lineage.close();
      // What would not fit is said before anything is published, not when the first round closes.
      await expect(Lineage.open(settings(60))).rejects.toMatchObject({
        code: 'ERR_CONFIG',
        message: expect.stringContaining('--downlink raw') as string,
      });
    }));
});

describe('a store with coded versions', () => {
  it('makes lost and damaged files again, from the last version in full on', () =>
    withFolder(async (folder) => {
      const head = await roundsOf(folder, 5);
      for (const { artefactHash, difference } of artefactsIn(folder)) {
        rmSync(objectPath(folder, artefactHash));
        if (difference) writeFileSync(objectPath(folder, difference.hash), 'damaged');
      }
      const again = await roundsOf(folder, 0);
      expect(again).toEqual(head);
      expect(existsSync(objectPath(folder, head.announcement.artefactHash))).toBe(true);
      await roundsOf(folder, 1);
      const found = differences(folder);
      expect(found.slice(0, 5).map((entry) => entry?.where)).toEqual([
        'snapshot',
        'difference',
        'difference',
        'difference',
        'difference',
      ]);
      expect(found.slice(5)).toEqual([undefined, undefined]);
    }));

  it('says which file to restore when the masters are gone too', () =>
    withFolder(async (folder) => {
      const head = await roundsOf(folder, 9, { keep: 3 });
      const versions = artefactsIn(folder);
      for (const { artefactHash } of versions.slice(0, -1))
        rmSync(objectPath(folder, artefactHash));
      expect(await roundsOf(folder, 0, { keep: 3 })).toEqual(head);
      rmSync(objectPath(folder, head.announcement.artefactHash));
      await expect(roundsOf(folder, 0, { keep: 3 })).rejects.toMatchObject({
        code: 'ERR_STORE',
        message: expect.stringContaining(
          `restore objects/${toHex(head.announcement.artefactHash)}`,
        ) as string,
      });
    }));

  it('replays from its horizon on', () =>
    withFolder(async (folder) => {
      await roundsOf(folder, 9, { keep: 3 });
      const replayed = [...replayStore(folder)];
      expect(replayed.map(({ version, isEqual }) => [version, isEqual])).toEqual(
        [6, 7, 8, 9].map((version) => [version, true]),
      );
    }));

  it('rolls back to what was published, and retracts in full', () =>
    withFolder(async (folder) => {
      await roundsOf(folder, 4);
      const before = artefactsIn(folder);
      const rolled = rollBack(folder, 2)!;
      expect(rolled.modelHash).toBe(toHex(before[2].artefactHash));
      expect(rollBack(folder, 2)).toBeUndefined();
      await roundsOf(folder, 2);
      retractNode(folder, { node: 'ann', from: 0 });
      await roundsOf(folder, 1);
      const kinds = artefactsIn(folder).map(({ difference }) => difference !== undefined);
      expect(kinds).toEqual([false, true, true, true, true, false, true, true, false, true]);
      const ledger = Ledger.openExisting(folder, 'read');
      const { master, artefact } = ledger.findVersion(8)!;
      ledger.close();
      const view = new DataView(master.buffer, master.byteOffset);
      const words = Int16Array.from({ length: model.parameters }, (_, i) =>
        Math.min(32767, (view.getInt32(4 * i, true) + 2 ** 15) >> 16),
      );
      expect(toHex(artefact)).toBe(hashOf(words));
      expect(differences(folder).filter(Boolean)).toEqual([]);
    }));
});
