import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { kernelBuilds, packagePath } from '../../host/kernel/load.js';
import { buildNative } from '../../tools/build-native.mjs';
import type { TapeRuntime } from './tape.js';

const execute = promisify(execFile);
const runner = packagePath('build/vector_runner');
const defaultMemoryBytes = 1 << 20;

const build = await buildNative(['vector_runner']);

/** The kernel in wasm3 in a process of its own: the vector runner, compiled for this machine. */
export const nativeRuntime: TapeRuntime = {
  name: 'wasm3 in the native vector runner',
  builds: kernelBuilds,
  available: () => (build.available ? undefined : build.reason),
  async run(kernelWasm, tape, { memoryBytes = defaultMemoryBytes } = {}) {
    const folder = await mkdtemp(join(tmpdir(), 'linnet-tape-'));
    const files = ['kernel', 'tape', 'output'].map((name) => join(folder, name));
    try {
      await writeFile(files[0], kernelWasm);
      await writeFile(files[1], tape);
      await execute(runner, [...files, String(memoryBytes)]);
      return new Uint8Array(await readFile(files[2]));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
