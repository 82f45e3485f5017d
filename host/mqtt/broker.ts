import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { LinnetError } from '../contract/error.js';

export interface BrokerOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** Default 127.0.0.1: the embedded broker asks nobody for a password. */
  readonly host?: string;
}

export interface Broker {
  /** `mqtt://host:port`. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Starts the embedded broker: MQTT 3.1.1, retained messages and sessions in memory. Throws ERR_MQTT
 * if the port cannot be had.
 */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const { port = 0, host = '127.0.0.1' } = options;
  const aedes = await Aedes.createBroker({ concurrency: 1000, queueLimit: 1000 });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    aedes.handle(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  }).catch(async (error: unknown) => {
    await new Promise<void>((resolve) => aedes.close(resolve));
    throw new LinnetError(
      'ERR_MQTT',
      `no broker at ${host}:${port} (${(error as Error).message})`,
      {
        remedy: 'choose another port or use the broker that is there',
        source: error,
      },
    );
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `mqtt://${host}:${bound}`,
    port: bound,
    close: async () => {
      await new Promise<void>((resolve) => aedes.close(resolve));
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
