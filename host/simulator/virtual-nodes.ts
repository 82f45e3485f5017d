/** What virtual nodes do in time (SPEC, section 7), as events; what they compute is the business of others. */
import { condition, receipt, task, version as versions } from '../contract/contract.gen.js';
import type { Announcement, Kernel, Receipt } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { turnMs } from '../contract/participation.js';
import { oneOfBuild } from '../kernel/load.js';
import { loadCosts, predictSteps } from '../model/cost.js';
import type { ModelInfo } from '../model/info.js';
import { isEligible } from '../sim/node-participation.js';
import {
  chooseKernel,
  isTaken,
  keepsLocal,
  readAnnouncement,
  samplesOfRound,
  taskEvaluates,
  taskTrains,
} from '../sim/node-rules.js';
import { defaultTiming } from '../sim/node-timing.js';
import { afterAwake, isAwake, nextAwake } from './availability.js';
import type { EventQueue } from './event-queue.js';
import { nodeName, stage, type Device, type Fleet } from './fleet.js';
import type { NodeSamples } from './node-samples.js';
import { purpose, unitAt } from './seeds.js';

/** Kinds of events. */
export const eventKind = {
  /** The node sees the newest announcement. */
  SEES: 0,
  /** What it does ends. */
  DUE: 1,
} as const;

/** What a device of one group has to do for a version. */
interface Duty {
  readonly kernel: Kernel;
  readonly instructionsPerStep: number;
  readonly instructionsPerTest: number;
}

/** The newest version. */
interface Newest {
  readonly announcement: Announcement;
  readonly bytes: number;
  /** One for each group. */
  readonly duties: readonly Duty[];
}

/** Nobody comes back sooner. */
const leastRetryMs = 100;

function dutyOf(announcement: Announcement, model: ModelInfo, device: Device): Duty {
  const set = device.intrinsics ? versions.INTRINSIC_SET : 0;
  const kernel = chooseKernel(announcement, set, []);
  const build = device.intrinsics ? 'accelerated' : 'portable';
  const costs = loadCosts().cores;
  const cost = costs[device.core]?.[build];
  if (!cost) {
    throw new LinnetError(
      'ERR_CONFIG',
      `there is no core ${device.core} with ${oneOfBuild[build]} kernel`,
      {
        remedy: `use one of ${Object.keys(costs).join(', ')}`,
      },
    );
  }
  const { train, infer } = predictSteps(model, announcement.plan.frozenLayers ?? 0, cost);
  return { kernel, instructionsPerStep: train, instructionsPerTest: infer };
}

/** Who makes the uploads. */
export interface WorkObserver {
  /** The node begins to train, until it is due. */
  expect(node: number): void;
  /** It has given up what it did. */
  drop(node: number): void;
}

export interface Totals {
  instructions: number;
  joule: number;
  bytesUp: number;
  bytesDown: number;
  /** Of the open version: uploads that count, and others that were answered. */
  accepted: number;
  refused: number;
  /** When the last upload came that counts. */
  countedMs: number;
}

/** What surrounds the nodes. */
export interface Scene {
  readonly seed: number;
  readonly model: ModelInfo;
  readonly fleet: Fleet;
  readonly queue: EventQueue;
  readonly samples: NodeSamples;
  readonly works: WorkObserver;
  /** What comes to a node with each announcement. */
  readonly authorisationBytes: number;
  /** Nodes that are none of these. */
  isReal(node: number): boolean;
}

export class VirtualNodes {
  newest: Newest | undefined;
  readonly totals: Totals = {
    instructions: 0,
    joule: 0,
    bytesUp: 0,
    bytesDown: 0,
    accepted: 0,
    refused: 0,
    countedMs: 0,
  };
  private readonly fleet: Fleet;

  constructor(private readonly scene: Scene) {
    this.fleet = scene.fleet;
  }

  /** A new version is out; whoever is asleep sees it later. */
  announce(bytes: Uint8Array, timeMs: number): void {
    this.know(bytes);
    const { fleet } = this;
    const { seesMs, turn, version } = fleet.state;
    for (let node = 0; node < fleet.nodes; node++) {
      // Who waits for its turn in an older version hears of this one; who sleeps will see it anyway.
      const isDue = seesMs[node] === Infinity || turn[node] > version[node];
      if (isDue && !this.scene.isReal(node)) this.#willSee(node, timeMs);
    }
  }

