import { rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { constant, messageId } from '../../host/contract/contract.gen.js';
import { FrameDecoder } from '../../host/frame/frame.js';
import type { Scene } from './scene.js';

const names = new Map<number, string>(Object.entries(messageId).map(([name, id]) => [id, name]));

/** A message on a cable, named as in the contract. */
export interface CableMessage {
  readonly name: string;
  readonly from: 'host' | 'device';
  readonly isResponse: boolean;
  /** What follows the header. */
  readonly body?: Uint8Array;
}

/** One direction: which messages end in a chunk of bytes. */
class Tap {
  readonly #decoder = new FrameDecoder(constant.FRAME_MAX_PAYLOAD);

  constructor(private readonly from: 'host' | 'device') {}

  read(chunk: Uint8Array): CableMessage[] {
    return this.#decoder.push(new Uint8Array(chunk)).map((message) => ({
      name: names.get(message[0]) ?? String(message[0]),
      from: this.from,
      isResponse: (message[1] & constant.MESSAGE_FLAG_RESPONSE) !== 0,
      body: message.subarray(constant.MESSAGE_HEADER_BYTES),
    }));
  }
}

/** A cable between a bridge and a device's socket, which a test can watch and pull. */
export class Cable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;
  /** Sees every message before it arrives; what it pulls meanwhile does not arrive. */
  onMessage: (message: CableMessage) => void = () => undefined;
  pulls = 0;

  private constructor(
    private readonly path: string,
    private readonly device: string,
  ) {
    this.#server = createServer((host) => this.#join(host));
  }

  /** Both ends are paths of unix sockets: the bridge connects to `path`, the device listens at `device`. */
  static async lay(scene: Scene, path: string, device: string): Promise<Cable> {
    const cable = new Cable(path, device);
    await new Promise<void>((resolve) => cable.#server.listen(path, resolve));
    scene.defer(() => cable.#remove());
    return cable;
  }

  get port(): string {
    return `unix://${this.path}`;
  }

  /** Everything on its way is lost. */
  pull(): void {
    this.pulls++;
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  plugIn(): void {
    this.#isCut = false;
  }

  #join(host: Socket): void {
    if (this.#isCut) {
      host.destroy();
      return;
    }
    const device = connect(this.device);
    this.#forward(host, device, new Tap('host'));
    this.#forward(device, host, new Tap('device'));
  }

  #forward(from: Socket, to: Socket, tap: Tap): void {
    this.#sockets.add(from);
    from.on('data', (chunk: Uint8Array) => {
      for (const message of tap.read(chunk)) this.onMessage(message);
      if (!to.destroyed) to.write(chunk);
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }

  #remove(): void {
    this.pull();
    this.#server.close();
    rmSync(this.path, { force: true });
  }
}
