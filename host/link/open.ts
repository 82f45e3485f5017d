import { LinnetError } from '../contract/error.js';
import { openChildLink } from './child-link.js';
import type { Link, LinkOptions } from './link.js';
import { openQemuLink } from './qemu-link.js';
import { openSerialLink } from './serial-link.js';
import { openSocketLink } from './socket-link.js';

/**
 * Opens a port as users write it: `exec:COMMAND ARGS`, `unix:///path`, `tcp://host:port`, `qemu:BOARD`,
 * `qemu:BOARD,key=FILE` or the path of a serial port. Throws ERR_USAGE, ERR_LINK, ERR_TIMEOUT or ERR_TOOLCHAIN.
 */
export async function openLink(port: string, options: LinkOptions = {}): Promise<Link> {
  if (port.startsWith('exec:')) return openChildLink(port.slice('exec:'.length), options);
  if (port.startsWith('qemu:')) return openQemuLink(port.slice('qemu:'.length), options);
  if (port.startsWith('unix://') || port.startsWith('tcp://')) return openSocketLink(port);
  if (/^(\/|COM\d+$|\\\\\.\\)/i.test(port)) return openSerialLink(port, options);
  throw new LinnetError('ERR_USAGE', `"${port}" is not a port`, {
    remedy:
      'use /dev/ttyACM0, COM5, tcp://host:port, unix:///path, exec:./program or qemu:mps2-an386',
  });
}
