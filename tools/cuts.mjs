/**
 * `npm run cuts -- [--seeds N]`: cuts the power of a node at every operation of its flash and its link
 * (firmware/tools/cut_runner.c), with N seeds natively under sanitizers and with one on a Cortex-M4 in QEMU;
 * damages flashes; counts how often a sector is erased. The exit code is 1 if anything was not as it
 * must be.
 */
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { buildFirmware } from './build-firmware.mjs';
import { root } from './incremental.mjs';

const run = promisify(execFile);

/** Runs a program; resolves to what it said on standard error, or rejects with it. */
async function listen(program, args, options = {}) {
  try {
    return (await run(program, args, { timeout: 600_000, ...options })).stderr.trim();
  } catch (error) {
    throw new Error(error.stderr?.trim() || error.message);
  }
}

/** Builds the runner under sanitizers; returns its path. `forgetful`: with a node that forgets its upload. */
export function buildCutRunner(forgetful = false) {
  const script = join(root, 'test/node/build-sanitized.mjs');
  const folder = execFileSync(process.execPath, [script], { encoding: 'utf8' }).trim();
  return join(folder, forgetful ? 'cut-runner-forgetful' : 'cut-runner-sanitized');
}

/** `kernels`: paths of two; `mode`, `seed` and `stride` as in cut_runner.c. Resolves to its report. */
export function cutNatively(runner, kernels, mode, seed, stride) {
  return listen(runner, [...kernels, mode, String(seed), String(stride)]);
}

/** The same on a Cortex-M4 in QEMU, whose command line takes short names in its working folder. */
export async function cutOnCore(kernels, mode, seed, stride) {
  const build = await buildFirmware('qemu-mps2-m4', ['cut_runner']);
  if (!build.available) throw new Error(build.reason);
  const cwd = mkdtempSync(join(tmpdir(), 'linnet-cuts-'));
  kernels.forEach((path, i) => copyFileSync(path, join(cwd, String(i))));
  const words = ['0', '1', mode, String(seed), String(stride)].map((word) => `arg=${word}`);
  const args = [
    ...['-M', 'mps2-an386', '-display', 'none', '-monitor', 'none', '-serial', 'none'],
    ...['-semihosting-config', ['enable=on', 'target=native', ...words].join(',')],
    ...['-kernel', join(build.folder, 'cut_runner.elf')],
  ];
  try {
    return await listen('qemu-system-arm', args, { cwd });
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

async function main() {
  const { values } = parseArgs({
    options: { seeds: { type: 'string', default: '8' }, help: { type: 'boolean' } },
  });
  const seeds = Number(values.seeds);
  if (values.help || !(Number.isInteger(seeds) && seeds > 0)) {
    console.error('Usage: npm run cuts -- [--seeds N]');
    return values.help ? 0 : 2;
  }
  const names = ['kernel.accelerated.wasm', 'kernel.wasm'];
  const kernels = names.map((name) => join(root, 'build', name));
  const runner = buildCutRunner();
  const report = (title, text) => console.log(`${title}\n${text.replace(/^/gm, '  ')}`);
  for (let seed = 0; seed < seeds; seed++) {
    report(`native, seed ${seed}`, await cutNatively(runner, kernels, 'cuts', seed, 1));
  }
  report('native', await cutNatively(runner, kernels, 'damage', 0, 250 * seeds));
  report('native', await cutNatively(runner, kernels, 'wear', 0, 100));
  report('Cortex-M4 in QEMU, seed 0', await cutOnCore(kernels, 'cuts', 0, 1));
  report('Cortex-M4 in QEMU', await cutOnCore(kernels, 'damage', 0, 100));
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
