import {
  constant,
  helloFlag,
  logLevel,
  messageId,
  nodeState,
  resetReason,
  split,
  status,
  version,
} from '../contract/contract.gen.js';
import type {
  Announcement,
  HelloRequest,
  HelloResponse,
  StatusName,
} from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { equalBytes, toHex } from '../contract/hash.js';
import { isLimited } from '../contract/participation.js';
import { packResponse, unpackRequest } from '../contract/pack.js';
import type { AnsweredName, RequestBodies, ResponseBodies } from '../contract/pack.js';
import type { NodeHost, NodeObjects } from './node-host.js';
import { Peer } from '../frame/peer.js';
import { awaitTurn } from './node-participation.js';
import { mustSettle, settleLocal } from './node-local.js';
import { NodeRound, WatchdogReset } from './node-round.js';
import {
  chooseKernel,
  countsBeside,
  isSameWork,
  readAnnouncement,
  readReceipt,
} from './node-rules.js';
import { pullSample, type SampleSource } from './node-samples.js';
import { NodeSession, type SessionOwner } from './node-session.js';
import { checkAnnouncement, follow, isOwnEnvelope, isOwnReceipt } from './node-trust.js';
import { defaultTiming, type NodeTiming } from './node-timing.js';
import { NodeUpload } from './node-upload.js';

/** Linear memory V8 can give a kernel. */
const kernelMemoryBytes = 0xffff_0000;

export interface V8NodeOptions {
  /** Name of the node; empty lets the host give one. */
  readonly node: string;
  /** Of the node and the aggregator alone; absent: it follows whoever announces. */
  readonly key?: Uint8Array;
  /** Absent: the node pulls its samples over the link. */
  readonly samples?: SampleSource;
  /** Sends bytes to the host. */
  readonly write: (bytes: Uint8Array) => void;
  readonly timing?: NodeTiming;
  /** What a node before this one left behind, as in a flash; changed in place. */
  readonly objects?: NodeObjects;
  /** What a call of a kernel on trial may take; default 10 s. */
  readonly watchdogMs?: number;
  /** What it knows of its device, by CONDITION; what is absent is unknown. */
  readonly conditions?: Conditions;
}

export type Conditions = Readonly<Partial<Record<number, number>>>;

/** An announcement and how far the node got with it. */
interface Work {
  readonly announcement: Announcement;
  readonly abort: AbortController;
  /** What it uploads, and how. */
  envelope?: Uint8Array;
  upload?: NodeUpload;
  /** It takes part: nothing of the plan has to be waited for any more. */
  isOn: boolean;
  done: boolean;
  failed: boolean;
}

/**
 * A device whose kernel runs in this process's V8. On the link it behaves as the firmware does and
 * calls itself `v8` in HELLO.
 */
export class V8Node implements NodeHost, SessionOwner {
  readonly objects: NodeObjects;
  readonly samples: SampleSource;
  readonly key?: Uint8Array;
  readonly timing: NodeTiming;
  readonly watchdogMs: number;
  /** Native functions cannot be given to V8 without a binding, and a node is to run anywhere. */
  readonly intrinsicSet = 0;
  private readonly link: Peer;
  private readonly introduction: NodeSession;
  private greeting: HelloResponse | undefined;
  private life = new AbortController();
  private work: Work | undefined;
  /** Of the last upload with a definite receipt. */
  private finished: Announcement | undefined;
  private state: number = nodeState.IDLE;
  private lastError: number = status.OK;
  private step = 0;
  private totalSteps = 0;
  private residualSaturations = 0;
  private bootEpoch = 1;
  private reason: number = resetReason.POWER;
  /** LOG messages for the next session. */
  private readonly notes: [number, string][] = [];

  constructor(private readonly options: V8NodeOptions) {
    this.objects = options.objects ?? {};
    if (options.key) this.key = options.key;
    this.timing = options.timing ?? defaultTiming;
    this.watchdogMs = options.watchdogMs ?? 10_000;
    this.samples = options.samples ?? this.pulledSamples();
    this.link = new Peer(options.write, (id, body) => this.answer(id, body), this.timing);
    this.introduction = new NodeSession(this.link, this, this.timing);
  }

  get node(): string {
    return this.options.node || (this.objects.name ?? '');
  }

  get maxPayload(): number {
    return this.introduction.maxPayload;
  }

  conditionOf(kind: number): number {
    return this.options.conditions?.[kind] ?? -1;
  }

  get session(): number {
    return this.introduction.count;
  }

  /** Takes bytes from the host, cut anywhere. */
  receive(chunk: Uint8Array): void {
    this.link.receive(chunk);
  }

  /** Lives until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.introduction.run(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.life.abort();
    }
  }

  /** The next byte to the host is a HELLO: the link is new. */
  reintroduce(): void {
    this.introduction.lose();
  }

  enter(state: number): void {
    this.state = state;
  }

  install(installed: number): void {
    this.objects.installedVersion = installed;
  }

