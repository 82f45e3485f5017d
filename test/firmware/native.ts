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
  ...['include', 'src', 'ports/emulated', 'ports/psa'].flatMap((folder) => [
    ...['-I', join(root, 'firmware', folder)],
  ]),
  ...['-I', here],
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

/** Whether programs can include this header of a Debian package; in CI they must. */
export function supports(header: string, debianPackage: string): boolean {
  const input = `#include <${header}>\n`;
  try {
    execFileSync(compiler, ['-fsyntax-only', '-xc', '-'], {
      input,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    return true;
  } catch {
    if (process.env.CI) throw new Error(`CI needs ${debianPackage}`);
    console.warn(`Skipped what needs ${header}: install ${debianPackage}.`);
    return false;
  }
}

export interface Build {
  /** Name of the program; that of its source if absent. */
  readonly output?: string;
  /** For the compiler and the linker, behind the sources. */
  readonly flags?: readonly string[];
}

/**
 * Builds a program of this folder and returns its path.
 *
 * @param name the program, without `.c`
 * @param sources what it is made of besides: files seen from firmware/src, or `./file` of this folder
 */
export function compileProgram(
  name: string,
  sources: readonly string[],
  build: Build = {},
): string {
  mkdirSync(out, { recursive: true });
  const program = join(out, build.output ?? name);
  const files = [`./${name}`, ...sources].map((source) =>
    join(source.startsWith('./') ? here : core, `${source}.c`),
  );
  execFileSync(compiler, [...flags, ...files, ...(build.flags ?? []), '-o', program], {
    stdio: 'pipe',
  });
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
