import { constant, messageId } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import {
  packRequest,
  unpackResponse,
  type AnsweredName,
  type RequestBodies,
  type Response,
} from '../contract/pack.js';
import { encodeFrame, FrameDecoder } from './frame.js';

export interface PeerTiming {
  /** An unanswered request is repeated after this. */
  readonly requestMs: number;
  /** Sendings of a request, the first included, until it fails with ERR_TIMEOUT. */
  readonly requestTries: number;
}

/** Answers a request with the body of the response; an event (LOG) is not answered: undefined. */
export type RequestHandler = (id: number, body: Uint8Array) => Uint8Array | undefined;

interface OpenRequest {
  readonly id: number;
  readonly sequence: number;
  readonly take: (body: Uint8Array) => void;
}

/**
 * One end of a link (SPEC, section 6) on a byte stream: answers the other end's requests and sends
 * its own, one at a time, repeated under the same sequence number until answered.
 */
export class Peer {
  private readonly decoder = new FrameDecoder(constant.FRAME_MAX_PAYLOAD);
  private open: OpenRequest | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  private sequence = 0;
  private badMessages = 0;
  /** Largest message the other end takes, bytes. */
  maxPayload: number = constant.FRAME_MAX_PAYLOAD;
  /** When the last whole message arrived, on the clock of performance.now(). */
  lastHeardMs = performance.now();

  constructor(
    private readonly write: (bytes: Uint8Array) => void,
    private readonly handle: RequestHandler,
    private readonly timing: PeerTiming,
  ) {}

  /** Frames dropped for length, coding or checksum, and messages or responses cut short. */
  get badFrames(): number {
    return this.decoder.badFrames + this.badMessages;
  }

  receive(chunk: Uint8Array): void {
    for (const bytes of this.decoder.push(chunk)) this.dispatch(bytes);
  }

  /**
   * Sends a request after those before it were answered. Rejects with ERR_TIMEOUT when the other end
   * stays silent through all repeats, with ERR_FULL if the request is longer than it takes, with the
   * signal's reason; a refusal is a resolved response with a negative status.
   */
  request<N extends AnsweredName>(
    name: N,
    body: RequestBodies[N],
    signal: AbortSignal,
  ): Promise<Response<N>> {
    const result = this.turn.then(() => this.exchange(name, body, signal));
    this.turn = result.catch(() => undefined);
    return result;
  }

  log(level: number, text: string): void {
    const body = packRequest('LOG', { level, text: new TextEncoder().encode(text) });
    this.send(messageId.LOG, 0, ++this.sequence, body);
  }

  private async exchange<N extends AnsweredName>(
    name: N,
    body: RequestBodies[N],
    signal: AbortSignal,
  ): Promise<Response<N>> {
    const sequence = ++this.sequence & 0xffff;
    const packed = packRequest(name, body);
    const length = constant.MESSAGE_HEADER_BYTES + packed.length;
    if (length > this.maxPayload) {
      throw new LinnetError('ERR_FULL', `${name} has ${length} bytes, ${this.maxPayload} fit`);
    }
    for (let attempt = 0; attempt < this.timing.requestTries; attempt++) {
      signal.throwIfAborted();
      const answer = this.awaitAnswer(name, sequence, signal);
      this.send(messageId[name], 0, sequence, packed);
      const response = await answer;
      if (response) return response;
    }
    throw new LinnetError('ERR_TIMEOUT', `${name} was not answered`);
  }

  /** The first well-formed response to the request, or undefined after the timeout. */
  private awaitAnswer<N extends AnsweredName>(
    name: N,
    sequence: number,
    signal: AbortSignal,
  ): Promise<Response<N> | undefined> {
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        this.open = undefined;
      };
      const abort = (): void => {
        finish();
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => {
        finish();
        resolve(undefined);
      }, this.timing.requestMs);
      const take = (body: Uint8Array): void => {
        const response = tryUnpack(name, body);
        if (!response) {
          this.badMessages++;
          return;
        }
        finish();
        resolve(response);
      };
      signal.addEventListener('abort', abort);
      this.open = { id: messageId[name], sequence, take };
    });
  }

  private dispatch(bytes: Uint8Array): void {
    if (bytes.length < constant.MESSAGE_HEADER_BYTES) {
      this.badMessages++;
      return;
    }
    this.lastHeardMs = performance.now();
    const [id, flags, low, high] = bytes;
    const sequence = low | (high << 8);
    const body = bytes.subarray(constant.MESSAGE_HEADER_BYTES);
    if (flags & constant.MESSAGE_FLAG_RESPONSE) {
      if (this.open?.id === id && this.open.sequence === sequence) this.open.take(body);
    } else {
      const answer = this.handle(id, body);
      if (answer) this.send(id, constant.MESSAGE_FLAG_RESPONSE, sequence, answer);
    }
  }

  private send(id: number, flags: number, sequence: number, body: Uint8Array): void {
    const bytes = new Uint8Array(constant.MESSAGE_HEADER_BYTES + body.length);
    bytes.set([id, flags, sequence & 0xff, (sequence >> 8) & 0xff]);
    bytes.set(body, constant.MESSAGE_HEADER_BYTES);
    this.write(encodeFrame(bytes));
  }
}

function tryUnpack<N extends AnsweredName>(name: N, body: Uint8Array): Response<N> | undefined {
  try {
    return unpackResponse(name, body);
  } catch (error) {
    if (error instanceof LinnetError) return undefined;
    throw error;
  }
}
