import type { Duplex, Readable, Writable } from 'node:stream';
import { LinnetError } from '../contract/error.js';
import type { Link } from './link.js';

/** The ends of a stream pair and how to shut it; sockets, serial ports and child processes fit. */
export interface StreamEnds {
  readonly description: string;
  readonly input: Readable;
  readonly output: Writable;
  readonly shut: () => Promise<void>;
  /** Resolves with the reason when the other end is gone; by default when a stream fails or closes. */
  readonly gone?: Promise<string>;
}

function firstEnd(streams: ReadonlySet<Readable | Writable>): Promise<string> {
  return new Promise((resolve) => {
    for (const stream of streams) {
      stream.on('error', (error: Error) => resolve(error.message));
      stream.on('close', () => resolve('the other end closed it'));
    }
  });
}

/** A link over Node streams. */
export class StreamLink implements Link {
  readonly description: string;
  private dataHandler: (bytes: Uint8Array) => void = () => undefined;
  private closeHandler: (reason: string) => void = () => undefined;
  private closed = false;

  constructor(private readonly ends: StreamEnds) {
    this.description = ends.description;
    ends.input.on('data', (chunk: Uint8Array) => this.dataHandler(new Uint8Array(chunk)));
    const streamsEnd = firstEnd(new Set([ends.input, ends.output]));
    void (ends.gone ?? streamsEnd).then((reason) => this.end(reason));
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        reject(new LinnetError('ERR_LINK', `${this.description} is closed`, { source: error }));
      };
      if (this.closed) fail(undefined);
      else this.ends.output.write(bytes, (error) => (error ? fail(error) : resolve()));
    });
  }

  onData(handler: (bytes: Uint8Array) => void): void {
    this.dataHandler = handler;
  }

  onClose(handler: (reason: string) => void): void {
    this.closeHandler = handler;
  }

  async close(): Promise<void> {
    this.end('closed here');
    await this.ends.shut();
  }

  private end(reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.closeHandler(reason);
  }
}

/** A link over one duplex stream, such as a socket. */
export function linkOfDuplex(description: string, stream: Duplex): Link {
  const shut = (): Promise<void> =>
    new Promise((resolve) => {
      if (stream.destroyed) resolve();
      else stream.once('close', () => resolve()).destroy();
    });
  return new StreamLink({ description, input: stream, output: stream, shut });
}
