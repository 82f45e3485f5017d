/** The signed chain of a store: what is signed when, and what an audit finds. */
import Database from 'libsql';
import fc from 'fast-check';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256, toHex } from '../../host/contract/hash.js';
import { Audit, type AuditedVersion } from '../../host/federated/audit.js';
import { Ledger } from '../../host/federated/ledger.js';
import { Lineage, type LineageOptions } from '../../host/federated/lineage.js';
import { retractNode, rollBack } from '../../host/federated/operator.js';
import { createKey, type KeyObject } from '../../host/proof/keys.js';
import { checkProof, openProof, signProof } from '../../host/proof/proof.js';
import { root, roundKeyOf as keyOf } from '../proof/fixture.js';
import { lineageOptions, withFolder } from './fixture.js';
import { contributeAll, nodes } from './history.js';

const federation = 'test';
const roundKeyOf = (serial: number, by: KeyObject = root) => keyOf(serial, by, federation);
const roundKey = roundKeyOf(1);

/** Opens the lineage and closes so many rounds. */
async function work(
  folder: string,
  rounds: number,
  changes: Partial<LineageOptions> = { roundKey },
): Promise<Lineage['head']> {
  const lineage = await Lineage.open(lineageOptions(folder, { rounds: 99, ...changes }));
  try {
    for (let i = 0; i < rounds; i++) contributeAll(lineage, nodes);
    return lineage.head;
  } finally {
    lineage.close();
  }
}

function readProofs(folder: string): (string | undefined)[] {
  const ledger = Ledger.openExisting(folder, 'read');
  const newest = ledger.newestVersion()!;
  const proofs = Array.from({ length: newest + 1 }, (_, version) => ledger.proofs.find(version));
  ledger.close();
  return proofs.map((proof) => proof && toHex(proof));
}

function audit(folder: string, roots: readonly KeyObject[] = [root]): AuditedVersion[] {
  const opened = Audit.open(folder, roots);
  const versions = [...opened.versions()];
  opened.close();
  return versions;
}

const faultsOf = (versions: readonly AuditedVersion[]): Record<number, string> =>
  Object.fromEntries(
    versions.flatMap(({ version, fault }) => (fault === undefined ? [] : [[version, fault]])),
  );

const serialsOf = (versions: readonly AuditedVersion[]) => versions.map(({ serial }) => serial);

function change(folder: string, statement: string, ...values: unknown[]): void {
  const database = new Database(join(folder, 'ledger.db'));
  database.prepare(statement).run(...values);
  database.close();
}

