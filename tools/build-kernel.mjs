/** Compiles assembly/ to build/kernel.wasm (and .wat) with the AssemblyScript compiler. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfChanged, listFiles, root } from './incremental.mjs';

export async function buildKernel() {
  const compiler = join(root, 'node_modules/assemblyscript');
  const inputs = listFiles([join(root, 'assembly'), join(root, 'asconfig.json')], ['.ts', '.json']);
  return buildIfChanged({
    name: 'kernel',
    inputs: [...inputs, join(compiler, 'package.json')],
    outputs: ['kernel.wasm', 'kernel.wat'].map((file) => join(root, 'build', file)),
    build: () => {
      execFileSync(process.execPath, [join(compiler, 'bin/asc.js'), '--target', 'portable'], {
        cwd: root,
        // Binaryen remarks on convergence; an error is thrown with what was said.
        stdio: ['ignore', 'ignore', 'pipe'],
      });
    },
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildKernel();
