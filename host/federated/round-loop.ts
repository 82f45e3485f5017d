import { receipt } from '../contract/contract.gen.js';
import { idOf, toHex } from '../contract/hash.js';
import { matchTopic, topicOf } from '../contract/topics.js';
import { decodeWire } from '../contract/wire.js';
import type { MqttSession } from '../mqtt/session.js';
import { Announcer } from './announcer.js';
import { noFaults, type FaultPoint } from './fault-point.js';
import { judgeUpload, maxEnvelopeBytes, type IncomingUpload, type IntakeRules } from './intake.js';
import type { TrafficRow } from './ledger.js';
import type { Lineage } from './lineage.js';
import { Mailbox, type MailboxLimit } from './mailbox.js';
import type { OpenVersion } from './open-version.js';
import { packState, scopeOf, type AggregatorOptions } from './options.js';
import { Publisher } from './publisher.js';
import { MAX_RETRY_MS, Reception, type Answer } from './reception.js';
import type { HeldOutScores } from './report.js';
import { advanceRound, expectedCloseMs, openRound, type RoundEvent } from './round.js';
import { systemTimers, type Timers } from './timers.js';
import { Turns } from './turns.js';
import { Wants } from './wants.js';

const MIB = 2 ** 20;

/** Most that is committed in one transaction: what has queued up while the one before was written. */
const GROUP_LIMIT: MailboxLimit = { items: 256, bytes: 8 * MIB };

const QUEUE_ITEMS = 1000;
const QUEUE_BYTES = 64 * MIB;
const RETRY_MS = 1000;
/** A node that is given a key while a version waits for it. */
const KEYS_MS = 2000;

type Task =
  | { readonly type: 'upload'; readonly incoming: IncomingUpload }
  /** What the round of a node cost. */
  | { readonly type: 'traffic'; readonly row: TrafficRow }
  | { readonly type: 'deadline'; readonly version: number }
  /** The connection was lost and is back; the broker may be a new one. */
  | { readonly type: 'reconnect' }
  /** Time to see whether nodes got a key. */
  | { readonly type: 'keys' };

/**
 * The one loop that changes anything: takes uploads into the ledger, answers them, closes versions
 * and announces the next. What MQTT and the timer bring waits in a mailbox, so everything happens
 * in one order.
 */
export class RoundLoop {
  readonly #mailbox: Mailbox<Task>;
  readonly #reception: Reception;
  readonly #publisher: Publisher;
  readonly #announcer: Announcer;
  readonly #wants: Wants;
  readonly #rules: IntakeRules;
  readonly #timers: Timers;
  readonly #faultPoint: FaultPoint;
  readonly #retryMs: number;
  readonly #turns: Turns;
  #round = openRound;
  #openedAtMs = 0;
  #cancelDeadline: () => void = () => undefined;
  #cancelWatch: () => void = () => undefined;
  #isStopped = false;

