import { announcementMaps } from './announcement.js';
import { uploadMaps } from './upload.js';
import { presenceMaps } from './presence.js';
import { proofMaps } from './proof.js';
import type { WireMap } from './wire-map.js';

/** MQTT payloads: deterministic CBOR (RFC 8949, section 4.2.1) maps with the keys below. */
export const wireMaps: readonly WireMap[] = [
  ...announcementMaps,
  ...uploadMaps,
  ...presenceMaps,
  ...proofMaps,
];
