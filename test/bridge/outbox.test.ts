import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { idOf, sha256 } from '../../host/contract/hash.js';
import { Outbox } from '../../host/bridge/outbox.js';

const republishMs = 100;
const first = Uint8Array.of(1);
const second = Uint8Array.of(2);
const idOfUpload = (bytes: Uint8Array): Uint8Array => idOf(sha256(bytes));

interface Attempt {
  readonly topic: string;
  readonly byte: number;
  readonly settle: (error?: Error) => void;
}

let attempts: Attempt[];
let outbox: Outbox;

beforeEach(() => {
  vi.useFakeTimers();
  attempts = [];
  outbox = new Outbox(
    (topic, [byte]) =>
      new Promise((resolve, reject) => {
        attempts.push({ topic, byte, settle: (error) => (error ? reject(error) : resolve()) });
      }),
    republishMs,
  );
});
afterEach(() => vi.useRealTimers());

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const sent = (): number[] => attempts.map(({ byte }) => byte);

describe('an outbox', () => {
  it('publishes at once, and again each time the receipt is overdue', async () => {
    outbox.put('t', first);
    expect(attempts).toMatchObject([{ topic: 't', byte: 1 }]);
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
    outbox.put('t', first);
    await pass(10 * republishMs);
    outbox.resend();
    outbox.put('t', first);
    expect(sent()).toEqual([1]);
    attempts[0].settle(new Error('the session ended'));
    await pass(republishMs);
    expect(sent()).toEqual([1, 1]);
  });

  it('is done with the receipt of this upload, not of another', async () => {
    outbox.put('t', first);
    attempts[0].settle();
    outbox.settle(idOfUpload(second));
    await pass(republishMs);
    expect(sent()).toEqual([1, 1]);
    outbox.settle(idOfUpload(first));
    attempts[1].settle();
    await pass(10 * republishMs);
    outbox.resend();
    expect(sent()).toEqual([1, 1]);
  });

  it('keeps the last upload only', async () => {
    outbox.put('t', first);
    outbox.put('u', second);
    expect(attempts).toMatchObject([{ topic: 't' }, { topic: 'u' }]);
    attempts.forEach(({ settle }) => settle());
    await pass(2 * republishMs);
    expect(sent()).toEqual([1, 2, 2]);
    outbox.clear();
    attempts[2].settle();
    await pass(10 * republishMs);
    expect(sent()).toEqual([1, 2, 2]);
  });
});
