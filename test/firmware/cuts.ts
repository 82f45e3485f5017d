/**
 * `npm run cuts -- [--seeds N]`: cuts the power of a node at every operation of its flash and its link, with N
 * seeds natively under sanitizers and with one on a Cortex-M4 in QEMU; damages flashes; counts how often a
 * sector is erased. The exit code is 1 if anything was not as it must be.
 */
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { hasQemu } from '../e2e/toolchains.js';
import { buildCutRunners, cutNatively, cutOnCore, writeCutKernels } from './cut-runner.js';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '8' }, help: { type: 'boolean' } },
});
const seeds = Number(values.seeds);
const isUsable = Number.isInteger(seeds) && seeds > 0;

function report(title: string, text: string): void {
  console.log(`${title}\n${text.replace(/^/gm, '  ')}`);
}

async function runAll(kernels: readonly string[]): Promise<void> {
  const runner = buildCutRunners().right;
  for (let seed = 0; seed < seeds; seed++) {
    report(`native, seed ${seed}`, await cutNatively(runner, kernels, 'cuts', seed, 1));
  }
  report('native', await cutNatively(runner, kernels, 'damage', 0, 250 * seeds));
  report('native', await cutNatively(runner, kernels, 'wear', 0, 100));
  if (!hasQemu) return;
  report('Cortex-M4 in QEMU, seed 0', await cutOnCore(kernels, 'cuts', 0, 1));
  report('Cortex-M4 in QEMU', await cutOnCore(kernels, 'damage', 0, 100));
}

if (values.help || !isUsable) {
  console.error('Usage: npm run cuts -- [--seeds N]');
  process.exitCode = isUsable ? 0 : 2;
} else {
  const { folder, paths } = writeCutKernels();
  try {
    await runAll(paths);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
