import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { constant, messageId, status, version } from '../../host/contract/contract.gen.js';
import type { FaultRequest, HelloRequest } from '../../host/contract/contract.gen.js';
import { sha256, toHex } from '../../host/contract/hash.js';
import { packResponse } from '../../host/contract/pack.js';
import { Device, type DeviceHost } from '../../host/device/device.js';
import type { CollectedUpload } from '../../host/device/upload-collector.js';
import { encodeFrame, FrameDecoder } from '../../host/frame/frame.js';
import type { PeerTiming } from '../../host/frame/peer.js';
import type { Link } from '../../host/link/link.js';
import { createLinkPair, type LinkPair } from '../../host/link/pair.js';
import { helloOf, RawEnd } from './raw-end.js';

/** Long enough for a busy machine: only tests of timeouts wait for one. */
const patience = { requestMs: 5000, requestTries: 3 };
const impatience = { requestMs: 20, requestTries: 3 };
const object = Uint8Array.from({ length: 1200 }, (_, i) => (i * 7) & 0xff);
const objectHash = sha256(object);
const wantedLater = new Uint8Array(32).fill(1);
const response = constant.MESSAGE_FLAG_RESPONSE;

class RecordingHost implements DeviceHost {
  readonly node = 'given';
  readonly samples = {
    count: (split: number) => [7, 3][split],
    sample: (split: number, index: number) =>
      split === 0 && index < 7
        ? { x: Int8Array.from({ length: 600 }, (_, i) => (i % 255) - 127), label: index }
        : undefined,
  };
  readonly hellos: HelloRequest[] = [];
  readonly uploads: CollectedUpload[] = [];
  readonly logs: string[] = [];
  /** HELLO and FAULT, in the order they came. */
  readonly starts: string[] = [];

  findObject(hash: Uint8Array): Uint8Array | 'later' | undefined {
    if (toHex(hash) === toHex(objectHash)) return object;
    return toHex(hash) === toHex(wantedLater) ? 'later' : undefined;
  }

  onHello(hello: HelloRequest): void {
    this.hellos.push(hello);
    this.starts.push(`hello ${hello.bootEpoch}`);
  }

  onUpload(upload: CollectedUpload): void {
    this.uploads.push(upload);
  }

  onFault({ reason }: FaultRequest): void {
    this.starts.push(`fault ${reason}`);
  }

  onLog(level: number, text: string): void {
    this.logs.push(`${level} ${text}`);
  }
}

let pair: LinkPair;
let host: RecordingHost;
let device: Device;
let end: RawEnd;

function plugIn(timing: PeerTiming): void {
  pair = createLinkPair();
  host = new RecordingHost();
  device = new Device(pair.a, host, timing);
  end = new RawEnd(pair.b);
}

beforeEach(() => plugIn(patience));

afterEach(() => device.close());

