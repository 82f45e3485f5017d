import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faultPointNames, type FaultPointName } from '../../host/federated/fault-point.js';
import { Ledger } from '../../host/federated/ledger.js';
import { Lineage } from '../../host/federated/lineage.js';
import { retractNode, rollBack } from '../../host/federated/operator.js';
import { replayStore } from '../../host/federated/replay.js';
import { lineageOptions, planSettings, withFolder } from './fixture.js';
import { contribute, contributeAll, nodes, Oracle } from './history.js';
import { parseStrategy } from '../../host/federated/strategies/strategies.js';
import { fedAdam, fedAvg, fedAvgM, median, type Oracle as Strategy } from '../oracle/strategies.js';

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('round' as const), who: fc.subarray(nodes) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('contribute' as const), who: fc.subarray(nodes) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('retract' as const),
      node: fc.constantFrom(...nodes),
      from: fc.nat(5),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rollback' as const), to: fc.nat(12) }) },
);

const options = (folder: string, changes = {}) =>
  lineageOptions(folder, { rounds: 99, ...changes });

async function withLineage(
  folder: string,
  work: (lineage: Lineage) => void,
  changes = {},
): Promise<void> {
  const lineage = await Lineage.open(options(folder, changes));
  work(lineage);
  lineage.close();
}

/** A strategy, how stale deltas may be, and what it computes. */
const strategies: readonly (readonly [string, number, Strategy])[] = [
  ['fed-avg', 0, fedAvg],
  ['fed-buff', 2, fedAvg],
  ['fed-avg-m', 1, fedAvgM(0.9, 0.125)],
  ['fed-adam', 0, fedAdam(256, 0.9, 0.99, 1)],
  ['median', 0, median],
];

