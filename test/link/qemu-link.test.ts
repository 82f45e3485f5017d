import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { messageId } from '../../host/contract/contract.gen.js';
import { FrameDecoder } from '../../host/frame/frame.js';
import { openLink } from '../../host/link/open.js';
import { packagePath } from '../../host/kernel/load.js';
import { processesWith } from './processes.js';

const image = 'build/firmware/qemu-mps2-m4/linnet-node.elf';
const path = process.env['PATH'];

/** Why the board cannot run here; in CI that fails. */
const lacking = ((): string | undefined => {
  const hasQemu = spawnSync('qemu-system-arm', ['--version']).error === undefined;
  const reason = !hasQemu
    ? 'qemu-system-arm is not installed'
    : existsSync(packagePath(image))
      ? undefined
      : `${image} was not built`;
  if (reason === undefined) return undefined;
  if (process.env['CI']) throw new Error(`${reason}, and CI needs it`);
  process.stderr.write(`skipped: board in QEMU, ${reason}\n`);
  return reason;
})();

const socketFolders = (): string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith('linnet-qemu-'));

afterEach(() => {
  process.env['PATH'] = path;
});

describe('a board in QEMU', () => {
  it('needs QEMU, says how to get it, and leaves nothing behind', async () => {
    const before = socketFolders();
    process.env['PATH'] = '/nowhere';
    await expect(openLink('qemu:mps2-an386')).rejects.toMatchObject({
      code: 'ERR_TOOLCHAIN',
      remedy: expect.stringContaining('apt install qemu-system-arm') as string,
    });
    expect(socketFolders()).toEqual(before);
  });

  it.skipIf(lacking !== undefined)('introduces itself and ends with its link', async () => {
    const before = socketFolders();
    const link = await openLink('qemu:mps2-an386');
    const decoder = new FrameDecoder();
    const first = await new Promise<Uint8Array>((resolve) => {
      link.onData((bytes) => decoder.push(bytes).forEach((message) => resolve(message)));
    });
    expect(first[0]).toBe(messageId.HELLO);
    const [folder] = socketFolders().filter((name) => !before.includes(name));
    expect(processesWith(folder)).toHaveLength(1);
    await link.close();
    expect(processesWith(folder)).toHaveLength(0);
    expect(socketFolders()).not.toContain(folder);
  });
});
