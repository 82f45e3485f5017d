import { constant, messageId, status, version } from '../../host/contract/contract.gen.js';
import type {
  Announcement,
  HelloRequest,
  HelloResponse,
  Receipt,
} from '../../host/contract/contract.gen.js';
import { idOf, noMac, sha256, toHex } from '../../host/contract/hash.js';
import {
  packRequest,
  packResponse,
  unpackRequest,
  unpackResponse,
  type AnsweredName,
  type RequestBodies,
  type RequestName,
  type Response,
} from '../../host/contract/pack.js';
import { encodeWire } from '../../host/contract/wire.js';
import type { Dataset } from '../../host/data/dataset.js';
import { sampleAt, samplesOfSplit } from '../../host/data/dataset.js';
import { encodeFrame, FrameDecoder } from '../../host/frame/frame.js';
import { encodeAnnouncement } from './fixture.js';

/** The other end of the cable: what a test holds of a running node. */
export interface TestNode {
  send(bytes: Uint8Array): void;
  onBytes(listener: (bytes: Uint8Array) => void): void;
}

/** A request of the device as it arrived. */
export interface Arrival {
  readonly name: RequestName;
  readonly body: Uint8Array;
  readonly sequence: number;
}

/** 'lose' drops the request; bytes are the body of the response; undefined lets the host answer. */
export type Interception = 'lose' | Uint8Array | undefined;

interface Offered {
  readonly hash: string;
  readonly length: number;
  readonly bytes: Uint8Array;
}

const nameOfId = new Map(
  Object.entries(messageId).map(([name, id]) => [id as number, name as RequestName]),
);

/** A host that serves one node honestly unless the test intercepts. */
export class ScriptedHost {
  /** Everything the device asked, repeats included. */
  readonly arrivals: Arrival[] = [];
  readonly logs: string[] = [];
  readonly objects = new Map<string, Uint8Array>();
  /** Served on SAMPLE. */
  samples: Dataset | undefined;
  hello: HelloResponse = {
    protocol: version.PROTOCOL,
    maxPayload: constant.FRAME_MAX_PAYLOAD,
    trainSamples: 0,
    testSamples: 0,
    node: '',
  };
  intercept: (arrival: Arrival) => Interception = () => undefined;
  /** Changes frames on their way to the device. */
  distort: (frame: Uint8Array) => Uint8Array = (frame) => frame;
  /** Whole uploads, in the order of their completion. */
  readonly uploads: Uint8Array[] = [];
  private offered: Offered | undefined;
  private readonly decoder = new FrameDecoder(4096);
  private readonly answers = new Map<number, (body: Uint8Array) => void>();
  private sequence = 1000;
  private wake: () => void = () => undefined;

  constructor(private node: TestNode) {
    this.connect(node);
  }

  /** Goes on with another node, as after a power cycle of the device. */
  connect(node: TestNode): void {
    this.node = node;
    node.onBytes((bytes) => {
      if (this.node !== node) return;
      for (const message of this.decoder.push(bytes)) this.take(message);
      this.wake();
    });
  }

  serve(...objects: readonly Uint8Array[]): void {
    for (const bytes of objects) this.objects.set(toHex(sha256(bytes)), bytes);
  }

  /** Requests of that name, repeats left out. */
  distinct(name: RequestName): Arrival[] {
    const seen = new Set<number>();
    return this.arrivals.filter((arrival) => {
      if (arrival.name !== name || seen.has(arrival.sequence)) return false;
      return seen.add(arrival.sequence);
    });
  }

  count(name: RequestName): number {
    return this.arrivals.filter((arrival) => arrival.name === name).length;
  }

  /** The last one that has arrived, if one has. */
  lastHello(): HelloRequest | undefined {
    const hello = this.arrivals.findLast(({ name }) => name === 'HELLO');
    return hello && unpackRequest('HELLO', hello.body);
  }

