import { decode, encode, rfc8949EncodeOptions } from 'cborg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Announcement, Envelope, Plan } from '../../host/contract/contract.gen.js';
import { wireMaps, type WireKey, type WireType } from '../../host/contract/schema.js';
import { decodeWire, encodeWire } from '../../host/contract/wire.js';
import { codeOf, hostileBytes } from './hostile.js';

const plan: Plan = {
  task: 1,
  seed: 0xffffffff,
  lrShift: 7,
  lrDecay: 0,
  epochs: 1,
  samples: 100,
  skipThreshold: 1638,
  codec: 0,
  weightUnit: 50,
};
const hash = new Uint8Array(32).fill(7);
const announcement: Announcement = {
  format: 2,
  federation: 'demo',
  epoch: 1,
  version: 3,
  parent: 2,
  artefactHash: hash,
  artefactBytes: 1000,
  descriptorHash: hash,
  descriptorBytes: 60,
  numerics: 1,
  kernels: [{ hash, bytes: 6000, intrinsicSet: 0 }],
  plan,
};

const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const valueOf: Readonly<Record<Extract<WireType, string>, fc.Arbitrary<unknown>>> = {
  uint: fc.maxSafeNat(),
  bytes: fc.uint8Array({ maxLength: 100 }),
  id: bytesOf(8),
  hash: bytesOf(32),
  mac: bytesOf(16),
  text: fc.string({ maxLength: 40 }),
  bool: fc.boolean(),
  uints: fc.array(fc.nat(), { maxLength: 9 }),
};

function arbitraryOf(type: WireType): fc.Arbitrary<unknown> {
  if (typeof type === 'string') return valueOf[type];
  if ('map' in type) return mapOf(type.map);
  return fc.array(mapOf(type.list), { minLength: 1, maxLength: 3 });
}

/** Any value of a map of the schema. */
function mapOf(name: string): fc.Arbitrary<Record<string, unknown>> {
  const { keys } = wireMaps.find((map) => map.name === name)!;
  const entries = keys.map((key): [string, fc.Arbitrary<unknown>] => [
    key.name,
    arbitraryOf(key.type),
  ]);
  const isRequired = ({ optional }: WireKey): boolean => optional !== true;
  return fc.record(Object.fromEntries(entries), {
    requiredKeys: keys.filter(isRequired).map((key) => key.name),
    noNullPrototype: true,
  });
}

type AnyMap = Parameters<typeof encodeWire>[0];
const codes = ['OK', 'ERR_CBOR', 'ERR_UNSUPPORTED'];

