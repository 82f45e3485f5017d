/**
 * Cross-builds the images of the boards with CMake and Ninja:
 *
 *     build/firmware/BOARD/linnet-node.elf
 *     build/firmware/BOARD/vector_runner.elf
 */
import { execFile, execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildIfChanged, listFiles, root } from './incremental.mjs';
import { withLock } from './lock.mjs';
import { locateWasm3 } from './wasm3-sources.mjs';

const run = promisify(execFile);

const arm = ['arm-none-eabi-gcc', 'gcc-arm-none-eabi and libnewlib-arm-none-eabi'];
const riscv = [
  'riscv64-unknown-elf-gcc',
  'gcc-riscv64-unknown-elf and picolibc-riscv64-unknown-elf',
];

/** Folder of the board below build/firmware, its port, its toolchain file and its compiler. */
export const boards = {
  'qemu-mps2-m4': { port: 'qemu-mps2', toolchain: 'cortex-m4', compiler: arm },
  stm32f4: { port: 'stm32f4', toolchain: 'cortex-m4', compiler: arm },
  'qemu-microbit': {
    ...{ port: 'qemu-microbit', toolchain: 'cortex-m0', compiler: arm },
    settings: ['-DLINNET_SMALL=ON'],
  },
  'qemu-m0': { port: 'qemu-microbit', toolchain: 'cortex-m0', compiler: arm },
  'qemu-mps2-m3': { port: 'qemu-mps2', toolchain: 'cortex-m3', compiler: arm },
  'qemu-mps2-m7': { port: 'qemu-mps2', toolchain: 'cortex-m7', compiler: arm },
  'qemu-mps2-m33': { port: 'qemu-mps2', toolchain: 'cortex-m33', compiler: arm },
  'qemu-virt-rv32': { port: 'qemu-virt', toolchain: 'rv32', compiler: riscv },
};

const needed = [
  ['cmake', 'cmake'],
  ['ninja', 'ninja-build'],
];

function isInstalled(command) {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function execute(command, args, what) {
  try {
    await run(command, args, { cwd: root, maxBuffer: 1 << 24 });
  } catch (error) {
    throw new Error(`${what} failed:\n${error.stdout ?? ''}${error.stderr || error.message}`);
  }
}

async function configure(folder, board) {
  const { port, toolchain, settings = [] } = boards[board];
  const wasm3 = locateWasm3();
  const args = [
    ...['-G', 'Ninja', '-S', join(root, 'firmware'), '-B', folder],
    `-DCMAKE_TOOLCHAIN_FILE=${join(root, `firmware/cmake/${toolchain}.cmake`)}`,
    `-DLINNET_PORT=${port}`,
    `-DLINNET_WASM3_DIR=${wasm3.folder}`,
    `-DLINNET_WASM3_SOURCE=${wasm3.source}`,
    ...settings,
  ];
  await buildIfChanged({
    name: `firmware-${board}`,
    inputs: listFiles([join(root, 'firmware/cmake')], ['.cmake']),
    settings: args.join('\n'),
    outputs: [join(folder, 'build.ninja')],
    build: async () => {
      // A toolchain file only counts in a folder CMake has not seen before.
      rmSync(folder, { recursive: true, force: true });
      await execute('cmake', args, `Configuring ${board}`);
    },
  });
}

/**
 * Builds what has changed for a board; `targets` are names of images, all if absent.
 * Resolves to `{available: true, folder}`, or to `{available: false, reason}` if a tool is missing;
 * rejects if a source does not compile. Safe to call from several processes.
 */
export async function buildFirmware(board, targets = []) {
  for (const [command, debianPackage] of [...needed, boards[board].compiler]) {
    if (!isInstalled(command)) {
      return { available: false, reason: `${command} is missing: install ${debianPackage}` };
    }
  }
  const folder = join(root, 'build/firmware', board);
  await withLock(`${folder}.lock`, async () => {
    await configure(folder, board);
    await execute('ninja', ['-C', folder, ...targets], `Building ${board}`);
  });
  return { available: true, folder };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [chosen = Object.keys(boards), ...targets] = process.argv.slice(2);
  try {
    for (const board of [chosen].flat()) {
      const { available, reason, folder } = await buildFirmware(board, targets);
      console.error(available ? `Built ${folder}` : `Nothing built: ${reason}`);
    }
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
