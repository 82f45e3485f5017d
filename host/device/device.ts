/**
 * A device as its host sees it: a peer on a link that introduces itself, asks for objects and
 * samples, and offers uploads.
 */
import {
  constant,
  logLevel,
  messageId,
  split as splitCode,
  status,
  version,
} from '../contract/contract.gen.js';
import type {
  FaultRequest,
  HelloRequest,
  HelloResponse,
  ObjectRequest,
  SampleRequest,
  StatusResponse,
} from '../contract/contract.gen.js';
import { errorOfStatus, LinnetError } from '../contract/error.js';
import { noMac } from '../contract/hash.js';
import {
  packResponse,
  unpackRequest,
  type AnsweredName,
  type RequestBodies,
  type ResponseBodies,
} from '../contract/pack.js';
import { Peer, type PeerTiming } from '../frame/peer.js';
import type { Link } from '../link/link.js';
import { UploadCollector, type CollectedUpload } from './upload-collector.js';

/** Samples a host serves to a device that has none of its own. */
export interface SampleServer {
  count(split: number): number;
  /** Undefined past the end. */
  sample(
    split: number,
    index: number,
  ): { readonly x: Int8Array; readonly label: number } | undefined;
}

/** What a host does for its device. Calls come from the link's events and do not throw but where it says so. */
export interface DeviceHost {
  readonly samples?: SampleServer;
  /** Name for a device that has none. */
  readonly node?: string;
  /** The object, 'later' while it is on its way, undefined if nobody has it. */
  findObject(hash: Uint8Array): Uint8Array | 'later' | undefined;
  /** The device has started or come back. */
  onHello(hello: HelloRequest): void;
  /**
   * A whole upload; again whenever the device offers it again. Returns when it is safe: then the device is
   * told so. May throw a LinnetError, ERR_LATER if the device shall offer it again.
   */
  onUpload(upload: CollectedUpload): void;
  onLog(level: number, text: string): void;
  /** What ended the device's last run. */
  onFault?(fault: FaultRequest): void;
}

export const defaultPeerTiming: PeerTiming = { requestMs: 1000, requestTries: 5 };

/** Bytes of an OBJECT or SAMPLE response beside its data. */
const sliceOverhead = constant.MESSAGE_HEADER_BYTES + 6;

export interface DeviceStats {
  readonly badFrames: number;
  readonly malformedMessages: number;
  /** Object bytes served. */
  readonly objectBytes: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

export class Device {
  private readonly peer: Peer;
  private readonly uploads: UploadCollector;
  private readonly life = new AbortController();
  private malformedMessages = 0;
  private objectBytes = 0;
  private receivedBytes = 0;
  private sentBytes = 0;
  /** Of the last HELLO. */
  hello: HelloRequest | undefined;

  constructor(
    private readonly link: Link,
    private readonly host: DeviceHost,
    timing: PeerTiming = defaultPeerTiming,
  ) {
    this.uploads = new UploadCollector((upload) => host.onUpload(upload));
    this.peer = new Peer(
      (bytes) => this.send(bytes),
      (id, body) => this.answer(id, body),
      timing,
    );
    link.onData((bytes) => {
      this.receivedBytes += bytes.length;
      this.peer.receive(bytes);
    });
  }

  get stats(): DeviceStats {
    const { malformedMessages, objectBytes, receivedBytes, sentBytes } = this;
    return {
      badFrames: this.peer.badFrames,
      malformedMessages,
      objectBytes,
      receivedBytes,
      sentBytes,
    };
  }

  /**
   * Hands over an announcement, byte for byte, and its tag if the device has a key. Throws the
   * device's refusal or ERR_TIMEOUT.
   */
  async announce(announcement: Uint8Array, mac = noMac): Promise<void> {
    await this.request('ANNOUNCE', { mac, announcement });
  }

  async sendReceipt(receipt: Uint8Array): Promise<void> {
    await this.request('RECEIPT', { receipt });
  }

  async ping(token = 0): Promise<void> {
    await this.request('PING', { token });
  }

  status(): Promise<StatusResponse> {
    return this.request('STATUS', {});
  }

  async reset(): Promise<void> {
    await this.request('RESET', {});
  }

  /** Open requests are rejected; the link closes. */
  async close(): Promise<void> {
    this.life.abort(new LinnetError('ERR_LINK', `${this.link.description} is closed`));
    await this.link.close();
  }

  private async request<N extends AnsweredName>(
    name: N,
    body: RequestBodies[N],
  ): Promise<ResponseBodies[N]> {
    const response = await this.peer.request(name, body, this.life.signal);
    if (response.body === undefined) {
      throw errorOfStatus(response.status, `${this.link.description} refused ${name}`);
    }
    return response.body;
  }

  private send(bytes: Uint8Array): void {
    this.sentBytes += bytes.length;
    // A broken link tells its owner through onClose; the peer's timeout covers the request.
    this.link.write(bytes).catch(() => undefined);
  }

