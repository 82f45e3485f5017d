import { join } from 'node:path';
import { codec, constant, task } from '../contract/contract.gen.js';
import type { Announcement, Kernel, Plan } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { idOf } from '../contract/hash.js';
import { everybody } from '../contract/participation.js';
import { decodeWire } from '../contract/wire.js';
import { initialWordsOf } from '../kernel/initial-words.js';
import { parseDescriptor, type ModelInfo } from '../model/descriptor.js';
import { packSnapshot } from '../model/snapshot.js';
import type { RoundKey } from '../proof/delegation.js';
import { addCounters, type NodeEvaluations } from './counters.js';
import { inFull, publishRound, type Downlink, type Published } from './downlink.js';
import { noFaults, type FaultPoint } from './fault-point.js';
import { horizonOf } from './history.js';
import { Ledger, type TrafficRow, type UploadRow } from './ledger.js';
import { masterOf, unpackMoments } from './master.js';
import { ObjectStore } from './objects.js';
import { OpenVersion, type Upload } from './open-version.js';
import {
  publishVersion,
  restoreVersion,
  type Artefact,
  type NewVersion,
  type Press,
} from './publication.js';
import {
  ALL_LAYERS,
  MAX_LR_SHIFT,
  packAnnouncement,
  planOf,
  tunesLocally,
  type PlanSettings,
} from './plan.js';
import { proveVersions } from './chain.js';
import { readUpload } from './stored-upload.js';
import type { ServerModel, Strategy } from './strategies/strategy.js';

/** A kernel that checkKernel() has accepted. */
export interface KernelOffer {
  readonly bytes: Uint8Array;
  /** Intrinsic set it imports, 0 = none. */
  readonly intrinsicSet: number;
}

/** A seed (SPEC, 2.2), which the announcement then says, or words [P] from elsewhere. */
export type InitialWords = number | (() => Int16Array | Promise<Int16Array>);

export const KEEP_VERSIONS = 1000;
const LAST_VERSION = 0xffff_ffff;

export interface LineageOptions {
  /** Folder of ledger and objects; created if absent, continued if not. */
  readonly folder: string;
  readonly federation: string;
  /** Of the announcements to come; absent: that of the store, at first 0. */
  readonly epoch?: number;
  readonly descriptor: Uint8Array;
  readonly kernels: readonly KernelOffer[];
  /** Of version 0, if the store is empty. */
  readonly initialWords: InitialWords;
  /** Rounds nodes work on; the version the last of them makes is the final one. */
  readonly rounds: number;
  readonly plan: PlanSettings;
  readonly deadlineMs?: number;
  /** Of the next version; absent or undefined: every node takes part. */
  readonly drawBelow?: () => number | undefined;
  /** Default: every version in full. */
  readonly downlink?: Downlink;
  /** Newest versions whose uploads are kept, so that they can be replayed and retracted; default 1000. */
  readonly keep?: number;
  readonly strategy: Strategy;
  /** Signs every version. */
  readonly roundKey?: RoundKey;
  readonly faultPoint?: FaultPoint;
}

/** The newest version. */
export interface Head {
  readonly announcement: Announcement;
  /** The announcement as published. */
  readonly announcementBytes: Uint8Array;
  /** Proof of the announcement as published; absent without a round key. */
  readonly proof?: Uint8Array;
  readonly snapshot: Uint8Array;
  /** The object it announces, if it does. */
  readonly difference?: Uint8Array;
  readonly words: Int16Array;
  /** What the strategy goes on from. */
  readonly model: ServerModel;
}

/**
 * The versions of one model and the contributions to the newest, all of it on disk: whatever a
 * method has returned from is still true after kill -9, and what it has not is as if never asked.
 */
export class Lineage {
  readonly model: ModelInfo;
  readonly objects: ObjectStore;
  /** How often this store was opened for work. */
  readonly starts: number;
  /** Orders announcements before their versions do. */
  readonly #epoch: number;
  readonly #options: LineageOptions;
  readonly #ledger: Ledger;
  readonly #kernels: readonly Kernel[];
  readonly #faultPoint: FaultPoint;
  readonly #press: Press;
  /** By version, as findBase() found them under this head. */
  readonly #bases = new Map<number, Announcement | undefined>();
  #staged: UploadRow[] = [];
  #stagedTraffic: TrafficRow[] = [];
  /** Rounds that were closed: an operator's versions (SPEC, 8.1) take none away. */
  #rounds: number;
  #head!: Head;
  #open!: OpenVersion;

