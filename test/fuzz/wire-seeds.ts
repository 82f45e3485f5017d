/** Seeds of the targets that read what came over a wire. */
import fc from 'fast-check';
import { codec, receipt, type Receipt } from '../../host/contract/contract.gen.js';
import { encodeWire } from '../../host/contract/wire.js';
import { announcements } from '../firmware/announcements.js';
import { messages, type FieldType } from '../../host/contract/schema.js';
import { encodeFrame } from '../../host/frame/frame.js';
import { evaluationSettings, Kernel } from '../../host/kernel/kernel.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { openV8Engine } from '../../host/kernel/v8-engine.js';
import { buildDescriptor } from '../../host/model/descriptor.js';
import { concat, type Seed } from './seed.js';

/** One value of each type of field, packed. */
const sampleField: Readonly<Record<FieldType, Uint8Array>> = {
  u8: Uint8Array.of(1),
  i8: Uint8Array.of(255),
  u16: Uint8Array.of(2, 1),
  i16: Uint8Array.of(0, 0),
  u32: Uint8Array.of(4, 3, 2, 1),
  i32: Uint8Array.of(255, 255, 255, 127),
  hash: new Uint8Array(32).fill(7),
  id: new Uint8Array(8).fill(6),
  mac: new Uint8Array(16).fill(5),
  string8: Uint8Array.of(3, 110, 45, 49),
  bytes: new Uint8Array(20).fill(9),
};

/** Payloads of a trained 12-8-5 in every codec, as firmware/fuzz/payload_fuzz.c reads them. */
export async function payloadSeeds(): Promise<Seed[]> {
  const kernel = new Kernel(await openV8Engine(loadKernelBytes()));
  kernel.plan(
    buildDescriptor({
      input: { width: 12, channels: 1, exponent: 0 },
      layers: [
        { op: 'dense', outputs: 8, activation: 'relu' },
        { op: 'dense', outputs: 5 },
      ],
      loss: 'softmax-cross-entropy',
    }),
  );
  kernel.initialise(1);
  kernel.begin(evaluationSettings);
  const start = kernel.storeParameters();
  const scales = [0, 1, 40, 3000];
  // Word by word, and by runs.
  const spread = (i: number): number => ((i * 37) % 11) - 5;
  const lone = (i: number): number => (i % 7 === 0 ? (i % 9) - 4 : 0);
  const deltas = [
    ...scales.map((scale) => ({ label: `${scale}`, at: (i: number) => scale * spread(i) })),
    ...scales.map((scale) => ({ label: `lone-${scale}`, at: (i: number) => scale * lone(i) })),
  ];
  return Object.entries(codec).flatMap(([name, id]) =>
    deltas.flatMap(({ label, at }): Seed[] => {
      if (id === codec.NONE || id === codec.RAW_INT16) return [];
      const words = start.map((word, i) => word + at(i));
      kernel.loadParameters(words);
      const payload = kernel.encodeDelta(id, start, { density: 200 });
      return [[`${name}-${label}`, concat([Uint8Array.of(id, 0), payload])]];
    }),
  );
}

/** Streams of frames, whole and spoilt. */
export function frameSeeds(): Seed[] {
  const bodies = [1, 2, 60, 253, 254, 255].map((length) =>
    Uint8Array.from({ length }, (_, i) => (length === 255 ? 0 : i % 200)),
  );
  const frames = bodies.map((body) => encodeFrame(body));
  const spoilt = frames.map((frame) => frame.with(frame.length >> 1, 0));
  const streams = [...frames, ...spoilt, concat(frames), concat([...spoilt, ...frames])];
  return streams.flatMap((stream, i): Seed[] =>
    [255, 59].map((largest) => [
      `stream-${i}-${largest}`,
      concat([Uint8Array.of(largest, i), stream]),
    ]),
  );
}

/** In front of every response. */
const statusField = { type: 'i16' } as const;

