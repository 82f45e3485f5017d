/** Two ends of a cable in memory, with the faults of real ones; for rigs and tests. */
import { LinnetError } from '../contract/error.js';
import type { Link } from './link.js';

/** What happens to a chunk on its way: changed, cut into several, or lost (empty list). */
export type Fault = (bytes: Uint8Array) => readonly Uint8Array[];

class PairEnd implements Link {
  other: PairEnd | undefined;
  fault: Fault = (bytes) => [bytes];
  delayMs = 0;
  private dataHandler: (bytes: Uint8Array) => void = () => undefined;
  private closeHandler: (reason: string) => void = () => undefined;
  private closed = false;

  constructor(readonly description: string) {}

  write(bytes: Uint8Array): Promise<void> {
    if (this.closed) {
      return Promise.reject(new LinnetError('ERR_LINK', `${this.description} is closed`));
    }
    for (const chunk of this.fault(bytes.slice())) {
      const deliver = (): void => {
        if (!this.closed) this.other?.dataHandler(chunk);
      };
      if (this.delayMs > 0) setTimeout(deliver, this.delayMs);
      else setImmediate(deliver);
    }
    return Promise.resolve();
  }

  onData(handler: (bytes: Uint8Array) => void): void {
    this.dataHandler = handler;
  }

  onClose(handler: (reason: string) => void): void {
    this.closeHandler = handler;
  }

  close(): Promise<void> {
    this.end('closed here');
    this.other?.end('the other end closed it');
    return Promise.resolve();
  }

  private end(reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.closeHandler(reason);
  }
}

export type Direction = 'a→b' | 'b→a';

export interface LinkPair {
  readonly a: Link;
  readonly b: Link;
  /** Replaces what the cable does to chunks in one direction. */
  setFault(direction: Direction, fault: Fault): void;
  /** How long a chunk takes in one direction from now on; at first no time. */
  setDelay(direction: Direction, delayMs: number): void;
}

export function createLinkPair(description = 'pair'): LinkPair {
  const a = new PairEnd(`${description}.a`);
  const b = new PairEnd(`${description}.b`);
  a.other = b;
  b.other = a;
  const senderOf = (direction: Direction): PairEnd => (direction === 'a→b' ? a : b);
  return {
    a,
    b,
    setFault: (direction, fault) => {
      senderOf(direction).fault = fault;
    },
    setDelay: (direction, delayMs) => {
      senderOf(direction).delayMs = delayMs;
    },
  };
}
