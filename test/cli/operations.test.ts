/** What operators do with a store: replay, retract, roll back. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addReplayCommand } from '../../host/cli/replay.js';
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
