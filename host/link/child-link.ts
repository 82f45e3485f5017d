/** A device that is a child process: its stdin and stdout are the link, its stderr is its log. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { LinnetError } from '../contract/error.js';
import type { Link, LinkOptions } from './link.js';
import { StreamLink } from './stream-link.js';

const termGraceMs = 2000;

/** Splits a command line at spaces; double quotes keep an argument whole, backslash keeps a character. */
export function splitCommand(command: string): string[] {
  const words = command.match(/(?:"(?:\\.|[^"\\])*"|\\.|[^\s"\\])+/g) ?? [];
  return words.map((word) =>
    word.replace(/"((?:\\.|[^"\\])*)"|\\(.)/g, (_, quoted?: string, escaped?: string) =>
      quoted === undefined ? escaped! : quoted.replace(/\\(.)/g, '$1'),
    ),
  );
}

/** SIGTERM, then SIGKILL; resolves when the process is gone. */
export function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), termGraceMs);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

/** Settings of this command are not settings of the device, which may be a Linnet command itself. */
function environmentOfChild(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env);
  return Object.fromEntries(entries.filter(([name]) => !name.startsWith('LINNET_')));
}

/** Resolves when the program has started. Throws ERR_LINK if it cannot be. */
export function spawnProgram(
  program: string,
  args: readonly string[],
  options: LinkOptions,
): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: environmentOfChild(),
    });
    child.once('error', (error) => {
      reject(
        new LinnetError('ERR_LINK', `${program} cannot be started`, {
          remedy: 'check that it exists and may be executed',
          source: error,
        }),
      );
    });
    child.once('spawn', () => resolve(child));
    createInterface({ input: child.stderr }).on('line', (line) => options.onLog?.(line));
  });
}

/** Runs `command` and speaks to it over stdio. */
export async function openChildLink(command: string, options: LinkOptions): Promise<Link> {
  const [program, ...args] = splitCommand(command);
  if (program === undefined) throw new LinnetError('ERR_USAGE', 'exec: names no program');
  const child = await spawnProgram(program, args, options);
  return new StreamLink({
    description: `exec:${command}`,
    input: child.stdout!,
    output: child.stdin!,
    shut: () => endChild(child),
    gone: new Promise((resolve) => {
      child.once('close', (code, signal) => {
        resolve(`${program} ended with ${signal ?? `exit code ${code}`}`);
      });
    }),
  });
}
