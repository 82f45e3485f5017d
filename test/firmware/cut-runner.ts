/** Runs firmware/tools/cut_runner.c: natively under sanitizers, and on a Cortex-M4 in QEMU. */
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type binaryen from 'binaryen';
import { loadKernelBytes, packagePath } from '../../host/kernel/load.js';
import { buildFirmware } from '../../tools/build-firmware.mjs';
import { withBody } from '../node/bad-kernels.js';
import { padded } from '../node/padded-kernel.js';

const run = promisify(execFile);
const timeoutMs = 600_000;

/** The kernels of a run, in a folder of their own that the caller removes. */
export function writeCutKernels(): { readonly folder: string; readonly paths: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'linnet-cuts-'));
  const kernel = loadKernelBytes('accelerated');
  const next = padded(kernel, kernel.length + 100);
  const bad = withBody('train', (module: binaryen.Module) => module.unreachable(), kernel);
  const paths = [kernel, next, bad].map((bytes, i) => {
    const path = join(folder, String(i));
    writeFileSync(path, bytes);
    return path;
  });
  return { folder, paths };
}

export type CutMode = 'cuts' | 'damage' | 'wear';

/** What the program said on standard error; rejects with it if that was bad. */
async function listen(program: string, args: readonly string[], cwd?: string): Promise<string> {
  try {
    return (await run(program, args, { timeout: timeoutMs, cwd })).stderr.trim();
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    throw new Error(stderr?.trim() || message, { cause: error });
  }
}

/** Paths of the runner, and of one with a node that forgets its upload; builds both. */
export function buildCutRunners(): { readonly right: string; readonly forgetful: string } {
  const script = packagePath('test/node/build-sanitized.mjs');
  const folder = execFileSync(process.execPath, [script], { encoding: 'utf8' }).trim();
  return {
    right: join(folder, 'cut-runner-sanitized'),
    forgetful: join(folder, 'cut-runner-forgetful'),
  };
}

/** Mode, seed and stride are those of cut_runner.c. */
export function cutNatively(
  runner: string,
  kernels: readonly string[],
  mode: CutMode,
  seed: number,
  stride: number,
): Promise<string> {
  return listen(runner, [...kernels, mode, String(seed), String(stride)]);
}

/** QEMU's command line takes short names in its working folder. */
export async function cutOnCore(
  kernels: readonly string[],
  mode: CutMode,
  seed: number,
  stride: number,
): Promise<string> {
  const build = await buildFirmware('qemu-mps2-m4', ['cut_runner']);
  if (!build.available) throw new Error(build.reason);
  const cwd = mkdtempSync(join(tmpdir(), 'linnet-cuts-'));
  kernels.forEach((path, i) => copyFileSync(path, join(cwd, String(i))));
  const words = [...kernels.keys(), mode, seed, stride].map((word) => `arg=${word}`);
  const args = [
    ...['-M', 'mps2-an386', '-display', 'none', '-monitor', 'none', '-serial', 'none'],
    ...['-semihosting-config', ['enable=on', 'target=native', ...words].join(',')],
    ...['-kernel', join(build.folder, 'cut_runner.elf')],
  ];
  try {
    return await listen('qemu-system-arm', args, cwd);
  } finally {
    rmSync(cwd, { recursive: true });
  }
}
