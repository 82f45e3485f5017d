import type { Announcement, Authorisation, HelloRequest } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { equalBytes, idOf, noMac, sha256, toHex } from '../contract/hash.js';
import { decodeWire } from '../contract/wire.js';
import type { Device } from '../device/device.js';
import {
  objectsFor,
  objectsOf,
  type ObjectCache,
  type ObjectFetcher,
  type ObjectName,
} from './objects.js';

interface Announced {
  readonly bytes: Uint8Array;
  /** Leading bytes of its SHA-256. */
  readonly id: Uint8Array;
  readonly announcement: Announcement;
  /** Aborted when another announcement takes its place. */
  readonly superseded: AbortController;
  /** Objects that nobody has, hex. */
  readonly lost: Set<string>;
}

/** Brings the latest announcement to one device, and the objects it names. */
export class Announcer {
  private announced: Announced | undefined;
  /** The last tag for this node, of whichever announcement. */
  private tag: Authorisation | undefined;
  /** The announcement on its way to the device. */
  private forwarding: Announced | undefined;
  /** The announcement the device took or refused since its last HELLO. */
  private answered: Announced | undefined;

  /** `findDevice` finds none while the link is down, `findFetcher` while the node is not connected. */
  constructor(
    private readonly cache: ObjectCache,
    private readonly findDevice: () => Device | undefined,
    private readonly findFetcher: () => ObjectFetcher | undefined,
  ) {}

  get announcement(): Announcement | undefined {
    return this.announced?.announcement;
  }

  /** Takes an announcement from the broker; true if it is news. Throws ERR_CBOR. */
  take(bytes: Uint8Array): boolean {
    const isKnown = this.announced && equalBytes(bytes, this.announced.bytes);
    if (bytes.length === 0 || isKnown) return false;
    const announcement = decodeWire('Announcement', bytes);
    this.announced?.superseded.abort();
    const id = idOf(sha256(bytes));
    const superseded = new AbortController();
    this.announced = { bytes, id, announcement, superseded, lost: new Set() };
    return true;
  }

  /** Takes a tag from the broker; true if it is of the announcement and news. Throws ERR_CBOR. */
  takeTag(bytes: Uint8Array): boolean {
    if (bytes.length === 0) return false;
    const tag = decodeWire('Authorisation', bytes);
    const isKnown = this.tag && equalBytes(tag.mac, this.tag.mac);
    this.tag = tag;
    if (isKnown || !this.announced || !equalBytes(tag.announcement, this.announced.id))
      return false;
    // The device may have been told without it.
    this.announced = { ...this.announced };
    return true;
  }

  /** Another node has taken the place of this one. */
  forgetTag(): void {
    this.tag = undefined;
  }

  /** The tag that goes with an announcement; undefined while there is only another one. */
  private macFor({ id }: Announced): Uint8Array | undefined {
    if (!this.tag) return noMac;
    return equalBytes(this.tag.announcement, id) ? this.tag.mac : undefined;
  }

  /** The device has started anew: whatever it was told, it has to be told again. */
  forgetAnswer(): void {
    this.answered = undefined;
  }

  /** Nothing is fetched any more. */
  close(): void {
    this.announced?.superseded.abort();
  }

  /** The object, 'later' while it is on its way, undefined if the announcement does not name it. */
  findObject(hash: Uint8Array): Uint8Array | 'later' | undefined {
    const object = this.cache.find(hash);
    if (object) return object;
    // A device that came back may go on with its work before the announcement is here.
    if (!this.announced) return 'later';
    const objects = objectsOf(this.announced.announcement);
    const name = objects.find((entry) => equalBytes(entry.hash, hash));
    if (!name || this.announced.lost.has(toHex(hash))) return undefined;
    // A failure is the announcement's to report, or shows when the device asks again.
    if (!this.cache.isGathering(hash)) this.obtain(name, this.announced).catch(() => undefined);
    return 'later';
  }

  /**
   * Fetches what the device will ask for, then announces, unless the device has answered already. A
   * newer announcement overtakes this one. Throws the device's refusal, or why it was not reached.
   */
  async forward(): Promise<void> {
    const { announced } = this;
    const device = this.findDevice();
    const hello = device?.hello;
    const isDue = announced !== this.answered && announced !== this.forwarding;
    const mac = announced && this.macFor(announced);
    if (!announced || !device || !hello || !isDue || !mac) return;
    this.forwarding = announced;
    try {
      await this.deliver(announced, mac, device, hello);
      if (device.hello === hello) this.answered = announced;
    } catch (error) {
      if (announced.superseded.signal.aborted) return;
      if (device.hello === hello && !isPassing(error)) this.answered = announced;
      throw error;
    } finally {
      if (this.forwarding === announced) this.forwarding = undefined;
    }
    // The device started anew meanwhile and knows nothing.
    if (device.hello !== hello) await this.forward();
  }

  private async deliver(
    announced: Announced,
    mac: Uint8Array,
    device: Device,
    hello: HelloRequest,
  ): Promise<void> {
    const { announcement, bytes, superseded } = announced;
    const names = objectsFor(announcement, hello);
    await Promise.all(names.map((name) => this.obtain(name, announced)));
    superseded.signal.throwIfAborted();
    await device.announce(bytes, mac);
  }

  /** A device can do without the objects that nobody has: it is told so when it asks. */
  private async obtain(name: ObjectName, announced: Announced): Promise<void> {
    try {
      await this.fetch(name, announced);
    } catch (error) {
      if (!(error instanceof LinnetError && error.code === 'ERR_NOT_FOUND')) throw error;
      announced.lost.add(toHex(name.hash));
    }
  }

  private fetch(name: ObjectName, announced: Announced): Promise<Uint8Array> {
    return this.cache.obtain(name, () => {
      const fetcher = this.findFetcher();
      if (!fetcher) throw new LinnetError('ERR_MQTT', 'the node is not connected');
      return fetcher.fetch(name, announced.superseded.signal);
    });
  }
}

/** Worth another attempt: the device has not refused anything. */
function isPassing(error: unknown): boolean {
  const passing: readonly string[] = [
    'ERR_TIMEOUT',
    'ERR_LINK',
    'ERR_LATER',
    'ERR_MQTT',
    'ERR_AUTH',
  ];
  return error instanceof LinnetError && passing.includes(error.code);
}