/** A body of each kind with plausible fields, and one that is cut short. */
export function messageSeeds(): Seed[] {
  return messages
    .flatMap(({ name, request, response }) => [
      { name: `${name}-request`, fields: request },
      ...(response ? [{ name: `${name}-response`, fields: [statusField, ...response] }] : []),
    ])
    .filter(({ fields }) => fields.length > 0)
    .flatMap(({ name, fields }, which): Seed[] => {
      const body = concat(fields.map(({ type }) => sampleField[type]));
      return [
        [name, concat([Uint8Array.of(which), body])],
        [`${name}-cut`, concat([Uint8Array.of(which), body.subarray(0, body.length - 1)])],
      ];
    });
}

/** Actions of firmware/fuzz/node_fuzz.c. */
const action = {
  RAW: 0,
  FORGE: 1,
  REFORGE: 2,
  DROP: 3,
  FLIP: 4,
  ALTER: 5,
  TIME: 6,
  CUT: 7,
  NEXT: 8,
  QUIET: 9,
};

/** Scenes of firmware/fuzz/node_fuzz.c: plain, with a key, a difference, a residual, all of them, and a seed. */
const scenes = [0, 1, 2, 4, 7, 8];

/** Two rounds of a node, with something done to it after each piece of them. */
export function nodeSeeds(): Seed[] {
  const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
  const quiet = bytes(action.QUIET, 0);
  const deeds: Record<string, Uint8Array> = {
    nothing: bytes(),
    raw: bytes(action.RAW, 4, 0, 3, 1, 0),
    ping: bytes(action.FORGE, 8, 8, 0, 1, 0, 1, 2, 3, 4),
    reset: bytes(action.FORGE, 4, 11, 0, 1, 0),
    answer: bytes(action.REFORGE, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2),
    drop: bytes(action.DROP, 0),
    flip: bytes(action.FLIP, 9),
    // Three bytes of an announcement, the epoch one of them; code and tag of a receipt; an object.
    epoch: bytes(action.ALTER, 1, 2, 0),
    announced: bytes(action.ALTER, 1, 2, 255),
    plan: bytes(action.ALTER, 1, 2, 20),
    code: bytes(action.ALTER, 2, 7, 34),
    'receipt-tag': bytes(action.ALTER, 128, 7, 0),
    object: bytes(action.ALTER, 8, 3, 9),
    later: bytes(action.TIME, 50),
    cut: bytes(action.CUT, 5),
  };
  const cases = Object.entries(deeds).flatMap(([name, deed]) =>
    [1, 3].flatMap((every) => scenes.map((scene) => ({ name, deed, every, scene }))),
  );
  return cases.map(({ name, deed, every, scene }): Seed => {
    const round = Array.from({ length: 9 }, (_, i) => (i % every === 0 ? [deed, quiet] : [quiet]));
    const parts = round.flat();
    const actions = concat([...parts, bytes(action.NEXT, 1), ...parts]);
    return [`${name}-${every}-${scene}`, concat([bytes(scene), actions])];
  });
}

/** Announcements and receipts as aggregators send them, and the numbers of an envelope. */
export function wireSeeds(): Seed[] {
  const announced = fc.sample(announcements, { numRuns: 16, seed: 1 });
  const receipts: Receipt[] = Object.values(receipt).map((code) => ({
    code,
    version: code,
    contribution: 0,
    upload: new Uint8Array(8).fill(code),
    current: code + 1,
    ...(code === receipt.LATER && { retryMs: 1000 }),
    ...(code % 2 === 0 && { mac: new Uint8Array(16).fill(code) }),
  }));
  const numbers = Array.from({ length: 16 }, (_, flags) =>
    Uint8Array.from({ length: 400 }, (_, i) => (i === 0 ? flags : (i * 37 + flags) % 256)),
  );
  const seeds = (what: number, name: string, bodies: readonly Uint8Array[]): Seed[] =>
    bodies.map((body, i) => [`${name}-${i}`, concat([Uint8Array.of(what), body])]);
  return [
    ...seeds(
      0,
      'announcement',
      announced.map((a) => encodeWire('Announcement', a)),
    ),
    ...seeds(
      1,
      'receipt',
      receipts.map((r) => encodeWire('Receipt', r)),
    ),
    ...seeds(2, 'envelope', numbers),
  ];
}
