import type { OfferRequest, UploadRequest } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { equalBytes, sha256 } from '../contract/hash.js';

/** A whole upload, its hash checked. */
export interface CollectedUpload {
  /** Leading bytes of the descriptor hash. */
  readonly model: Uint8Array;
  readonly version: number;
  readonly contribution: number;
  readonly bytes: Uint8Array;
}

/** Largest envelope a host takes from one device. */
export const maxUploadBytes = 64 * 1024 * 1024;

/**
 * Gathers one upload from slices. An offer of the same bytes goes on where it stopped, so an upload
 * survives lost frames and restarts of the device.
 */
export class UploadCollector {
  private offer: OfferRequest | undefined;
  private bytes = new Uint8Array();
  private received = 0;

  /** `onComplete` is called whenever a complete upload is offered or completed: again if offered again. */
  constructor(private readonly onComplete: (upload: CollectedUpload) => void) {}

  /** Takes an offer; returns the first byte still needed. Throws ERR_FULL. */
  takeOffer(offer: OfferRequest): number {
    if (offer.length > maxUploadBytes) {
      throw new LinnetError('ERR_FULL', `an upload of ${offer.length} bytes was offered`);
    }
    const same =
      this.offer && this.offer.length === offer.length && equalBytes(this.offer.hash, offer.hash);
    if (!same) {
      this.bytes = new Uint8Array(offer.length);
      this.received = 0;
    }
    this.offer = offer;
    if (same && this.received === offer.length) this.complete();
    return this.received;
  }

  /** Takes a slice if it is the next one; returns the first byte still needed. Throws ERR_STATE. */
  takeSlice(slice: UploadRequest): number {
    if (!this.offer) throw new LinnetError('ERR_STATE', 'a slice came without an offer');
    const fits =
      slice.offset === this.received && slice.offset + slice.data.length <= this.bytes.length;
    if (fits && slice.data.length > 0) {
      this.bytes.set(slice.data, slice.offset);
      this.received += slice.data.length;
      if (this.received === this.bytes.length) this.complete();
    }
    return this.received;
  }

  /** With a wrong hash no slice is worth anything: starts over. */
  private complete(): void {
    const { model, version, contribution, hash } = this.offer!;
    if (equalBytes(sha256(this.bytes), hash)) {
      this.onComplete({ model, version, contribution, bytes: this.bytes });
    } else {
      this.received = 0;
    }
  }
}
