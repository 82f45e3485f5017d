/** `linnet audit`: the signed chain of a store's announcements against a root key. */
import type { Command } from 'commander';
import { LinnetError } from '../contract/error.js';
import { Audit, type AuditedVersion } from '../federated/audit.js';
import { globalOptions, interruptSignal } from './context.js';
import type { Column, Output } from './output.js';
import { addSettings, resolveSettings, type SettingTable } from './settings.js';
import { storeSettings } from './store-setting.js';
import { readRoot } from './trust-settings.js';

const settings = {
  ...storeSettings,
  root: {
    kind: 'list',
    value: 'file',
    text: 'public root keys that may vouch for versions: root.pub, and those before it',
  },
} as const satisfies SettingTable;

const columns: readonly Column[] = [
  { title: 'version', width: 7, align: 'right' },
  { title: 'made by', width: 8 },
  { title: 'announcement', width: 16 },
  { title: 'delegation', width: 10, align: 'right' },
  { title: 'round key', width: 16 },
  { title: 'chain', width: 6 },
];

function printVersion(output: Output, entry: AuditedVersion): void {
  output.record({ type: 'version', ...entry, holds: entry.fault === undefined });
  output.tableRow(columns, [
    ...[entry.version, entry.event, entry.announcement.slice(0, 16)],
    ...[entry.serial ?? '–', entry.roundKey?.slice(0, 16) ?? '–'],
    entry.fault === undefined ? 'holds' : 'BROKEN',
  ]);
}

/** Lets Ctrl-C through. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function auditStore(audit: Audit, output: Output, signal: AbortSignal): Promise<void> {
  output.tableHead(columns);
  let broken: AuditedVersion | undefined;
  for (const entry of audit.versions()) {
    if (entry.fault !== undefined) broken ??= entry;
    printVersion(output, entry);
    if (entry.version % 100 === 0) await breathe();
    signal.throwIfAborted();
  }
  const { federation, newest } = audit;
  output.record({
    ...{ type: 'audit', federation, last: newest, holds: broken === undefined },
    ...(broken && { firstBroken: broken.version, fault: broken.fault }),
  });
  if (!broken) return;
  const cause = `the chain breaks at version ${broken.version}: ${broken.fault}`;
  throw new LinnetError('ERR_AUTH', cause, {
    remedy: 'name every root key that was valid with --root; else restore the store from a copy',
  });
}

export function addAuditCommand(program: Command): void {
  const command = program
    .command('audit')
    .description(
      'verifies who published the versions of a store, and in which order, beside a running aggregator too (docs/OPERATIONS.md)',
    );
  addSettings(command, settings).action(async (flags: Record<string, unknown>, self: Command) => {
    const { output, configPath } = globalOptions(self);
    const { store, root } = resolveSettings('audit', settings, flags, configPath);
    if (root.length === 0) {
      throw new LinnetError('ERR_USAGE', 'no root key is named', {
        remedy: 'give --root with root.pub of the fleet',
      });
    }
    const audit = Audit.open(store, root.map(readRoot));
    try {
      await auditStore(audit, output, interruptSignal());
    } finally {
      audit.close();
    }
  });
}