  /** Waits until the condition holds; fails naming `what` after `ms`. */
  async until(what: string, condition: () => boolean, ms = 20_000): Promise<void> {
    const deadline = performance.now() + ms;
    while (!condition()) {
      const left = deadline - performance.now();
      if (left <= 0) {
        const seen = this.arrivals.slice(-5).map((arrival) => arrival.name);
        throw new Error(`${what} did not happen; last requests: ${seen.join(', ')}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 50));
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The device's answer to one request, repeated like any host would. */
  async request<N extends AnsweredName>(name: N, body: RequestBodies[N]): Promise<Response<N>> {
    const answer = await this.requestRaw(messageId[name], packRequest(name, body));
    return unpackResponse(name, answer);
  }

  async requestRaw(id: number, body: Uint8Array): Promise<Uint8Array> {
    const sequence = this.sequence++ & 0xffff;
    for (let attempt = 0; attempt < 50; attempt++) {
      const answer = new Promise<Uint8Array | undefined>((resolve) => {
        this.answers.set(sequence, resolve);
        setTimeout(() => resolve(undefined), 300);
      });
      this.sendMessage(id, 0, sequence, body);
      const received = await answer;
      if (received) return received;
    }
    throw new Error(`the device did not answer message ${id}`);
  }

  announce(announcement: Announcement, mac = noMac): Promise<number> {
    return this.announceBytes(encodeAnnouncement(announcement), mac);
  }

  async announceBytes(announcement: Uint8Array, mac = noMac): Promise<number> {
    return (await this.request('ANNOUNCE', { mac, announcement })).status;
  }

  /** Sends the receipt of an upload; returns the device's status. */
  async giveReceipt(
    code: number,
    upload: Uint8Array,
    rest: Partial<Receipt> = {},
  ): Promise<number> {
    const receipt = encodeWire('Receipt', {
      code,
      version: 0,
      contribution: 0,
      upload: idOf(sha256(upload)),
      current: 0,
      ...rest,
    });
    return (await this.request('RECEIPT', { receipt })).status;
  }

  async state(): Promise<number> {
    const { body } = await this.request('STATUS', {});
    return body!.state;
  }

  async residualSaturations(): Promise<number> {
    const { body } = await this.request('STATUS', {});
    return body!.residualSaturations;
  }

  /** Called when a response with this sequence number arrives. */
  onAnswer(sequence: number, listener: (body: Uint8Array) => void): void {
    this.answers.set(sequence, listener);
  }

  sendMessage(id: number, flags: number, sequence: number, body: Uint8Array): void {
    const message = Uint8Array.of(id, flags, sequence & 0xff, sequence >> 8, ...body);
    this.node.send(this.distort(encodeFrame(message)));
  }

  private take(message: Uint8Array): void {
    const [id, flags, low, high] = message;
    const sequence = low | (high << 8);
    const body = message.subarray(constant.MESSAGE_HEADER_BYTES);
    if (flags & constant.MESSAGE_FLAG_RESPONSE) {
      this.answers.get(sequence)?.(body);
      return;
    }
    const name = nameOfId.get(id)!;
    const arrival = { name, body, sequence };
    if (name === 'LOG') {
      this.logs.push(new TextDecoder().decode(unpackRequest('LOG', body).text));
      return;
    }
    this.arrivals.push(arrival);
    const answer = this.intercept(arrival) ?? this.answer(arrival);
    if (answer !== 'lose') this.sendMessage(id, constant.MESSAGE_FLAG_RESPONSE, sequence, answer);
  }

  /** What an honest host answers. */
  answer({ name, body }: Arrival): Uint8Array {
    switch (name) {
      case 'HELLO':
        return packResponse('HELLO', status.OK, this.hello);
      case 'OBJECT':
        return this.answerObject(body);
      case 'SAMPLE':
        return this.answerSample(body);
      case 'OFFER':
        return this.answerOffer(body);
      case 'UPLOAD':
        return this.answerUpload(body);
      case 'PING':
        return packResponse('PING', status.OK, unpackRequest('PING', body));
      case 'FAULT':
        return packResponse('FAULT', status.OK);
      case 'ANNOUNCE':
      case 'RECEIPT':
      case 'STATUS':
      case 'LOG':
      case 'RESET':
        throw new Error(`a device must not send ${name}`);
    }
  }

  private answerObject(body: Uint8Array): Uint8Array {
    const { hash, offset, length } = unpackRequest('OBJECT', body);
    const bytes = this.objects.get(toHex(hash));
    if (!bytes) return packResponse('OBJECT', status.ERR_NOT_FOUND);
    const data = bytes.subarray(offset, offset + length);
    return packResponse('OBJECT', status.OK, { offset, data });
  }

  private answerSample(body: Uint8Array): Uint8Array {
    const { split, index, offset, length } = unpackRequest('SAMPLE', body);
    if (!this.samples) return packResponse('SAMPLE', status.ERR_NOT_FOUND);
    const row = samplesOfSplit(this.samples, split as 0 | 1)[index];
    const x = new Uint8Array(sampleAt(this.samples, row)).subarray(offset, offset + length);
    return packResponse('SAMPLE', status.OK, { label: this.samples.label[row], offset, data: x });
  }

  private answerOffer(body: Uint8Array): Uint8Array {
    const { hash, length } = unpackRequest('OFFER', body);
    if (this.offered?.hash !== toHex(hash)) {
      this.offered = { hash: toHex(hash), length, bytes: new Uint8Array() };
    }
    return packResponse('OFFER', status.OK, { nextOffset: this.offered.bytes.length });
  }

  private answerUpload(body: Uint8Array): Uint8Array {
    const { offset, data } = unpackRequest('UPLOAD', body);
    const { offered } = this;
    if (!offered) return packResponse('UPLOAD', status.ERR_STATE);
    if (offset === offered.bytes.length) {
      const bytes = Uint8Array.of(...offered.bytes, ...data);
      this.offered = { ...offered, bytes };
      if (bytes.length === offered.length) this.uploads.push(bytes);
    }
    return packResponse('UPLOAD', status.OK, { nextOffset: this.offered!.bytes.length });
  }

  /** Forgets what was uploaded so far, as a host that was started anew. */
  forgetOffer(): void {
    this.offered = undefined;
  }
}
