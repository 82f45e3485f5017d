import { equalBytes, idOf, sha256 } from '../contract/hash.js';

interface Parcel {
  readonly topic: string;
  readonly bytes: Uint8Array;
  /** As receipts name it. */
  readonly id: Uint8Array;
  isUnderWay: boolean;
}

/**
 * Keeps the last upload of a node until its receipt. A broker's acknowledgement is not a receipt:
 * brokers forget, so without one the upload is published again.
 */
export class Outbox {
  private parcel: Parcel | undefined;
  private timer: NodeJS.Timeout | undefined;

  /** `publish` resolves when the broker has the upload, and rejects if it cannot be had now. */
  constructor(
    private readonly publish: (topic: string, bytes: Uint8Array) => Promise<void>,
    private readonly republishMs: number,
  ) {}

  /** Publishes an upload at once; it replaces the one before. */
  put(topic: string, bytes: Uint8Array): void {
    const id = idOf(sha256(bytes));
    const isKnown = this.parcel?.topic === topic && equalBytes(this.parcel.id, id);
    if (!isKnown) this.parcel = { topic, bytes, id, isUnderWay: false };
    this.resend();
  }

  /** The aggregator has judged the upload of this id. */
  settle(id: Uint8Array): void {
    if (this.parcel && equalBytes(this.parcel.id, id)) this.clear();
  }

  /** Publishes what has no receipt yet, as after the broker came back. */
  resend(): void {
    clearTimeout(this.timer);
    if (this.parcel) void this.send(this.parcel);
  }

  clear(): void {
    clearTimeout(this.timer);
    this.parcel = undefined;
  }

  /** A message the broker has not acknowledged is the session's to repeat. */
  private async send(parcel: Parcel): Promise<void> {
    if (parcel.isUnderWay) return;
    parcel.isUnderWay = true;
    // A session that ended took the message with it: the timer tries another.
    await this.publish(parcel.topic, parcel.bytes).catch(() => undefined);
    parcel.isUnderWay = false;
    if (this.parcel !== parcel) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.send(parcel), this.republishMs);
  }
}
