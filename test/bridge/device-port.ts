import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Runs a device on the stream of one connection until the signal aborts. */
export type DeviceProgram = (socket: Socket, signal: AbortSignal) => void | Promise<void>;

/** A loopback port with a device behind it; every connection is a start of the device. */
export class DevicePort {
  /** Connections so far. */
  starts = 0;
  private readonly open = new Map<Socket, AbortController>();

  private constructor(private readonly server: Server) {}

  static async listen(program: DeviceProgram): Promise<DevicePort> {
    const server = createServer();
    const port = new DevicePort(server);
    server.on('connection', (socket) => port.serve(socket, program));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return port;
  }

  /** As a bridge opens it. */
  get address(): string {
    return `tcp://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Pulls the cable; the next connection finds a device again. */
  cut(): void {
    for (const socket of this.open.keys()) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private serve(socket: Socket, program: DeviceProgram): void {
    this.starts++;
    const power = new AbortController();
    this.open.set(socket, power);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.open.delete(socket);
      power.abort();
    });
    void program(socket, power.signal);
  }
}
