/** Objects of a federation (kernel, descriptor, snapshots), gathered from retained MQTT slices. */
import { constant } from '../contract/contract.gen.js';
import type { Announcement } from '../contract/contract.gen.js';
import { equalBytes, sha256, toHex } from '../contract/hash.js';
import { matchTopic, topicOf, type TopicScope } from '../contract/topics.js';
import type { MqttSession } from '../mqtt/session.js';

export interface ObjectName {
  readonly hash: Uint8Array;
  readonly bytes: number;
}

/** Kept for devices that come later; a snapshot and its neighbours are needed again and again. */
const cacheBytes = 64 * 1024 * 1024;

class Assembly {
  private readonly data: Uint8Array;
  private readonly missing = new Set<number>();

  constructor(readonly name: ObjectName) {
    this.data = new Uint8Array(name.bytes);
    for (let at = 0; at < name.bytes; at += constant.OBJECT_SLICE_BYTES) this.missing.add(at);
  }

  /** Takes a slice of the right place and length; true when nothing is missing. */
  take(offset: number, slice: Uint8Array): boolean {
    const length = Math.min(constant.OBJECT_SLICE_BYTES, this.name.bytes - offset);
    if (this.missing.has(offset) && slice.length === length) {
      this.data.set(slice, offset);
      this.missing.delete(offset);
    }
    return this.missing.size === 0;
  }

  /** The object, or undefined if a slice was wrong: the gathering starts over. */
  finish(): Uint8Array | undefined {
    return equalBytes(sha256(this.data), this.name.hash) ? this.data : undefined;
  }
}

/** What all nodes of a bridge share: each object is gathered once. */
export class ObjectCache {
  private readonly objects = new Map<string, Uint8Array>();
  private readonly gathering = new Map<string, Promise<Uint8Array>>();
  private size = 0;

  find(hash: Uint8Array): Uint8Array | undefined {
    return this.objects.get(toHex(hash));
  }

  /** Resolves when the object is there; `gather` is called if nobody is at it already. */
  obtain(name: ObjectName, gather: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const key = toHex(name.hash);
    const found = this.objects.get(key);
    if (found) return Promise.resolve(found);
    const running = this.gathering.get(key);
    if (running) return running;
    const started = gather()
      .then((object) => {
        this.keep(key, object);
        return object;
      })
      .finally(() => this.gathering.delete(key));
    this.gathering.set(key, started);
    return started;
  }

  private keep(key: string, object: Uint8Array): void {
    this.objects.set(key, object);
    this.size += object.length;
    for (const [oldest, bytes] of this.objects) {
      if (this.size <= cacheBytes || oldest === key) break;
      this.objects.delete(oldest);
      this.size -= bytes.length;
    }
  }
}

/** Gathers objects over one MQTT session. */
export class ObjectFetcher {
  private readonly assemblies = new Map<
    string,
    { assembly: Assembly; resolve: (object: Uint8Array) => void }
  >();

  constructor(
    private readonly session: MqttSession,
    private readonly scope: TopicScope,
  ) {}

  /** Resolves when the last slice came; waits as long as it takes, for slices may be published later. */
  async fetch(name: ObjectName, signal: AbortSignal): Promise<Uint8Array> {
    const hash = toHex(name.hash);
    const filter = topicOf('object', this.scope, { hash });
    let abort = (): void => undefined;
    const done = new Promise<Uint8Array>((resolve, reject) => {
      this.assemblies.set(hash, { assembly: new Assembly(name), resolve });
      abort = () => reject(signal.reason as Error);
      signal.addEventListener('abort', abort);
    });
    done.catch(() => undefined);
    try {
      await this.session.subscribe(filter);
      return await done;
    } finally {
      signal.removeEventListener('abort', abort);
      this.assemblies.delete(hash);
      this.session.unsubscribe(filter).catch(() => undefined);
    }
  }

  /** Takes a message if it is a slice of something being gathered. */
  takeMessage(topic: string, payload: Uint8Array): boolean {
    const values = matchTopic('object', this.scope, topic);
    if (!values) return false;
    const entry = this.assemblies.get(values['hash']);
    if (entry?.assembly.take(Number(values['offset']), payload)) {
      const object = entry.assembly.finish();
      if (object) entry.resolve(object);
      else
        this.assemblies.set(values['hash'], {
          ...entry,
          assembly: new Assembly(entry.assembly.name),
        });
    }
    return true;
  }
}

/** Everything a device may ask for to follow an announcement. */
export function objectsOf(announcement: Announcement): ObjectName[] {
  return [
    { hash: announcement.artefactHash, bytes: announcement.artefactBytes },
    { hash: announcement.descriptorHash, bytes: announcement.descriptorBytes },
    ...announcement.kernels,
  ];
}