describe('wire', () => {
  it('round-trips an announcement', () => {
    expect(decodeWire('Announcement', encodeWire('Announcement', announcement))).toEqual(
      announcement,
    );
  });

  it('writes keys in order whatever the order of the object', () => {
    const reversed = Object.fromEntries(
      Object.entries(announcement).reverse(),
    ) as unknown as Announcement;
    expect(encodeWire('Announcement', reversed)).toEqual(encodeWire('Announcement', announcement));
  });

  it('round-trips any envelope', () => {
    const uint = fc.nat({ max: 2 ** 32 - 1 });
    const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
      fc.uint8Array({ minLength: length, maxLength: length });
    const envelope: fc.Arbitrary<Envelope> = fc.record({
      format: uint,
      epoch: uint,
      version: uint,
      artefact: bytes(8),
      contribution: uint,
      kernel: uint,
      samples: uint,
      training: fc.record({
        samples: uint,
        loss: fc.maxSafeNat(),
        skipped: uint,
        saturations: uint,
        correct: uint,
      }),
      codec: uint,
      payload: fc.uint8Array({ maxLength: 100 }),
      mac: bytes(16),
    });
    fc.assert(
      fc.property(envelope, (value) => {
        expect(decodeWire('Envelope', encodeWire('Envelope', value))).toEqual(value);
      }),
    );
  });

  it('ignores an unknown key of an announcement, refuses one of a plan', () => {
    const outer = new Map<number, unknown>([...toMap(announcement), [99, 'new']]);
    expect(decodeWire('Announcement', encode(outer, rfc8949EncodeOptions))).toEqual(announcement);
    const inner = toMap(announcement);
    (inner.get(11) as Map<number, unknown>).set(99, 1);
    expect(codeOf(() => decodeWire('Announcement', encode(inner, rfc8949EncodeOptions)))).toBe(
      'ERR_UNSUPPORTED',
    );
  });

  it('refuses a missing key, a wrong type and a wrong size', () => {
    for (const [key, value] of [
      [5, undefined],
      [3, -1],
      [3, 'x'],
      [5, new Uint8Array(31)],
      [10, []],
      [12, 1],
    ] as const) {
      const map = toMap(announcement);
      if (value === undefined) map.delete(key);
      else map.set(key, value);
      expect(codeOf(() => decodeWire('Announcement', encode(map, rfc8949EncodeOptions)))).toBe(
        'ERR_CBOR',
      );
    }
  });

  it('refuses any truncation and any appended byte', () => {
    const bytes = encodeWire('Announcement', announcement);
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(() => decodeWire('Announcement', bytes.subarray(0, length)))).toBe('ERR_CBOR');
    }
    expect(codeOf(() => decodeWire('Announcement', Uint8Array.of(...bytes, 0)))).toBe('ERR_CBOR');
  });

  it('refuses encodings that are not the shortest, indefinite or out of order', () => {
    // {1: 0, 2: 1} for a Death, then: 1 as two bytes, indefinite map, keys swapped, a key twice.
    expect(decodeWire('Death', Uint8Array.of(0xa2, 1, 0, 2, 1))).toEqual({
      bootEpoch: 0,
      sequence: 1,
    });
    for (const bytes of [
      [0xa2, 0x18, 1, 0, 2, 1],
      [0xbf, 1, 0, 2, 1, 0xff],
      [0xa2, 2, 1, 1, 0],
      [0xa2, 1, 0, 1, 0],
    ]) {
      expect(codeOf(() => decodeWire('Death', Uint8Array.from(bytes)))).toBe('ERR_CBOR');
    }
  });

  it('refuses whatever would be encoded otherwise, and nothing else for its encoding', () => {
    const options = { useMaps: true, strict: true, rejectDuplicateMapKeys: true };
    const refusals = {
      ...{ allowIndefinite: false, allowUndefined: false },
      ...{ allowInfinity: false, allowNaN: false },
    };
    const isCanonical = (bytes: Uint8Array): boolean => {
      try {
        const value: unknown = decode(bytes, { ...options, ...refusals, allowBigInt: false });
        return Buffer.compare(encode(value, rfc8949EncodeOptions), bytes) === 0;
      } catch {
        return false;
      }
    };
    // Of an unknown key, which may have any value. Floats as long as the integers they equal come first.
    const judge = (item: Uint8Array): void => {
      const bytes = Uint8Array.of(0xa3, 1, 0, 2, 1, 3, ...item);
      const expected = isCanonical(bytes) ? 'OK' : 'ERR_CBOR';
      expect(codeOf(() => decodeWire('Death', bytes))).toBe(expected);
    };
    for (const hex of [
      'fa4b800000',
      'fb4270000000000000',
      '1a01000000',
      'a202000100',
      'a201000200',
    ])
      judge(Uint8Array.from(Buffer.from(hex, 'hex')));
    const { item } = fc.letrec<{ item: unknown }>((tie) => ({
      item: fc.oneof(
        { maxDepth: 3 },
        fc.maxSafeNat(),
        fc.oneof(fc.maxSafeInteger(), fc.boolean(), fc.float(), fc.string({ maxLength: 5 })),
        fc.uint8Array({ maxLength: 30 }),
        fc.array(tie('item'), { maxLength: 3 }),
        fc
          .array(fc.tuple(fc.oneof(fc.nat(40), fc.string({ maxLength: 2 })), tie('item')), {
            maxLength: 3,
          })
          .map((entries) => new Map(entries)),
      ),
    }));
    const good = item.map((value) => encode(value, rfc8949EncodeOptions));
    fc.assert(fc.property(fc.oneof(good, hostileBytes(good, 40)), judge), { numRuns: 500 });
  });

  it.each(wireMaps.map(({ name }) => name as AnyMap))(
    'round-trips any %s, and answers any bytes and any change with a value or a status',
    (name) => {
      const value = mapOf(name);
      const good = value.map((each) => encodeWire(name, each as never));
      fc.assert(
        fc.property(value, (each) => {
          expect(decodeWire(name, encodeWire(name, each as never))).toEqual(each);
        }),
        { numRuns: 30 },
      );
      fc.assert(
        fc.property(hostileBytes(good), (bytes) => {
          expect(codes).toContain(codeOf(() => decodeWire(name, bytes)));
        }),
        { numRuns: 300 },
      );
    },
  );

  it('refuses lengths that are not there and values in values by the thousand', () => {
    // In an unknown key of a Death: arrays in arrays, and one that says it has 2^32 values.
    const before = [0xa3, 1, 0, 2, 1, 3];
    for (let depth = 1; depth < 60_000; depth = Math.ceil(1.3 * depth)) {
      const nested = [...before, ...new Array<number>(depth).fill(0x81), 0];
      expect(codes).toContain(codeOf(() => decodeWire('Death', Uint8Array.from(nested))));
    }
    for (const head of [0x5b, 0x7b, 0x9b, 0xbb]) {
      const long = Uint8Array.of(...before, head, 0, 0, 0, 1, 0, 0, 0, 0, 1);
      expect(codeOf(() => decodeWire('Death', long))).toBe('ERR_CBOR');
    }
  });
});

/** The announcement as the map on the wire, to be spoiled. */
function toMap(value: Announcement): Map<number, unknown> {
  const planMap = new Map<number, unknown>([
    [1, value.plan.task],
    [2, value.plan.seed],
    [3, value.plan.lrShift],
    [4, value.plan.lrDecay],
    [5, value.plan.epochs],
    [6, value.plan.samples],
    [7, value.plan.skipThreshold],
    [9, value.plan.codec],
    [10, value.plan.weightUnit],
  ]);
  const kernel = new Map<number, unknown>([
    [1, hash],
    [2, 6000],
    [3, 0],
  ]);
  return new Map<number, unknown>([
    [1, value.format],
    [2, value.federation],
    [3, value.version],
    [4, value.parent],
    [5, value.artefactHash],
    [6, value.artefactBytes],
    [7, value.descriptorHash],
    [8, value.descriptorBytes],
    [9, value.numerics],
    [10, [kernel]],
    [11, planMap],
    [13, value.epoch],
  ]);
}
