import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildFirmware } from '../../tools/build-firmware.mjs';
import { decodeTape, type TapeRuntime } from './tape.js';

const execute = promisify(execFile);
const emulator = 'qemu-system-arm';
const defaultMemoryBytes = 1 << 20;
const timeoutMs = 300_000;

function isInstalled(): boolean {
  try {
    execFileSync(emulator, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const build = isInstalled()
  ? await buildFirmware('qemu-mps2-m4', ['vector_runner'])
  : { available: false as const, reason: `${emulator} is missing: install qemu-system-arm` };

/** What the runner says on standard error when asked for usage, in bytes. */
export interface RunnerUsage {
  /** Heap in use after the kernel was opened, linear memory included. */
  readonly heapAfterOpen: number;
  readonly heapHighWater: number;
  readonly stackHighWater: number;
}

function parseUsage(lines: string): RunnerUsage {
  const entries = lines.trim().split('\n');
  return Object.fromEntries(
    entries.map((line) => line.split(' ')).map(([name, value]) => [name, Number(value)]),
  ) as unknown as RunnerUsage;
}

/**
 * Runs a tape on vector_runner.elf. Its arguments are names in a fresh folder, which is QEMU's
 * working folder, because a semihosting command line cannot carry a path with spaces.
 */
export async function runOnQemu(
  kernelWasm: Uint8Array,
  tape: Uint8Array,
  memoryBytes = defaultMemoryBytes,
): Promise<{ output: Uint8Array; usage: RunnerUsage }> {
  if (!build.available) throw new Error(build.reason);
  const folder = await mkdtemp(join(tmpdir(), 'linnet-tape-'));
  // One nanosecond an instruction, so that the timer counts them; slower, so only where it is asked.
  const counts = decodeTape(tape).some(({ op }) => op === 'COUNT');
  const words = ['kernel', 'tape', 'output', String(memoryBytes), 'usage'];
  const semihosting = ['enable=on', 'target=native', ...words.map((word) => `arg=${word}`)];
  const args = [
    ...['-M', 'mps2-an386', '-display', 'none', '-monitor', 'none', '-serial', 'none'],
    ...['-semihosting-config', semihosting.join(',')],
    ...(counts ? ['-icount', 'shift=0'] : []),
    ...['-kernel', join(build.folder, 'vector_runner.elf')],
  ];
  try {
    await Promise.all([
      writeFile(join(folder, 'kernel'), kernelWasm),
      writeFile(join(folder, 'tape'), tape),
    ]);
    const { stderr } = await execute(emulator, args, { cwd: folder, timeout: timeoutMs });
    const output = new Uint8Array(await readFile(join(folder, 'output')));
    return { output, usage: parseUsage(stderr) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The kernel in wasm3 on an emulated Cortex-M4. */
export const qemuRuntime: TapeRuntime = {
  name: 'wasm3 on QEMU Cortex-M4',
  available: () => (build.available ? undefined : build.reason),
  async run(kernelWasm, tape, options = {}) {
    return (await runOnQemu(kernelWasm, tape, options.memoryBytes)).output;
  },
};
