import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { idOf, sha256 } from '../../host/contract/hash.js';
import { Outbox } from '../../host/bridge/outbox.js';
import type { UploadKey } from '../../host/bridge/upload-folder.js';

const republishMs = 100;
const first = Uint8Array.of(1);
const second = Uint8Array.of(2);
const idOfUpload = (bytes: Uint8Array): Uint8Array => idOf(sha256(bytes));
const place = (version: number): Omit<UploadKey, 'id'> => ({
  ...{ federation: 'f', node: 'n', model: '0123456789abcdef', contribution: 0 },
  version,
});

interface Attempt {
  readonly version: number;
  readonly byte: number;
  readonly settle: (error?: Error) => void;
}

let attempts: Attempt[];
let outbox: Outbox;

beforeEach(() => {
  vi.useFakeTimers();
  attempts = [];
  outbox = new Outbox('f', 'n', {
    publish: ({ version }, [byte]) =>
      new Promise((resolve, reject) => {
        const settle = (error?: Error): void => (error ? reject(error) : resolve());
        attempts.push({ version, byte, settle });
      }),
    republishMs,
    limits: { uploads: 3, bytes: 1000 },
  });
});
afterEach(() => vi.useRealTimers());

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const sent = (): number[] => attempts.map(({ byte }) => byte);

describe('an outbox', () => {
  it('publishes at once, and again each time the receipt is overdue', async () => {
    outbox.put(place(7), first);
    expect(attempts).toMatchObject([{ version: 7, byte: 1 }]);
    attempts[0].settle();
    await pass(republishMs - 1);
    expect(sent()).toEqual([1]);
    await pass(1);
    expect(sent()).toEqual([1, 1]);
    attempts[1].settle();
    await pass(republishMs);
    expect(sent()).toEqual([1, 1, 1]);
  });

  it('leaves to the session what the broker has not acknowledged', async () => {
    outbox.put(place(7), first);
    await pass(10 * republishMs);
    outbox.resend();
    outbox.put(place(7), first);
    expect(sent()).toEqual([1]);
    attempts[0].settle(new Error('the session ended'));
    await pass(republishMs);
    expect(sent()).toEqual([1, 1]);
  });

  it('is done with the receipt of this upload, not of another', async () => {
    outbox.put(place(7), first);
    attempts[0].settle();
    outbox.settle(idOfUpload(second));
    await pass(republishMs);
    expect(sent()).toEqual([1, 1]);
    outbox.settle(idOfUpload(first));
    expect(outbox.isEmpty).toBe(true);
    attempts[1].settle();
    await pass(10 * republishMs);
    outbox.resend();
    expect(sent()).toEqual([1, 1]);
  });

  it('waits as long as LATER said, until there is a new version', async () => {
    const later = (): void => outbox.postpone(idOfUpload(first), 5 * republishMs);
    outbox.put(place(7), first);
    attempts[0].settle();
    later();
    await pass(5 * republishMs - 1);
    expect(sent()).toEqual([1]);
    await pass(1);
    expect(sent()).toEqual([1, 1]);
    // The receipt is here before the broker's acknowledgement.
    later();
    attempts[1].settle();
    await pass(3 * republishMs);
    outbox.hasten();
    await pass(republishMs - 1);
    // Versions that follow each other do not put it off.
    outbox.hasten();
    await pass(1);
    expect(sent()).toEqual([1, 1, 1]);
    // LATER is said of one attempt, and new versions are nothing to those who were not told it.
    attempts[2].settle();
    await pass(republishMs - 1);
    outbox.hasten();
    expect(sent()).toEqual([1, 1, 1]);
    await pass(1);
    expect(sent()).toEqual([1, 1, 1, 1]);
    // While the broker has not acknowledged.
    later();
    outbox.hasten();
    attempts[3].settle();
    await pass(republishMs);
    expect(sent()).toEqual([1, 1, 1, 1, 1]);
  });

  it('waits an hour at most', async () => {
    outbox.put(place(7), first);
    attempts[0].settle();
    outbox.postpone(idOfUpload(first), 2 ** 40);
    await pass(3_600_000);
    expect(sent()).toEqual([1, 1]);
  });

  it('keeps every upload until its own receipt', async () => {
    outbox.put(place(7), first);
    outbox.put(place(8), second);
    expect(attempts).toMatchObject([{ version: 7 }, { version: 8 }]);
    attempts.forEach(({ settle }) => settle());
    await pass(republishMs);
    expect(sent()).toEqual([1, 2, 1, 2]);
    outbox.settle(idOfUpload(first));
    attempts.forEach(({ settle }) => settle());
    await pass(republishMs);
    expect(sent()).toEqual([1, 2, 1, 2, 2]);
    outbox.close();
    attempts[4].settle();
    await pass(10 * republishMs);
    expect(sent()).toEqual([1, 2, 1, 2, 2]);
  });

  it('takes no more than its limits until there is room again', () => {
    const later = expect.objectContaining({ code: 'ERR_LATER' }) as unknown;
    expect(() => outbox.put(place(1), new Uint8Array(1001))).toThrow(later);
    for (const version of [1, 2, 3]) outbox.put(place(version), Uint8Array.of(version));
    expect(() => outbox.put(place(4), Uint8Array.of(4))).toThrow(later);
    outbox.put(place(3), Uint8Array.of(3));
    outbox.settle(idOfUpload(second));
    outbox.put(place(4), new Uint8Array(998));
    outbox.settle(idOfUpload(first));
    expect(() => outbox.put(place(5), Uint8Array.of(5, 5))).toThrow(later);
    outbox.put(place(5), Uint8Array.of(5));
    expect(sent()).toEqual([1, 2, 3, 0, 5]);
  });
});
