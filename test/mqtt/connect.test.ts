import { spawn } from 'node:child_process';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startBroker } from '../../host/mqtt/broker.js';
import { connectMqtt } from '../../host/mqtt/connect.js';
import { findFreePort, hasMosquitto, startMosquitto } from './mosquitto.js';

let server: Server | undefined;
afterEach(() => server?.close());

/** A server that answers the first packet with these bytes; none: closes at once. */
async function serveAnswer(answer?: Uint8Array): Promise<string> {
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (answer) socket.once('data', () => socket.write(answer));
    else socket.destroy();
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the first connection', () => {
  it('fails with ERR_MQTT where nobody listens', async () => {
    const port = await findFreePort();
    const attempt = connectMqtt({ url: `mqtt://127.0.0.1:${port}`, clientId: 'a' });
    await expect(attempt).rejects.toMatchObject({
      code: 'ERR_MQTT',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
  });

  it('fails with ERR_MQTT at a server that hangs up', async () => {
    const url = await serveAnswer();
    await expect(connectMqtt({ url, clientId: 'a' })).rejects.toMatchObject({ code: 'ERR_MQTT' });
  });

  it('fails with ERR_MQTT at a server that says nothing', async () => {
    const url = await serveAnswer(new Uint8Array(0));
    const attempt = connectMqtt({ url, clientId: 'a', connectTimeoutMs: 100 });
    await expect(attempt).rejects.toMatchObject({ code: 'ERR_MQTT' });
  });

  it('fails with ERR_MQTT at a server that speaks something else', async () => {
    const url = await serveAnswer(new TextEncoder().encode('220 mail ready\r\n'));
    const attempt = connectMqtt({ url, clientId: 'a', connectTimeoutMs: 500 });
    await expect(attempt).rejects.toMatchObject({ code: 'ERR_MQTT' });
  });

  it.each([
    [4, [0x20, 2, 0, 4]],
    [4, [0x20, 2, 0, 5]],
    [5, [0x20, 3, 0, 135, 0]],
  ] as const)(
    'fails with ERR_AUTH when refused in version %i with %j',
    async (version, connack) => {
      const url = await serveAnswer(Uint8Array.from(connack));
      const attempt = connectMqtt({ url, clientId: 'a', protocolVersion: version });
      await expect(attempt).rejects.toMatchObject({ code: 'ERR_AUTH', exitCode: 5 });
    },
  );

  it('refuses files that cannot be read before it connects', async () => {
    const attempt = connectMqtt({ url: 'mqtts://127.0.0.1', clientId: 'a', cafile: '/no/ca.pem' });
    await expect(attempt).rejects.toMatchObject({ code: 'ERR_USAGE' });
  });

  it.runIf(hasMosquitto)('takes user and password from the URL or the options', async () => {
    const broker = await startMosquitto({ user: { name: 'me', password: 'right' } });
    const at = (user: string): string => broker.url.replace('mqtt://', `mqtt://${user}@`);
    try {
      for (const url of [broker.url, at('me:wrong')]) {
        await expect(connectMqtt({ url, clientId: 'a' })).rejects.toMatchObject({
          code: 'ERR_AUTH',
        });
      }
      await (await connectMqtt({ url: at('me:right'), clientId: 'a' })).close();
      await (await connectMqtt({ url: at('me'), password: 'right', clientId: 'a' })).close();
    } finally {
      await broker.close();
    }
  });
});

describe('the embedded broker', () => {
  it('says which port is taken', async () => {
    const broker = await startBroker();
    await expect(startBroker({ port: broker.port })).rejects.toMatchObject({ code: 'ERR_MQTT' });
    await broker.close();
  });

  it('runs as a process of its own', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'host/mqtt/broker-process.ts'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const line = await new Promise<string>((resolve) =>
      child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())),
    );
    const { url } = JSON.parse(line) as { url: string };
    const session = await connectMqtt({ url, clientId: 'a' });
    await session.publish('t', new Uint8Array(1));
    await session.close();
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
  });
});