  constructor(
    private readonly options: AggregatorOptions,
    private readonly lineage: Lineage,
    private readonly session: MqttSession,
    /** Called once, after the final version is announced and reported. */
    private readonly onFinal: () => void,
  ) {
    const { timers = systemTimers, faultPoint = noFaults, nodes, keys } = options;
    const { model } = lineage;
    this.#timers = timers;
    this.#turns = new Turns(timers, options.announcedMs);
    this.#faultPoint = faultPoint;
    this.#publisher = new Publisher(session, scopeOf(options), model.hash, faultPoint, keys);
    this.#announcer = new Announcer(lineage, this.#publisher, faultPoint);
    this.#wants = new Wants(
      (want) => this.#announcer.answer(want, packState(options, lineage.starts, true)),
      options.onWarning,
      timers,
    );
    this.#rules = {
      model,
      delta: new Int16Array(model.parameters),
      ...(nodes && { nodes: new Set(nodes) }),
      ...(keys && { keys }),
      findUpload: (...key) => lineage.findUpload(...key),
      findBase: (version) => lineage.findBase(version),
      leftMs: (announcement, node) =>
        Math.max(
          this.#turns.leftMs(announcement, node),
          lineage.open.hasNode(node) ? this.#closesInMs() : 0,
        ),
    };
    const { queueLimit = QUEUE_ITEMS, queueBytes = QUEUE_BYTES, retryMs = RETRY_MS } = options;
    this.#retryMs = retryMs;
    this.#mailbox = new Mailbox({ items: queueLimit, bytes: queueBytes });
    const reception = {
      scope: scopeOf(options),
      maxUploadBytes: maxEnvelopeBytes(this.#rules),
      queueLimit,
      retryMs,
      current: () => lineage.open.version,
      enqueue: (incoming: IncomingUpload) =>
        this.#mailbox.offer({ type: 'upload', incoming }, incoming.bytes.length),
    };
    this.#reception = new Reception(reception, this.#publisher, options);
  }

  /** Subscribes and announces the newest version. */
  async begin(): Promise<void> {
    const scope = scopeOf(this.options);
    this.session.onMessage((topic, bytes) => {
      const wanted = matchTopic('want', scope, topic);
      const told = wanted ? undefined : matchTopic('status', scope, topic);
      if (wanted) this.#wants.take(bytes, wanted['node']);
      else if (told) this.#receiveStatus(told['node'], bytes);
      else this.#reception.receive(topic, bytes);
    });
    this.session.onReconnect(() => this.#mailbox.put({ type: 'reconnect' }));
    const model = toHex(idOf(this.lineage.model.hash));
    await this.session.subscribe(topicOf('upload', scope, { model }));
    await this.session.subscribe(topicOf('want', scope));
    await this.session.subscribe(topicOf('status', scope));
    await this.#announcer.publishAll(packState(this.options, this.lineage.starts, true));
    await this.#announcer.clearOutdated();
    this.#openVersion();
    this.#watchKeys();
  }

  /** With a full queue it is lost: it is no promise, and uploads come first. */
  #receiveStatus(node: string, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    try {
      const { roundVersion: version, round: traffic } = decodeWire('NodeStatus', bytes);
      if (version === undefined || !traffic) return;
      this.#mailbox.offer({ type: 'traffic', row: { version, node, traffic } }, bytes.length);
    } catch (error) {
      this.options.onWarning?.(`a status of ${node} was dropped: ${(error as Error).message}`);
    }
  }

  /** Works until stop(). Rejects if the store fails or the broker refuses a publication. */
  async run(): Promise<void> {
    if (this.lineage.head.announcement.final) this.onFinal();
    await this.#advance({ type: 'resume', contributions: this.lineage.open.sum.count });
    for (;;) {
      if (this.#mailbox.length === 0) this.options.onIdle?.();
      const tasks = await this.#mailbox.take(GROUP_LIMIT);
      if (tasks.length === 0) return;
      await this.#work(tasks);
    }
  }

  /** Ends run() after the step it is in. */
  stop(): void {
    this.#isStopped = true;
    this.#mailbox.close();
    this.#wants.close();
    this.#cancelDeadline();
    this.#cancelWatch();
  }

  /** Tells nodes that nobody will answer now. */
  async publishOffline(): Promise<void> {
    await this.#publisher.publishState(packState(this.options, this.lineage.starts, false));
  }

  async #work(tasks: readonly Task[]): Promise<void> {
    let answers: Answer[] = [];
    const settle = async (): Promise<void> => {
      await this.#settle(answers);
      answers = [];
    };
    for (const task of tasks) {
      if (task.type === 'upload') {
        const { incoming } = task;
        const verdict = judgeUpload(incoming, this.lineage.head.announcement, this.#rules);
        const { retryMs = this.#retryMs } = verdict;
        const retry = verdict.code === receipt.LATER ? { retryMs } : {};
        answers.push({ node: incoming.node, bytes: incoming.bytes.length, verdict, ...retry });
        if (!verdict.upload) continue;
        this.lineage.stage(verdict.upload);
        await this.#advance({ type: 'contribution' }, settle);
      } else if (task.type === 'traffic') {
        this.lineage.stageTraffic(task.row);
      } else {
        await settle();
        await this.#handle(task);
      }
    }
    await settle();
  }

  async #handle(task: Exclude<Task, { type: 'upload' | 'traffic' }>): Promise<void> {
    if (task.type === 'keys') {
      await this.#announcer.publishTags();
      this.#watchKeys();
    } else if (task.type === 'reconnect') {
      await this.#announcer.publishAll(packState(this.options, this.lineage.starts, true));
    } else if (task.version === this.lineage.open.version) {
      await this.#advance({ type: 'deadline' });
    }
  }

  /** When a node that counts in the open version shall come again. */
  #closesInMs(): number {
    const { round, retryMs } = this.options;
    if (retryMs !== undefined) return retryMs;
    const elapsedMs = this.#timers.now() - this.#openedAtMs;
    const leftMs = expectedCloseMs(round, this.#round.contributions, Math.max(0, elapsedMs));
    return Math.ceil(Math.min(MAX_RETRY_MS, Math.max(RETRY_MS, leftMs)));
  }

  /** Commits what was staged, then answers: a receipt is a promise the ledger already keeps. */
  async #settle(answers: readonly Answer[]): Promise<void> {
    this.lineage.commit();
    if (answers.length === 0) return;
    this.#faultPoint('before-receipt');
    await Promise.all(answers.map((answer) => this.#reception.answer(answer)));
    this.#faultPoint('after-receipt');
  }

  /** Tells the round machine and does what it decides; `before` runs before a version closes. */
  async #advance(event: RoundEvent, before?: () => Promise<void>): Promise<void> {
    if (this.lineage.head.announcement.final) return;
    const { state, decision } = advanceRound(this.options.round, this.#round, event);
    this.#round = state;
    if (decision === 'restart-deadline') this.#startDeadline();
    if (!state.isClosed) return;
    await before?.();
    await this.#closeVersion(decision === 'close-degraded');
  }

  async #closeVersion(isDegraded: boolean): Promise<void> {
    const closed = this.lineage.open;
    this.#cancelDeadline();
    this.lineage.closeVersion(isDegraded);
    this.#turns.begin(this.lineage.open.version);
    // Decides nothing: a clock that was set back shows in the report alone.
    const durationMs = Math.max(0, this.#timers.now() - this.#openedAtMs);
    await this.#announcer.publishHead();
    this.#openVersion();
    await this.#announcer.clearOutdated();
    await this.#report(closed, isDegraded, durationMs);
    if (this.lineage.head.announcement.final) this.onFinal();
  }

  #openVersion(): void {
    this.#round = openRound;
    this.#openedAtMs = this.#timers.now();
    if (!this.lineage.head.announcement.final) this.#startDeadline();
  }

  #watchKeys(): void {
    const { keys } = this.options;
    if (!keys || keys.areFixed || this.#isStopped) return;
    this.#cancelWatch = this.#timers.start(KEYS_MS, () => this.#mailbox.put({ type: 'keys' }));
  }

  #startDeadline(): void {
    const { deadlineMs } = this.options.round;
    if (deadlineMs === undefined || this.#isStopped) return;
    const { version } = this.lineage.open;
    this.#cancelDeadline = this.#timers.start(deadlineMs, () =>
      this.#mailbox.put({ type: 'deadline', version }),
    );
  }

  async #report(closed: OpenVersion, isDegraded: boolean, durationMs: number): Promise<void> {
    const { announcement, announcementBytes, snapshot, difference, words } = this.lineage.head;
    const { training, evaluation, personal } = closed;
    const heldOut = await this.#evaluate(words, announcement.version);
    this.options.onRound?.({
      version: announcement.version,
      parent: closed.version,
      modelHash: toHex(announcement.artefactHash),
      contributions: closed.sum.count,
      bounded: closed.bounded,
      nodes: closed.nodes,
      isDegraded,
      uplinkBytes: closed.uplinkBytes,
      downlinkBytesPerNode: announcementBytes.length + (difference ?? snapshot).length,
      durationMs,
      trafficBefore: closed.version === 0 ? [] : this.lineage.trafficOf(closed.version - 1),
      ...(training && { training }),
      ...(evaluation && { evaluation }),
      ...(personal && { personal }),
      ...(heldOut && { heldOut }),
    });
  }

  async #evaluate(words: Int16Array, version: number): Promise<HeldOutScores | undefined> {
    try {
      return await this.options.evaluate?.(words, version);
    } catch (error) {
      this.options.onWarning?.(`version ${version} was not scored: ${(error as Error).message}`);
      return undefined;
    }
  }
}
