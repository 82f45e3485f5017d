import { constant, messageId, version } from '../../host/contract/contract.gen.js';
import type { HelloRequest } from '../../host/contract/contract.gen.js';
import {
  packRequest,
  unpackResponse,
  type AnsweredName,
  type RequestBodies,
  type RequestName,
  type Response,
} from '../../host/contract/pack.js';
import { encodeFrame, FrameDecoder } from '../../host/frame/frame.js';
import type { Link } from '../../host/link/link.js';

export interface RawMessage {
  readonly id: number;
  readonly flags: number;
  readonly sequence: number;
  readonly body: Uint8Array;
}

export const helloOf = (rest: Partial<HelloRequest> = {}): HelloRequest => ({
  protocol: version.PROTOCOL,
  kernelAbi: version.KERNEL_ABI,
  intrinsicSet: 0,
  descriptorFormat: version.DESCRIPTOR_FORMAT,
  numerics: version.NUMERICS,
  bootEpoch: 1,
  resetReason: 0,
  flags: 0,
  maxPayload: constant.FRAME_MAX_PAYLOAD,
  kernelMemoryBytes: 65536,
  kernelHash: new Uint8Array(32),
  node: 'raw',
  runtime: 'test',
  engine: 'none',
  ...rest,
});

/** The device's end of a link, message by message: nothing happens unless the test does it. */
export class RawEnd {
  private readonly decoder = new FrameDecoder(4096);
  private readonly inbox: RawMessage[] = [];
  private wake: () => void = () => undefined;
  private sequence = 0;

  constructor(private readonly link: Link) {
    link.onData((bytes) => {
      for (const message of this.decoder.push(bytes)) this.inbox.push(parse(message));
      this.wake();
    });
  }

  /** Messages that arrived and were not taken yet. */
  get waiting(): number {
    return this.inbox.length;
  }

  async next(): Promise<RawMessage> {
    while (this.inbox.length === 0) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    return this.inbox.shift()!;
  }

  send(id: number, flags: number, sequence: number, body: Uint8Array): void {
    const message = Uint8Array.of(id, flags, sequence & 0xff, sequence >> 8, ...body);
    void this.link.write(encodeFrame(message));
  }

  respond(request: RawMessage, body: Uint8Array): void {
    this.send(request.id, constant.MESSAGE_FLAG_RESPONSE, request.sequence, body);
  }

  sendRequest<N extends RequestName>(name: N, body: RequestBodies[N]): number {
    this.send(messageId[name], 0, ++this.sequence, packRequest(name, body));
    return this.sequence;
  }

  /** One request and its answer; the test fails by its timeout if there is none. */
  async ask<N extends AnsweredName>(name: N, body: RequestBodies[N]): Promise<Response<N>> {
    const sequence = this.sendRequest(name, body);
    const answer = await this.next();
    if (answer.id !== messageId[name] || answer.sequence !== sequence) {
      throw new Error(`${name} ${sequence} got the answer ${answer.id} ${answer.sequence}`);
    }
    return unpackResponse(name, answer.body);
  }
}

function parse(message: Uint8Array): RawMessage {
  const [id, flags, low, high] = message;
  return {
    id,
    flags,
    sequence: low | (high << 8),
    body: message.slice(constant.MESSAGE_HEADER_BYTES),
  };
}
