/** How much may wait, or be taken at once. */
export interface MailboxLimit {
  readonly items: number;
  readonly bytes: number;
}

interface Entry<T> {
  readonly item: T;
  readonly bytes: number;
}

/** A bounded queue one loop empties: whoever has something for the loop leaves it here. */
export class Mailbox<T> {
  readonly #limit: MailboxLimit;
  #entries: Entry<T>[] = [];
  #bytes = 0;
  #wake: (() => void) | undefined;
  #isClosed = false;

  constructor(limit: MailboxLimit) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** What the items that wait have been said to hold. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Leaves an item that holds so many bytes; false if there is no room. An empty box takes any. */
  offer(item: T, bytes: number): boolean {
    const { length } = this.#entries;
    const { items: mostItems, bytes: mostBytes } = this.#limit;
    if (length > 0 && (length >= mostItems || this.#bytes + bytes > mostBytes)) return false;
    this.#add({ item, bytes });
    return true;
  }

  /** Leaves an item whether there is room or not: for what comes rarely and must not be lost. */
  put(item: T): void {
    this.#add({ item, bytes: 0 });
  }

  #add(entry: Entry<T>): void {
    if (this.#isClosed) return;
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
    this.#wake?.();
  }

  /** What waits, in order and at once, up to the limit and at least one; none once closed. */
  async take(limit: MailboxLimit): Promise<T[]> {
    while (this.#entries.length === 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
    let count = 0;
    let bytes = 0;
    for (const entry of this.#entries.slice(0, limit.items)) {
      if (count > 0 && bytes + entry.bytes > limit.bytes) break;
      bytes += entry.bytes;
      count++;
    }
    this.#bytes -= bytes;
    return this.#entries.splice(0, count).map(({ item }) => item);
  }

  /** Drops what is in it and ends the loop. */
  close(): void {
    this.#isClosed = true;
    this.#entries = [];
    this.#bytes = 0;
    this.#wake?.();
  }
}
