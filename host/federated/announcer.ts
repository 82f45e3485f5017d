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

  /** The objects of the newest version, then its announcement: who reads it finds all it names. */
  async publishHead(): Promise<void> {
    const { objects, head } = this.lineage;
    const { announcement, announcementBytes, snapshot } = head;
    const { kernels, descriptorHash, artefactHash, difference } = announcement;
    // Read from the store: an announcement made before a restart may allow kernels of that time.
    for (const hash of [...kernels.map((kernel) => kernel.hash), descriptorHash])
      await this.publisher.publishObject(hash, objects.read(hash));
    await this.publisher.publishObject(artefactHash, snapshot);
    if (difference) await this.publisher.publishObject(difference.hash, head.difference!);
    this.faultPoint('between-objects-and-announcement');
    await this.publisher.publishAnnouncement(announcementBytes);
    this.faultPoint('after-announcement');
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
