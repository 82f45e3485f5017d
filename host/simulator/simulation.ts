/**
 * A federation in virtual time: the real aggregator with its store, and nodes that are events. The clock moves only
 * when the aggregator has answered all that it was given, so nothing depends on how fast anything was computed.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { idOf, toHex } from '../contract/hash.js';
import { topicOf, type TopicScope } from '../contract/topics.js';
import { decodeWire } from '../contract/wire.js';
import { Aggregator } from '../federated/server.js';
import { parseDescriptor } from '../model/descriptor.js';
import type { ModelInfo } from '../model/info.js';
import { unpackSnapshot } from '../model/snapshot.js';
import { connectMqtt } from '../mqtt/connect.js';
import type { MqttOptions } from '../mqtt/session.js';
import { parseMqttUrl } from '../mqtt/url.js';
import { readReceipt } from '../sim/node-rules.js';
import { readCheckpoint, writeCheckpoint, type Checkpoint } from './checkpoint.js';
import { EventQueue, type SimulatedEvent } from './event-queue.js';
import { failForeign, failGone, failOther, failSilent, failStuck, patienceMs } from './failures.js';
import { Fleet, nodeName, nodeNumber, stage } from './fleet.js';
import type { Version } from './job.js';
import { authorisationBytes, SimulatedKeys } from './keys.js';
import { LocalWordsOfFleet } from './local-words.js';
import { Lookahead } from './lookahead.js';
import { NodeSamples } from './node-samples.js';
import {
  federation,
  keepOf,
  roundRulesOf,
  type SimulationOptions,
  type SimulationResult,
} from './options.js';
import { WorkerPool } from './pool.js';
import { RecordFile, type RoundRecord } from './records.js';
import { hasKeys } from './scenario.js';
import { SimulatedSession } from './simulated-session.js';
import { eventKind, VirtualNodes } from './virtual-nodes.js';
import { hourMs, VirtualTimers } from './virtual-timers.js';

/** Uploads the aggregator is given at once; it commits as many together. */
const defaultBatch = 256;
/** Uploads that are computed before they are due. */
const windowNodes = 512;
/** Where virtual nodes alone are the federation. */
const nowhere = 'mqtt://simulated';

