import fc from 'fast-check';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faultPointNames } from '../../host/federated/fault-point.js';
import { Ledger } from '../../host/federated/ledger.js';
import { Lineage } from '../../host/federated/lineage.js';
import { retractNode, rollBack } from '../../host/federated/operator.js';
import { Replay, replayStore } from '../../host/federated/replay.js';
import { lineageOptions, withFolder } from './fixture.js';
import { contribute, contributeAll, nodes, Oracle } from './history.js';

const open = (folder: string, keep: number): Promise<Lineage> =>
  Lineage.open(lineageOptions(folder, { rounds: 999, keep }));

/** Closes rounds of everybody, on the store and in the oracle. */
async function closeRounds(
  folder: string,
  keep: number,
  count: number,
  oracle: Oracle,
  who: readonly string[] = nodes,
): Promise<void> {
  const lineage = await open(folder, keep);
  for (let i = 0; i < count; i++) {
    for (const node of who) {
      contribute(lineage, node);
      oracle.contribute(node);
    }
    lineage.commit();
    lineage.closeVersion(false);
    oracle.close();
  }
  lineage.close();
}

/** Everything from the oldest checkpoint on is what BigInt arithmetic gives and what the ledger gives. */
function expectReplay(folder: string, oldest: number, oracle: Oracle): void {
  const replayed = [...replayStore(folder)];
  expect(replayed[0].version).toBe(oldest);
  expect(replayed.map(({ difference }) => difference)).toEqual(replayed.map(() => undefined));
  expect(replayed.map(({ published }) => published)).toEqual(
    replayed.map(({ version }) => oracle.hash(version)),
  );
  expect(replayed.at(-1)!.version).toBe(oracle.head);
}

function uploadsIn(folder: string): number[] {
  const ledger = Ledger.openExisting(folder, 'read');
  const newest = ledger.newestVersion()!;
  const counts = Array.from({ length: newest + 1 }, (_, v) => ledger.marksOf(v).length);
  ledger.close();
  return counts;
}

