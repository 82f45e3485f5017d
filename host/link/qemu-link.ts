/**
 * A Cortex-M board in QEMU: the emulator is a child process, its first UART a unix socket. A key is
 * put into the memory of the board as a factory puts it into a page of flash.
 */
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LinnetError } from '../contract/error.js';
import { readKey } from '../contract/node-key.js';
import { endChild, spawnProgram } from './child-link.js';
import type { Link, LinkOptions } from './link.js';
import { openSocketLink } from './socket-link.js';

interface Board {
  readonly emulator: string;
  readonly machine: string;
  /** Firmware image below the package root. */
  readonly image: string;
  /** Address of its page for a key, as in its linker script. */
  readonly keyPage: number;
}

function describeBoard(machine: string, core: string, keyPage = 0x0008_0000): [string, Board] {
  const image = `build/firmware/qemu-mps2-${core}/linnet-node.elf`;
  return [machine, { emulator: 'qemu-system-arm', machine, image, keyPage }];
}

/** Cortex-M3, M4, M7 and M33. */
const boards: Readonly<Record<string, Board>> = Object.fromEntries([
  describeBoard('mps2-an385', 'm3'),
  describeBoard('mps2-an386', 'm4'),
  describeBoard('mps2-an500', 'm7'),
  describeBoard('mps2-an505', 'm33', 0x1008_0000),
]);

const socketWaitMs = 10_000;

/** The board of that name. Throws ERR_USAGE. */
function findBoard(name: string): Board {
  const board = boards[name];
  if (board) return board;
  throw new LinnetError('ERR_USAGE', `"${name}" is not a board`, {
    remedy: `use one of ${Object.keys(boards).join(', ')}`,
  });
}

/** Path of the board's firmware. Throws ERR_TOOLCHAIN if it was not built. */
function findImage({ image }: Board): string {
  const path = fileURLToPath(new URL(`../../${image}`, import.meta.url));
  if (existsSync(path)) return path;
  throw new LinnetError('ERR_TOOLCHAIN', `${image} is missing`, {
    remedy: 'install gcc-arm-none-eabi, cmake and ninja-build, then run `npm run build:firmware`',
  });
}

function findProgram(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** The board, and the file with its key: `BOARD` or `BOARD,key=FILE`. */
function splitName(text: string): { readonly name: string; readonly key: Uint8Array | undefined } {
  const [name, file] = text.split(/,key=(.*)/s);
  return { name, key: file === undefined ? undefined : readKey(file) };
}

/** Has QEMU load the key at every start of the board. */
function provision({ keyPage }: Board, key: Uint8Array | undefined, folder: string): string[] {
  if (!key) return [];
  const file = join(folder, 'key');
  writeFileSync(file, key, { mode: 0o600 });
  return ['-device', `loader,file=${file},addr=${keyPage},force-raw=on`];
}

/**
 * The emulator's command line. The board starts when the UART is connected: its first HELLO is not
 * lost. Closing the UART does not end QEMU, so where Linux has setpriv the kernel ends it when this
 * process dies without a chance to. Throws ERR_TOOLCHAIN without QEMU.
 */
function commandOf(board: Board, socket: string): string[] {
  const emulator = findProgram(board.emulator);
  if (!emulator) {
    throw new LinnetError('ERR_TOOLCHAIN', `${board.emulator} is not installed`, {
      remedy: 'install it, on Debian with `apt install qemu-system-arm`',
    });
  }
  const setpriv = findProgram('setpriv');
  return [
    ...(setpriv ? [setpriv, '--pdeathsig', 'TERM'] : []),
    ...[emulator, '-M', board.machine, '-kernel', findImage(board)],
    ...['-nographic', '-monitor', 'none', '-semihosting'],
    ...['-serial', `unix:${socket},server=on,wait=on`],
  ];
}

/** Connects as soon as QEMU listens. Throws ERR_LINK if it ends before, ERR_TIMEOUT. */
async function connectUart(child: ChildProcess, socket: string): Promise<Link> {
  const deadline = Date.now() + socketWaitMs;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new LinnetError('ERR_LINK', 'QEMU ended at once', { remedy: 'see what it printed' });
    }
    // The file may be there a moment before somebody listens.
    const link = existsSync(socket)
      ? await openSocketLink(`unix://${socket}`).catch(() => undefined)
      : undefined;
    if (link) return link;
    await delay(20);
  }
  throw new LinnetError('ERR_TIMEOUT', 'QEMU did not open its serial port');
}

/**
 * Starts a board, `BOARD` or `BOARD,key=FILE`; closing the link ends it. Throws ERR_USAGE, ERR_CONFIG
 * if FILE holds no key, ERR_TOOLCHAIN, ERR_LINK.
 */
export async function openQemuLink(text: string, options: LinkOptions): Promise<Link> {
  const { name, key } = splitName(text);
  const board = findBoard(name);
  const folder = mkdtempSync(join(tmpdir(), 'linnet-qemu-'));
  let child: ChildProcess | undefined;
  const shut = async (): Promise<void> => {
    if (child) await endChild(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const socket = join(folder, 'uart');
    const [program, ...args] = commandOf(board, socket);
    child = await spawnProgram(program, [...args, ...provision(board, key, folder)], options);
    // What the firmware prints by semihosting; unread it would stop the board.
    createInterface({ input: child.stdout! }).on('line', (line) => options.onLog?.(line));
    return withShutdown(`qemu:${name}`, await connectUart(child, socket), shut);
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
