import { EventEmitter, once } from 'node:events';
import { constant, status, version } from '../contract/contract.gen.js';
import type { HelloRequest, HelloResponse, StatusName } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import type { AnsweredName, RequestBodies, Response, ResponseBodies } from '../contract/pack.js';
import { checkName } from '../contract/topics.js';
import type { Peer } from '../frame/peer.js';
import { sleep, type NodeTiming } from './node-timing.js';

/** What a session needs to know of its node. */
export interface SessionOwner {
  makeHello(): HelloRequest;
  /** The host answered HELLO. */
  greet(response: HelloResponse): void;
  /** The host refused a request with this status. */
  noteRefusal(code: number): void;
}

/**
 * Keeps a node introduced to its host (SPEC, section 7.1): HELLO until answered, again when the
 * link was lost or silent. Requests wait until it is.
 */
export class NodeSession {
  /** Answered HELLOs so far. */
  count = 0;
  maxPayload: number = constant.FRAME_MAX_PAYLOAD;
  /** The last HELLO was answered and the link not lost since. */
  isOpen = false;
  private readonly events = new EventEmitter();
  private lost = new AbortController();

  constructor(
    private readonly link: Peer,
    private readonly owner: SessionOwner,
    private readonly timing: NodeTiming,
  ) {}

  /** Resolves as soon as the node is introduced. */
  async opened(signal: AbortSignal): Promise<void> {
    while (!this.isOpen) await this.next(signal);
  }

  /** Resolves at the next answered HELLO. */
  async next(signal: AbortSignal): Promise<void> {
    await once(this.events, 'greeted', { signal });
  }

  /** Ends the session: the next thing the host hears is HELLO. */
  lose(): void {
    this.isOpen = false;
    this.lost.abort();
  }

  /** Runs until the signal aborts; rejects with its reason. */
  async run(signal: AbortSignal): Promise<never> {
    for (;;) {
      await this.introduce(signal);
      await this.watch(signal);
    }
  }

  async ask<N extends AnsweredName>(
    name: N,
    body: RequestBodies[N],
    signal: AbortSignal,
    decisive?: StatusName,
  ): Promise<ResponseBodies[N]> {
    for (;;) {
      const answer = await this.askOnce(name, body, signal, decisive);
      if (answer) return answer;
    }
  }

  async askOnce<N extends AnsweredName>(
    name: N,
    body: RequestBodies[N],
    signal: AbortSignal,
    decisive?: StatusName,
  ): Promise<ResponseBodies[N] | undefined> {
    await this.opened(signal);
    const response = await this.exchange(name, body, signal);
    if (!response) {
      this.lose();
      return undefined;
    }
    if (response.body) return response.body;
    this.owner.noteRefusal(response.status);
    if (decisive && response.status === status[decisive])
      throw new LinnetError(decisive, `the host refused ${name}`);
    const isLater = response.status === status.ERR_LATER;
    await sleep(isLater ? this.timing.laterMs : this.timing.refusedMs, signal);
    return undefined;
  }

  /** Undefined if the host stayed silent. */
  private async exchange<N extends AnsweredName>(
    name: N,
    body: RequestBodies[N],
    signal: AbortSignal,
  ): Promise<Response<N> | undefined> {
    try {
      return await this.link.request(name, body, signal);
    } catch (error) {
      if (error instanceof LinnetError && error.code === 'ERR_TIMEOUT') return undefined;
      throw error;
    }
  }

  private async introduce(signal: AbortSignal): Promise<void> {
    for (;;) {
      const response = await this.exchange('HELLO', this.owner.makeHello(), signal);
      if (!response) continue;
      const refusal = judgeGreeting(response);
      if (refusal === status.OK) return this.begin(response.body!);
      this.owner.noteRefusal(refusal);
      await sleep(this.timing.refusedMs, signal);
    }
  }

  private begin(greeting: HelloResponse): void {
    this.count++;
    this.maxPayload = Math.min(constant.FRAME_MAX_PAYLOAD, greeting.maxPayload);
    this.lost = new AbortController();
    this.owner.greet(greeting);
    this.isOpen = true;
    this.events.emit('greeted');
  }

  /** Resolves when the session was lost or the host silent for too long. */
  private async watch(signal: AbortSignal): Promise<void> {
    const { silenceMs } = this.timing;
    const either = AbortSignal.any([signal, this.lost.signal]);
    for (;;) {
      const quietMs = performance.now() - this.link.lastHeardMs;
      if (quietMs >= silenceMs || this.lost.signal.aborted) break;
      try {
        await sleep(silenceMs - quietMs, either);
      } catch {
        signal.throwIfAborted();
      }
    }
    this.isOpen = false;
  }
}

function judgeGreeting({ status: code, body }: Response<'HELLO'>): number {
  if (!body) return code;
  if (body.protocol !== version.PROTOCOL) return status.ERR_VERSION;
  if (body.maxPayload < constant.FRAME_MIN_PAYLOAD) return status.ERR_MESSAGE;
  return body.node === '' || isName(body.node) ? status.OK : status.ERR_RANGE;
}

function isName(text: string): boolean {
  try {
    return checkName(text, 'node') === text;
  } catch {
    return false;
  }
}
