/** A Cortex-M board in QEMU: the emulator is a child process, its first UART a unix socket. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { LinnetError } from '../contract/error.js';
import { endChild, spawnProgram } from './child-link.js';
import type { Link, LinkOptions } from './link.js';
import { openSocketLink } from './socket-link.js';

interface Board {
  readonly emulator: string;
  readonly machine: string;
  /** Firmware image below the package root. */
  readonly image: string;
}

const boards: Readonly<Record<string, Board>> = {
  'mps2-an386': {
    emulator: 'qemu-system-arm',
    machine: 'mps2-an386',
    image: 'build/firmware/qemu-mps2-m4/linnet-node.elf',
  },
};

const socketWaitMs = 10_000;

/** The board of a name and the path of its firmware. Throws ERR_USAGE or ERR_TOOLCHAIN. */
function findBoard(name: string): Board & { readonly imagePath: string } {
  const board = boards[name];
  if (!board) {
    throw new LinnetError('ERR_USAGE', `"${name}" is not a board`, {
      remedy: `use one of ${Object.keys(boards).join(', ')}`,
    });
  }
  const imagePath = fileURLToPath(new URL(`../../${board.image}`, import.meta.url));
  if (!existsSync(imagePath)) {
    throw new LinnetError('ERR_TOOLCHAIN', `${board.image} is missing`, {
      remedy:
        'install gcc-arm-none-eabi, cmake and ninja-build, then run `node tools/build-firmware.mjs`',
    });
  }
  return { ...board, imagePath };
}

async function connectWhenReady(path: string): Promise<Link> {
  for (const started = Date.now(); ;) {
    if (existsSync(path)) return openSocketLink(`unix://${path}`);
    if (Date.now() - started > socketWaitMs) {
      throw new LinnetError('ERR_TIMEOUT', 'QEMU did not open its serial port');
    }
    await delay(20);
  }
}

/** Starts the board; closing the link ends it. */
export async function openQemuLink(name: string, options: LinkOptions): Promise<Link> {
  const board = findBoard(name);
  const folder = mkdtempSync(join(tmpdir(), 'linnet-qemu-'));
  const socket = join(folder, 'uart');
  const serial = `unix:${socket},server=on,wait=off`;
  const args = ['-M', board.machine, '-kernel', board.imagePath, '-nographic', '-monitor', 'none'];
  const child = await spawnProgram(
    board.emulator,
    [...args, '-semihosting', '-serial', serial],
    options,
  );
  const shut = async (): Promise<void> => {
    await endChild(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return withShutdown(`qemu:${name}`, await connectWhenReady(socket), shut);
  } catch (error) {
    await shut();
    throw error;
  }
}

function withShutdown(description: string, link: Link, shut: () => Promise<void>): Link {
  return {
    description,
    write: (bytes) => link.write(bytes),
    onData: (handler) => link.onData(handler),
    onClose: (handler) => link.onClose(handler),
    close: async () => {
      await link.close();
      await shut();
    },
  };
}
