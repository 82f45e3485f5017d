import { join } from 'node:path';
import type { Announcement, Kernel } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { decodeWire } from '../contract/wire.js';
import { parseDescriptor, type ModelInfo } from '../model/descriptor.js';
import { packSnapshot } from '../model/snapshot.js';
import { noFaults, type FaultPoint } from './fault-point.js';
import { horizonOf } from './history.js';
import { Ledger, type TrafficRow, type UploadRow } from './ledger.js';
import { masterOf, publishedWords } from './master.js';
import { ObjectStore } from './objects.js';
import { OpenVersion, type Upload } from './open-version.js';
import { masterOfRow, publishVersion, type NewVersion, type Press } from './publication.js';
import { packAnnouncement, planOf, type PlanSettings } from './plan.js';
import { readUpload } from './stored-upload.js';
import type { Strategy } from './strategy.js';

/** A kernel that checkKernel() has accepted. */
export interface KernelOffer {
  readonly bytes: Uint8Array;
  /** Intrinsic set it imports, 0 = none. */
  readonly intrinsicSet: number;
}

export const KEEP_VERSIONS = 1000;

export interface LineageOptions {
  /** Folder of ledger and objects; created if absent, continued if not. */
  readonly folder: string;
  readonly federation: string;
  readonly descriptor: Uint8Array;
  readonly kernels: readonly KernelOffer[];
  /** Words [P] of version 0; asked only if the store is empty. */
  readonly initialWords: () => Int16Array | Promise<Int16Array>;
  /** Rounds nodes work on; the version the last of them makes is the final one. */
  readonly rounds: number;
  readonly plan: PlanSettings;
  readonly deadlineMs?: number;
  /** Newest versions whose uploads are kept, so that they can be replayed and retracted; default 1000. */
  readonly keep?: number;
  readonly strategy: Strategy;
  readonly faultPoint?: FaultPoint;
}

/** The newest version. */
export interface Head {
  readonly announcement: Announcement;
  /** The announcement as published. */
  readonly announcementBytes: Uint8Array;
  readonly snapshot: Uint8Array;
  readonly words: Int16Array;
  /** Q16.16 [P]. */
  readonly master: Int32Array;
}

/**
 * The versions of one model and the contributions to the newest, all of it on disk: whatever a
 * method has returned from is still true after kill -9, and what it has not is as if never asked.
 */
export class Lineage {
  readonly model: ModelInfo;
  readonly objects: ObjectStore;
  /** How often this store was opened for work. */
  readonly epoch: number;
  readonly #options: LineageOptions;
  readonly #ledger: Ledger;
  readonly #kernels: readonly Kernel[];
  readonly #faultPoint: FaultPoint;
  readonly #press: Press;
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
    this.epoch = ledger.beginEpoch();
    this.#rounds = ledger.countRounds();
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

  get head(): Head {
    return this.#head;
  }

  get open(): OpenVersion {
    return this.#open;
  }

  async #begin(): Promise<void> {
    const words = await this.#options.initialWords();
    if (words.length !== this.model.parameters) {
      throw new LinnetError(
        'ERR_INTERNAL',
        `${words.length} initial words for a model of ${this.model.parameters} parameters`,
      );
    }
    this.#publish(masterOf(words), 0, {
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
    const head = this.#headOf(masterOfRow(row, this.model), row.announcement);
    this.objects.put(head.snapshot);
    this.#moveTo(head);
    for (const upload of this.#ledger.uploadsOf(newest))
      this.#open.add(readUpload(upload, this.model, head.announcement.plan.frozenLayers));
  }

  #headOf(master: Int32Array, announcementBytes: Uint8Array): Head {
    const announcement = decodeWire('Announcement', announcementBytes);
    const words = publishedWords(master);
    return {
      announcement,
      announcementBytes,
      master,
      words,
      snapshot: packSnapshot(this.model.hash, words),
    };
  }

  #moveTo(head: Head): void {
    this.#head = head;
    this.#open = new OpenVersion(head.announcement, this.model.parameters, this.#options.strategy);
  }

  /** SHA-256 of the upload accepted under this key, staged ones included. */
  findUpload(version: number, node: string, contribution: number): Uint8Array | undefined {
    const { open } = this;
    if (version === open.version && contribution === 0) return open.contributionOf(node);
    return this.#ledger.findUpload(version, node, contribution);
  }

  /** Counts an upload to the open version; it may be receipted after the next commit(). */
  stage(upload: Upload): void {
    const { version, node, contribution } = upload.envelope;
    this.#staged.push({ version, node, contribution, hash: upload.hash, envelope: upload.bytes });
    this.#open.add(upload);
  }

  /** What a node's round cost goes into the ledger with the next commit(), if its upload is there. */
  stageTraffic(row: TrafficRow): void {
    this.#stagedTraffic.push(row);
  }

  trafficOf(version: number): TrafficRow[] {
    return this.#ledger.trafficOf(version);
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
    this.#publish(open.finish(head.master), open.version + 1, {
      event: 'round',
      base: open.version,
      contributions: open.sum.count,
      weight: open.sum.weight,
      uplinkBytes: open.uplinkBytes,
      isDegraded,
    });
  }

  #publish(
    master: Int32Array,
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
      master,
      row,
      (hash, bytes) => this.#announce(version, hash, bytes),
      horizonOf(this.#ledger, version, this.#options.keep ?? KEEP_VERSIONS),
    );
    this.#moveTo(this.#headOf(master, announcement));
  }

  #announce(version: number, artefactHash: Uint8Array, artefactBytes: number): Uint8Array {
    const { federation, descriptor, plan, rounds, deadlineMs } = this.#options;
    return packAnnouncement({
      federation,
      version,
      artefactHash,
      artefactBytes,
      descriptorHash: this.model.hash,
      descriptorBytes: descriptor.length,
      kernels: this.#kernels,
      plan: planOf(plan, this.#rounds, rounds, deadlineMs),
    });
  }

  /** Hash of the snapshot of a version; undefined if the store does not have it. */
  artefactOf(version: number): Uint8Array | undefined {
    return this.#ledger.findVersion(version)?.artefact;
  }

  /**
   * Snapshots that may still be on the broker beside the newest: that of its parent, and where an operator
   * made the parent while nobody announced, of its parent too.
   */
  *outdatedArtefacts(): Generator<Uint8Array> {
    let row = this.#ledger.findVersion(this.open.version);
    while (row?.parent !== undefined) {
      row = this.#ledger.findVersion(row.parent);
      if (row) yield row.artefact;
      if (row?.event === 'round') return;
    }
  }

  close(): void {
    this.#ledger.close();
  }
}