describe('an operator', () => {
  it.each(strategies)(
    'gets of %s with staleness %i what BigInt arithmetic gives, whatever was done before, and replay agrees',
    (name, maxStaleness, strategy) =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), (history) =>
          withFolder(async (folder) => {
            const expected = new Oracle(strategy);
            const plan = { ...planSettings, maxStaleness };
            const changes = { strategy: parseStrategy(name), plan };
            await withLineage(folder, () => undefined, changes);
            for (const entry of history) {
              if (entry.do === 'retract') {
                const { node, from } = entry;
                const knows = expected.versions.flat(2).some((known) => known.node === node);
                if (!knows && !expected.hasContributed(node)) continue;
                const done = retractNode(folder, { node, from });
                expect(done !== undefined).toBe(expected.retract(node, from));
                expect(retractNode(folder, { node, from })).toBeUndefined();
              } else if (entry.do === 'rollback') {
                if (entry.to >= expected.head) continue;
                const done = rollBack(folder, entry.to);
                if (done) expected.rollBack(entry.to);
                else expect(expected.hash(expected.head)).toBe(expected.hash(entry.to));
                expect(rollBack(folder, entry.to)).toBeUndefined();
              } else {
                await withLineage(
                  folder,
                  (lineage) => {
                    const idle = entry.who.filter((name) => !expected.hasContributed(name));
                    for (const [i, node] of idle.entries()) {
                      const oldest = Math.max(expected.operated, expected.head - maxStaleness);
                      const base = Math.max(oldest, expected.head - i);
                      expect(lineage.findBase(oldest - 1)).toBeUndefined();
                      if (lineage.findUpload(base, node, 0)) continue;
                      contribute(lineage, node, base);
                      expected.contribute(node, base);
                    }
                    lineage.commit();
                    if (entry.do !== 'round') return;
                    lineage.closeVersion(false);
                    expected.close();
                  },
                  changes,
                );
              }
            }
            await withLineage(
              folder,
              ({ head }) => {
                expect(head.announcement.version).toBe(expected.head);
                expect(head.words).toEqual(expected.words(expected.head));
              },
              changes,
            );
            const replayed = [...replayStore(folder)];
            expect(replayed.map(({ difference }) => difference)).toEqual(
              replayed.map(() => undefined),
            );
            expect(replayed.map(({ published }) => published)).toEqual(
              expected.versions.map((_, version) => expected.hash(version)),
            );
          }),
        ),
        {
          numRuns: 3,
          // A retraction whose base is held back by an earlier one.
          examples: [
            [
              [
                { do: 'round', who: ['dan'] },
                { do: 'round', who: ['cleo'] },
                { do: 'retract', node: 'dan', from: 0 },
                { do: 'retract', node: 'cleo', from: 0 },
              ],
            ],
          ],
        },
      ),
  );

  it('says what a retraction undoes and what it cannot', () =>
    withFolder(async (folder) => {
      await withLineage(folder, (lineage) => {
        contributeAll(lineage, ['ann', 'ben']);
        contributeAll(lineage, ['ann', 'cleo']);
        contributeAll(lineage, ['ben', 'cleo', 'dan']);
        contribute(lineage, 'dan');
        lineage.commit();
      });
      const done = retractNode(folder, { node: 'ben', from: 0 })!;
      // ann and cleo in round 2, cleo and dan in round 3, dan in the open one.
      expect(done).toMatchObject({ version: 4, base: 0, uploadsTo: [0, 2], trainedOnIt: 5 });
      const ledger = Ledger.openExisting(folder, 'read');
      expect(ledger.findVersion(4)).toMatchObject({
        ...{ parent: 3, event: 'retract', base: 0, contributions: 1, isDegraded: true },
        retraction: { node: 'ben', from: 0 },
      });
      expect([...ledger.uploadsOf(2)].map(({ node, retractedBy }) => [node, retractedBy])).toEqual([
        ['ben', 4],
        ['cleo', undefined],
        ['dan', undefined],
      ]);
      ledger.close();
      expect(() => retractNode(folder, { node: 'nobody', from: 0 })).toThrow(/no upload of nobody/);
    }));

  it('is told what a rollback gives up and brings back', () =>
    withFolder(async (folder) => {
      await withLineage(folder, (lineage) => {
        contributeAll(lineage, ['ann', 'ben']);
        contributeAll(lineage, ['cleo']);
      });
      retractNode(folder, { node: 'ann', from: 0 });
      await withLineage(folder, (lineage) => {
        contribute(lineage, 'dan');
        lineage.commit();
      });
      expect(rollBack(folder, 1)).toMatchObject({ version: 4, abandoned: 2, returning: ['ann'] });
      expect(() => rollBack(folder, 5)).toThrow(/no version 5: the newest is 4/);
      expect(retractNode(folder, { node: 'ann', from: 0 })).toMatchObject({
        ...{ version: 5, uploadsTo: [0], trainedOnIt: 0 },
      });
      // Never a lower number, and never the same.
      expect([...replayStore(folder)].map(({ version }) => version)).toEqual([0, 1, 2, 3, 4, 5]);
    }));

  it('leaves plan and rounds as they were: a retraction is no round', () =>
    withFolder(async (folder) => {
      const changes = { rounds: 2, plan: { ...planSettings, lrSchedule: 'linear' as const } };
      const open = () => Lineage.open(options(folder, changes));
      const first = await open();
      contributeAll(first, nodes);
      const { plan } = first.head.announcement;
      first.close();
      retractNode(folder, { node: 'ann', from: 0 });
      const second = await open();
      const { announcement } = second.head;
      expect(announcement).toMatchObject({ version: 2, parent: 1 });
      expect(announcement.plan).toEqual(plan);
      contributeAll(second, nodes);
      expect(second.head.announcement).toMatchObject({ version: 3, final: true });
      second.close();
      rollBack(folder, 1);
      const third = await open();
      expect(third.head.announcement).toMatchObject({ version: 4, parent: 3, final: true });
      third.close();
    }));

  it('waits until the aggregator has stopped', () =>
    withFolder(async (folder) => {
      await withLineage(folder, (lineage) => {
        contributeAll(lineage, nodes);
        const inUse: unknown = expect.objectContaining({
          code: 'ERR_STORE',
          message: expect.stringMatching(
            /in use by another aggregator \(process \d+\): stop it, give the command again/,
          ) as string,
        });
        expect(() => retractNode(folder, { node: 'ann', from: 0 })).toThrow(inUse);
        expect(() => rollBack(folder, 0)).toThrow(inUse);
      });
      expect(() => rollBack(join(folder, 'nothing'), 0)).toThrow(/is no store/);
    }));

  const points = faultPointNames.filter((name) => /version-commit|snapshot|rename/.test(name));
  it.each(points)('stopped at %s has done all or nothing, and can do it again', (point) =>
    withFolder(async (folder) => {
      const expected = new Oracle();
      await withLineage(folder, (lineage) => {
        for (const who of [['ann', 'ben'], nodes]) {
          contributeAll(lineage, who);
          who.forEach((node) => expected.contribute(node));
          expected.close();
        }
      });
      let landed = 0;
      const stop = (name: FaultPointName): void => {
        if (name !== point) return;
        landed++;
        throw new Error('stopped');
      };
      const retraction = { node: 'ben', from: 0 };
      expect(() => retractNode(folder, retraction, stop)).toThrow('stopped');
      expect(landed).toBe(1);
      expected.retract('ben', 0);
      const again = retractNode(folder, retraction);
      expect(again === undefined).toBe(point === 'after-version-commit');
      const replayed = [...replayStore(folder)];
      expect(replayed.map(({ published }) => published)).toEqual(
        [0, 1, 2, 3].map((version) => expected.hash(version)),
      );
      expect(replayed.every(({ isEqual }) => isEqual)).toBe(true);
    }),
  );

  const killed = ['before-version-commit', 'after-version-commit'] as const;
  it.each(killed)('killed with -9 at %s has done all or nothing', (point) =>
    withFolder(async (folder) => {
      await withLineage(folder, (lineage) => contributeAll(lineage, nodes));
      const operator = join(import.meta.dirname, '../../host/federated/operator.ts');
      const script = `
        import { retractNode } from ${JSON.stringify(operator)};
        retractNode(process.argv[1], { node: 'ben', from: 0 }, (name) => {
          if (name !== '${point}') return;
          process.kill(process.pid, 'SIGKILL');
          for (;;);
        });
      `;
      const args = ['--import', 'tsx', '--input-type=module', '-e', script, folder];
      expect(spawnSync(process.execPath, args).signal).toBe('SIGKILL');
      const again = retractNode(folder, { node: 'ben', from: 0 });
      expect(again === undefined).toBe(point === 'after-version-commit');
      const replayed = [...replayStore(folder)];
      expect(replayed.map(({ event, isEqual }) => [event, isEqual])).toEqual(
        ['start', 'round', 'retract'].map((event) => [event, true]),
      );
    }),
  );
});