  countSteps(step: number, totalSteps: number): void {
    this.step = step;
    this.totalSteps = totalSteps;
  }

  noteResidualSaturations(words: number): void {
    this.residualSaturations = words;
  }

  nextSession(signal: AbortSignal): Promise<void> {
    return this.introduction.next(signal);
  }

  ask<N extends AnsweredName>(
    name: N,
    body: RequestBodies[N],
    signal: AbortSignal,
    decisive?: StatusName,
  ): Promise<ResponseBodies[N]> {
    return this.introduction.ask(name, body, signal, decisive);
  }

  askOnce<N extends AnsweredName>(
    name: N,
    body: RequestBodies[N],
    signal: AbortSignal,
  ): Promise<ResponseBodies[N] | undefined> {
    return this.introduction.askOnce(name, body, signal);
  }

  makeHello(): HelloRequest {
    const { kernel } = this.objects;
    const pulls = this.options.samples ? 0 : helloFlag.PULL_SAMPLES;
    return {
      protocol: version.PROTOCOL,
      kernelAbi: version.KERNEL_ABI,
      intrinsicSet: this.intrinsicSet,
      descriptorFormat: version.DESCRIPTOR_FORMAT,
      numerics: kernel?.numerics ?? 0,
      bootEpoch: this.bootEpoch,
      resetReason: this.reason,
      flags: pulls | (kernel ? 0 : helloFlag.NO_KERNEL),
      maxPayload: constant.FRAME_MAX_PAYLOAD,
      kernelMemoryBytes,
      kernelHash: kernel?.hash ?? new Uint8Array(constant.HASH_BYTES),
      node: this.node,
      runtime: 'v8',
      engine: `v8 ${process.versions.v8}`,
    };
  }

  /** A node without a name keeps the one it is given; other samples make another round. */
  greet(greeting: HelloResponse): void {
    const before = this.greeting;
    this.greeting = greeting;
    if (this.node === '' && greeting.node !== '') this.objects.name = greeting.node;
    for (const [level, text] of this.notes.splice(0)) this.link.log(level, text);
    const isSameData =
      this.options.samples !== undefined ||
      (before?.trainSamples === greeting.trainSamples &&
        before.testSamples === greeting.testSamples);
    const { work } = this;
    if (before && !isSameData && work?.isOn && !work.done) this.start(work.announcement, true);
  }

  noteKernel(hash: Uint8Array, hasFailed: boolean, code: StatusName, cause: string): void {
    this.lastError = status[code];
    const kernel = toHex(hash.subarray(0, constant.ID_BYTES));
    const what = hasFailed ? 'failed its trial' : 'was passed over';
    const level = hasFailed ? logLevel.ERROR : logLevel.WARN;
    this.notes.push([level, `kernel ${kernel} ${what}: ${cause}`]);
    if (this.introduction.isOpen) for (const note of this.notes.splice(0)) this.link.log(...note);
  }

  noteRefusal(code: number): void {
    this.lastError = code;
  }

  private pulledSamples(): SampleSource {
    return {
      count: (part) =>
        (part === split.TRAIN ? this.greeting?.trainSamples : this.greeting?.testSamples) ?? 0,
      read: (part, index, inputs, signal) => pullSample(this, part, index, inputs, signal),
    };
  }

  private answer(id: number, body: Uint8Array): Uint8Array | undefined {
    if (id === messageId.LOG) return undefined;
    try {
      return this.serve(id, body);
    } catch (error) {
      if (!(error instanceof LinnetError)) throw error;
      return packResponse('RESET', status[error.code]);
    }
  }

  private serve(id: number, body: Uint8Array): Uint8Array {
    switch (id) {
      case messageId.ANNOUNCE:
        this.announce(unpackRequest('ANNOUNCE', body));
        return packResponse('ANNOUNCE', status.OK, {});
      case messageId.RECEIPT:
        this.takeReceipt(unpackRequest('RECEIPT', body).receipt);
        return packResponse('RECEIPT', status.OK, {});
      case messageId.PING:
        return packResponse('PING', status.OK, unpackRequest('PING', body));
      case messageId.STATUS:
        unpackRequest('STATUS', body);
        return packResponse('STATUS', status.OK, this.describe());
      case messageId.RESET:
        unpackRequest('RESET', body);
        // The answer leaves first.
        setImmediate(() => this.restart(resetReason.REQUEST));
        return packResponse('RESET', status.OK, {});
      default:
        throw new LinnetError('ERR_MESSAGE', `message ${id} is not for a device`);
    }
  }

  private announce({ mac, announcement: bytes }: RequestBodies['ANNOUNCE']): void {
    try {
      const announcement = readAnnouncement(bytes);
      checkAnnouncement(this, announcement, bytes, mac);
      chooseKernel(announcement, this.intrinsicSet, this.objects.failedKernels ?? []);
      follow(this, announcement);
      if (this.finished && isSameVersion(this.finished, announcement)) return;
      const { work } = this;
      if (work && !work.failed && isSameWork(work.announcement, announcement)) return;
      this.settleFirst(announcement);
      this.start(announcement);
    } catch (error) {
      const isRefusal = error instanceof LinnetError && error.code !== 'ERR_LATER';
      if (isRefusal) this.lastError = status[error.code];
      throw error;
    }
  }