  private answer(id: number, body: Uint8Array): Uint8Array | undefined {
    try {
      return this.serve(id, body);
    } catch (error) {
      if (!(error instanceof LinnetError)) throw error;
      if (error.code === 'ERR_MESSAGE') this.malformedMessages++;
      return id === messageId.LOG ? undefined : packResponse('PING', status[error.code]);
    }
  }

  private serve(id: number, body: Uint8Array): Uint8Array | undefined {
    switch (id) {
      case messageId.HELLO:
        return this.takeHello(body);
      case messageId.PING:
        return packResponse('PING', status.OK, unpackRequest('PING', body));
      case messageId.LOG: {
        const { level, text } = unpackRequest('LOG', body);
        this.host.onLog(level, new TextDecoder().decode(text));
        return undefined;
      }
      default:
        return this.serveIntroduced(id, body);
    }
  }

  /**
   * A device that talked to another host before this one is not answered: after its timeouts it
   * introduces itself. Answered, it would go on for hours as a stranger.
   */
  private serveIntroduced(id: number, body: Uint8Array): Uint8Array | undefined {
    if (!this.hello) return undefined;
    switch (id) {
      case messageId.OBJECT:
        return this.serveObject(unpackRequest('OBJECT', body));
      case messageId.SAMPLE:
        return this.serveSample(unpackRequest('SAMPLE', body));
      case messageId.FAULT:
        return this.takeFault(unpackRequest('FAULT', body));
      case messageId.OFFER: {
        const nextOffset = this.uploads.takeOffer(unpackRequest('OFFER', body));
        return packResponse('OFFER', status.OK, { nextOffset });
      }
      case messageId.UPLOAD: {
        const nextOffset = this.uploads.takeSlice(unpackRequest('UPLOAD', body));
        return packResponse('UPLOAD', status.OK, { nextOffset });
      }
      default:
        throw new LinnetError('ERR_MESSAGE', `message ${id} is not known`);
    }
  }

  /** The protocol is judged first: another one may put other fields behind it. */
  private takeHello(body: Uint8Array): Uint8Array {
    const isForeign = body.length >= 2 && (body[0] | (body[1] << 8)) !== version.PROTOCOL;
    const hello = isForeign ? undefined : unpackRequest('HELLO', body);
    if (!hello || !isCompatible(hello)) {
      this.hello = undefined;
      this.host.onLog(logLevel.ERROR, 'the device is of another release: update its firmware');
      return packResponse('HELLO', status.ERR_VERSION);
    }
    this.hello = hello;
    this.peer.maxPayload = Math.min(hello.maxPayload, constant.FRAME_MAX_PAYLOAD);
    // After the answer is on its way: what the host does next may be a request of its own.
    setImmediate(() => this.host.onHello(hello));
    return packResponse('HELLO', status.OK, this.greeting());
  }

  /** Behind the HELLO of the start that reports it, which waits too. */
  private takeFault(fault: FaultRequest): Uint8Array {
    setImmediate(() => this.host.onFault?.(fault));
    return packResponse('FAULT', status.OK);
  }

  private greeting(): HelloResponse {
    return {
      protocol: version.PROTOCOL,
      maxPayload: constant.FRAME_MAX_PAYLOAD,
      trainSamples: this.host.samples?.count(splitCode.TRAIN) ?? 0,
      testSamples: this.host.samples?.count(splitCode.TEST) ?? 0,
      node: this.host.node ?? '',
    };
  }

  private serveObject({ hash, offset, length }: ObjectRequest): Uint8Array {
    const object = this.host.findObject(hash);
    if (object === 'later') return packResponse('OBJECT', status.ERR_LATER);
    if (object === undefined) return packResponse('OBJECT', status.ERR_NOT_FOUND);
    const room = Math.min(length, this.peer.maxPayload - sliceOverhead);
    const data = object.subarray(offset, offset + room);
    this.objectBytes += data.length;
    return packResponse('OBJECT', status.OK, { offset, data });
  }

  private serveSample({ split, index, offset, length }: SampleRequest): Uint8Array {
    const sample = this.host.samples?.sample(split, index);
    if (!sample) return packResponse('SAMPLE', status.ERR_NOT_FOUND);
    const room = Math.min(length, this.peer.maxPayload - sliceOverhead);
    const inputs = sample.x.subarray(offset, offset + room);
    const data = new Uint8Array(inputs.buffer, inputs.byteOffset, inputs.length);
    return packResponse('SAMPLE', status.OK, { label: sample.label, offset, data });
  }
}

function isCompatible(hello: HelloRequest): boolean {
  return (
    hello.kernelAbi === version.KERNEL_ABI &&
    hello.descriptorFormat === version.DESCRIPTOR_FORMAT &&
    hello.maxPayload >= constant.FRAME_MIN_PAYLOAD
  );
}
