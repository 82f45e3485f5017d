/** The `linnet` command. Every command is a file; errors end here, as one line and an exit code. */
import { Command, CommanderError, Option } from 'commander';
import { LinnetError } from '../contract/error.js';
import { packageVersion } from '../kernel/load.js';

const exitInterrupted = 130;

type AddCommand = (program: Command) => void;

/** Each with what it needs, in the order of the help: nothing is loaded for a command nobody calls. */
const commands: Readonly<Record<string, () => Promise<AddCommand>>> = {
  demo: async () => (await import('./demo.js')).addDemoCommand,
  aggregator: async () => (await import('./aggregator.js')).addAggregatorCommand,
  bridge: async () => (await import('./bridge.js')).addBridgeCommand,
  node: async () => (await import('./node.js')).addNodeCommand,
  sim: async () => (await import('./sim.js')).addSimCommand,
  train: async () => (await import('./train.js')).addTrainCommand,
  model: async () => (await import('./model.js')).addModelCommand,
  devices: async () => (await import('./devices.js')).addDevicesCommand,
  fleet: async () => (await import('./fleet.js')).addFleetCommand,
  replay: async () => (await import('./replay.js')).addReplayCommand,
  audit: async () => (await import('./audit.js')).addAuditCommand,
  retract: async () => (await import('./retract.js')).addRetractCommand,
  rollback: async () => (await import('./rollback.js')).addRollbackCommand,
};

/** The commands that these arguments may mean: all if none is named. */
async function loadCommands(args: readonly string[]): Promise<AddCommand[]> {
  const named = Object.keys(commands).filter((name) => args.includes(name));
  const wanted = named.length > 0 ? named : Object.keys(commands);
  return Promise.all(wanted.map((name) => commands[name]()));
}

async function buildProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('linnet')
    .description('Trains int8 neural networks on microcontrollers and federates them over MQTT.')
    .version(packageVersion())
    .option('--config <file>', 'configuration file instead of ./linnet.yaml and the user’s')
    .option('--json', 'machine-readable output: NDJSON on stdout')
    .option('-v, --verbose', 'log what happens (same as --log-level debug)')
    .option('-q, --quiet', 'nothing on stderr but errors')
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
      '\nExit codes: 0 ok, 1 failed, 2 usage or configuration, 3 no device, 4 link or timeout, 5 authentication, 130 interrupted.\n' +
        'Ctrl-C (SIGINT) interrupts every command; node, bridge and aggregator end with 0 on SIGTERM.',
    );
  for (const add of await loadCommands(args)) add(program);
  return program;
}

/** Of reading and writing what is open already: without a path. */
const fileErrorCodes: readonly unknown[] = ['EISDIR', 'ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EROFS'];

/** A file or folder of the user's that cannot be read or written. */
function isFileError(error: unknown): error is Error {
  if (!(error instanceof Error) || !('syscall' in error)) return false;
  return 'path' in error || ('code' in error && fileErrorCodes.includes(error.code));
}

function reportError(error: unknown): number {
  if (error instanceof LinnetError) {
    process.stderr.write(`linnet: ${error.message} [${error.code}]\n`);
    if (process.argv.includes('-v') || process.argv.includes('--verbose')) console.error(error);
    return error.exitCode;
  }
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Error && error.name === 'AbortError') return exitInterrupted;
  if (isFileError(error)) {
    process.stderr.write(
      `linnet: ${error.message}: check the path, its permissions and the disk [ERR_USAGE]\n`,
    );
    return 2;
  }
  console.error(error);
  return 1;
}

// Who reads no further, as `head` does, has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? undefined : reportError(error));
});

try {
  const program = await buildProgram(process.argv.slice(2));
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error);
}