  /** Throws ERR_LATER if the work of before still counts or needs its receipt first; an upload that was kept is offered again. */
  private settleFirst(next: Announcement): void {
    const { work, objects, finished } = this;
    const later = new LinnetError('ERR_LATER', 'an upload waits for its receipt');
    const isAtWork = this.state >= nodeState.EVALUATE && this.state <= nodeState.RECEIPT;
    if (work && !work.done && isAtWork && countsBeside(work.announcement, next)) throw later;
    if (work?.envelope && !work.done && !work.failed) {
      if (mustSettle(objects, work.announcement, work.envelope, next)) throw later;
      return;
    }
    const { upload } = objects;
    if (!upload || isSameWork(upload.announcement, next) || !this.recall(upload.announcement))
      return;
    if (finished && isSameVersion(finished, upload.announcement)) return;
    if (!mustSettle(objects, upload.announcement, upload.envelope, next)) return;
    this.start(upload.announcement);
    throw later;
  }

  private takeReceipt(bytes: Uint8Array): void {
    const receipt = readReceipt(bytes);
    const { work } = this;
    if (work && isOwnReceipt(this, work.announcement, bytes)) work.upload?.receive(receipt);
  }

  private describe(): ResponseBodies['STATUS'] {
    return {
      state: this.introduction.isOpen ? this.state : nodeState.HELLO,
      lastError: this.lastError,
      version: this.objects.installedVersion ?? 0,
      step: this.step,
      totalSteps: this.totalSteps,
      heapHighWaterBytes: 0,
      stackHighWaterBytes: 0,
      badFrames: this.link.badFrames,
      residualSaturations: this.residualSaturations,
    };
  }

  private restart(reason: number): void {
    this.work?.abort.abort();
    this.work = undefined;
    this.finished = undefined;
    this.greeting = undefined;
    this.bootEpoch++;
    this.reason = reason;
    this.state = nodeState.IDLE;
    this.lastError = status.OK;
    this.countSteps(0, 0);
    this.noteResidualSaturations(0);
    this.introduction.lose();
  }

  private start(announcement: Announcement, isOn = !isLimited(announcement.plan)): void {
    this.work?.abort.abort();
    const abort = new AbortController();
    const work: Work = { announcement, abort, isOn, done: false, failed: false };
    this.work = work;
    this.countSteps(0, 0);
    const signal = AbortSignal.any([this.life.signal, work.abort.signal]);
    void this.perform(work, signal).catch((error: unknown) => {
      if (!signal.aborted) this.fail(work, error);
    });
  }

  private async perform(work: Work, signal: AbortSignal): Promise<void> {
    const { announcement } = work;
    this.enter(work.isOn ? nodeState.FETCH : nodeState.WAITING);
    await this.introduction.opened(signal);
    if (this.node === '') throw new LinnetError('ERR_STATE', 'the node has no name');
    const kept = this.recall(announcement);
    if (!kept && !work.isOn) await awaitTurn(this, announcement, signal);
    work.isOn = true;
    const envelope = kept ?? (await new NodeRound(this, announcement, signal).run());
    if (envelope) {
      if (this.options.samples) this.objects.upload = { node: this.node, announcement, envelope };
      work.envelope = envelope;
      work.upload = new NodeUpload(this, announcement, envelope, signal);
      const { code } = await work.upload.run();
      settleLocal(this.objects, envelope, code);
      this.finished = announcement;
    }
    work.done = true;
    this.enter(nodeState.IDLE);
  }

  /** Whoever saw the offer gets the same bytes, though the samples may be others by now. */
  private recall(announcement: Announcement): Uint8Array | undefined {
    const { upload } = this.objects;
    const isIt =
      this.options.samples !== undefined &&
      upload?.node === this.node &&
      isSameWork(upload.announcement, announcement) &&
      isOwnEnvelope(this, announcement, upload.envelope);
    return isIt ? upload.envelope : undefined;
  }

  private fail(work: Work, error: unknown): void {
    if (error instanceof WatchdogReset) {
      this.restart(resetReason.WATCHDOG);
      this.lastError = status.ERR_TRIAL;
      return;
    }
    const code = error instanceof LinnetError ? error.code : 'ERR_INTERNAL';
    work.failed = true;
    this.lastError = status[code];
    this.enter(nodeState.FAILED);
    const cause = error instanceof Error ? error.message : String(error);
    this.link.log(logLevel.ERROR, `version ${work.announcement.version} failed: ${cause}`);
  }
}

function isSameVersion(a: Announcement, b: Announcement): boolean {
  return (
    a.epoch === b.epoch &&
    a.version === b.version &&
    equalBytes(a.descriptorHash, b.descriptorHash) &&
    equalBytes(a.artefactHash, b.artefactHash)
  );
}
