/** What one node cost and did; bytes are MQTT payload bytes of that node alone. */
export interface NodeStats {
  /** Uploads published, repeats included. */
  readonly uplinkBytes: number;
  /** Announcements and receipts received, and object bytes its device took. */
  readonly downlinkBytes: number;
  readonly uploads: number;
  readonly receipts: Readonly<Record<string, number>>;
  readonly badFrames: number;
  readonly malformedMessages: number;
  /** All bytes on the link, framing included. */
  readonly linkBytes: number;
  readonly reconnects: number;
}
