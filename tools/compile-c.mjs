/** Calls a C compiler directly: finds it, compiles what changed, links. */
import { execFile, execFileSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { buildIfChanged, root } from './incremental.mjs';

const run = promisify(execFile);
const parallelJobs = 2;

/** The first of CC, cc, gcc and clang that answers: `{command, version}`, or undefined. */
export function findCompiler() {
  for (const command of [process.env.CC, 'cc', 'gcc', 'clang']) {
    if (!command) continue;
    try {
      const stdio = ['ignore', 'pipe', 'ignore'];
      const version = execFileSync(command, ['--version'], { encoding: 'utf8', stdio });
      return { command, version: version.split('\n')[0] };
    } catch {
      // Not installed, or not a compiler: the next one.
    }
  }
  return undefined;
}

/** Runs the compiler; its messages become the error. `output` appears whole or not at all. */
async function runCompiler(compiler, args, output) {
  const partial = `${output}.${process.pid}`;
  try {
    const options = { cwd: root, maxBuffer: 1 << 24 };
    const { stderr } = await run(compiler.command, [...args, '-o', partial], options);
    if (stderr) console.error(stderr);
  } catch (error) {
    throw new Error(`${basename(output)} does not build:\n${error.stderr || error.message}`);
  }
  renameSync(partial, output);
}

/** Object file of a source compiled with `flags`; `headers` are what it may include. */
async function compileFile(compiler, { name, source, flags, headers }) {
  const object = join(root, 'build/native', `${name}.o`);
  await buildIfChanged({
    name: `native-${name}`,
    inputs: [source, ...headers],
    settings: [compiler.version, ...flags].join('\n'),
    outputs: [object],
    build: () => runCompiler(compiler, [...flags, '-c', source], object),
  });
  return object;
}

/** Compiles sources, two at a time; resolves to their objects in the order given. */
export async function compileFiles(compiler, jobs) {
  const objects = new Array(jobs.length);
  let next = 0;
  async function work() {
    while (next < jobs.length) {
      const index = next++;
      objects[index] = await compileFile(compiler, jobs[index]);
    }
  }
  await Promise.all(Array.from({ length: parallelJobs }, work));
  return objects;
}

/** Links objects to build/`file`. */
export async function linkFile(compiler, file, objects, flags) {
  const output = join(root, 'build', file);
  await buildIfChanged({
    name: `native-link-${file}`,
    inputs: objects,
    settings: [compiler.version, ...flags].join('\n'),
    outputs: [output],
    build: () => runCompiler(compiler, [...objects, ...flags], output),
  });
}