describe('retention', () => {
  it('keeps what made the newest versions, and their masters', () =>
    withFolder(async (folder) => {
      const oracle = new Oracle();
      await closeRounds(folder, 3, 3, oracle);
      expect(uploadsIn(folder)).toEqual([4, 4, 4, 0]);
      await closeRounds(folder, 3, 5, oracle);
      expect(uploadsIn(folder)).toEqual([0, 0, 0, 0, 0, 4, 4, 4, 0]);
      expectReplay(folder, 5, oracle);
      const replay = Replay.open(folder);
      expect(() => replay.replay(4)).toThrow(/version 4 cannot be replayed.*versions 5 to 8/);
      replay.close();
    }));

  it('refuses to retract and to roll back beyond the horizon, and does what is left', () =>
    withFolder(async (folder) => {
      const oracle = new Oracle();
      await closeRounds(folder, 3, 8, oracle);
      expect(() => retractNode(folder, { node: 'ann', from: 0 })).toThrow(
        /uploads to the versions before 5 were pruned, so what ann did to them cannot be undone: .*--from 6/,
      );
      expect(() => rollBack(folder, 4)).toThrow(/version 4 is beyond the horizon.*roll back to 5/);
      expect(retractNode(folder, { node: 'ann', from: 5 })).toMatchObject({ base: 5 });
      oracle.retract('ann', 5);
      expectReplay(folder, 5, oracle);
      rollBack(folder, 5);
      oracle.rollBack(5);
      expectReplay(folder, 5, oracle);
    }));

  it('holds on to what a retraction or a rollback among the newest versions needs', () =>
    withFolder(async (folder) => {
      const oracle = new Oracle();
      await closeRounds(folder, 4, 4, oracle);
      retractNode(folder, { node: 'ann', from: 1 });
      oracle.retract('ann', 1);
      await closeRounds(folder, 4, 4, oracle);
      // Version 5 is a retraction with base 1; 9 − 4 would be enough for everything else.
      expectReplay(folder, 5, oracle);
      rollBack(folder, 6);
      oracle.rollBack(6);
      await closeRounds(folder, 4, 3, oracle);
      expectReplay(folder, 6, oracle);
      await closeRounds(folder, 4, 1, oracle);
      expectReplay(folder, 10, oracle);
    }));

  it('is right whatever is done, with any horizon', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(
          fc.oneof(
            { weight: 4, arbitrary: fc.record({ who: fc.subarray(nodes, { minLength: 1 }) }) },
            {
              weight: 2,
              arbitrary: fc.record({ retract: fc.constantFrom(...nodes), back: fc.nat(3) }),
            },
            { weight: 1, arbitrary: fc.record({ rollBack: fc.nat(3) }) },
          ),
          { minLength: 5, maxLength: 10 },
        ),
        (keep, history) =>
          withFolder(async (folder) => {
            const oracle = new Oracle();
            let oldest = 0;
            await closeRounds(folder, keep, 0, oracle);
            for (const entry of history) {
              if ('who' in entry) await closeRounds(folder, keep, 1, oracle, entry.who);
              else if ('retract' in entry) {
                const retraction = {
                  node: entry.retract,
                  from: Math.max(oldest, oracle.head - entry.back),
                };
                const knows = uploadersIn(folder).has(entry.retract);
                if (knows && retractNode(folder, retraction))
                  expect(oracle.retract(retraction.node, retraction.from)).toBe(true);
              } else {
                const to = Math.max(oldest, oracle.head - entry.rollBack);
                if (rollBack(folder, to)) oracle.rollBack(to);
              }
              const replay = Replay.open(folder);
              expect(replay.oldest).toBeGreaterThanOrEqual(oldest);
              oldest = replay.oldest;
              replay.close();
              expectReplay(folder, oldest, oracle);
            }
          }),
      ),
      { numRuns: 4 },
    ));

  it('has a file that does not grow for ever', () =>
    withFolder(async (folder) => {
      const size = (): number => statSync(join(folder, 'ledger.db')).size;
      const oracle = new Oracle();
      await closeRounds(folder, 5, 20, oracle);
      const before = size();
      await closeRounds(folder, 5, 40, oracle);
      // A row of the version itself stays: about 400 bytes of 3000.
      expect(size() - before).toBeLessThan(40 * 800);
      await closeRounds(folder, 5, 1, oracle);
      expectReplay(folder, 56, oracle);
    }));

  it('frees what a smaller horizon does not need step by step', () =>
    withFolder(async (folder) => {
      const oracle = new Oracle();
      await closeRounds(folder, 999, 70, oracle, ['ann']);
      const oldest = async (): Promise<number> => {
        await closeRounds(folder, 2, 1, oracle, ['ann']);
        const replay = Replay.open(folder);
        replay.close();
        return replay.oldest;
      };
      expect([await oldest(), await oldest(), await oldest()]).toEqual([64, 70, 71]);
      expectReplay(folder, 71, oracle);
    }));

  it('prunes in the transaction of the version: stopped before or after, nothing between', () =>
    withFolder(async (folder) => {
      const oracle = new Oracle();
      await closeRounds(folder, 2, 4, oracle);
      for (const point of faultPointNames.filter((name) => name.endsWith('version-commit'))) {
        const options = lineageOptions(folder, { rounds: 999, keep: 2 });
        const lineage = await Lineage.open({
          ...options,
          faultPoint: (name) => {
            if (name === point) throw new Error('stopped');
          },
        });
        expect(() => contributeAll(lineage, nodes)).toThrow('stopped');
        lineage.close();
        const isDone = point === 'after-version-commit';
        if (!isDone) nodes.forEach((node) => oracle.contribute(node));
        if (isDone) oracle.close();
        expectReplay(folder, oracle.head - 2, oracle);
        if (isDone) continue;
        const again = await Lineage.open(options);
        again.closeVersion(false);
        again.close();
        oracle.close();
        nodes.forEach((node) => oracle.contribute(node));
      }
    }));
});

function uploadersIn(folder: string): Set<string> {
  const ledger = Ledger.openExisting(folder, 'read');
  const newest = ledger.newestVersion()!;
  const marks = Array.from({ length: newest + 1 }, (_, v) => ledger.marksOf(v)).flat();
  ledger.close();
  return new Set(marks.map(({ node }) => node));
}