describe('an aggregator with a round key', () => {
  it('signs every version, and publishes the same bytes after a restart', () =>
    withFolder(async (folder) => {
      const { proof, announcementBytes } = await work(folder, 3);
      const checked = checkProof(proof!, announcementBytes, { roots: [root], federation });
      expect(checked.announcement.version).toBe(3);
      const proofs = readProofs(folder);
      expect(proofs).toHaveLength(4);
      const again = await work(folder, 0);
      expect(again).toMatchObject({ proof, announcementBytes });
      expect(readProofs(folder)).toEqual(proofs);
      const audited = audit(folder);
      expect(faultsOf(audited)).toEqual({});
      expect(audited.map(({ event }) => event)).toEqual(['start', 'round', 'round', 'round']);
      expect(serialsOf(audited)).toEqual([1, 1, 1, 1]);
    }));

  it('signs what an operator made', () =>
    withFolder(async (folder) => {
      await work(folder, 2);
      retractNode(folder, { node: 'ann', from: 0 });
      rollBack(folder, 1);
      expect(readProofs(folder).slice(3)).toEqual([undefined, undefined]);
      const pending = expect.stringMatching(/not signed yet/) as string;
      expect(faultsOf(audit(folder))).toEqual({ 3: pending, 4: pending });
      const head = await work(folder, 0);
      expect(head.announcement.version).toBe(4);
      const audited = audit(folder);
      expect(faultsOf(audited)).toEqual({});
      expect(audited.map(({ event }) => event).slice(3)).toEqual(['retract', 'rollback']);
      // An old artefact under a new announcement with a new proof.
      const ledger = Ledger.openExisting(folder, 'read');
      expect(ledger.findVersion(4)!.artefact).toEqual(ledger.findVersion(1)!.artefact);
      ledger.close();
      expect(readProofs(folder)[4]).not.toBe(readProofs(folder)[1]);
    }));

  it('signs what was published before it had one', () =>
    withFolder(async (folder) => {
      const unsigned = await work(folder, 2, {});
      expect(unsigned).not.toHaveProperty('proof');
      expect(faultsOf(audit(folder))).toMatchObject({ 0: 'it has no proof' });
      await work(folder, 1);
      expect(faultsOf(audit(folder))).toEqual({});
    }));

  it('signs at the next start what a crash left unsigned, with the same bytes', () =>
    withFolder(async (folder) => {
      await work(folder, 2);
      const proofs = readProofs(folder);
      change(folder, 'DELETE FROM proofs WHERE version = 2');
      await work(folder, 0);
      expect(readProofs(folder)).toEqual(proofs);
    }));

  it('goes on under a new delegation, whose serial is known at once', () =>
    withFolder(async (folder) => {
      await work(folder, 2);
      const before = readProofs(folder);
      const second = roundKeyOf(2);
      const { proof } = await work(folder, 0, { roundKey: second });
      expect(openProof(proof!).delegation.serial).toBe(2);
      expect(readProofs(folder).slice(0, 2)).toEqual(before.slice(0, 2));
      await work(folder, 1, { roundKey: second });
      const audited = audit(folder);
      expect(faultsOf(audited)).toEqual({});
      expect(serialsOf(audited)).toEqual([1, 1, 2, 2]);
      await expect(work(folder, 0)).rejects.toMatchObject({
        code: 'ERR_AUTH',
        message: expect.stringMatching(
          /under delegation 2, .* of delegation 1: .*newest/,
        ) as string,
      });
    }));

  it('under a new root key needs both for its audit', () =>
    withFolder(async (folder) => {
      const other = createKey();
      await work(folder, 1);
      await work(folder, 1, { roundKey: roundKeyOf(2, other) });
      expect(Object.keys(faultsOf(audit(folder, [other])))).toEqual(['0']);
      expect(Object.keys(faultsOf(audit(folder)))).toEqual(['1', '2']);
      expect(faultsOf(audit(folder, [other, root]))).toEqual({});
    }));

  it('does not go on without a key, with that of another federation, or on a damaged proof', () =>
    withFolder(async (folder) => {
      await work(folder, 1);
      const refusal = (code: string, message: RegExp) => ({
        code,
        message: expect.stringMatching(message) as string,
      });
      await expect(work(folder, 0, {})).rejects.toMatchObject(
        refusal('ERR_AUTH', /this store are signed: give the round key/),
      );
      await expect(work(folder, 0, { roundKey: keyOf(1, root, 'other') })).rejects.toMatchObject(
        refusal('ERR_AUTH', /for the federation other/),
      );
      const proofs = readProofs(folder);
      for (const wrong of [proofs[0]!, 'ffff']) {
        const blob = Buffer.from(wrong, 'hex');
        change(folder, 'UPDATE proofs SET proof = ? WHERE version = ?', blob, 1);
        await expect(work(folder, 0)).rejects.toMatchObject(
          refusal('ERR_STORE', /proof of version 1 in the ledger is damaged.*linnet audit/),
        );
      }
      const whole = Buffer.from(proofs[1]!, 'hex');
      change(folder, 'UPDATE proofs SET proof = ? WHERE version = ?', whole, 1);
      await work(folder, 0);
    }));
});

