import type { WireMap } from './wire-map.js';

/** What a node sends of a round, and what it is told. */
export const uploadMaps: readonly WireMap[] = [
  {
    name: 'Envelope',
    text: 'an upload, written by the node',
    closed: false,
    keys: [
      { name: 'format', key: 1, type: 'uint', text: 'WIRE_FORMAT' },
      { name: 'epoch', key: 2, type: 'uint', text: 'epoch of the base version' },
      { name: 'version', key: 4, type: 'uint', text: 'base version' },
      { name: 'artefact', key: 5, type: 'id', text: 'leading bytes of the base artefact hash' },
      {
        name: 'contribution',
        key: 7,
        type: 'uint',
        text: 'contribution number of this node to this version',
      },
      {
        name: 'personal',
        key: 8,
        type: { map: 'Counters' },
        optional: true,
        text: 'of the model as the node has trained it, on the test split',
      },
      {
        name: 'kernel',
        key: 9,
        type: 'uint',
        text: 'the kernel that trained: its index in the announcement',
      },
      { name: 'samples', key: 10, type: 'uint', text: 'distinct samples trained on' },
      {
        name: 'training',
        key: 11,
        type: { map: 'Counters' },
        optional: true,
        text: 'counted before each update',
      },
      {
        name: 'evaluation',
        key: 12,
        type: { map: 'Counters' },
        optional: true,
        text: 'of the base version on the test split',
      },
      { name: 'codec', key: 13, type: 'uint', text: 'CODEC' },
      { name: 'payload', key: 14, type: 'bytes', text: 'the coded delta' },
      { name: 'mac', key: 15, type: 'mac', optional: true, text: 'tag of the upload (8.2)' },
    ],
  },
  {
    name: 'Counters',
    text: 'what a training or evaluation counted; counters of nodes add up',
    closed: false,
    keys: [
      { name: 'samples', key: 1, type: 'uint', text: 'samples, repeats included' },
      { name: 'loss', key: 2, type: 'uint', text: 'summed cross-entropy, Q10 bits' },
      { name: 'skipped', key: 3, type: 'uint', text: 'backward passes skipped' },
      {
        name: 'saturations',
        key: 4,
        type: 'uint',
        text: 'parameter words at the int16 limits afterwards',
      },
      {
        name: 'confusion',
        key: 5,
        type: 'uints',
        optional: true,
        text: 'of an evaluation: row-major [true][predicted]',
      },
      {
        name: 'correct',
        key: 6,
        type: 'uint',
        optional: true,
        text: 'of a training: samples whose class was predicted',
      },
    ],
  },
  {
    name: 'Receipt',
    text: 'the aggregator’s answer to an upload, sent after the commit',
    closed: false,
    keys: [
      { name: 'code', key: 1, type: 'uint', text: 'RECEIPT' },
      { name: 'version', key: 2, type: 'uint', text: 'base version of the upload' },
      { name: 'contribution', key: 3, type: 'uint', text: 'contribution number' },
      { name: 'upload', key: 4, type: 'id', text: 'leading bytes of the SHA-256 of the envelope' },
      { name: 'current', key: 5, type: 'uint', text: 'version open now' },
      {
        name: 'retryMs',
        key: 6,
        type: 'uint',
        optional: true,
        text: 'with LATER: when to send again',
      },
      { name: 'mac', key: 7, type: 'mac', optional: true, text: 'tag of the receipt (8.2)' },
    ],
  },
  {
    name: 'Authorisation',
    text: 'retained: the tag of the announcement for one node',
    closed: false,
    keys: [
      {
        name: 'announcement',
        key: 1,
        type: 'id',
        text: 'leading bytes of the SHA-256 of the announcement',
      },
      { name: 'mac', key: 2, type: 'mac', text: 'its tag (8.2)' },
    ],
  },
];
