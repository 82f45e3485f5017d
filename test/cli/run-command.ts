/** Runs a command in this process and catches what it prints. */
import { Command } from 'commander';
import { LinnetError } from '../../host/contract/error.js';
import { addFleetCommand } from '../../host/cli/fleet.js';
import { addModelCommand } from '../../host/cli/model.js';

export interface CommandRun {
  readonly stdout: string;
  readonly error: LinnetError | undefined;
}

/** Throws whatever is no LinnetError. */
async function runCommand(
  addCommand: (program: Command) => void,
  args: readonly string[],
): Promise<CommandRun> {
  const program = new Command('linnet')
    .option('--json')
    .option('-q, --quiet')
    .option('--config <file>')
    .option('--log-level <level>', '', 'warn')
    .exitOverride();
  addCommand(program);
  const written: string[] = [];
  const { stdout } = process;
  const write = stdout.write.bind(stdout);
  stdout.write = (text: string) => written.push(text) > 0;
  try {
    await program.parseAsync(['-q', ...args], { from: 'user' });
    return { stdout: written.join(''), error: undefined };
  } catch (error) {
    if (!(error instanceof LinnetError)) throw error;
    return { stdout: written.join(''), error };
  } finally {
    stdout.write = write;
  }
}

export const runModel = (...args: string[]): Promise<CommandRun> =>
  runCommand(addModelCommand, args);

export const runFleet = (...args: string[]): Promise<CommandRun> =>
  runCommand(addFleetCommand, args);

export function recordsOf({ stdout }: CommandRun): Record<string, unknown>[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
