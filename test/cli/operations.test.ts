/** What operators do with a store: replay, retract, roll back. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addReplayCommand } from '../../host/cli/replay.js';
import { addRetractCommand } from '../../host/cli/retract.js';
import { addRollbackCommand } from '../../host/cli/rollback.js';
import { Lineage } from '../../host/federated/lineage.js';
import { lineageOptions } from '../federated/fixture.js';
import { contributeAll, nodes } from '../federated/history.js';
import { recordsOf, runCommand, type CommandRun } from './run-command.js';

let store: string;
const open = (): Promise<Lineage> => Lineage.open(lineageOptions(store, { rounds: 5 }));
beforeEach(async () => {
  store = mkdtempSync(join(tmpdir(), 'linnet-operations-'));
  const lineage = await open();
  for (let round = 0; round < 3; round++) contributeAll(lineage, nodes);
  lineage.close();
});
afterEach(() => rmSync(store, { recursive: true, force: true }));

function edit(sql: string): void {
  const database = new Database(join(store, 'ledger.db'));
  database.exec(sql);
  database.close();
}

const replay = (...args: string[]): Promise<CommandRun> =>
  runCommand(addReplayCommand, 'replay', '--store', store, ...args);

describe('linnet replay', () => {
  it('says which versions are equal, one or all', async () => {
    const all = await replay('--all');
    expect(all).toMatchObject({ error: undefined, stderr: '' });
    expect(all.stdout.match(/equal/g)).toHaveLength(4);
    expect(all.stdout).toMatch(/^ {6}3 {2}round {11}4 {2}[0-9a-f]{16} {2}equal$/m);
    const one = await runCommand(addReplayCommand, '--json', 'replay', '2', '--store', store);
    const [version, summary] = recordsOf(one);
    expect(version).toMatchObject({
      ...{ type: 'version', version: 2, event: 'round', contributions: 4, equal: true },
      recomputedHash: version['modelHash'],
    });
    expect(summary).toMatchObject({ type: 'replay', federation: 'test', equal: true, first: 2 });
  });

  it('names the first difference and ends with 1', async () => {
    edit("UPDATE uploads SET retracted = 9 WHERE node = 'cleo' AND version = 1");
    edit('UPDATE versions SET weight = 1 WHERE version = 3');
    const args = ['--json', 'replay', '--all', '--store', store];
    const run = await runCommand(addReplayCommand, ...args);
    expect(run.error).toMatchObject({ code: 'ERR_STORE', exitCode: 1 });
    expect(run.error!.message).toMatch(
      /^version 2 is not what its ledger gives, retraction of the upload of cleo: expected none, found 9: /,
    );
    const records = recordsOf(run);
    expect(records.map(({ equal }) => equal)).toEqual([true, true, false, false, false]);
    expect(records.at(-1)).toMatchObject({
      firstDifference: { version: 2, expected: 'none', found: '9' },
    });
  });

  it.each([
    [[], 2, /takes one version or --all/],
    [['2', '--all'], 2, /takes one version or --all/],
    [['two'], 2, /"two" is not a version/],
    [['7'], 1, /version 7 cannot be replayed: the store keeps .* 0 to 3/],
    [['--all', '--store', 'elsewhere'], 1, /elsewhere is no store/],
  ])('%j ends with %i and says why', async (args, code, message) => {
    const { error, stdout } = await replay(...args);
    expect(stdout).toBe('');
    expect(error!.exitCode).toBe(code);
    expect(error!.message).toMatch(message);
  });
});

describe('linnet retract', () => {
  const retract = (...args: string[]): Promise<CommandRun> =>
    runCommand(addRetractCommand, 'retract', '--store', store, ...args);

  it('says what it has done and what it cannot undo, once', async () => {
    const first = await retract('ben', '--from', '2');
    expect(first.error).toBeUndefined();
    expect(first.stdout).toMatch(
      /^version 4, model [0-9a-f]{16}: the ledger replayed from version 1 without what ben contributed to the rounds 2, 3\ncannot be undone: 3 later uploads of other nodes.*rollback 1.*\nthe aggregator announces it/,
    );
    const again = await runCommand(
      addRetractCommand,
      ...['--json', 'retract', 'ben', '--from', '2', '--store', store],
    );
    expect(again.stderr).toMatch(/^nothing to do/);
    expect(recordsOf(again)).toEqual([{ type: 'retract', node: 'ben', changed: false }]);
    const rest = await runCommand(
      addRetractCommand,
      ...['--json', 'retract', 'ben', '--store', store],
    );
    expect(recordsOf(rest)).toMatchObject([
      { changed: true, version: 5, base: 0, rounds: [1], trainedOnIt: 6 },
    ]);
    expect((await replay('--all')).stdout).toMatch(/5 {2}retract .* equal\n$/);
  });

  it('refuses a node it does not know, a round 0, and a store in use', async () => {
    expect((await retract('eve')).error!.message).toMatch(/no upload of eve/);
    expect((await retract('ben', '--from', '0')).error).toMatchObject({ exitCode: 2 });
    const lineage = await open();
    expect((await retract('ben')).error!.message).toMatch(/in use.*stop it/);
    lineage.close();
  });
});

describe('linnet rollback', () => {
  it('publishes an old version under a new number, once', async () => {
    const args = ['--json', 'rollback', '1', '--store', store];
    const first = await runCommand(addRollbackCommand, ...args);
    expect(recordsOf(first)).toMatchObject([
      { type: 'rollback', to: 1, changed: true, version: 4, abandoned: 8, returning: [] },
    ]);
    const again = await runCommand(addRollbackCommand, ...args);
    expect(recordsOf(again)).toEqual([{ type: 'rollback', to: 1, changed: false }]);
    const text = await runCommand(addRollbackCommand, 'rollback', '3', '--store', store);
    expect(text.stdout).toMatch(/^version 5, model [0-9a-f]{16}: that of version 3; 0 uploads/);
  });

  it.each([
    ['9', /no version 9: the newest is 3/],
    ['one', /"one" is not a version/],
  ])('refuses %s', async (version, message) => {
    const run = await runCommand(addRollbackCommand, 'rollback', version, '--store', store);
    expect(run.error!.message).toMatch(message);
  });
});
