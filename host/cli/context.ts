import type { Command } from 'commander';
import { Output } from './output.js';

export interface GlobalOptions {
  readonly output: Output;
  readonly configPath: string | undefined;
}

interface GlobalFlags {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly quiet?: boolean;
  readonly logLevel: string;
  readonly config?: string;
}

/** The flags every command has. */
export function globalOptions(command: Command): GlobalOptions {
  const flags = command.optsWithGlobals<GlobalFlags>();
  const output = new Output({
    json: flags.json ?? false,
    quiet: flags.quiet ?? false,
    logLevel: flags.verbose ? 'debug' : flags.logLevel,
  });
  return { output, configPath: flags.config };
}

/** Aborted by Ctrl-C or SIGTERM; a second Ctrl-C ends the process at once. */
export function interruptSignal(): AbortSignal {
  interrupt ??= listen();
  return interrupt;
}

/** Of this process. */
let interrupt: AbortSignal | undefined;

function listen(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on('SIGINT', () => {
    process.exitCode = 130;
    stop();
  });
  process.on('SIGTERM', stop);
  return controller.signal;
}
