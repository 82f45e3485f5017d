/** `linnet rollback`: an old version under a new number. */
import type { Command } from 'commander';
import { LinnetError } from '../contract/error.js';
import { rollBack, type RolledBack } from '../federated/operator.js';
import { globalOptions } from './context.js';
import type { Output } from './output.js';
import { addSettings, resolveSettings } from './settings.js';
import { storeSettings } from './store-setting.js';

function parseVersion(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new LinnetError('ERR_USAGE', `"${text}" is not a version`, {
    remedy: 'give a number such as 12',
  });
}

function printRolledBack(output: Output, to: number, done: RolledBack | undefined): void {
  output.record({ type: 'rollback', to, changed: done !== undefined, ...done });
  if (!done) {
    output.line(`nothing to do: the newest model is that of version ${to}`);
    return;
  }
  output.line(
    `version ${done.version}, model ${done.modelHash.slice(0, 16)}: that of version ${to}; ${done.abandoned} uploads that came later are not in it`,
  );
  for (const node of done.returning)
    output.line(`${node} was retracted later: \`linnet retract ${node}\` takes it out again`);
  output.line('the aggregator announces it when it starts');
}

export function addRollbackCommand(program: Command): void {
  const command = program
    .command('rollback <version>')
    .description(
      'publishes an old version under a new number; its aggregator must be stopped (docs/OPERATIONS.md)',
    );
  addSettings(command, storeSettings).action(
    (text: string, flags: Record<string, unknown>, self: Command) => {
      const { output, configPath } = globalOptions(self);
      const version = parseVersion(text);
      const { store } = resolveSettings('rollback', storeSettings, flags, configPath);
      printRolledBack(output, version, rollBack(store, version));
    },
  );
}
