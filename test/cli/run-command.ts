/** Runs commands of `linnet` in this process and catches what they print. */
import { Command } from 'commander';
import { LinnetError } from '../../host/contract/error.js';
import { addFleetCommand } from '../../host/cli/fleet.js';
import { addModelCommand } from '../../host/cli/model.js';

export interface CommandRun {
  readonly stdout: string;
  readonly stderr: string;
  readonly error: LinnetError | undefined;
}

/** What is written to a stream until `restore`. */
function capture(stream: NodeJS.WriteStream): { written: string[]; restore: () => void } {
  const written: string[] = [];
  const write = stream.write.bind(stream);
  stream.write = (text: string) => written.push(text) > 0;
  return { written, restore: () => void (stream.write = write) };
}

/** Throws whatever is no LinnetError. */
export async function runCommand(
  add: (program: Command) => void,
  ...args: string[]
): Promise<CommandRun> {
  const program = new Command('linnet')
    .option('--json')
    .option('-q, --quiet')
    .option('--config <file>')
    .option('--log-level <level>', '', 'warn')
    .exitOverride();
  add(program);
  const stdout = capture(process.stdout);
  const stderr = capture(process.stderr);
  let error: LinnetError | undefined;
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof LinnetError)) throw thrown;
    error = thrown;
  } finally {
    stdout.restore();
    stderr.restore();
  }
  return { stdout: stdout.written.join(''), stderr: stderr.written.join(''), error };
}

export function runModel(...args: string[]): Promise<CommandRun> {
  return runCommand(addModelCommand, '-q', ...args);
}

export function runFleet(...args: string[]): Promise<CommandRun> {
  return runCommand(addFleetCommand, '-q', ...args);
}

export function recordsOf({ stdout }: CommandRun): Record<string, unknown>[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