describe('a host answers', () => {
  it('PING byte for byte', async () => {
    end.send(messageId.PING, 0, 0x1234, Uint8Array.of(0xef, 0xbe, 0xad, 0xde));
    const answer = await end.next();
    expect(answer).toEqual({
      id: 8,
      flags: response,
      sequence: 0x1234,
      body: Uint8Array.of(0, 0, 0xef, 0xbe, 0xad, 0xde),
    });
  });

  it('HELLO with name and samples, and tells its owner', async () => {
    const { status: code, body } = await end.ask('HELLO', helloOf({ node: '' }));
    expect(code).toBe(status.OK);
    expect(body).toEqual({
      protocol: 1,
      maxPayload: 512,
      trainSamples: 7,
      testSamples: 3,
      node: 'given',
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(host.hellos).toEqual([helloOf({ node: '' })]);
    expect(device.hello).toEqual(helloOf({ node: '' }));
  });

  it.each([
    ['another ABI', { kernelAbi: version.KERNEL_ABI - 1 }],
    ['another descriptor format', { descriptorFormat: 9 }],
    ['frames that are too small', { maxPayload: 127 }],
  ])('ERR_VERSION to %s', async (_, rest) => {
    expect((await end.ask('HELLO', helloOf(rest))).status).toBe(status.ERR_VERSION);
    expect(device.hello).toBeUndefined();
    expect(host.logs).toHaveLength(1);
  });

  it('ERR_VERSION to a protocol whose HELLO has other fields', async () => {
    end.send(messageId.HELLO, 0, 1, Uint8Array.of(2, 0, 99));
    expect((await end.next()).body).toEqual(packResponse('HELLO', status.ERR_VERSION));
    expect(device.stats.malformedMessages).toBe(0);
  });

  it('ERR_MESSAGE to what is malformed or unknown, and counts it', async () => {
    await end.ask('HELLO', helloOf());
    const refusal = packResponse('HELLO', status.ERR_MESSAGE);
    for (const [id, body] of [
      [messageId.HELLO, Uint8Array.of(1)],
      [messageId.HELLO, Uint8Array.of(1, 0, 1, 0)],
      [messageId.OBJECT, new Uint8Array(37)],
      [messageId.PING, new Uint8Array(5)],
      [messageId.STATUS, new Uint8Array()],
      [200, new Uint8Array(3)],
    ] as const) {
      end.send(id, 0, 5, body);
      expect((await end.next()).body).toEqual(refusal);
    }
    expect(device.stats.malformedMessages).toBe(6);
  });

  it('no event, however malformed', async () => {
    end.sendRequest('LOG', { level: 2, text: new TextEncoder().encode('ready') });
    end.send(messageId.LOG, 0, 2, new Uint8Array());
    end.send(messageId.LOG, 0, 3, Uint8Array.of(1, 0xff, 0xfe));
    await end.ask('PING', { token: 1 });
    expect(host.logs).toEqual(['2 ready', '1 \ufffd\ufffd']);
    expect(device.stats.malformedMessages).toBe(1);
  });

  it('a stranger nothing but HELLO and PING', async () => {
    end.sendRequest('OBJECT', { hash: objectHash, offset: 0, length: 10 });
    end.sendRequest('OFFER', {
      ...{
        model: objectHash.slice(0, 8),
        version: 0,
        contribution: 0,
        length: 1,
        hash: objectHash,
      },
    });
    await end.ask('PING', { token: 1 });
    await end.ask('HELLO', helloOf());
    const { body } = await end.ask('OBJECT', { hash: objectHash, offset: 0, length: 10 });
    expect(body!.data).toEqual(object.slice(0, 10));
  });
});

describe('a fault', () => {
  it('is told after the start that reports it, be they in one chunk', async () => {
    end.sendRequest('HELLO', helloOf({ bootEpoch: 2 }));
    const words = { pc: 1, lr: 2, cause: 3, hardFault: 4, address: 5 };
    end.sendRequest('FAULT', { reason: 6, state: 4, ...words });
    expect((await end.next()).id).toBe(messageId.HELLO);
    expect((await end.next()).id).toBe(messageId.FAULT);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(host.starts).toEqual(['hello 2', 'fault 6']);
  });
});

describe('objects and samples', () => {
  it('come in slices that fit both ends', async () => {
    await end.ask('HELLO', helloOf({ maxPayload: 128 }));
    const parts: number[] = [];
    for (;;) {
      const slice = { hash: objectHash, offset: parts.length, length: 500 };
      const { body } = await end.ask('OBJECT', slice);
      expect(body!.offset).toBe(parts.length);
      expect(body!.data.length).toBeLessThanOrEqual(128 - 10);
      if (body!.data.length === 0) break;
      parts.push(...body!.data);
    }
    expect(Uint8Array.from(parts)).toEqual(object);
    expect(device.stats.objectBytes).toBe(object.length);
  });

  it('are refused as what they are: under way, unknown, past the end', async () => {
    await end.ask('HELLO', helloOf());
    const statusOf = async (hash: Uint8Array): Promise<number> =>
      (await end.ask('OBJECT', { hash, offset: 0, length: 9 })).status;
    expect(await statusOf(wantedLater)).toBe(status.ERR_LATER);
    expect(await statusOf(new Uint8Array(32))).toBe(status.ERR_NOT_FOUND);
    for (const [split, index] of [
      [0, 7],
      [1, 0],
      [9, 0],
    ] as const) {
      const answer = await end.ask('SAMPLE', { split, index, offset: 0, length: 10 });
      expect(answer.status).toBe(status.ERR_NOT_FOUND);
    }
  });

  it('keep the sign of an input', async () => {
    await end.ask('HELLO', helloOf());
    const { body } = await end.ask('SAMPLE', { split: 0, index: 5, offset: 120, length: 600 });
    expect(body!.label).toBe(5);
    expect(body!.offset).toBe(120);
    const inputs = new Int8Array(body!.data.buffer, body!.data.byteOffset, body!.data.length);
    expect([...inputs.slice(0, 9)]).toEqual([-7, -6, -5, -4, -3, -2, -1, 0, 1]);
    expect(inputs.length).toBeGreaterThan(400);
    expect(inputs.length).toBeLessThanOrEqual(480);
  });
});

describe('an upload', () => {
  const envelope = Uint8Array.from({ length: 700 }, (_, i) => (i * 3) & 0xff);
  const offer = {
    model: objectHash.slice(0, 8),
    version: 4,
    contribution: 0,
    length: 700,
    hash: sha256(envelope),
  };
  const send = async (offset: number, length: number): Promise<number> => {
    const data = envelope.subarray(offset, offset + length);
    return (await end.ask('UPLOAD', { offset, data })).body!.nextOffset;
  };
  const makeOffer = async (rest = {}): Promise<number> =>
    (await end.ask('OFFER', { ...offer, ...rest })).body!.nextOffset;

  beforeEach(() => end.ask('HELLO', helloOf()));

  it('goes on where it stopped and arrives once per offer', async () => {
    expect(await makeOffer()).toBe(0);
    expect(await send(0, 400)).toBe(400);
    await end.ask('HELLO', helloOf({ bootEpoch: 2 }));
    expect(await makeOffer()).toBe(400);
    expect(await send(400, 300)).toBe(700);
    const { model } = offer;
    expect(host.uploads).toEqual([{ model, version: 4, contribution: 0, bytes: envelope }]);
    expect(await makeOffer()).toBe(700);
    expect(host.uploads).toHaveLength(2);
  });

  it('takes a slice once, and only the next one', async () => {
    await makeOffer();
    expect(await send(0, 300)).toBe(300);
    expect(await send(0, 300)).toBe(300);
    expect(await send(350, 300)).toBe(300);
    expect(await send(300, 400)).toBe(700);
    expect(await send(300, 400)).toBe(700);
    expect(host.uploads).toHaveLength(1);
  });

  it('starts over if its hash is wrong', async () => {
    expect(await makeOffer({ hash: new Uint8Array(32) })).toBe(0);
    await send(0, 400);
    expect(await send(400, 300)).toBe(0);
    expect(host.uploads).toEqual([]);
    expect(await makeOffer()).toBe(0);
  });

  it('is replaced by another offer', async () => {
    await makeOffer();
    await send(0, 400);
    expect(await makeOffer({ length: 300, hash: sha256(envelope.subarray(0, 300)) })).toBe(0);
    expect(await send(0, 300)).toBe(300);
    expect(host.uploads.map(({ bytes }) => bytes.length)).toEqual([300]);
  });

  it('is refused without an offer, past its length, and beyond any sense', async () => {
    const data = Uint8Array.of(1);
    expect((await end.ask('UPLOAD', { offset: 0, data })).status).toBe(status.ERR_STATE);
    expect((await end.ask('OFFER', { ...offer, length: 0xffff_ffff })).status).toBe(
      status.ERR_FULL,
    );
    await makeOffer({ length: 3, hash: sha256(envelope.subarray(0, 3)) });
    expect(await send(0, 4)).toBe(0);
    expect(host.uploads).toEqual([]);
  });
});

describe('a request to the device', () => {
  it('finds the answer that is there before write() returns', async () => {
    const decoder = new FrameDecoder();
    let deliver: (bytes: Uint8Array) => void = () => undefined;
    const link: Link = {
      description: 'echo',
      write: (frame) => {
        const [[id, , low, high, ...token]] = decoder.push(frame);
        deliver(encodeFrame(Uint8Array.of(id, response, low, high, 0, 0, ...token)));
        return Promise.resolve();
      },
      onData: (handler) => {
        deliver = handler;
      },
      onClose: () => undefined,
      close: () => Promise.resolve(),
    };
    const echo = new Device(link, host, patience);
    await echo.ping(7);
  });

  it('is repeated under one sequence number until it is answered', async () => {
    plugIn({ requestMs: 20, requestTries: 100 });
    const pinged = device.ping(3);
    const first = await end.next();
    const second = await end.next();
    expect(second).toEqual(first);
    end.respond(second, packResponse('PING', status.OK, { token: 3 }));
    await pinged;
  });

  it('fails with ERR_TIMEOUT after its tries', async () => {
    plugIn(impatience);
    await expect(device.ping()).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(end.waiting).toBe(impatience.requestTries);
  });

  it('takes no answer of another number, another id, or cut short', async () => {
    plugIn(impatience);
    const pinged = device.ping(3);
    const { sequence } = await end.next();
    const good = packResponse('PING', status.OK, { token: 3 });
    end.send(messageId.PING, response, sequence + 1, good);
    end.send(messageId.RESET, response, sequence, good);
    end.send(messageId.PING, response, sequence, good.subarray(0, 5));
    end.send(messageId.PING, response, sequence, Uint8Array.of(0));
    await expect(pinged).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(device.stats.badFrames).toBe(2);
  });

  it('waits for the one before, so one is open at a time', async () => {
    const both = [device.ping(1), device.status()];
    const first = await end.next();
    expect(first.id).toBe(messageId.PING);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(end.waiting).toBe(0);
    end.respond(first, packResponse('PING', status.OK, { token: 1 }));
    const second = await end.next();
    expect(second.id).toBe(messageId.STATUS);
    const body = {
      state: 4,
      lastError: status.ERR_HASH,
      version: 7,
      step: 1,
      totalSteps: 2,
      heapHighWaterBytes: 3,
      stackHighWaterBytes: 4,
      badFrames: 5,
      residualSaturations: 6,
    };
    end.respond(second, packResponse('STATUS', status.OK, body));
    expect((await Promise.all(both))[1]).toEqual(body);
  });

  it('reports the refusal of the device', async () => {
    const announced = device.announce(Uint8Array.of(0xa0));
    const request = await end.next();
    expect(request.body).toEqual(Uint8Array.of(...new Uint8Array(16), 0xa0));
    end.respond(request, packResponse('ANNOUNCE', status.ERR_UNSUPPORTED));
    await expect(announced).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED' });
  });

  it('does not leave if it is longer than the device takes', async () => {
    await end.ask('HELLO', helloOf({ maxPayload: 128 }));
    await expect(device.announce(new Uint8Array(109))).rejects.toMatchObject({ code: 'ERR_FULL' });
    expect(end.waiting).toBe(0);
    const announced = device.announce(new Uint8Array(108));
    end.respond(await end.next(), packResponse('ANNOUNCE', status.OK, {}));
    await announced;
  });

  it('ends with the link', async () => {
    const pinged = device.ping();
    const queued = device.ping();
    await end.next();
    await device.close();
    await expect(pinged).rejects.toMatchObject({ code: 'ERR_LINK' });
    await expect(queued).rejects.toMatchObject({ code: 'ERR_LINK' });
  });
});
