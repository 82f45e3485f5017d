/** Objects of a federation (kernel, descriptor, snapshots), gathered from retained MQTT slices. */
import { setTimeout as delay } from 'node:timers/promises';
import { constant } from '../contract/contract.gen.js';
import type { Announcement, HelloRequest } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { equalBytes, sha256, toHex } from '../contract/hash.js';
import { isLimited } from '../contract/participation.js';
import { matchTopic, topicOf, type TopicScope } from '../contract/topics.js';
import type { MqttSession } from '../mqtt/session.js';

export interface ObjectName {
  readonly hash: Uint8Array;
  readonly bytes: number;
  /** Given up when it was wanted so often in vain; absent: never. */
  readonly tries?: number;
}

/** Wants of a difference, which nobody needs who can have the snapshot. */
const DIFFERENCE_TRIES = 2;

/** Asks for the slice at an offset. */
export type WantSlice = (hash: Uint8Array, offset: number) => void;

/** Slices asked for at a time. */
const WANTED_SLICES = 8;

/** Bounds what an announcement can make a bridge allocate. */
const maxObjectBytes = 64 * 1024 * 1024;

/** Kept for devices that come later; a snapshot and its neighbours are needed again and again. */
const cacheBytes = 64 * 1024 * 1024;

class Assembly {
  private readonly data: Uint8Array;
  private readonly missing = new Set<number>();
  /** Slices taken. */
  progress = 0;

  constructor(private readonly name: ObjectName) {
    this.data = new Uint8Array(name.bytes);
    for (let at = 0; at < name.bytes; at += constant.OBJECT_SLICE_BYTES) this.missing.add(at);
  }

  /** Offsets of the first slices that are missing; of all if they came and make another object. */
  get lacking(): number[] {
    const { bytes } = this.name;
    const slices = Math.ceil(bytes / constant.OBJECT_SLICE_BYTES);
    const all = Array.from({ length: slices }, (_, i) => i * constant.OBJECT_SLICE_BYTES);
    return (this.missing.size > 0 ? [...this.missing] : all).slice(0, WANTED_SLICES);
  }

  /**
   * Takes a slice if its place and length are possible. Returns the object as soon as its hash is
   * right; while it is wrong, a slice that comes again replaces the one before.
   */
  take(offset: number, slice: Uint8Array): Uint8Array | undefined {
    const { bytes, hash } = this.name;
    const isPlace =
      Number.isInteger(offset / constant.OBJECT_SLICE_BYTES) && offset >= 0 && offset < bytes;
    if (!isPlace || slice.length !== Math.min(constant.OBJECT_SLICE_BYTES, bytes - offset)) {
      return undefined;
    }
    this.data.set(slice, offset);
    this.missing.delete(offset);
    this.progress++;
    return this.missing.size === 0 && equalBytes(sha256(this.data), hash) ? this.data : undefined;
  }
}

/** What all nodes of a bridge share: each object is gathered once. The oldest go first. */
export class ObjectCache {
  private readonly objects = new Map<string, Uint8Array>();
  private readonly gathering = new Map<string, Promise<Uint8Array>>();
  private size = 0;

  constructor(private readonly capacityBytes: number = cacheBytes) {}

  find(hash: Uint8Array): Uint8Array | undefined {
    const key = toHex(hash);
    const object = this.objects.get(key);
    if (object) {
      this.objects.delete(key);
      this.objects.set(key, object);
    }
    return object;
  }

  isGathering(hash: Uint8Array): boolean {
    return this.gathering.has(toHex(hash));
  }

  /**
   * Resolves when the object is there; `gather` is called unless somebody is at it already. Their
   * failure is not ours: then it is our turn.
   */
  async obtain(name: ObjectName, gather: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const key = toHex(name.hash);
    for (;;) {
      const found = this.find(name.hash);
      if (found) return found;
      const running = this.gathering.get(key);
      if (!running) return this.gather(key, gather);
      await running.catch(() => undefined);
    }
  }

  private async gather(key: string, gather: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const started = gather();
    this.gathering.set(key, started);
    try {
      const object = await started;
      this.keep(key, object);
      return object;
    } finally {
      this.gathering.delete(key);
    }
  }

  private keep(key: string, object: Uint8Array): void {
    this.objects.set(key, object);
    this.size += object.length;
    for (const [oldest, bytes] of this.objects) {
      if (this.size <= this.capacityBytes || oldest === key) break;
      this.objects.delete(oldest);
      this.size -= bytes.length;
    }
  }
}

/** Longest pause between two wants, in the shortest one. */
const MOST_DOUBLED = 30;

/** Pauses before something is wanted, and wanted again: none where nothing is retained, for nothing comes by itself. */
export function* wantPauses(isRetained: boolean, wantMs: number): Generator<number, never> {
  if (!isRetained) yield 0;
  for (let pauseMs = wantMs; ; pauseMs = Math.min(2 * pauseMs, MOST_DOUBLED * wantMs))
    yield pauseMs;
}

