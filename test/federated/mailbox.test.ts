import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Mailbox, type MailboxLimit } from '../../host/federated/mailbox.js';

const limits = fc.record({ items: fc.integer({ min: 1, max: 6 }), bytes: fc.nat(40) });
const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('offer' as const), bytes: fc.nat(30) }),
    fc.record({ do: fc.constant('put' as const) }),
    fc.record({ do: fc.constant('take' as const), limit: limits }),
  ),
  { maxLength: 60 },
);

interface Entry {
  readonly item: number;
  readonly bytes: number;
}

/** The longest beginning of the queue within the limit, but at least one. */
function expectedTake(queue: readonly Entry[], limit: MailboxLimit): Entry[] {
  const fits = (count: number): boolean =>
    count <= limit.items &&
    queue.slice(0, count).reduce((sum, { bytes }) => sum + bytes, 0) <= limit.bytes;
  let count = 1;
  while (count < queue.length && fits(count + 1)) count++;
  return queue.slice(0, count);
}

describe('mailbox', () => {
  it('keeps order and limits, and loses nothing it took', () =>
    fc.assert(
      fc.asyncProperty(limits, steps, async (limit, history) => {
        const box = new Mailbox<number>(limit);
        let queue: Entry[] = [];
        for (const [item, step] of history.entries()) {
          if (step.do === 'offer') {
            const { bytes } = step;
            const held = queue.reduce((sum, entry) => sum + entry.bytes, 0);
            const hasRoom = queue.length < limit.items && held + bytes <= limit.bytes;
            expect(box.offer(item, bytes)).toBe(queue.length === 0 || hasRoom);
            if (queue.length === 0 || hasRoom) queue.push({ item, bytes });
          } else if (step.do === 'put') {
            box.put(item);
            queue.push({ item, bytes: 0 });
          } else if (queue.length > 0) {
            const expected = expectedTake(queue, step.limit);
            expect(await box.take(step.limit)).toEqual(expected.map((entry) => entry.item));
            queue = queue.slice(expected.length);
          }
          expect(box.length).toBe(queue.length);
          expect(box.bytes).toBe(queue.reduce((sum, entry) => sum + entry.bytes, 0));
        }
      }),
    ));

  it('wakes who waits with the first item, without waiting for more', async () => {
    const box = new Mailbox<string>({ items: 4, bytes: 100 });
    const taken = box.take({ items: 4, bytes: 100 });
    expect(box.offer('first', 1)).toBe(true);
    expect(box.offer('second', 1)).toBe(true);
    // Both came before the loop had its turn: one group.
    expect(await taken).toEqual(['first', 'second']);
  });

  it('gives nothing after it was closed', async () => {
    const box = new Mailbox<string>({ items: 1, bytes: 1 });
    box.put('dropped');
    box.close();
    box.put('late');
    expect(await box.take({ items: 1, bytes: 1 })).toEqual([]);
    expect([box.length, box.bytes]).toEqual([0, 0]);
  });
});
