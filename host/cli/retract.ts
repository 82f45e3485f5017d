/** `linnet retract`: a new version without a node's uploads. */
import type { Command } from 'commander';
import { retractNode, type Retracted } from '../federated/operator.js';
import { globalOptions } from './context.js';
import type { Output } from './output.js';
import { addSettings, resolveSettings } from './settings.js';
import { storeSettings } from './store-setting.js';

const settings = {
  ...storeSettings,
  from: {
    kind: 'integer',
    value: 'round',
    text: 'keep what the node contributed to earlier rounds',
    default: 1,
    minimum: 1,
  },
} as const;

/** The round of an upload is the version it was to become part of. */
const roundsOf = (uploadsTo: readonly number[]): number[] =>
  uploadsTo.map((version) => version + 1);

function printRetracted(output: Output, node: string, done: Retracted | undefined): void {
  output.record({
    ...{ type: 'retract', node, changed: done !== undefined },
    ...(done && {
      ...{ version: done.version, modelHash: done.modelHash, base: done.base },
      ...{ rounds: roundsOf(done.uploadsTo), trainedOnIt: done.trainedOnIt },
    }),
  });
  if (!done) {
    output.line(`nothing to do: the newest model holds no such upload of ${node}`);
    return;
  }
  output.line(
    `version ${done.version}, model ${done.modelHash.slice(0, 16)}: the ledger replayed from version ${done.base} without what ${node} contributed to the rounds ${roundsOf(done.uploadsTo).join(', ')}`,
  );
  if (done.trainedOnIt > 0) {
    output.line(
      `cannot be undone: ${done.trainedOnIt} later uploads of other nodes were trained on models that held it, and count as they were sent; \`linnet rollback ${done.base}\` would give those up too`,
    );
  }
  output.line(`the aggregator announces it when it starts; ${node} may go on contributing`);
}

export function addRetractCommand(program: Command): void {
  const command = program
    .command('retract <node>')
    .description(
      'publishes a new version without the uploads of a node; its aggregator must be stopped (docs/OPERATIONS.md)',
    );
  addSettings(command, settings).action(
    (node: string, flags: Record<string, unknown>, self: Command) => {
      const { output, configPath } = globalOptions(self);
      const { store, from } = resolveSettings('retract', settings, flags, configPath);
      printRetracted(output, node, retractNode(store, { node, from: from - 1 }));
    },
  );
}