  /** The newest version is this one, and everybody has heard of it. */
  know(bytes: Uint8Array): void {
    const announcement = readAnnouncement(bytes);
    const duties = this.fleet.devices.map((device) =>
      dutyOf(announcement, this.scene.model, device),
    );
    this.newest = { announcement, bytes: bytes.length, duties };
  }

  /** Puts what was under way into the queue again. */
  restore(): void {
    const { state, nodes } = this.fleet;
    for (let node = 0; node < nodes; node++) {
      if (state.seesMs[node] !== Infinity) this.#push(state.seesMs[node], eventKind.SEES, node);
      const isBusy = state.stage[node] === stage.TRAINING || state.stage[node] === stage.UPLOADING;
      if (isBusy) this.#push(state.dueMs[node], eventKind.DUE, node);
      if (state.stage[node] === stage.TRAINING) this.scene.works.expect(node);
    }
  }

  /** Whether an event is still to happen: plans change. */
  isValid(timeMs: number, kind: number, node: number): boolean {
    const { seesMs, dueMs, stage: stages } = this.fleet.state;
    if (kind === eventKind.SEES) return seesMs[node] === timeMs;
    const isBusy = stages[node] === stage.TRAINING || stages[node] === stage.UPLOADING;
    return isBusy && dueMs[node] === timeMs;
  }

  /** Of each group: SHA-256 of the kernel it has chosen for the newest version. */
  get kernels(): readonly Uint8Array[] {
    return this.newest!.duties.map(({ kernel }) => Uint8Array.from(kernel.hash));
  }

  /** The node is awake and sees the newest announcement. True if it looked in vain and will look again. */
  see(node: number, timeMs: number): boolean {
    const { state } = this.fleet;
    const { announcement } = this.newest!;
    state.seesMs[node] = Infinity;
    if (state.version[node] >= announcement.version) return false;
    if (this.#isCommitted(node, timeMs)) return false;
    if (state.stage[node] !== stage.IDLE) this.#abandon(node, timeMs);
    if (state.turn[node] < announcement.version && this.#waitForTurn(node, timeMs)) return false;
    if (!this.#isEligible(node, timeMs)) return this.#lookAgain(node, timeMs);
    this.#begin(node, timeMs);
    return false;
  }

  /** Whether an upload is being made or on its way. */
  get areAtWork(): boolean {
    return this.fleet.state.stage.some((doing) => doing !== stage.IDLE);
  }

  #isEligible(node: number, timeMs: number): boolean {
    const { fleet } = this;
    const { announcement } = this.newest!;
    const { eligibility } = announcement.plan;
    if (!eligibility) return true;
    const { conditions, chargingWindows } = fleet.deviceOf(node);
    const { battery = -1, link = -1, ramKiB = -1 } = conditions;
    const charging = (): number =>
      chargingWindows ? Number(isAwake(chargingWindows, fleet.chargerSeed(node), timeMs)) : -1;
    const known: Readonly<Record<number, () => number>> = {
      [condition.BATTERY]: () => battery,
      [condition.CHARGING]: charging,
      [condition.LINK]: () => link,
      [condition.RAM]: () => ramKiB,
    };
    const snapshot = fleet.state.snapshot[node];
    return isEligible(eligibility, {
      conditionOf: (kind) => known[kind](),
      trainSamples: this.scene.samples.held(node, timeMs),
      modelAge: snapshot < 0 ? undefined : announcement.version - snapshot,
    });
  }

  /** When something has changed that it is not eligible by; false if nothing will. */
  #lookAgain(node: number, timeMs: number): boolean {
    const { fleet } = this;
    const { windows } = fleet.deviceOf(node);
    const changesMs = this.#nextChange(node, timeMs);
    if (changesMs === Infinity) return false;
    const { conditionMs } = defaultTiming;
    const looksMs = timeMs + Math.ceil((changesMs - timeMs) / conditionMs) * conditionMs;
    fleet.state.seesMs[node] = nextAwake(windows, fleet.seeds[node], looksMs);
    this.#push(fleet.state.seesMs[node], eventKind.SEES, node);
    return true;
  }

  /** While a version stands, charging and the number of samples change. */
  #nextChange(node: number, timeMs: number): number {
    const { fleet, scene } = this;
    const { chargingWindows } = fleet.deviceOf(node);
    const { minSamples = 0 } = this.newest!.announcement.plan.eligibility!;
    const changes = [scene.samples.holdsMs(node, minSamples)];
    if (chargingWindows) changes.push(nextAwake(chargingWindows, fleet.chargerSeed(node), timeMs));
    return Math.min(Infinity, ...changes.filter((changeMs) => changeMs > timeMs));
  }

