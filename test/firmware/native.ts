/** Compiles the C of this folder against the firmware core, with sanitizers, and runs it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const here = join(root, 'test/firmware');
const core = join(root, 'firmware/src');
const out = join(root, 'build/test/firmware');
const compiler = process.env.CC ?? 'cc';

const flags = [
  ...['-std=c99', '-g', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover'],
  ...['-Wall', '-Wextra', '-Werror', '-Wconversion', '-Wshadow'],
  ...[join(root, 'firmware/include'), core, join(root, 'firmware/ports/emulated'), here].flatMap(
    (folder) => ['-I', folder],
  ),
];

function findCompiler(): boolean {
  try {
    execFileSync(compiler, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    if (process.env.CI) throw new Error(`CI needs a C compiler, and ${compiler} does not run`);
    console.warn(`Skipped the C tests of the firmware: ${compiler} does not run.`);
    return false;
  }
}

/** False on a machine without a C compiler, where these tests are skipped. */
export const hasCompiler = findCompiler();

/**
 * Builds a program of this folder and returns its path.
 *
 * @param name the program, without `.c`
 * @param sources what it is made of besides: files seen from firmware/src, or `./file` of this folder
 */
export function compileProgram(name: string, sources: readonly string[]): string {
  mkdirSync(out, { recursive: true });
  const program = join(out, name);
  const files = [`./${name}`, ...sources].map((source) =>
    join(source.startsWith('./') ? here : core, `${source}.c`),
  );
  execFileSync(compiler, [...flags, ...files, '-o', program], { stdio: 'pipe' });
  return program;
}

export function runProgram(program: string, input = ''): string {
  return execFileSync(program, { input, encoding: 'utf8', maxBuffer: 2 ** 28 });
}

/** Puts lines to a program of lines.h and returns its answer to each. */
export function askLines(program: string, lines: readonly string[]): string[] {
  const answers = runProgram(program, lines.map((line) => `${line}\n`).join('')).split('\n');
  answers.pop();
  if (answers.length === lines.length) return answers;
  throw new Error(`${lines.length} questions got ${answers.length} answers`);
}

/** Bytes as a word of lines.h. */
export function hexWord(bytes: Uint8Array): string {
  return bytes.length === 0 ? '-' : Buffer.from(bytes).toString('hex');
}
