import { equalBytes } from '../contract/hash.js';
import { noFaults, type FaultPoint } from './fault-point.js';
import type { Lineage } from './lineage.js';
import type { Publisher } from './publisher.js';
import type { Wanted } from './wants.js';

/** Keeps on the broker what nodes need of the newest version, and nothing older. */
export class Announcer {
  constructor(
    private readonly lineage: Lineage,
    private readonly publisher: Publisher,
    private readonly faultPoint: FaultPoint = noFaults,
  ) {}

  /** All of it, as for a broker that may know nothing. `state` is the payload of ServerState. */
  async publishAll(state: Uint8Array): Promise<void> {
    this.publisher.forgetObjects();
    await this.publisher.publishState(state);
    await this.publishHead();
  }

  /** The objects of the newest version, its proof, then its announcement: who reads it finds all it names. */
  async publishHead(): Promise<void> {
    const { announcementBytes, proof } = this.lineage.head;
    for (const hash of this.#hashes()) await this.publisher.publishObject(hash, this.#read(hash));
    this.faultPoint('between-objects-and-announcement');
    if (proof) await this.publisher.publishProof(proof);
    // A node with a key follows nothing without its tag.
    await this.publisher.publishTags(announcementBytes);
    await this.publisher.publishAnnouncement(announcementBytes);
    this.faultPoint('after-announcement');
  }

  /** The newest announcement for nodes that got a key since. */
  async publishTags(): Promise<void> {
    await this.publisher.publishTags(this.lineage.head.announcementBytes);
  }

  /** What a node wants of the newest version. `state` is the payload of ServerState. */
  async answer(wanted: Wanted, state: Uint8Array): Promise<void> {
    const { announcementBytes, proof } = this.lineage.head;
    if ('tagOf' in wanted) {
      await this.publisher.publishTag(wanted.tagOf, announcementBytes);
      return;
    }
    const { hash, offset = 0 } = wanted;
    if (hash === undefined) {
      await this.publisher.publishState(state);
      if (proof) await this.publisher.publishProof(proof);
      await this.publisher.publishAnnouncement(announcementBytes);
    } else if (this.#hashes().some((known) => equalBytes(known, hash))) {
      await this.publisher.publishSlice(hash, this.#read(hash), offset);
    }
  }

  /** Of everything that the newest announcement names, the snapshot last. */
  #hashes(): Uint8Array[] {
    const { kernels, descriptorHash, artefactHash, difference } = this.lineage.head.announcement;
    const hashes = [...kernels.map(({ hash }) => hash), descriptorHash];
    return [...hashes, ...(difference ? [difference.hash] : []), artefactHash];
  }

  /** From the store, but for the new: an announcement made before a restart may allow kernels of that time. */
  #read(hash: Uint8Array): Uint8Array {
    const { objects, head } = this.lineage;
    const { artefactHash, difference } = head.announcement;
    if (equalBytes(hash, artefactHash)) return head.snapshot;
    if (difference && equalBytes(hash, difference.hash)) return head.difference!;
    return objects.read(hash);
  }

  /** Takes older snapshots and differences off the broker: runs after every announcement and at every start. */
  async clearOutdated(): Promise<void> {
    const { artefactHash, difference } = this.lineage.head.announcement;
    const current = [artefactHash, ...(difference ? [difference.hash] : [])];
    for (const { hash, bytes } of this.lineage.outdatedObjects()) {
      if (current.some((other) => equalBytes(hash, other))) continue;
      this.faultPoint('before-clear');
      await this.publisher.clearObject(hash, bytes);
      this.faultPoint('after-clear');
    }
  }
}