  /** True if its turn in the newest version comes later, or never (SPEC, 7.5). */
  #waitForTurn(node: number, timeMs: number): boolean {
    const { fleet } = this;
    const { state } = fleet;
    const { announcement } = this.newest!;
    state.turn[node] = announcement.version;
    const waitMs = turnMs(announcement, nodeName(node));
    if (waitMs === 0) return false;
    if (waitMs === Infinity) return true;
    const { windows } = fleet.deviceOf(node);
    state.seesMs[node] = nextAwake(windows, fleet.seeds[node], timeMs + waitMs);
    this.#push(state.seesMs[node], eventKind.SEES, node);
    return true;
  }

  /** The upload, of so many bytes, is on its way. */
  upload(node: number, timeMs: number, bytes: number): void {
    const { fleet } = this;
    const { state } = fleet;
    const device = fleet.deviceOf(node);
    this.#charge(node, { instructions: this.#instructionsOf(node) });
    const sendMs = Math.ceil((8 * bytes) / device.link.upKilobitPerSecond);
    state.stage[node] = stage.UPLOADING;
    state.dueMs[node] =
      afterAwake(device.windows, fleet.seeds[node], timeMs, Math.max(1, sendMs)) +
      device.link.latencyMs;
    this.#push(state.dueMs[node], eventKind.DUE, node);
  }

  /** The upload has come to the aggregator. */
  arrive(node: number, bytes: number): void {
    this.fleet.state.stage[node] = stage.SENT;
    this.#charge(node, { bytesUp: bytes });
  }

  /**
   * The earliest moment when the receipt of an upload that has arrived may make its node do something: never, if the
   * upload is the node's first to the newest version, because that one counts and the node then waits for the next.
   */
  reactsMs(node: number): number {
    const { version, counted, dueMs } = this.fleet.state;
    const newest = this.newest!.announcement.version;
    if (version[node] === newest && counted[node] < newest) return Infinity;
    return dueMs[node] + Math.min(this.fleet.deviceOf(node).link.latencyMs, leastRetryMs);
  }

  /** What became of an upload; true if its delta counts. */
  settle(node: number, { code, retryMs = 0 }: Receipt): boolean {
    const { state } = this.fleet;
    if (code === receipt.LATER) {
      this.#retry(node, Math.max(leastRetryMs, retryMs));
      return false;
    }
    const counts = isTaken(code);
    state.stage[node] = stage.IDLE;
    (counts ? state.accepted : state.refused)[node]++;
    const newest = this.newest!.announcement.version;
    if (counts) {
      state.counted[node] = newest;
      this.totals.accepted++;
      this.totals.countedMs = Math.max(this.totals.countedMs, state.dueMs[node]);
    } else this.totals.refused++;
    this.scene.works.drop(node);
    const isWaiting = state.seesMs[node] !== Infinity;
    if (state.version[node] < newest && !isWaiting) this.#willSee(node, state.dueMs[node]);
    return counts;
  }

  #retry(node: number, retryMs: number): void {
    const { fleet } = this;
    const { dueMs, stage: stages } = fleet.state;
    const { windows } = fleet.deviceOf(node);
    stages[node] = stage.UPLOADING;
    dueMs[node] = nextAwake(windows, fleet.seeds[node], dueMs[node] + retryMs);
    this.#push(dueMs[node], eventKind.DUE, node);
  }

  #willSee(node: number, timeMs: number): void {
    const { fleet } = this;
    const { windows, link } = fleet.deviceOf(node);
    const seesMs = nextAwake(windows, fleet.seeds[node], timeMs + link.latencyMs);
    fleet.state.seesMs[node] = seesMs;
    this.#push(seesMs, eventKind.SEES, node);
  }

  /** Whether what it does still counts (SPEC, 7.2), cannot be called back, or must have a receipt first (7.3). */
  #isCommitted(node: number, timeMs: number): boolean {
    const { state } = this.fleet;
    const { version, plan } = this.newest!.announcement;
    const staleness = version - state.version[node];
    if (state.stage[node] !== stage.IDLE && staleness <= (plan.maxStaleness ?? 0)) return true;
    if (state.stage[node] === stage.SENT) return true;
    if (state.stage[node] !== stage.UPLOADING) return false;
    const isSent = timeMs >= state.dueMs[node] - this.fleet.deviceOf(node).link.latencyMs;
    return isSent || keepsLocal(this.newest!.announcement);
  }

  /** What it had done so far has cost energy all the same. */
  #abandon(node: number, timeMs: number): void {
    const { state } = this.fleet;
    if (state.stage[node] === stage.TRAINING) {
      const span = state.dueMs[node] - state.beginMs[node];
      const part = Math.min(1, (timeMs - state.beginMs[node]) / span);
      this.#charge(node, { instructions: Math.floor(part * this.#instructionsOf(node)) });
    }
    state.abandoned[node]++;
    state.stage[node] = stage.IDLE;
    this.scene.works.drop(node);
  }

  #begin(node: number, timeMs: number): void {
    const { fleet } = this;
    const { seed } = this.scene;
    const { state } = fleet;
    const { announcement } = this.newest!;
    const { windows, dropOut, link, megahertz } = fleet.deviceOf(node);
    const bytesDown = this.#downloadOf(node);
    this.#charge(node, { bytesDown });
    state.version[node] = announcement.version;
    state.snapshot[node] = announcement.version;
    if (!taskTrains(announcement.plan)) return;
    if (unitAt(seed, purpose.dropOut, node, announcement.version) < dropOut) return;
    state.stage[node] = stage.TRAINING;
    state.beginMs[node] = timeMs;
    const downMs = (8 * bytesDown) / link.downKilobitPerSecond;
    const trainMs = this.#instructionsOf(node) / (1000 * megahertz);
    const workMs = Math.max(1, Math.ceil(downMs + trainMs));
    state.dueMs[node] = afterAwake(windows, fleet.seeds[node], timeMs, workMs);
    this.#push(state.dueMs[node], eventKind.DUE, node);
    this.scene.works.expect(node);
  }

  /** Announcement and what the node lacks. */
  #downloadOf(node: number): number {
    const { announcement, bytes, duties } = this.newest!;
    const { difference, artefactBytes, descriptorBytes, parent, initialSeed } = announcement;
    const isFetched = difference !== undefined || initialSeed === undefined;
    const snapshotBytes = isFetched ? artefactBytes : 0;
    const announced = bytes + this.scene.authorisationBytes;
    const has = this.fleet.state.snapshot[node];
    if (has < 0) {
      const kernel = duties[this.fleet.group[node]].kernel.bytes;
      return announced + kernel + descriptorBytes + snapshotBytes;
    }
    return announced + (difference && has === parent ? difference.bytes : snapshotBytes);
  }

  #instructionsOf(node: number): number {
    const { announcement, duties } = this.newest!;
    const { samples } = this.scene;
    const { plan } = announcement;
    const available = samples.held(node, this.fleet.state.beginMs[node]);
    const steps = plan.epochs * samplesOfRound(plan, available);
    const { instructionsPerStep, instructionsPerTest } = duties[this.fleet.group[node]];
    const passes = Number(taskEvaluates(plan)) + Number(plan.task === task.PERSONALISE);
    return steps * instructionsPerStep + passes * samples.tests(node) * instructionsPerTest;
  }

  #charge(
    node: number,
    spent: Partial<Record<'instructions' | 'bytesUp' | 'bytesDown', number>>,
  ): void {
    const { instructions = 0, bytesUp = 0, bytesDown = 0 } = spent;
    const { state } = this.fleet;
    const { energy } = this.fleet.deviceOf(node);
    const { totals } = this;
    state.instructions[node] += instructions;
    state.bytesUp[node] += bytesUp;
    state.bytesDown[node] += bytesDown;
    totals.instructions += instructions;
    totals.bytesUp += bytesUp;
    totals.bytesDown += bytesDown;
    totals.joule +=
      energy.nanojoulePerInstruction * instructions * 1e-9 +
      (energy.microjoulePerByteUp * bytesUp + energy.microjoulePerByteDown * bytesDown) * 1e-6;
  }

  #push(timeMs: number, kind: number, node: number): void {
    // Who of several comes first at one moment is not always the same.
    const tie = Math.imul(this.fleet.seeds[node] ^ (timeMs % 2 ** 32), 0x9e3779b1) >>> 0;
    this.scene.queue.push(timeMs, tie, kind, node);
  }
}
