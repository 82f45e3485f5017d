/** A queue one loop empties: whoever has something for the loop leaves it here. */
export class Mailbox<T> {
  #items: T[] = [];
  #wake: (() => void) | undefined;
  #isClosed = false;

  get length(): number {
    return this.#items.length;
  }

  put(item: T): void {
    if (this.#isClosed) return;
    this.#items.push(item);
    this.#wake?.();
  }

  /** At least one item, at most `limit`, in order; none once the box is closed. */
  async take(limit: number): Promise<T[]> {
    while (this.#items.length === 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
    return this.#items.splice(0, limit);
  }

  /** Drops what is in it and ends the loop. */
  close(): void {
    this.#isClosed = true;
    this.#items = [];
    this.#wake?.();
  }
}