  private constructor(options: LineageOptions, ledger: Ledger, model: ModelInfo) {
    this.#options = options;
    this.#faultPoint = options.faultPoint ?? noFaults;
    this.#ledger = ledger;
    this.model = model;
    this.objects = new ObjectStore(join(options.folder, 'objects'), this.#faultPoint);
    this.#press = { ledger, objects: this.objects, model, faultPoint: this.#faultPoint };
    this.objects.put(options.descriptor);
    this.#kernels = options.kernels.map(({ bytes, intrinsicSet }) => ({
      hash: this.objects.put(bytes),
      bytes: bytes.length,
      intrinsicSet,
    }));
    this.#epoch = ledger.raiseEpoch(options.epoch);
    this.starts = ledger.countStart();
    this.#rounds = ledger.countRounds();
    this.#checkLength();
  }

  /** Creates version 0 or goes on where the store ends. Throws ERR_STORE if it cannot. */
  static async open(options: LineageOptions): Promise<Lineage> {
    const model = parseDescriptor(options.descriptor);
    const identity = { federation: options.federation, model: model.hash };
    const ledger = Ledger.open(options.folder, identity);
    try {
      const lineage = new Lineage(options, ledger, model);
      const newest = ledger.newestVersion();
      if (newest === undefined) await lineage.#begin();
      else lineage.#resume(newest);
      return lineage;
    } catch (error) {
      ledger.close();
      throw error;
    }
  }

  /** What every later announcement needs room for. Throws ERR_CONFIG before any is published. */
  #checkLength(): void {
    const hash = new Uint8Array(constant.HASH_BYTES);
    const bytes = constant.SNAPSHOT_HEADER_BYTES + 2 * this.model.parameters;
    const { codec: id } = this.#options.downlink ?? inFull;
    const difference = { base: idOf(hash), codec: id, hash, bytes };
    const isCoded = id !== codec.RAW_INT16;
    const artefact = { artefactHash: hash, artefactBytes: bytes, ...(isCoded && { difference }) };
    const limit = this.#options.drawBelow ? { drawBelow: everybody } : {};
    const { fineTuneEpochs } = this.#options.plan;
    const longest = { ...this.#plan(), ...limit, lrShift: MAX_LR_SHIFT };
    const tuning = { ...longest, ...(fineTuneEpochs && { personalLayers: ALL_LAYERS }) };
    for (const plan of [longest, { ...tuning, task: task.NONE }])
      this.#announce(LAST_VERSION, artefact, plan);
  }

  get head(): Head {
    return this.#head;
  }

  get open(): OpenVersion {
    return this.#open;
  }

  async #begin(): Promise<void> {
    const { initialWords } = this.#options;
    const isSeed = typeof initialWords === 'number';
    const words = isSeed
      ? initialWordsOf(this.model.descriptor, initialWords)
      : await initialWords();
    if (words.length !== this.model.parameters) {
      throw new LinnetError(
        'ERR_INTERNAL',
        `${words.length} initial words for a model of ${this.model.parameters} parameters`,
      );
    }
    const published = { words, ...(isSeed && { initialSeed: initialWords }) };
    this.#publish({ master: masterOf(words), moments: [] }, published, 0, {
      event: 'start',
      contributions: 0,
      weight: 0,
      uplinkBytes: 0,
      isDegraded: false,
    });
  }

  /** Rebuilds everything in memory from the rows, and checks on the way that they are whole. */
  #resume(newest: number): void {
    const row = this.#ledger.readWhole(newest);
    const { master, ...published } = restoreVersion(this.#press, row);
    // What one strategy remembers means nothing to another.
    const moments =
      row.strategy === this.#options.strategy.name
        ? unpackMoments(row.moments, this.model.parameters)
        : [];
    this.#moveTo(this.#headOf({ master, moments }, published, row.announcement));
    for (const upload of this.#ledger.uploadsOf(newest)) {
      const { plan } = this.announcementOf(upload.version)!;
      this.#open.add(readUpload(upload, this.model, plan));
    }
  }

  #headOf(model: ServerModel, { words, payload }: Published, announcement: Uint8Array): Head {
    const proof = proveVersions(this.#ledger, this.#options.roundKey);
    return {
      announcement: decodeWire('Announcement', announcement),
      announcementBytes: announcement,
      ...(proof && { proof }),
      model,
      words,
      snapshot: packSnapshot(this.model.hash, words),
      ...(payload && { difference: payload }),
    };
  }

  #moveTo(head: Head): void {
    this.#bases.clear();
    this.#head = head;
    this.#open = new OpenVersion(head.announcement, this.model.parameters, this.#options.strategy);
  }

  /** SHA-256 of the upload accepted under this key, staged ones included. */
  findUpload(version: number, node: string, contribution: number): Uint8Array | undefined {
    const { open } = this;
    const staged = contribution === 0 ? open.contributionOf(version, node) : undefined;
    if (staged || version === open.version) return staged;
    return this.#ledger.findUpload(version, node, contribution);
  }

  /** What was announced as this version; undefined if there is none. */
  announcementOf(version: number): Announcement | undefined {
    if (version === this.#head.announcement.version) return this.#head.announcement;
    const row = this.#ledger.findVersion(version);
    return row && decodeWire('Announcement', row.announcement);
  }

  /**
   * The announcement of a version that deltas may still be trained from: the newest, or one that the plan allows to
   * be so stale, unless an operator has made a version since: it gave up what was going on.
   */
  findBase(version: number): Announcement | undefined {
    if (!this.#bases.has(version)) this.#bases.set(version, this.#lookUpBase(version));
    return this.#bases.get(version);
  }

  #lookUpBase(version: number): Announcement | undefined {
    const newest = this.#head.announcement;
    const { maxStaleness = 0 } = this.#options.plan;
    if (version === newest.version) return newest;
    // A fine-tuning changes no word, so nothing but its own scores counts in it.
    if (tunesLocally(newest.plan)) return undefined;
    if (version > newest.version || newest.version - version > maxStaleness) return undefined;
    const isPast = this.#ledger.operatorVersions().some((made) => made.version > version);
    return isPast ? undefined : this.announcementOf(version);
  }

  /** Counts an upload to the open version; it may be receipted after the next commit(). */
  stage(upload: Upload): void {
    const { envelope, node, hash, bytes } = upload;
    const { version, contribution } = envelope;
    const openVersion = this.#open.version;
    this.#staged.push({ version, openVersion, node, contribution, hash, envelope: bytes });
    this.#open.add(upload);
  }

  /** What a node's round cost goes into the ledger with the next commit(), if its upload is there. */
  stageTraffic(row: TrafficRow): void {
    this.#stagedTraffic.push(row);
  }

  trafficOf(version: number): TrafficRow[] {
    return this.#ledger.trafficOf(version);
  }

  /** What was counted in the uploads while a version was open, as far as the store still has them. */
  evaluationsOf(version: number): NodeEvaluations {
    let sums: NodeEvaluations = {};
    for (const { envelope } of this.#ledger.uploadsOf(version)) {
      const { evaluation, personal } = decodeWire('Envelope', envelope);
      sums = {
        ...sums,
        ...(evaluation && { evaluation: addCounters(sums.evaluation, evaluation) }),
        ...(personal && { personal: addCounters(sums.personal, personal) }),
      };
    }
    return sums;
  }

  /** Puts what was staged into the ledger, all or none. */
  commit(): void {
    if (this.#staged.length + this.#stagedTraffic.length === 0) return;
    this.#faultPoint('before-commit');
    this.#ledger.addUploads(this.#staged, this.#stagedTraffic);
    this.#staged = [];
    this.#stagedTraffic = [];
    this.#faultPoint('after-commit');
  }

  /** Makes the next version of the open one. Everything staged must be committed. */
  closeVersion(isDegraded: boolean): void {
    const { open, head } = this;
    this.#rounds++;
    const model = open.finish(head.model);
    this.#publish(model, this.#publishRound(model.master), open.version + 1, {
      event: 'round',
      base: open.version,
      contributions: open.sum.count,
      weight: open.sum.weight,
      uplinkBytes: open.uplinkBytes,
      isDegraded,
    });
  }

  #publishRound(master: Int32Array): Published {
    const { head, model } = this;
    const { version, artefactHash: artefact } = head.announcement;
    const isFinal = this.#rounds >= this.#options.rounds;
    const next = { plan: this.#plan(), isFinal };
    const base = { version, artefact, words: head.words };
    return publishRound(model, master, next, base, this.#options.downlink ?? inFull);
  }

  #publish(
    model: ServerModel,
    published: Published,
    version: number,
    making: Omit<NewVersion, 'version' | 'parent' | 'strategy'>,
  ): void {
    const row = {
      ...making,
      version,
      ...(version > 0 && { parent: version - 1 }),
      strategy: this.#options.strategy.name,
    };
    const announcement = publishVersion(
      this.#press,
      model,
      published,
      row,
      (artefact) => this.#announce(version, artefact, this.#plan()),
      horizonOf(this.#ledger, version, this.#options.keep ?? KEEP_VERSIONS),
    );
    this.#moveTo(this.#headOf(model, published, announcement));
  }

  #plan(): Plan {
    const { plan, rounds, deadlineMs, drawBelow } = this.#options;
    return planOf(plan, this.#rounds, rounds, deadlineMs, drawBelow?.());
  }

  #announce(version: number, artefact: Artefact, plan: Plan): Uint8Array {
    const { federation, descriptor } = this.#options;
    return packAnnouncement({
      federation,
      epoch: this.#epoch,
      version,
      ...artefact,
      descriptorHash: this.model.hash,
      descriptorBytes: descriptor.length,
      kernels: this.#kernels,
      plan,
    });
  }

  /** Hash of the snapshot of a version; undefined if the store does not have it. */
  artefactOf(version: number): Uint8Array | undefined {
    return this.#ledger.findVersion(version)?.artefact;
  }

  /**
   * Snapshots and differences that may still be on the broker beside the newest: those of its parent, and where
   * an operator made the parent while nobody announced, of its parent too.
   */
  *outdatedObjects(): Generator<{ readonly hash: Uint8Array; readonly bytes: number }> {
    let row = this.#ledger.findVersion(this.open.version);
    while (row?.parent !== undefined) {
      row = this.#ledger.findVersion(row.parent);
      if (row) {
        const { difference } = decodeWire('Announcement', row.announcement);
        yield { hash: row.artefact, bytes: this.head.snapshot.length };
        if (difference) yield difference;
      }
      if (row?.event === 'round') return;
    }
  }

  close(): void {
    this.#ledger.close();
  }
}
