/** `linnet replay`: recomputes published models from the ledger. */
import type { Command } from 'commander';
import { LinnetError } from '../contract/error.js';
import { Replay, type ReplayedVersion } from '../federated/replay.js';
import { globalOptions, interruptSignal } from './context.js';
import type { Column, Output } from './output.js';
import { addSettings, resolveSettings } from './settings.js';
import { storeSettings } from './store-setting.js';

const columns: readonly Column[] = [
  { title: 'version', width: 7, align: 'right' },
  { title: 'made by', width: 8 },
  { title: 'uploads', width: 7, align: 'right' },
  { title: 'model', width: 16 },
  { title: 'replay', width: 9 },
];

/** Between two lines of progress. */
const PROGRESS_MS = 2000;

function usage(cause: string): LinnetError {
  return new LinnetError('ERR_USAGE', cause, { remedy: 'give a version such as 12, or --all' });
}

/** What to replay: the number or everything. */
function versionsOf(round: string | undefined, all: boolean, replay: Replay): [number, number] {
  if ((round === undefined) !== all) throw usage('replay takes one version or --all');
  if (all) return [replay.oldest, replay.newest];
  if (!/^\d{1,10}$/.test(round!)) throw usage(`"${round}" is not a version`);
  replay.check(Number(round));
  return [Number(round), Number(round)];
}

function printVersion(output: Output, entry: ReplayedVersion): void {
  const { version, event, contributions, isDegraded, published, recomputed, isEqual } = entry;
  output.record({
    type: 'version',
    ...{ version, event, contributions, degraded: isDegraded, modelHash: published },
    ...(recomputed !== undefined && { recomputedHash: recomputed }),
    equal: isEqual,
    ...(entry.difference && { difference: entry.difference }),
  });
  output.tableRow(columns, [
    ...[version, event, contributions, published.slice(0, 16)],
    isEqual ? 'equal' : 'DIFFERENT',
  ]);
}

function describeFirst({ version, difference }: ReplayedVersion): string {
  const { where, expected, found } = difference!;
  return `version ${version} is not what its ledger gives, ${where}: expected ${expected}, found ${found}`;
}

async function replayVersions(
  replay: Replay,
  [first, last]: readonly [number, number],
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  if (replay.oldest > 0) {
    output.note(
      `version ${replay.oldest} is the oldest checkpoint: uploads before it were pruned, so it is taken as it is`,
    );
  }
  output.tableHead(columns);
  let shownMs = Date.now();
  let different: ReplayedVersion | undefined;
  for (let version = first; version <= last; version++) {
    const entry = replay.replay(version);
    if (!entry.isEqual) different ??= entry;
    printVersion(output, entry);
    if (Date.now() - shownMs < PROGRESS_MS) continue;
    shownMs = Date.now();
    output.note(`${version - first + 1} of ${last - first + 1} versions`);
    // Lets Ctrl-C through.
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }
  const { oldest, federation } = replay;
  output.record({
    ...{ type: 'replay', federation, checkpoint: oldest, first, last },
    equal: different === undefined,
    ...(different && { firstDifference: { version: different.version, ...different.difference } }),
  });
  if (!different) return;
  throw new LinnetError('ERR_STORE', describeFirst(different), {
    remedy: 'restore the store from a copy; who wrote to it, and which disk is it on?',
  });
}

export function addReplayCommand(program: Command): void {
  const command = program
    .command('replay [version]')
    .description(
      'recomputes published models from the ledger, beside a running aggregator too; round 12 made version 12 (docs/OPERATIONS.md)',
    )
    .option('--all', 'every version the store can replay');
  addSettings(command, storeSettings).action(
    async (
      round: string | undefined,
      flags: { all?: boolean } & Record<string, unknown>,
      self: Command,
    ) => {
      const { output, configPath } = globalOptions(self);
      const { store } = resolveSettings('replay', storeSettings, flags, configPath);
      const signal = interruptSignal();
      const replay = Replay.open(store);
      try {
        const range = versionsOf(round, flags.all ?? false, replay);
        await replayVersions(replay, range, output, signal);
      } finally {
        replay.close();
      }
    },
  );
}
