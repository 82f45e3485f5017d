import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { kernelBuilds } from '../../host/kernel/load.js';
import { type Board, buildFirmware } from '../../tools/build-firmware.mjs';
import { decodeTape, type TapeRuntime } from './tape.js';

const execute = promisify(execFile);
const timeoutMs = 300_000;
const defaultMemoryBytes = 1 << 20;

interface CoreDescription {
  readonly title: string;
  readonly emulator: 'qemu-system-arm' | 'qemu-system-riscv32';
  readonly debianPackage: string;
  readonly machine: readonly string[];
  readonly board: Board;
}

function onArm(title: string, board: Board, ...machine: readonly string[]): CoreDescription {
  return { title, emulator: 'qemu-system-arm', debianPackage: 'qemu-system-arm', machine, board };
}

function onRiscv(title: string, board: Board, ...machine: readonly string[]): CoreDescription {
  const emulator = 'qemu-system-riscv32';
  return { title, emulator, debianPackage: 'qemu-system-misc', machine, board };
}

/** The cores on which the kernel runs in QEMU. */
export const cores = {
  'cortex-m0': onArm(
    'Cortex-M0',
    'qemu-m0',
    ...['microbit', '-global', `nrf51-soc.sram-size=${1 << 24}`],
  ),
  /** A Cortex-M0 with the 16 KB of RAM that it comes with: it cannot plan (planned.ts). */
  microbit: onArm('Cortex-M0 with 16 KB', 'qemu-microbit', 'microbit'),
  'cortex-m3': onArm('Cortex-M3', 'qemu-mps2-m3', 'mps2-an385'),
  'cortex-m4': onArm('Cortex-M4', 'qemu-mps2-m4', 'mps2-an386'),
  'cortex-m7': onArm('Cortex-M7', 'qemu-mps2-m7', 'mps2-an500'),
  'cortex-m33': onArm('Cortex-M33', 'qemu-mps2-m33', 'mps2-an505'),
  rv32: onRiscv('RV32', 'qemu-virt-rv32', 'virt', '-bios', 'none'),
} as const;

export type Core = keyof typeof cores;

function isInstalled(emulator: string): boolean {
  try {
    execFileSync(emulator, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function build({ emulator, debianPackage, board }: CoreDescription) {
  if (isInstalled(emulator)) return buildFirmware(board, ['vector_runner']);
  const reason = `${emulator} is missing: install ${debianPackage}`;
  return { available: false as const, reason };
}

const builds = new Map<Core, ReturnType<typeof build>>();

/** Builds the vector runner of a core, once in a process. */
function buildOnce(core: Core): ReturnType<typeof build> {
  const known = builds.get(core) ?? build(cores[core]);
  builds.set(core, known);
  return known;
}

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
 * Runs a tape on the vector runner of a core. Its arguments are names in a fresh folder, which is
 * QEMU's working folder, because a semihosting command line cannot carry a path with spaces. The address of
 * every instruction is a line in the file `tracePath`, if given.
 */
export async function runOnQemu(
  kernelWasm: Uint8Array,
  tape: Uint8Array,
  memoryBytes = defaultMemoryBytes,
  core: Core = 'cortex-m4',
  tracePath?: string,
): Promise<{ output: Uint8Array; usage: RunnerUsage }> {
  const image = await buildOnce(core);
  if (!image.available) throw new Error(image.reason);
  const { emulator, machine } = cores[core];
  const folder = await mkdtemp(join(tmpdir(), 'linnet-tape-'));
  // One nanosecond an instruction, so that a clock counts them; slower, so only where it is asked.
  const counts = decodeTape(tape).some(({ op }) => op === 'COUNT');
  const words = ['kernel', 'tape', 'output', String(memoryBytes), 'usage'];
  const semihosting = ['enable=on', 'target=native', ...words.map((word) => `arg=${word}`)];
  const args = [
    ...['-M', ...machine, '-display', 'none', '-monitor', 'none', '-serial', 'none'],
    ...['-semihosting-config', semihosting.join(',')],
    ...(counts ? ['-icount', 'shift=0'] : []),
    ...(tracePath ? ['-singlestep', '-d', 'exec,nochain', '-D', tracePath] : []),
    ...['-kernel', join(image.folder, 'vector_runner.elf')],
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

/** The kernel in wasm3 on a core in QEMU. */
export async function openQemuRuntime(core: Core): Promise<TapeRuntime> {
  const image = await buildOnce(core);
  return {
    name: `wasm3 on QEMU ${cores[core].title}`,
    builds: kernelBuilds,
    available: () => (image.available ? undefined : image.reason),
    async run(kernelWasm, tape, options = {}) {
      return (await runOnQemu(kernelWasm, tape, options.memoryBytes, core)).output;
    },
  };
}

/** The core that every test run covers; the others are covered by `npm run test:cores`. */
export const qemuRuntime: TapeRuntime = await openQemuRuntime('cortex-m4');
