/** A byte pipe to a device: what a serial port, a socket and a child process have in common. */
export interface Link {
  /** For people and logs, such as `exec:./build/linnet-node` or `/dev/ttyACM0`. */
  readonly description: string;
  /** Resolves when the bytes were handed over; rejects with ERR_LINK on a closed link. */
  write(bytes: Uint8Array): Promise<void>;
  /** Chunks as they arrive, cut anywhere. Set before the first byte can arrive. */
  onData(handler: (bytes: Uint8Array) => void): void;
  /** Called once, whoever closed it. */
  onClose(handler: (reason: string) => void): void;
  /** Ends what the link started, and only that. */
  close(): Promise<void>;
}

export interface LinkOptions {
  readonly baudRate?: number;
  /** Lines a child process writes to stderr. */
  readonly onLog?: (line: string) => void;
}
