import { describe, expect, it } from 'vitest';
import { constant } from '../../host/contract/contract.gen.js';
import { LinnetError } from '../../host/contract/error.js';
import { sha256, toHex } from '../../host/contract/hash.js';
import { topicOf } from '../../host/contract/topics.js';
import { ObjectCache, ObjectFetcher } from '../../host/bridge/objects.js';
import type { MqttSession } from '../../host/mqtt/session.js';

const scope = { base: 'b', federation: 'f' };
const step = constant.OBJECT_SLICE_BYTES;
const never = new AbortController().signal;
const ignore = (): void => undefined;

const objectOf = (seed: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * seed + (i >> 8)) & 0xff);
const nameOf = (object: Uint8Array): { hash: Uint8Array; bytes: number } => ({
  hash: sha256(object),
  bytes: object.length,
});

/** toEqual() takes seconds for large arrays. */
const isEqual = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Notes subscriptions as `+filter` and `-filter`. */
class NotingSession implements MqttSession {
  readonly traffic = { sent: 0, received: 0 };
  readonly connected = true;
  readonly retains = true;
  readonly notes: string[] = [];
  refusal: Error | undefined;

  subscribe(filter: string): Promise<void> {
    this.notes.push(`+${filter}`);
    return this.refusal ? Promise.reject(this.refusal) : Promise.resolve();
  }

  unsubscribe(filter: string): Promise<void> {
    this.notes.push(`-${filter}`);
    return Promise.resolve();
  }

  publish = (): Promise<void> => Promise.resolve();
  onMessage = (): void => undefined;
  onReconnect = (): void => undefined;
  close = (): Promise<void> => Promise.resolve();
  abort = (): void => undefined;
}

function sendSlice(fetcher: ObjectFetcher, object: Uint8Array, offset: number | string): boolean {
  const start = Number(offset) || 0;
  const topic = topicOf('object', scope, { hash: toHex(sha256(object)), offset });
  return fetcher.takeMessage(topic, object.subarray(start, start + step));
}

describe('a fetcher', () => {
  const object = objectOf(3, 2 * step + 100);

  it('puts slices together in any order, each as often as it comes', async () => {
    const session = new NotingSession();
    const fetcher = new ObjectFetcher(session, scope, ignore, 60_000);
    const fetched = fetcher.fetch(nameOf(object), never);
    const filter = `b/f/obj/${toHex(sha256(object))}/+`;
    expect(session.notes).toEqual([`+${filter}`]);
    for (const offset of [2 * step, 0, 0, step]) sendSlice(fetcher, object, offset);
    expect(isEqual(await fetched, object)).toBe(true);
    expect(session.notes).toEqual([`+${filter}`, `-${filter}`]);
  });

  it('ignores slices of impossible places and lengths, and of objects nobody wants', async () => {
    const fetcher = new ObjectFetcher(new NotingSession(), scope, ignore, 60_000);
    const fetched = fetcher.fetch(nameOf(object), never);
    for (const offset of [1, -step, 3 * step, 'x', '1e999', '']) sendSlice(fetcher, object, offset);
    const hash = toHex(sha256(object));
    for (const length of [0, 99, step]) {
      const topic = topicOf('object', scope, { hash, offset: 2 * step });
      expect(fetcher.takeMessage(topic, new Uint8Array(length))).toBe(true);
    }
    expect(sendSlice(fetcher, objectOf(5, 10), 0)).toBe(true);
    expect(fetcher.takeMessage('b/f/srv/state', new Uint8Array())).toBe(false);
    for (const offset of [0, step, 2 * step]) sendSlice(fetcher, object, offset);
    expect(isEqual(await fetched, object)).toBe(true);
  });

  it('replaces wrong slices until the hash is right', async () => {
    const fetcher = new ObjectFetcher(new NotingSession(), scope, ignore, 60_000);
    let isDone = false;
    const fetched = fetcher.fetch(nameOf(object), never).finally(() => (isDone = true));
    const topic = topicOf('object', scope, { hash: toHex(sha256(object)), offset: step });
    fetcher.takeMessage(topic, new Uint8Array(step));
    sendSlice(fetcher, object, 0);
    sendSlice(fetcher, object, 2 * step);
    await new Promise((resolve) => setImmediate(resolve));
    expect(isDone).toBe(false);
    sendSlice(fetcher, object, step);
    expect(isEqual(await fetched, object)).toBe(true);
  });

  it('ends with the signal, with the session, with a refusal, and leaves no subscription', async () => {
    const session = new NotingSession();
    const fetcher = new ObjectFetcher(session, scope, ignore, 60_000);
    const stop = new AbortController();
    const aborted = fetcher.fetch(nameOf(object), stop.signal);
    stop.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    session.refusal = new LinnetError('ERR_AUTH', 'not you');
    await expect(fetcher.fetch(nameOf(object), never)).rejects.toThrow('not you');
    session.refusal = undefined;
    const closed = fetcher.fetch(nameOf(object), never);
    fetcher.close(new Error('closed'));
    await expect(closed).rejects.toThrow('closed');
    await expect(fetcher.fetch(nameOf(object), never)).rejects.toThrow('closed');
    expect(session.notes.filter((note) => note.startsWith('-'))).toHaveLength(3);
    expect(session.notes.filter((note) => note.startsWith('+'))).toHaveLength(3);
  });

  it.each([0, 2 ** 26 + 1, 2 ** 52])('refuses an object of %d bytes', async (bytes) => {
    const fetcher = new ObjectFetcher(new NotingSession(), scope, ignore, 60_000);
    const fetched = fetcher.fetch({ hash: new Uint8Array(32), bytes }, never);
    await expect(fetched).rejects.toMatchObject({ code: 'ERR_FULL' });
  });
});

describe('a cache', () => {
  it('gathers once for all who want the same object', async () => {
    const cache = new ObjectCache();
    const object = objectOf(7, 50);
    let gathered = 0;
    const gather = async (): Promise<Uint8Array> => {
      gathered++;
      await new Promise((resolve) => setImmediate(resolve));
      return object;
    };
    const name = nameOf(object);
    const both = Promise.all([cache.obtain(name, gather), cache.obtain(name, gather)]);
    expect(cache.isGathering(name.hash)).toBe(true);
    expect(await both).toEqual([object, object]);
    expect(await cache.obtain(name, gather)).toBe(object);
    expect(gathered).toBe(1);
    expect(cache.isGathering(name.hash)).toBe(false);
  });

  it('lets the next one try when somebody else failed', async () => {
    const cache = new ObjectCache();
    const object = objectOf(7, 50);
    const name = nameOf(object);
    const failing = cache.obtain(name, () => Promise.reject(new Error('gone')));
    const waiting = cache.obtain(name, () => Promise.resolve(object));
    await expect(failing).rejects.toThrow('gone');
    expect(await waiting).toBe(object);
  });

  it('forgets what was not used for longest when it is full', async () => {
    const cache = new ObjectCache(250);
    const objects = [1, 2, 3].map((seed) => objectOf(seed, 100));
    const keep = (object: Uint8Array): Promise<Uint8Array> =>
      cache.obtain(nameOf(object), () => Promise.resolve(object));
    await keep(objects[0]);
    await keep(objects[1]);
    cache.find(sha256(objects[0]));
    await keep(objects[2]);
    const isKept = objects.map((object) => cache.find(sha256(object)) !== undefined);
    expect(isKept).toEqual([true, false, true]);
    await keep(objectOf(9, 300));
    expect(cache.find(sha256(objectOf(9, 300)))).toBeDefined();
  });
});
