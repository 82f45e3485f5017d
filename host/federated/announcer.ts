import { equalBytes } from '../contract/hash.js';
import { noFaults, type FaultPoint } from './fault-point.js';
import type { Lineage } from './lineage.js';
import type { Publisher } from './publisher.js';

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
    const { objects, head } = this.lineage;
    const { announcement, announcementBytes, proof, snapshot } = head;
    const { kernels, descriptorHash, artefactHash } = announcement;
    // Read from the store: an announcement made before a restart may allow kernels of that time.
    for (const hash of [...kernels.map((kernel) => kernel.hash), descriptorHash])
      await this.publisher.publishObject(hash, objects.read(hash));
    await this.publisher.publishObject(artefactHash, snapshot);
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

  /** Takes older snapshots off the broker: runs after every announcement and at every start. */
  async clearOutdated(): Promise<void> {
    const { announcement, snapshot } = this.lineage.head;
    for (const hash of this.lineage.outdatedArtefacts()) {
      if (equalBytes(hash, announcement.artefactHash)) continue;
      this.faultPoint('before-clear');
      await this.publisher.clearObject(hash, snapshot.length);
      this.faultPoint('after-clear');
    }
  }
}
