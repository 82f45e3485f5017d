import type { WireMap } from './wire-map.js';

/** Who made a version, for operators and auditors. */
export const proofMaps: readonly WireMap[] = [
  {
    name: 'Delegation',
    text: 'by it a root key lets a round key sign announcements; the signature stands last',
    closed: true,
    keys: [
      { name: 'format', key: 1, type: 'uint', text: 'WIRE_FORMAT' },
      { name: 'federation', key: 2, type: 'text', text: 'name of the federation' },
      { name: 'serial', key: 3, type: 'uint', text: 'delegations of the federation, from 1' },
      { name: 'key', key: 4, type: 'hash', text: 'the round key: Ed25519, public' },
      { name: 'signature', key: 5, type: 'bytes', text: 'by the root key, SIGNATURE_BYTES' },
    ],
  },
  {
    name: 'Proof',
    text: 'retained: who vouches for an announcement; the signature stands last',
    closed: true,
    keys: [
      { name: 'format', key: 1, type: 'uint', text: 'WIRE_FORMAT' },
      { name: 'announcement', key: 2, type: 'hash', text: 'SHA-256 of the announcement' },
      {
        name: 'parent',
        key: 3,
        type: 'hash',
        optional: true,
        text: 'SHA-256 of the announcement of its parent; absent if it has none',
      },
      { name: 'delegation', key: 4, type: 'bytes', text: 'a Delegation, byte for byte' },
      { name: 'signature', key: 5, type: 'bytes', text: 'by the round key, SIGNATURE_BYTES' },
    ],
  },
];
