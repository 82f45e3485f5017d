/** Whom a node with a key believes, and how it is believed (SPEC, 8.2); firmware/src/auth.c in C. */
import { macKind, type Announcement } from '../contract/contract.gen.js';
import { announcementTag, federationKey, isSealed, isTag, seal } from '../contract/authentic.js';
import { LinnetError } from '../contract/error.js';
import type { NodeHost } from './node-host.js';

type Keyed = Pick<NodeHost, 'node' | 'key' | 'objects'>;

/** The node's key in the federation of an announcement; undefined without a key. */
function keyIn(
  { key, node }: Pick<Keyed, 'key' | 'node'>,
  federation: string,
): Uint8Array | undefined {
  return key && federationKey(key, federation, node);
}

/** Throws ERR_MAC or ERR_ROLLBACK if the announcement must not be followed. */
export function checkAnnouncement(
  host: Keyed,
  announcement: Announcement,
  bytes: Uint8Array,
  mac: Uint8Array,
): void {
  const key = keyIn(host, announcement.federation);
  if (!key) return;
  if (!isTag(announcementTag(key, bytes), mac)) {
    throw new LinnetError('ERR_MAC', 'the announcement has no right tag for this node');
  }
  const { followed } = host.objects;
  const { epoch, version } = announcement;
  const isOlder =
    followed !== undefined &&
    (epoch < followed.epoch || (epoch === followed.epoch && version < followed.version));
  if (isOlder) {
    throw new LinnetError('ERR_ROLLBACK', `version ${version} is older than ${followed.version}`);
  }
}

/** From now on nothing older is followed. */
export function follow({ key, objects }: Keyed, { epoch, version }: Announcement): void {
  if (key) objects.followed = { epoch, version };
}

/** Whether the aggregator wrote the receipt. */
export function isOwnReceipt(host: Keyed, work: Announcement, receipt: Uint8Array): boolean {
  const key = keyIn(host, work.federation);
  return !key || isSealed(key, macKind.RECEIPT, work.descriptorHash, receipt);
}

/** The envelope, whose mac is of any value, with its tag. */
export function sealEnvelope(
  host: Pick<Keyed, 'key' | 'node'>,
  work: Announcement,
  envelope: Uint8Array,
): Uint8Array {
  const key = keyIn(host, work.federation);
  return key ? seal(key, macKind.UPLOAD, work.descriptorHash, envelope) : envelope;
}

/** Whether an envelope from the store is one that this node would send with the key it has now. */
export function isOwnEnvelope(host: Keyed, work: Announcement, envelope: Uint8Array): boolean {
  const key = keyIn(host, work.federation);
  return !key || isSealed(key, macKind.UPLOAD, work.descriptorHash, envelope);
}
