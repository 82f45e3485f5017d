/** What happens next: a binary heap in typed arrays. Equal times are told apart by a tie that the caller gives. */

export interface SimulatedEvent {
  readonly timeMs: number;
  readonly kind: number;
  readonly node: number;
}

/**
 * Pops in the order of (time, tie, node, kind), whatever the order of the pushes: so the result of a simulation cannot
 * depend on what was worked on first.
 */
export class EventQueue {
  #times = new Float64Array(1024);
  #ties = new Uint32Array(1024);
  #nodes = new Uint32Array(1024);
  #kinds = new Uint8Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(timeMs: number, tie: number, kind: number, node: number): void {
    if (this.#length === this.#times.length) this.#grow();
    let at = this.#length++;
    this.#times[at] = timeMs;
    this.#ties[at] = tie;
    this.#kinds[at] = kind;
    this.#nodes[at] = node;
    for (let parent = (at - 1) >> 1; at > 0 && this.#isBefore(at, parent); parent = (at - 1) >> 1) {
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** The next event; undefined if there is none. */
  peek(): SimulatedEvent | undefined {
    if (this.#length === 0) return undefined;
    return { timeMs: this.#times[0], kind: this.#kinds[0], node: this.#nodes[0] };
  }

  /** Removes the next event. */
  drop(): void {
    this.#length--;
    this.#swap(0, this.#length);
    let at = 0;
    for (;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#length && this.#isBefore(child, least)) least = child;
      }
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #isBefore(a: number, b: number): boolean {
    if (this.#times[a] !== this.#times[b]) return this.#times[a] < this.#times[b];
    if (this.#ties[a] !== this.#ties[b]) return this.#ties[a] < this.#ties[b];
    if (this.#nodes[a] !== this.#nodes[b]) return this.#nodes[a] < this.#nodes[b];
    return this.#kinds[a] < this.#kinds[b];
  }

  #swap(a: number, b: number): void {
    const [time, tie, node, kind] = [this.#times[a], this.#ties[a], this.#nodes[a], this.#kinds[a]];
    this.#times[a] = this.#times[b];
    this.#ties[a] = this.#ties[b];
    this.#nodes[a] = this.#nodes[b];
    this.#kinds[a] = this.#kinds[b];
    this.#times[b] = time;
    this.#ties[b] = tie;
    this.#nodes[b] = node;
    this.#kinds[b] = kind;
  }

  #grow(): void {
    const grown = <Column extends Float64Array | Uint32Array | Uint8Array>(
      column: Column,
      larger: Column,
    ): Column => {
      larger.set(column);
      return larger;
    };
    const length = 2 * this.#length;
    this.#times = grown(this.#times, new Float64Array(length));
    this.#ties = grown(this.#ties, new Uint32Array(length));
    this.#nodes = grown(this.#nodes, new Uint32Array(length));
    this.#kinds = grown(this.#kinds, new Uint8Array(length));
  }
}
