/** `linnet demo`, which `npm start` runs: a whole federation on one machine. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { globalOptions, interruptSignal } from './context.js';
import { runFederation, type FederationOptions } from './demo/federation.js';
import { DemoReport } from './demo/report.js';
import { nativeNodePath } from './demo/runtimes.js';
import type { Output } from './output.js';
import { planSettings } from './plan-settings.js';
import { addSettings, resolveSettings, type Resolved, type SettingTable } from './settings.js';
import { dataSettings } from './task.js';

const settings = {
  ...dataSettings,
  nodes: { kind: 'integer', text: 'nodes', default: 4, minimum: 1, maximum: 1000 },
  runtime: {
    kind: 'text',
    text: 'what runs the nodes; native if it could be built',
    choices: ['native', 'v8'],
  },
  qemu: {
    kind: 'integer',
    text: 'this many of the nodes are Cortex-M4 boards in QEMU',
    default: 0,
    maximum: 1000,
  },
  v8: {
    kind: 'integer',
    text: 'this many of the nodes are V8 nodes with the portable kernel',
    default: 0,
    maximum: 1000,
  },
  mqtt: { kind: 'text', value: 'url', text: 'broker to use instead of an embedded one' },
  deadlineMs: {
    kind: 'integer',
    text: 'time a round has; absent: it waits for all nodes',
    minimum: 1,
  },
  out: {
    kind: 'text',
    short: '-o',
    value: 'folder',
    text: 'where shards, keys, ledger and models go; default: a new folder in runs/',
  },
  ...planSettings,
} as const satisfies SettingTable;

function newRunFolder(): string {
  const stamp = new Date().toISOString().replace(/[:.]/g, '-');
  return join('runs', stamp);
}

/** Native nodes where they exist; without a compiler V8 nodes, said aloud. */
function chooseRuntime(wanted: string | undefined, output: Output): 'native' | 'v8' {
  if (wanted === 'v8') return 'v8';
  if (nativeNodePath() !== undefined || wanted === 'native') return 'native';
  output.note(
    'No C compiler was found, so there are no native nodes: the same kernel bytes run in V8 nodes.',
  );
  output.note('For native nodes install a compiler (apt install gcc) and run again.');
  return 'v8';
}

function optionsOf(
  flags: Resolved<typeof settings>,
  output: Output,
  signal: AbortSignal,
): FederationOptions {
  const folder = flags.out ?? newRunFolder();
  mkdirSync(folder, { recursive: true });
  return {
    ...flags,
    folder,
    runtime: chooseRuntime(flags.runtime, output),
    signal,
    log: output.log,
  };
}

export function addDemoCommand(program: Command): void {
  const command = program.command('demo').description('runs a whole federation on this machine');
  addSettings(command, settings).action(async (flags: Record<string, unknown>, self: Command) => {
    const { output, configPath } = globalOptions(self);
    const options = optionsOf(
      resolveSettings('demo', settings, flags, configPath),
      output,
      interruptSignal(),
    );
    const report = new DemoReport(output);
    const summary = await runFederation(options, report);
    report.printSummary(summary, options.folder);
  });
}
