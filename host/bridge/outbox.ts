/**
 * Keeps the uploads of one node until their receipts. A broker's acknowledgement is not a receipt:
 * brokers forget, so without one an upload is published again.
 */
import { LinnetError } from '../contract/error.js';
import { idOf, sha256, toHex } from '../contract/hash.js';
import { topicOf, type TopicScope } from '../contract/topics.js';
import type { UploadFolder, UploadKey } from './upload-folder.js';

export function uploadTopic(scope: TopicScope, key: UploadKey): string {
  const { model, version, node } = key;
  return topicOf('upload', scope, { model, version, shard: 0, node });
}

interface Parcel {
  readonly key: UploadKey;
  readonly size: number;
  /** Without a folder they are kept here. */
  readonly bytes: Uint8Array | undefined;
  timer: NodeJS.Timeout | undefined;
  /** Until it is published again, from when the broker had it or it was told LATER. */
  restMs: number;
  isUnderWay: boolean;
}

/** What a bridge keeps of one node at most, so that one cannot take the room of the others. */
export interface OutboxLimits {
  readonly uploads: number;
  readonly bytes: number;
}

export const defaultOutboxLimits: OutboxLimits = { uploads: 64, bytes: 128 * 1024 * 1024 };

/** Resolves when the broker has the upload, and rejects if it cannot be had now. */
export type Publish = (key: UploadKey, bytes: Uint8Array) => Promise<void>;

/** However long an aggregator asks to wait. */
const LONGEST_REST_MS = 3_600_000;

export interface OutboxOptions {
  readonly publish: Publish;
  readonly republishMs: number;
  /** Absent: uploads do not outlive the process. */
  readonly folder?: UploadFolder | undefined;
  readonly limits?: OutboxLimits | undefined;
}

export class Outbox {
  private readonly parcels = new Map<string, Parcel>();
  private bytes = 0;

  constructor(
    federation: string,
    node: string,
    private readonly options: OutboxOptions,
  ) {
    for (const { key, size } of options.folder?.list(federation) ?? [])
      if (key.node === node) this.add(key, size, undefined);
  }

  get isEmpty(): boolean {
    return this.parcels.size === 0;
  }

  /**
   * Keeps an upload and publishes it at once. Throws ERR_LATER if it is not safe here: there is no room
   * before others have their receipts, or the disk failed.
   */
  put(place: Omit<UploadKey, 'id'>, bytes: Uint8Array): void {
    const key = { ...place, id: toHex(idOf(sha256(bytes))) };
    const known = this.parcels.get(key.id);
    if (!known) this.keep(key, bytes);
    void this.send(this.parcels.get(key.id)!);
  }

  /** The aggregator has judged the upload of this id. */
  settle(id: Uint8Array): void {
    const parcel = this.parcels.get(toHex(id));
    if (!parcel) return;
    this.forget(parcel);
    this.options.folder?.remove(parcel.key);
  }

  /** The upload of this id is published again after so long, if that is longer than usual: it was told LATER. */
  postpone(id: Uint8Array, retryMs: number): void {
    const parcel = this.parcels.get(toHex(id));
    if (!parcel || retryMs <= this.options.republishMs) return;
    this.rest(parcel, Math.min(retryMs, LONGEST_REST_MS));
  }

  /** A new version may take what the one before did not: whatever was postponed is published as often as usual. */
  hasten(): void {
    const { republishMs } = this.options;
    for (const parcel of this.parcels.values())
      if (parcel.restMs > republishMs) this.rest(parcel, republishMs);
  }

  /** Publishes what has no receipt yet, as after the broker came back. */
  resend(): void {
    for (const parcel of this.parcels.values()) void this.send(parcel);
  }

  /** Publishes nothing more; what is in a folder stays there. */
  close(): void {
    for (const parcel of this.parcels.values()) this.forget(parcel);
  }

  private keep(key: UploadKey, bytes: Uint8Array): void {
    const { folder, limits = defaultOutboxLimits } = this.options;
    if (this.parcels.size >= limits.uploads || this.bytes + bytes.length > limits.bytes) {
      const cause = `${this.parcels.size} uploads of ${key.node} wait for their receipts, more are not kept`;
      const remedy = 'check that the broker and the aggregator run';
      throw new LinnetError('ERR_LATER', cause, { remedy });
    }
    try {
      folder?.write(key, bytes);
    } catch (source) {
      const { message } = source as Error;
      throw new LinnetError('ERR_LATER', `an upload of ${key.node} is not taken`, {
        remedy: message,
        source,
      });
    }
    this.add(key, bytes.length, folder ? undefined : bytes);
  }

  private add(key: UploadKey, size: number, bytes: Uint8Array | undefined): void {
    const { republishMs } = this.options;
    const parcel = { key, size, bytes, timer: undefined, restMs: republishMs, isUnderWay: false };
    this.parcels.set(key.id, parcel);
    this.bytes += size;
  }

  private forget(parcel: Parcel): void {
    clearTimeout(parcel.timer);
    this.parcels.delete(parcel.key.id);
    this.bytes -= parcel.size;
  }

  private isKept(parcel: Parcel): boolean {
    return this.parcels.get(parcel.key.id) === parcel;
  }

  /** A message the broker has not acknowledged is the session's to repeat. */
  private async send(parcel: Parcel): Promise<void> {
    if (parcel.isUnderWay || !this.isKept(parcel)) return;
    clearTimeout(parcel.timer);
    const bytes = parcel.bytes ?? this.options.folder!.read(parcel.key);
    if (!bytes) return this.forget(parcel);
    parcel.isUnderWay = true;
    parcel.restMs = this.options.republishMs;
    // A session that ended took the message with it: the timer tries another.
    await this.options.publish(parcel.key, bytes).catch(() => undefined);
    parcel.isUnderWay = false;
    if (this.isKept(parcel)) this.rest(parcel, parcel.restMs);
  }

  /** Publishes it again after so long, counted from the broker's acknowledgement if that is still to come. */
  private rest(parcel: Parcel, restMs: number): void {
    parcel.restMs = restMs;
    clearTimeout(parcel.timer);
    if (!parcel.isUnderWay) parcel.timer = setTimeout(() => void this.send(parcel), restMs);
  }
}