/** Runs a scenario to its end, from where it was interrupted if it was. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  mkdirSync(options.folder, { recursive: true });
  const simulation = new Simulation(options);
  try {
    await simulation.begin();
    return await simulation.run();
  } finally {
    await simulation.close();
  }
}

class Simulation {
  readonly #scope: TopicScope;
  readonly #model: ModelInfo;
  readonly #timers = new VirtualTimers();
  readonly #queue = new EventQueue();
  readonly #pool: WorkerPool;
  readonly #fleet: Fleet;
  readonly #nodes: VirtualNodes;
  readonly #lookahead: Lookahead;
  readonly #local: LocalWordsOfFleet;
  readonly #records: RecordFile;
  readonly #checkpointPath: string;
  readonly #real: ReadonlySet<number>;
  /** What the aggregator has published and nodes have not heard of yet. */
  readonly #announcements: Uint8Array[] = [];
  #versions: Version[] = [];
  /** Nodes whose uploads have arrived and are not with the aggregator yet, and when the last one arrived. */
  #batch: number[] = [];
  #batchMs = 0;
  /** When a receipt of the batch may have consequences first. */
  #horizonMs = Infinity;
  #session: SimulatedSession | undefined;
  #aggregator: Aggregator | undefined;
  #isIdle = false;
  #wake: () => void = () => undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(private readonly options: SimulationOptions) {
    const { scenario, folder, workerData, aggregator } = options;
    this.#scope = { base: parseMqttUrl(scenario.real?.mqtt ?? nowhere).base, federation };
    this.#model = parseDescriptor(aggregator.descriptor);
    this.#real = new Set(scenario.real?.nodes.map(nodeNumber) ?? []);
    this.#checkpointPath = join(folder, 'checkpoint');
    this.#records = new RecordFile(join(folder, 'rounds.ndjson'));
    this.#local = new LocalWordsOfFleet(aggregator.plan, scenario.nodes, this.#model.parameters);
    this.#fleet = new Fleet(scenario);
    const { group, state } = this.#fleet;
    const { seed, fleet } = scenario;
    const lies = fleet.map((device) => device.lies);
    const reservoirs = fleet.map(({ reservoir }) => reservoir);
    this.#pool = new WorkerPool(
      {
        ...{ ...workerData, group, lies, reservoirs, seed, hasKeys: hasKeys(scenario) },
        ...(this.#local.shared && { local: this.#local.shared }),
      },
      options.workers,
    );
    this.#lookahead = new Lookahead(this.#pool, state, windowNodes, this.#local);
    this.#nodes = new VirtualNodes({
      seed: scenario.seed,
      model: this.#model,
      fleet: this.#fleet,
      queue: this.#queue,
      samples: new NodeSamples({ ...workerData, group, reservoirs, seed }),
      isReal: (node) => this.#real.has(node),
      works: this.#lookahead,
      authorisationBytes: hasKeys(scenario) ? authorisationBytes : 0,
    });
  }

  /** Starts the aggregator, in the state it had. Until its store is this simulation's, nothing in the folder changes. */
  async begin(): Promise<void> {
    const { scenario, folder, aggregator } = this.options;
    const store = join(folder, 'store');
    const saved = readCheckpoint(this.#checkpointPath);
    const isBegun = saved !== undefined && saved.versions.length > 0;
    const hasStore = existsSync(store);
    if (isBegun && !hasStore) failGone(store);
    if (!isBegun && !hasStore) this.#save(0);
    else if (saved) this.#restore(saved);
    else failForeign(store);
    this.#aggregator = await Aggregator.start({
      ...aggregator,
      store,
      federation,
      mqtt: { url: scenario.real?.mqtt ?? nowhere },
      rounds: scenario.rounds,
      round: roundRulesOf(scenario),
      keep: keepOf(scenario, aggregator.plan),
      ...(hasKeys(scenario) && {
        keys: new SimulatedKeys(scenario.seed, scenario.nodes, federation),
      }),
      retryMs: scenario.round.retrySeconds * 1000,
      timers: this.#timers,
      announcedMs: new Map(
        this.#versions.map(({ version, announcedMs }) => [version, announcedMs]),
      ),
      connect: (options) => this.#connect(options),
      onIdle: () => this.#noteIdle(),
    });
    this.#aggregator.finished.catch((error: unknown) => {
      this.#failure = { error };
      this.#noteIdle();
    });
    await this.#settled();
    this.#timers.forget();
    if (!isBegun && this.#aggregator.model.version > 0) failForeign(store);
    this.#records.cut(isBegun ? saved.recordBytes : 0);
  }

  /** From event to event until the final version is announced. */
  async run(): Promise<SimulationResult> {
    if (this.#batch.length > 0) await this.#flush();
    await this.#hear();
    while (!this.#nodes.newest?.announcement.final) {
      this.options.signal?.throwIfAborted();
      await this.#step();
    }
    return {
      model: this.#aggregator!.model,
      fleet: this.#fleet,
      records: this.#records.read(),
      trained: this.#lookahead.trained,
    };
  }

  async close(): Promise<void> {
    await this.#aggregator?.close();
    await this.#pool.close();
  }

  async #connect(options: MqttOptions): Promise<SimulatedSession> {
    const { real } = this.options.scenario;
    const reader = {
      isReal: (node: string) => this.#real.has(nodeNumber(node)),
      announce: (bytes: Uint8Array) => this.#takeAnnouncement(bytes),
      receive: (node: string, bytes: Uint8Array) => this.#takeReceipt(node, bytes),
    };
    this.#session = new SimulatedSession(this.#scope, reader, real && (await connectMqtt(options)));
    return this.#session;
  }

  #takeAnnouncement(bytes: Uint8Array): void {
    const { version } = decodeWire('Announcement', bytes);
    if (version <= (this.#versions.at(-1)?.version ?? -1)) return;
    // A version that closed just before an interruption: its timers are not those of before.
    this.#timers.forget();
    this.#announcements.push(bytes);
  }

  #takeReceipt(name: string, bytes: Uint8Array): boolean {
    const node = nodeNumber(name);
    if (node < 0 || node >= this.#fleet.nodes || this.#real.has(node)) return false;
    if (this.#fleet.state.stage[node] !== stage.SENT) return true;
    if (this.#nodes.settle(node, readReceipt(bytes))) this.#local.accept(node);
    return true;
  }

  #noteIdle(): void {
    this.#isIdle = true;
    this.#wake();
  }

  /** Resolves when the aggregator has answered everything. It may have failed before, at the upload of a real node. */
  async #settled(): Promise<void> {
    if (!this.#isIdle && !this.#failure)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#failure) throw this.#failure.error;
  }

  async #step(): Promise<void> {
    // A real node may have completed the version.
    if (this.#announcements.length > 0) return this.#hear();
    const event = this.#nextEvent();
    const { nextMs } = this.#timers;
    const eventMs = event?.timeMs ?? Infinity;
    const isFull = this.#batch.length >= (this.options.batch ?? defaultBatch);
    const isOver = eventMs >= this.#horizonMs || nextMs < eventMs || this.#isSilent(eventMs);
    const mustFlush = isFull || isOver || this.#concernsBatch(event);
    if (this.#batch.length > 0 && mustFlush) return this.#flush();
    if (event && eventMs <= nextMs) return this.#handle(event);
    if (nextMs < Infinity) return this.#fire();
    return this.#waitForReal();
  }

  /** How many uploads may be with the aggregator before one of them can close the version. */
  get #room(): number {
    return Math.max(1, this.#aggregator!.missing);
  }

  /** Whether an event is of a node whose upload waits, or there is none any more. */
  #concernsBatch(event: SimulatedEvent | undefined): boolean {
    return !event || this.#fleet.state.stage[event.node] === stage.SENT;
  }

  /** The next event that still holds. */
  #nextEvent(): SimulatedEvent | undefined {
    for (let event = this.#queue.peek(); event; event = this.#queue.peek()) {
      if (this.#nodes.isValid(event.timeMs, event.kind, event.node)) return event;
      this.#queue.drop();
    }
    return undefined;
  }

  async #handle({ timeMs, kind, node }: SimulatedEvent): Promise<void> {
    this.#queue.drop();
    if (kind === eventKind.SEES) {
      if (this.#nodes.see(node, timeMs) && this.#isSilent(timeMs)) this.#checkHope(timeMs);
      return;
    }
    this.#lookahead.fill(this.#room - this.#batch.length);
    const envelope = this.#lookahead.find(node) ?? (await this.#lookahead.take(node));
    if (this.#fleet.state.stage[node] === stage.TRAINING)
      return this.#nodes.upload(node, timeMs, envelope.length);
    this.#nodes.arrive(node, envelope.length);
    this.#batch.push(node);
    this.#batchMs = timeMs;
    this.#horizonMs = Math.min(this.#horizonMs, this.#nodes.reactsMs(node));
    if (this.#batch.length >= this.#room) await this.#flush();
  }

  /** Gives the aggregator what has arrived; none of it but the last can close the version. */
  async #flush(): Promise<void> {
    const envelopes: Uint8Array[] = [];
    for (const node of this.#batch) envelopes.push(await this.#lookahead.take(node));
    // With all uploads of virtual nodes there, a real one closes the version at any moment.
    if (this.#real.size > 0 || this.#batch.length >= this.#room) this.#save(this.#batchMs);
    this.#timers.nowMs = this.#batchMs;
    const batch = this.#batch;
    this.#batch = [];
    this.#horizonMs = Infinity;
    this.#isIdle = false;
    batch.forEach((node, i) => this.#session!.deliver(this.#uploadTopic(node), envelopes[i]));
    await this.#settled();
    await this.#hear();
    this.#reportProgress();
  }

  #reportProgress(): void {
    this.options.onProgress?.({
      round: this.#aggregator!.model.version,
      contributions: this.#nodes.totals.accepted,
      hours: this.#timers.nowMs / hourMs,
    });
  }

  #uploadTopic(node: number): string {
    const version = this.#fleet.state.version[node];
    const model = toHex(idOf(this.#model.hash));
    return topicOf('upload', this.#scope, { model, version, shard: 0, node: nodeName(node) });
  }

  async #fire(): Promise<void> {
    const { length } = this.#announcements;
    this.#save(this.#timers.nextMs);
    const isLast = this.#nextEvent() === undefined;
    this.#timers.fire();
    // Without a broker everything the aggregator does is done before anything else can happen.
    await new Promise(setImmediate);
    if (this.#failure) throw this.#failure.error;
    if (isLast && this.#announcements.length === length)
      failStuck(this.#nodes.newest!.announcement.version);
    await this.#hear();
    // What is in the ledger after an interruption came after this deadline, and must not meet it again.
    this.#save(this.#timers.nowMs);
    this.#reportProgress();
  }

  /** Nothing is left to happen in virtual time. */
  async #waitForReal(): Promise<void> {
    if (this.#real.size === 0) failStuck(this.#nodes.newest!.announcement.version);
    this.#isIdle = false;
    await Promise.race([this.#settled(), aborted(this.options.signal)]);
    await this.#hear();
  }

  /** Since when nothing that counts has happened. */
  get #silentSinceMs(): number {
    return Math.max(this.#nodes.totals.countedMs, this.#versions.at(-1)!.announcedMs);
  }

  #isSilent(timeMs: number): boolean {
    return timeMs - this.#silentSinceMs > patienceMs;
  }

  /** Nodes may look for ever whether they may take part. An upload that is being made comes, and so does a deadline. */
  #checkHope(timeMs: number): void {
    const { quorum } = roundRulesOf(this.options.scenario);
    const contributions = this.#nodes.totals.accepted + this.#real.size;
    if (contributions >= quorum || this.#nodes.areAtWork) return;
    failSilent(this.#nodes.newest!.announcement.version, this.#silentSinceMs, timeMs);
  }

  /** Tells the nodes what the aggregator has published. */
  async #hear(): Promise<void> {
    for (const bytes of this.#announcements.splice(0)) {
      const { version, final: isFinal = false } = decodeWire('Announcement', bytes);
      const words = unpackSnapshot(this.#aggregator!.model.snapshot, this.#model.hash);
      if (version > 0) await this.#record(words, isFinal);
      this.#forget();
      this.#nodes.announce(bytes, this.#timers.nowMs);
      this.#learn({
        version,
        announcedMs: this.#timers.nowMs,
        announcement: Uint8Array.from(bytes),
        words,
        kernels: this.#nodes.kernels,
      });
    }
  }

  #learn(version: Version): void {
    this.#versions.push(version);
    this.#pool.learn(version);
  }

  /** Versions nobody works on. */
  #forget(): void {
    const { version, stage: stages } = this.#fleet.state;
    let oldest = this.#versions.at(-1)?.version ?? 0;
    for (let node = 0; node < version.length; node++)
      if (stages[node] !== stage.IDLE) oldest = Math.min(oldest, version[node]);
    this.#versions = this.#versions.filter((known) => known.version >= oldest);
    this.#pool.forget(oldest);
  }

  async #record(words: Int16Array, isFinal: boolean): Promise<void> {
    const { scenario, evaluate, onRecord } = this.options;
    const { totals } = this.#nodes;
    const { version, modelHash } = this.#aggregator!.model;
    const { bytesUp, bytesDown, instructions, joule, accepted, refused } = totals;
    const contributions = accepted + this.#real.size;
    const isDue = version % scenario.evaluateEvery === 0 || version === scenario.rounds || isFinal;
    const record: RoundRecord = {
      type: 'round',
      round: version,
      hours: this.#timers.nowMs / hourMs,
      modelHash,
      contributions,
      refused,
      degraded: contributions < (scenario.round.cohort ?? scenario.nodes),
      ...{ bytesUp, bytesDown, instructions, joule },
      ...(isDue && (await evaluate?.(this.#pool, words))),
      ...this.#describeNodes(version - 1),
    };
    Object.assign(totals, { accepted: 0, refused: 0 });
    this.#records.append(record);
    onRecord?.(record);
  }

  /** What the nodes say of the version that was worked on, if they were asked. */
  #describeNodes(version: number): Pick<RoundRecord, 'nodes'> {
    const { workerData, describe } = this.options;
    if (!describe || workerData.tests.every((count) => count === 0)) return {};
    return describe(this.#aggregator!.evaluationsOf(version));
  }

  /** Keeps what is about to happen at `nowMs`. */
  #save(nowMs: number): void {
    writeCheckpoint(this.#checkpointPath, {
      fingerprint: this.options.fingerprint,
      nowMs,
      timers: this.#timers.save(),
      versions: this.#versions,
      batch: this.#batch,
      fleet: this.#fleet.state,
      totals: this.#nodes.totals,
      recordBytes: this.#records.bytes,
      local: this.#local.save(),
    });
  }

  #restore(saved: Checkpoint): void {
    if (saved.fingerprint !== this.options.fingerprint) failOther(this.options.folder);
    // Of before the first version.
    if (saved.versions.length === 0) return;
    this.#fleet.restore(saved.fleet);
    Object.assign(this.#nodes.totals, saved.totals);
    this.#local.restore(saved.local);
    this.#timers.nowMs = saved.nowMs;
    this.#timers.expect(saved.timers);
    for (const version of saved.versions) this.#learn(version);
    this.#batch = [...saved.batch];
    this.#batchMs = saved.nowMs;
    this.#nodes.know(saved.versions.at(-1)!.announcement);
    this.#nodes.restore();
  }
}

/** Rejects when the signal aborts. */
function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