describe('an audit', () => {
  it('names the version at which a chain was broken', () =>
    withFolder(async (folder) => {
      await work(folder, 4);
      const [proofs, ledger] = [readProofs(folder), Ledger.openExisting(folder, 'read')];
      const announcements = proofs.map((_, version) => ledger.findVersion(version)!.announcement);
      ledger.close();
      const put = 'UPDATE proofs SET proof = ? WHERE version = ?';
      const announce = 'UPDATE versions SET announcement = ? WHERE version = ?';
      const sign = (by = roundKey, parent = announcements[1]) =>
        Buffer.from(signProof(by, announcements[2], parent));
      const cases: [string, unknown[], string][] = [
        ['DELETE FROM proofs WHERE version = 2', [], 'it has no proof'],
        [put, [Buffer.from(proofs[1]!, 'hex'), 2], 'version 2 is not the announcement'],
        [announce, [Buffer.from(announcements[1]), 2], 'version 1 is not the announcement'],
        [put, [sign(roundKeyOf(1, createKey())), 2], 'not signed by the root key'],
        [put, [sign(roundKey, announcements[0]), 2], 'successor of another version 1'],
        [put, [sign(roundKeyOf(0)), 2], 'its delegation is 0, the version before has 1'],
        [put, [sign(keyOf(1, root, 'other')), 2], 'for the federation other'],
      ];
      for (const [statement, values, fault] of cases) {
        change(folder, statement, ...values);
        expect(faultsOf(audit(folder))).toMatchObject({
          2: expect.stringContaining(fault) as string,
        });
        expect(Math.min(...Object.keys(faultsOf(audit(folder))).map(Number))).toBe(2);
        change(folder, announce, Buffer.from(announcements[2]), 2);
        const whole = Buffer.from(proofs[2]!, 'hex');
        change(folder, 'INSERT OR REPLACE INTO proofs VALUES (?, ?)', 2, whole);
        expect(faultsOf(audit(folder))).toEqual({});
      }
      // Both of another version, with its own proof.
      change(folder, announce, Buffer.from(announcements[1]), 2);
      change(folder, put, Buffer.from(proofs[1]!, 'hex'), 2);
      expect(faultsOf(audit(folder))).toMatchObject({ 2: 'its announcement is that of version 1' });
    }));

  it('finds any bit that flips in any proof or announcement', () =>
    withFolder(async (folder) => {
      await work(folder, 3);
      const ledger = Ledger.openExisting(folder, 'read');
      const rows = [0, 1, 2, 3].map((version) => ({
        proofs: ledger.proofs.find(version)!,
        versions: ledger.findVersion(version)!.announcement,
      }));
      ledger.close();
      const column = { proofs: 'proof', versions: 'announcement' };
      const arbitrary = fc.record({
        version: fc.nat(3),
        table: fc.constantFrom('proofs' as const, 'versions' as const),
        at: fc.nat(),
      });
      fc.assert(
        fc.property(arbitrary, ({ version, table, at }) => {
          const bytes = rows[version][table];
          const bit = at % (8 * bytes.length);
          const flipped = Buffer.from(bytes);
          flipped[bit >> 3] ^= 1 << (bit & 7);
          const update = `UPDATE ${table} SET ${column[table]} = ? WHERE version = ?`;
          change(folder, update, flipped, version);
          expect(Number(Object.keys(faultsOf(audit(folder)))[0])).toBe(version);
          change(folder, update, Buffer.from(bytes), version);
        }),
        { numRuns: 60 },
      );
      expect(faultsOf(audit(folder))).toEqual({});
      expect(audit(folder).map(({ announcement }) => announcement)).toEqual(
        rows.map(({ versions }) => toHex(sha256(versions))),
      );
    }));

  it('reaches back to version 0 when uploads were pruned', () =>
    withFolder(async (folder) => {
      await work(folder, 5, { roundKey, keep: 2 });
      const ledger = Ledger.openExisting(folder, 'read');
      expect(ledger.oldestMaster()).toBeGreaterThan(0);
      ledger.close();
      expect(faultsOf(audit(folder))).toEqual({});
    }));
});
