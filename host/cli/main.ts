/** The `linnet` command. Every command is a file; errors end here, as one line and an exit code. */
import { Command, CommanderError, Option } from 'commander';
import { LinnetError } from '../contract/error.js';
import { packageVersion } from '../kernel/load.js';
import { addAggregatorCommand } from './aggregator.js';
import { addBridgeCommand } from './bridge.js';
import { addDemoCommand } from './demo.js';
import { addDevicesCommand } from './devices.js';
import { addFleetCommand } from './fleet.js';
import { addModelCommand } from './model.js';
import { addNodeCommand } from './node.js';
import { addReplayCommand } from './replay.js';
import { addRetractCommand } from './retract.js';
import { addRollbackCommand } from './rollback.js';
import { addTrainCommand } from './train.js';

const exitInterrupted = 130;

export function buildProgram(): Command {
  const program = new Command('linnet')
    .description('Trains int8 neural networks on microcontrollers and federates them over MQTT.')
    .version(packageVersion())
    .option('--config <file>', 'configuration file instead of ./linnet.yaml and the user’s')
    .option('--json', 'machine-readable output: NDJSON on stdout')
    .option('-v, --verbose', 'log what happens (same as --log-level debug)')
    .option('-q, --quiet', 'no progress, only errors')
    .addOption(
      new Option('--log-level <level>', 'log level')
        .choices(['error', 'warn', 'info', 'debug'])
        .default('warn'),
    )
    .configureOutput({
      outputError: (text, write) =>
        write(`linnet: ${text.replace(/^error: /, '').trim()}: see linnet --help [ERR_USAGE]\n`),
    })
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      '\nExit codes: 0 ok, 1 failed, 2 usage or configuration, 3 no device, 4 link or timeout, 5 authentication, 130 interrupted.',
    );
  addDemoCommand(program);
  addAggregatorCommand(program);
  addBridgeCommand(program);
  addNodeCommand(program);
  addTrainCommand(program);
  addModelCommand(program);
  addDevicesCommand(program);
  addFleetCommand(program);
  addReplayCommand(program);
  addRetractCommand(program);
  addRollbackCommand(program);
  return program;
}

function reportError(error: unknown): number {
  if (error instanceof LinnetError) {
    process.stderr.write(`linnet: ${error.message} [${error.code}]\n`);
    if (process.argv.includes('-v') || process.argv.includes('--verbose')) console.error(error);
    return error.exitCode;
  }
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Error && error.name === 'AbortError') return exitInterrupted;
  // A file or folder of the user's that cannot be read or written.
  if (error instanceof Error && 'syscall' in error && 'path' in error) {
    process.stderr.write(
      `linnet: ${error.message}: check the path, its permissions and the disk [ERR_USAGE]\n`,
    );
    return 2;
  }
  console.error(error);
  return 1;
}

try {
  await buildProgram().parseAsync();
} catch (error) {
  process.exitCode = reportError(error);
}
