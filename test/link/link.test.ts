import { mkdtempSync, rmSync } from 'node:fs';
import {
  createServer,
  type AddressInfo,
  type ListenOptions,
  type Server,
  type Socket,
} from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SerialPortMock } from 'serialport';
import { afterEach, describe, expect, it } from 'vitest';
import { openLink } from '../../host/link/open.js';
import { createLinkPair } from '../../host/link/pair.js';
import { linkOfSerialPort } from '../../host/link/serial-link.js';
import { ascii, Listener } from './echo.js';

let cleanUp: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const end of cleanUp.reverse()) await end();
  cleanUp = [];
});

async function startEcho(
  options: ListenOptions,
  onSocket: (socket: Socket) => void,
): Promise<Server> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(options, resolve));
  cleanUp.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return server;
}

describe('a socket', () => {
  it('carries bytes over TCP and unix', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'linnet-link-'));
    cleanUp.push(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'socket');
    await startEcho({ path }, (socket) => socket.pipe(socket));
    const server = await startEcho({ port: 0, host: '127.0.0.1' }, (socket) => socket.pipe(socket));
    const { port } = server.address() as AddressInfo;
    for (const address of [
      `unix://${path}`,
      `tcp://127.0.0.1:${port}`,
      `tcp://localhost:${port}`,
    ]) {
      const link = await openLink(address);
      expect(link.description).toBe(address);
      const listener = new Listener(link);
      await link.write(ascii('echo'));
      expect(await listener.take(4)).toBe('echo');
      await link.close();
      await expect(link.write(ascii('x'))).rejects.toMatchObject({ code: 'ERR_LINK' });
    }
  });

  it('tells once that the other end is gone', async () => {
    const server = await startEcho({ port: 0, host: '127.0.0.1' }, (socket) => socket.end('bye'));
    const link = await openLink(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const listener = new Listener(link);
    expect(await listener.take(3)).toBe('bye');
    await listener.closed();
    await link.close();
    expect(listener.closings).toHaveLength(1);
  });

  it('that nobody listens on is ERR_LINK', async () => {
    const server = await startEcho({ port: 0, host: '127.0.0.1' }, () => undefined);
    const { port } = server.address() as AddressInfo;
    await cleanUp.pop()!();
    for (const address of [`tcp://127.0.0.1:${port}`, 'unix:///no/such/socket']) {
      await expect(openLink(address)).rejects.toMatchObject({ code: 'ERR_LINK' });
    }
  });
});

describe('a port that makes no sense', () => {
  it.each([
    '',
    'ttyACM0',
    'tcp://host',
    'tcp://:1',
    'tcp://host:port',
    'tcp://host:65536',
    'unix://',
    'http://host:80',
    'qemu:none',
  ])('%j is ERR_USAGE', async (port) => {
    await expect(openLink(port)).rejects.toMatchObject({ code: 'ERR_USAGE' });
  });
});

describe('a serial port', () => {
  const path = '/dev/ttyMOCK';

  async function openMock(): Promise<SerialPortMock> {
    SerialPortMock.binding.reset();
    SerialPortMock.binding.createPort(path, { echo: true, record: true });
    const port = new SerialPortMock({ path, baudRate: 115200, autoOpen: false });
    await new Promise<void>((resolve, reject) =>
      port.open((error) => (error ? reject(error) : resolve())),
    );
    return port;
  }

  it('carries bytes, and is closed when its link is', async () => {
    const port = await openMock();
    const link = linkOfSerialPort(path, port);
    const listener = new Listener(link);
    await link.write(ascii('echo'));
    expect(await listener.take(4)).toBe('echo');
    await link.close();
    expect(port.isOpen).toBe(false);
    expect(listener.closings).toEqual(['closed here']);
  });

  it('that is pulled out closes the link', async () => {
    const port = await openMock();
    const link = linkOfSerialPort(path, port);
    const listener = new Listener(link);
    port.close(undefined, new Error('pulled out'));
    await listener.closed();
    await link.close();
    expect(listener.closings).toHaveLength(1);
  });

  it('that does not exist is ERR_LINK', async () => {
    await expect(openLink('/dev/no-such-port')).rejects.toMatchObject({
      code: 'ERR_LINK',
      message: expect.stringContaining('/dev/no-such-port') as string,
    });
  });
});

describe('a pair in memory', () => {
  it('carries bytes both ways in order, late and changed as it is told', async () => {
    const cable = createLinkPair('cable');
    const { a, b } = cable;
    const [atA, atB] = [new Listener(a), new Listener(b)];
    cable.setDelay('a→b', 10);
    cable.setFault('b→a', (bytes) => [bytes, bytes]);
    await a.write(ascii('one '));
    await a.write(ascii('two'));
    await b.write(ascii('x'));
    expect(await atB.take(7)).toBe('one two');
    expect(await atA.take(2)).toBe('xx');
    await b.close();
    expect([atA.closings, atB.closings]).toEqual([['the other end closed it'], ['closed here']]);
    await expect(a.write(ascii('x'))).rejects.toMatchObject({ code: 'ERR_LINK' });
  });
});