interface Gathering {
  readonly assembly: Assembly;
  readonly resolve: (object: Uint8Array) => void;
  readonly reject: (reason: Error) => void;
}

/** Gathers objects over one MQTT session; an object that is being gathered is not asked for again. */
export class ObjectFetcher {
  private readonly gatherings = new Map<string, Gathering>();
  private closedBy: Error | undefined;

  constructor(
    private readonly session: MqttSession,
    private readonly scope: TopicScope,
    private readonly wantSlice: WantSlice,
    private readonly wantMs: number,
  ) {}

  /**
   * Resolves when the last slice came; asks for what does not come by itself, as long as it takes or `tries` allow.
   * Rejects with the signal's reason, with ERR_FULL if the object is too large, ERR_AUTH if the broker
   * does not let us have it, ERR_NOT_FOUND after the tries.
   */
  async fetch(name: ObjectName, signal: AbortSignal): Promise<Uint8Array> {
    if (name.bytes < 1 || name.bytes > maxObjectBytes) {
      throw new LinnetError('ERR_FULL', `an object of ${name.bytes} bytes was announced`);
    }
    signal.throwIfAborted();
    if (this.closedBy) throw this.closedBy;
    const hash = toHex(name.hash);
    const filter = topicOf('object', this.scope, { hash });
    const ended = new AbortController();
    const assembly = new Assembly(name);
    let stop = (): void => undefined;
    const whole = new Promise<Uint8Array>((resolve, reject) => {
      this.gatherings.set(hash, { assembly, resolve, reject });
      stop = () => reject(signal.reason as Error);
    });
    signal.addEventListener('abort', stop);
    const subscribed = this.session.subscribe(filter);
    const wanting = subscribed.then(() => this.keepWanting(name, assembly, ended.signal));
    try {
      const [object] = await Promise.all([Promise.race([whole, wanting]), subscribed]);
      return object;
    } finally {
      ended.abort();
      signal.removeEventListener('abort', stop);
      this.gatherings.delete(hash);
      this.session.unsubscribe(filter).catch(() => undefined);
    }
  }

  /** Asks for what is missing whenever nothing has come for a while. */
  private async keepWanting(
    name: ObjectName,
    assembly: Assembly,
    signal: AbortSignal,
  ): Promise<never> {
    const pauses = wantPauses(this.session.retains, this.wantMs);
    for (let tries = 0; ;) {
      const { progress } = assembly;
      await delay(pauses.next().value, undefined, { signal });
      if (assembly.progress > progress) {
        tries = 0;
        continue;
      }
      if (tries++ === name.tries) {
        throw new LinnetError('ERR_NOT_FOUND', `nobody has the object ${toHex(name.hash)}`);
      }
      for (const offset of assembly.lacking) this.wantSlice(name.hash, offset);
    }
  }

  /** Takes a message if it is a slice of an object, wanted or not. */
  takeMessage(topic: string, payload: Uint8Array): boolean {
    const values = matchTopic('object', this.scope, topic);
    if (!values) return false;
    const gathering = this.gatherings.get(values['hash']);
    const object = gathering?.assembly.take(Number(values['offset']), payload);
    if (object) gathering!.resolve(object);
    return true;
  }

  /** Nothing will come any more. */
  close(reason: Error): void {
    this.closedBy = reason;
    for (const { reject } of this.gatherings.values()) reject(reason);
  }
}

function differenceOf({ difference }: Announcement): ObjectName[] {
  if (!difference) return [];
  return [{ hash: difference.hash, bytes: difference.bytes, tries: DIFFERENCE_TRIES }];
}

/** Everything a device may ask for to follow an announcement. */
export function objectsOf(announcement: Announcement): ObjectName[] {
  const { artefactHash, artefactBytes, descriptorHash, descriptorBytes } = announcement;
  return [
    { hash: artefactHash, bytes: artefactBytes },
    { hash: descriptorHash, bytes: descriptorBytes },
    ...differenceOf(announcement),
    ...announcement.kernels,
  ];
}

/**
 * What a device will ask for first: nothing if it may have to wait for its turn; else the way to the model, which is the difference if there is one (whoever lacks its
 * base asks for more) and nothing if there is a seed, and the kernel it takes unless that is installed.
 */
export function objectsFor(announcement: Announcement, hello: HelloRequest): ObjectName[] {
  if (isLimited(announcement.plan)) return [];
  const [snapshot, descriptor] = objectsOf(announcement);
  const [model = snapshot] = differenceOf(announcement);
  const isMade = announcement.initialSeed !== undefined && !announcement.difference;
  const kernel = announcement.kernels.find(
    ({ intrinsicSet }) => intrinsicSet === 0 || intrinsicSet === hello.intrinsicSet,
  );
  const isInstalled = !kernel || equalBytes(kernel.hash, hello.kernelHash);
  return [...(isMade ? [] : [model]), descriptor, ...(isInstalled ? [] : [kernel])];
}
