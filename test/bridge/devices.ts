import type { Socket } from 'node:net';
import { messageId, status } from '../../host/contract/contract.gen.js';
import type { HelloRequest } from '../../host/contract/contract.gen.js';
import { idOf, sha256 } from '../../host/contract/hash.js';
import {
  packResponse,
  unpackRequest,
  type AnsweredName,
  type RequestBodies,
  type ResponseBodies,
} from '../../host/contract/pack.js';
import type { Response } from '../../host/contract/pack.js';
import { Peer } from '../../host/frame/peer.js';
import { ownSamples } from '../../host/sim/node-samples.js';
import type { NodeObjects } from '../../host/sim/node-host.js';
import { V8Node } from '../../host/sim/v8-node.js';
import { helloOf } from '../device/raw-end.js';
import { dataset, descriptorHash } from '../node/fixture.js';
import { shortTiming } from '../node/implementations.js';
import type { DeviceProgram } from './device-port.js';

/** The real V8 node; without a name it takes its name and samples from the host. */
export function v8Device(node: string, key?: Uint8Array, objects: NodeObjects = {}): DeviceProgram {
  return async (socket, signal) => {
    const device = new V8Node({
      node,
      ...(key && { key }),
      ...(node !== '' && { samples: ownSamples(dataset) }),
      write: (bytes) => void socket.write(bytes),
      timing: shortTiming,
      objects,
    });
    socket.on('data', (chunk: Uint8Array) => device.receive(new Uint8Array(chunk)));
    await device.run(signal);
  };
}

/** A device that does what the test says, and remembers what it was told. */
export class ScriptedDevice {
  readonly announcements: Uint8Array[] = [];
  readonly receipts: Uint8Array[] = [];
  /** Status of the answer to a request, or undefined for none at all. */
  answer: (id: number) => number | undefined = () => status.OK;
  /** Said on every new link; undefined says nothing. */
  hello: Partial<HelloRequest> | undefined;
  /** Its answer to STATUS, instead of a bare one. */
  condition: ResponseBodies['STATUS'] | undefined;
  private peer: Peer | undefined;

  constructor(hello?: Partial<HelloRequest>) {
    this.hello = hello;
  }

  readonly program: DeviceProgram = (socket, signal) => {
    const peer = this.attach(socket);
    if (this.hello) void peer.request('HELLO', helloOf(this.hello), signal).catch(() => undefined);
  };

  ask<N extends AnsweredName>(name: N, body: RequestBodies[N]): Promise<Response<N>> {
    return this.peer!.request(name, body, new AbortController().signal);
  }

  sayHello(rest: Partial<HelloRequest>): Promise<Response<'HELLO'>> {
    return this.ask('HELLO', helloOf(rest));
  }

  log(level: number, text: string): void {
    this.peer!.log(level, text);
  }

  /** Offers an envelope and sends all of it; returns the host's last word. */
  async upload(envelope: Uint8Array, version = 0, model = idOf(descriptorHash)): Promise<number> {
    const hash = sha256(envelope);
    const offer = { model, version, contribution: 0, length: envelope.length, hash };
    let offset = (await this.ask('OFFER', offer)).body!.nextOffset;
    while (offset < envelope.length) {
      const data = envelope.subarray(offset, offset + 400);
      offset = (await this.ask('UPLOAD', { offset, data })).body!.nextOffset;
    }
    return offset;
  }

  private attach(socket: Socket): Peer {
    const peer = new Peer(
      (bytes) => void socket.write(bytes),
      (id, body) => this.take(id, body),
      { requestMs: 200, requestTries: 10 },
    );
    socket.on('data', (chunk: Uint8Array) => peer.receive(new Uint8Array(chunk)));
    this.peer = peer;
    return peer;
  }

  private take(id: number, body: Uint8Array): Uint8Array | undefined {
    const code = this.answer(id);
    if (code === undefined) return undefined;
    if (id === messageId.ANNOUNCE)
      this.announcements.push(unpackRequest('ANNOUNCE', body).announcement);
    if (id === messageId.RECEIPT) this.receipts.push(body.slice());
    if (id === messageId.STATUS && this.condition)
      return packResponse('STATUS', code, this.condition);
    if (id === messageId.PING) return Uint8Array.of(0, 0, ...body);
    return packResponse('RESET', code);
  }
}
