/** Serial ports through `serialport`, loaded when one is used: it is a native package. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { LinnetError } from '../contract/error.js';
import type { Link, LinkOptions } from './link.js';
import { linkOfDuplex } from './stream-link.js';

export const defaultBaudRate = 115200;
const byIdFolder = '/dev/serial/by-id';

/** A serial port that could be a board. */
export interface SerialCandidate {
  readonly path: string;
  readonly description: string;
}

export async function openSerialLink(path: string, options: LinkOptions): Promise<Link> {
  const { SerialPort } = await import('serialport');
  const port = new SerialPort({
    path,
    baudRate: options.baudRate ?? defaultBaudRate,
    autoOpen: false,
  });
  await new Promise<void>((resolve, reject) => {
    port.open((error) => {
      if (error)
        reject(new LinnetError('ERR_LINK', `${path}: ${error.message}`, { source: error }));
      else resolve();
    });
  });
  return linkOfDuplex(path, port);
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
    const { SerialPort } = await import('serialport');
    const ports = await SerialPort.list();
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
