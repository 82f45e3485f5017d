/**
 * Compiles assembly/ with the AssemblyScript compiler, once for each build: build/kernel.wasm is portable,
 * build/kernel.accelerated.wasm imports native intrinsics. The .wat beside each is for reading.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfChanged, listFiles, root } from './incremental.mjs';

/** Targets of asconfig.json and their files. */
const targets = { portable: 'kernel', accelerated: 'kernel.accelerated' };

export async function buildKernel() {
  const compiler = join(root, 'node_modules/assemblyscript');
  const inputs = listFiles([join(root, 'assembly'), join(root, 'asconfig.json')], ['.ts', '.json']);
  for (const [target, file] of Object.entries(targets)) {
    await buildIfChanged({
      name: `kernel-${target}`,
      inputs: [...inputs, join(compiler, 'package.json')],
      outputs: [`${file}.wasm`, `${file}.wat`].map((name) => join(root, 'build', name)),
      build: () => {
        execFileSync(process.execPath, [join(compiler, 'bin/asc.js'), '--target', target], {
          cwd: root,
          // Binaryen remarks on convergence; an error is thrown with what was said.
          stdio: ['ignore', 'ignore', 'pipe'],
        });
      },
    });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildKernel();
