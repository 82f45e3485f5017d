/** Runs `linnet model …` in this process and catches what it prints. */
import { Command } from 'commander';
import { LinnetError } from '../../host/contract/error.js';
import { addModelCommand } from '../../host/cli/model.js';

export interface ModelRun {
  readonly stdout: string;
  readonly error: LinnetError | undefined;
}

/** Throws whatever is no LinnetError. */
export async function runModel(...args: string[]): Promise<ModelRun> {
  const program = new Command('linnet')
    .option('--json')
    .option('-q, --quiet')
    .option('--log-level <level>', '', 'warn')
    .exitOverride();
  addModelCommand(program);
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

export function recordsOf({ stdout }: ModelRun): Record<string, unknown>[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
