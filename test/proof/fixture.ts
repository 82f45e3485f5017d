import type { Announcement } from '../../host/contract/contract.gen.js';
import { delegate, type RoundKey } from '../../host/proof/delegation.js';
import { createKey, type KeyObject } from '../../host/proof/keys.js';
import { announcementOf, encodeAnnouncement, federation } from '../node/fixture.js';

export { descriptorHash, federation } from '../node/fixture.js';

export const root = createKey();

/** A new round key, of delegation `serial`. */
export const roundKeyOf = (serial: number, by: KeyObject = root, of = federation): RoundKey =>
  delegate(by, { federation: of, serial, key: createKey() });

export const announce = (version: number, changes: Partial<Announcement> = {}): Uint8Array =>
  encodeAnnouncement(announcementOf(version, {}, changes));
