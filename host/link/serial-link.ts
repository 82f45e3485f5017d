/** Serial ports through `serialport`, loaded when one is used: it is a native package. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { SerialPort } from 'serialport';
import { LinnetError } from '../contract/error.js';
import type { Link, LinkOptions } from './link.js';
import { StreamLink } from './stream-link.js';

export const defaultBaudRate = 115200;
const byIdFolder = '/dev/serial/by-id';

/** A serial port that could be a board. */
export interface SerialCandidate {
  readonly path: string;
  readonly description: string;
}

/** What a link needs of a SerialPort of `serialport`, or of its mock. */
export interface OpenSerialPort extends Duplex {
  readonly isOpen: boolean;
  close(done: (error: Error | null) => void): void;
}

/** A link on a port that is open. destroy() of `serialport` would leave the device file open. */
export function linkOfSerialPort(path: string, port: OpenSerialPort): Link {
  const shut = (): Promise<void> =>
    new Promise((resolve) => {
      // A port that fails to close was pulled out: it is as closed as can be.
      if (port.isOpen) port.close(() => resolve());
      else resolve();
    });
  return new StreamLink({ description: path, input: port, output: port, shut });
}

async function loadSerialPort(): Promise<typeof SerialPort> {
  try {
    return (await import('serialport')).SerialPort;
  } catch (error) {
    throw new LinnetError('ERR_TOOLCHAIN', 'the package serialport cannot be loaded', {
      remedy: 'run `npm ci` on this machine, or reach the board through tcp://host:port',
      source: error,
    });
  }
}

/** Opens a serial port, 8N1. Throws ERR_LINK if it is absent, forbidden or in use. */
export async function openSerialLink(path: string, options: LinkOptions): Promise<Link> {
  const Port = await loadSerialPort();
  const baudRate = options.baudRate ?? defaultBaudRate;
  const port = new Port({ path, baudRate, autoOpen: false });
  await new Promise<void>((resolve, reject) => {
    port.open((error) => {
      if (error)
        reject(new LinnetError('ERR_LINK', `${path}: ${error.message}`, { source: error }));
      else resolve();
    });
  });
  return linkOfSerialPort(path, port);
}

function listById(): SerialCandidate[] {
  try {
    return readdirSync(byIdFolder).map((name) => ({
      path: join(byIdFolder, name),
      description: name,
    }));
  } catch {
    return [];
  }
}

/** USB serial ports. Without udevadm the listing of `serialport` fails: /dev/serial/by-id then. */
export async function listSerialPorts(): Promise<SerialCandidate[]> {
  try {
    const ports = await (await loadSerialPort()).list();
    return ports
      .filter((port) => port.vendorId !== undefined)
      .map((port) => ({
        path: port.path,
        description: port.manufacturer ?? `USB ${port.vendorId}:${port.productId}`,
      }));
  } catch {
    return listById();
  }
}
