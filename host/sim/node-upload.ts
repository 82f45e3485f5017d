import { nodeState, receipt as receiptCode } from '../contract/contract.gen.js';
import type { Announcement, Receipt } from '../contract/contract.gen.js';
import { equalBytes, idOf, sha256 } from '../contract/hash.js';
import type { NodeHost } from './node-host.js';
import { sleep } from './node-timing.js';

/** Bytes of an UPLOAD request that are not data: message header, offset. */
const overheadBytes = 4 + 4;

/** One envelope on its way: offered, streamed and kept until a definite receipt. */
export class NodeUpload {
  private readonly hash: Uint8Array;
  /** Replaced when a receipt arrives; aborting it ends whatever the upload is waiting for. */
  private waiting = new AbortController();
  private received: Receipt | undefined;

  constructor(
    private readonly host: NodeHost,
    private readonly announcement: Pick<Announcement, 'descriptorHash' | 'version'>,
    private readonly envelope: Uint8Array,
    private readonly signal: AbortSignal,
  ) {
    this.hash = sha256(envelope);
  }

  /** Takes a receipt; one that is not for this upload is ignored. */
  receive(receipt: Receipt): void {
    const isOurs =
      receipt.version === this.announcement.version &&
      receipt.contribution === 0 &&
      equalBytes(receipt.upload, idOf(this.hash));
    if (!isOurs) return;
    this.received = receipt;
    this.waiting.abort();
  }

  /** Offers and streams until the aggregator's definite receipt, which it returns. */
  async run(): Promise<Receipt> {
    await this.untilReceipt((signal) => this.send(signal));
    let pauseMs = this.host.timing.offerMs;
    for (;;) {
      if (this.received === undefined) {
        this.host.enter(nodeState.RECEIPT);
        const pause = pauseMs;
        const isDue = await this.untilReceipt((signal) => this.rest(pause, signal));
        if (isDue) await this.untilReceipt((signal) => this.send(signal));
        pauseMs = this.host.timing.offerMs;
      } else if (this.received.code === receiptCode.LATER) {
        pauseMs = this.received.retryMs ?? this.host.timing.offerMs;
        this.received = undefined;
      } else {
        return this.received;
      }
    }
  }

  /** True if the action came to its end, false if a receipt cut it short. */
  private async untilReceipt(action: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    if (this.received !== undefined) return false;
    this.waiting = new AbortController();
    const receiptSignal = this.waiting.signal;
    try {
      await action(AbortSignal.any([this.signal, receiptSignal]));
      return true;
    } catch (error) {
      if (this.signal.aborted || !receiptSignal.aborted) throw error;
      return false;
    }
  }

  /** Until the offer is due again: at once for a host that is new or came back. */
  private async rest(pauseMs: number, signal: AbortSignal): Promise<void> {
    const enough = new AbortController();
    const either = AbortSignal.any([signal, enough.signal]);
    try {
      await Promise.race([sleep(pauseMs, either), this.host.nextSession(either)]);
    } finally {
      enough.abort();
    }
  }

  /** Until the host has every byte. A refusal or a new session starts from the offer again. */
  private async send(signal: AbortSignal): Promise<void> {
    const { host, envelope, hash } = this;
    const { descriptorHash, version } = this.announcement;
    const offer = { model: idOf(descriptorHash), version, contribution: 0 };
    host.enter(nodeState.UPLOAD);
    for (;;) {
      const what = { ...offer, length: envelope.length, hash };
      const answer = await host.askOnce('OFFER', what, signal);
      if (answer && (await this.stream(answer.nextOffset, signal))) return;
    }
  }

  private async stream(from: number, signal: AbortSignal): Promise<boolean> {
    const { host, envelope } = this;
    const { session } = host;
    let offset = from;
    while (offset < envelope.length) {
      if (host.session !== session) return false;
      const data = envelope.subarray(offset, offset + host.maxPayload - overheadBytes);
      const answer = await host.askOnce('UPLOAD', { offset, data }, signal);
      if (!answer) return false;
      if (answer.nextOffset <= offset) await sleep(host.timing.laterMs, signal);
      offset = answer.nextOffset;
    }
    return true;
  }
}
