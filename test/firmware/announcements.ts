/** Announcements, random and broken, and what a node must make of each. */
import { encode, rfc8949EncodeOptions } from 'cborg';
import fc from 'fast-check';
import type { Announcement, Eligibility, Plan } from '../../host/contract/contract.gen.js';
import { codec, constant, status, task, version } from '../../host/contract/contract.gen.js';
import { everybody } from '../../host/contract/participation.js';
import { toHex } from '../../host/contract/hash.js';
import { decodeWire, encodeWire } from '../../host/contract/wire.js';

export const u32 = fc.nat({ max: 2 ** 32 - 1 });
export const names = fc.stringMatching(/^[A-Za-z0-9_.-]{1,32}$/);
export const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

const eligibilities: fc.Arbitrary<Eligibility> = fc.record(
  {
    minBattery: fc.nat({ max: 100 }),
    charging: fc.nat({ max: 1 }),
    minLink: fc.nat({ max: 100 }),
    minRam: fc.nat({ max: 2 ** 31 - 1 }),
    minSamples: u32,
    maxModelAge: u32,
    minModelAge: u32,
  },
  { requiredKeys: [] },
);

const plans: fc.Arbitrary<Plan> = fc
  .record(
    {
      task: fc.constantFrom(...Object.values(task)),
      seed: u32,
      lrShift: fc.nat({ max: 24 }),
      lrDecay: fc.nat({ max: 1 }),
      epochs: fc.integer({ min: 1, max: 255 }),
      samples: fc.nat({ max: 2 ** 30 }),
      skipThreshold: fc.nat({ max: 32767 }),
      classWeights: fc.uint8Array({ maxLength: 10 }),
      codec: fc.constantFrom(
        codec.RAW_INT16,
        codec.RICE_INT16,
        codec.DENSE_2,
        codec.SPARSE_TERNARY,
      ),
      weightUnit: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      deadlineMs: fc.nat({ max: 2 ** 32 - 2 }),
      frozenLayers: u32,
      personalLayers: u32,
      proximalShift: fc.nat({ max: 15 }),
      density: fc.integer({ min: 1, max: 1000 }),
      maxStaleness: fc.nat({ max: 255 }),
      drawBelow: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      jitterMs: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      eligibility: eligibilities,
    },
    {
      requiredKeys: [
        ...(['task', 'seed', 'lrShift', 'lrDecay', 'epochs', 'samples'] as const),
        ...(['skipThreshold', 'codec', 'weightUnit', 'density'] as const),
      ],
    },
  )
  .filter(({ personalLayers = 0, codec: id, task: what }) => {
    // RAW_INT16 has a place for the words of every layer.
    return (
      personalLayers === 0 || id !== codec.RAW_INT16 || what === task.NONE || what === task.EVALUATE
    );
  });

const differences = fc.record({ base: bytesOf(8), codec: u32, hash: bytesOf(32), bytes: u32 });

/** Announcements every node can follow, none longer than a node takes. */
export const announcements: fc.Arbitrary<Announcement> = fc
  .record(
    {
      format: fc.constant(version.WIRE_FORMAT),
      federation: names,
      epoch: u32,
      version: u32,
      // The C takes the greatest number for none.
      parent: fc.nat({ max: 2 ** 32 - 2 }),
      artefactHash: bytesOf(32),
      artefactBytes: u32,
      descriptorHash: bytesOf(32),
      descriptorBytes: fc.nat({ max: 4096 }),
      numerics: fc.constant(version.NUMERICS),
      kernels: fc.array(fc.record({ hash: bytesOf(32), bytes: u32, intrinsicSet: u32 }), {
        minLength: 1,
        maxLength: 5,
      }),
      plan: plans,
      final: fc.boolean(),
      difference: differences,
      initialSeed: u32,
    },
    {
      requiredKeys: [
        ...(['format', 'federation', 'epoch', 'version', 'artefactHash', 'artefactBytes'] as const),
        ...(['descriptorHash', 'descriptorBytes', 'numerics', 'kernels', 'plan'] as const),
      ],
    },
  )
  .filter(
    (announcement) =>
      encodeWire('Announcement', announcement).length <= constant.ANNOUNCEMENT_MAX_BYTES,
  );

const kernelsKept = 4;

/** What wire_lines prints of an announcement that was understood. */
export function understood(bytes: Uint8Array): unknown {
  const { format, difference, ...rest } = decodeWire('Announcement', bytes);
  const { classWeights, ...given } = rest.plan;
  const { drawBelow, jitterMs, eligibility } = given;
  const plan = {
    ...{ frozenLayers: 0, personalLayers: 0, proximalShift: 0, density: 0, maxStaleness: 0 },
    ...{ drawBelow: everybody, jitterMs: 0 },
    ...given,
    isLimited: Number([drawBelow, jitterMs, eligibility].some((limit) => limit !== undefined)),
    eligibility: {
      ...{ minBattery: 0, charging: 0, minLink: 0, minRam: 0 },
      ...{ minSamples: 0, maxModelAge: 2 ** 32 - 1, minModelAge: 0 },
      ...eligibility,
    },
  };
  return {
    status: format === version.WIRE_FORMAT ? status.OK : status.ERR_VERSION,
    ...rest,
    federation: toHex(new TextEncoder().encode(rest.federation)),
    artefactHash: toHex(rest.artefactHash),
    descriptorHash: toHex(rest.descriptorHash),
    kernels: rest.kernels
      .slice(0, kernelsKept)
      .map((kernel) => ({ ...kernel, hash: toHex(kernel.hash) })),
    plan: classWeights === undefined ? plan : { ...plan, classWeights: toHex(classWeights) },
    final: rest.final ?? false,
    ...(difference && {
      difference: {
        ...difference,
        base: toHex(difference.base),
        hash: toHex(difference.hash),
      },
    }),
  };
}

const plain: Announcement = {
  format: version.WIRE_FORMAT,
  federation: 'ward-7',
  version: 12,
  parent: 11,
  artefactHash: new Uint8Array(32).fill(0xa1),
  artefactBytes: 8630,
  descriptorHash: new Uint8Array(32).fill(0xd2),
  descriptorBytes: 68,
  numerics: version.NUMERICS,
  kernels: [{ hash: new Uint8Array(32).fill(0xe3), bytes: 7122, intrinsicSet: 0 }],
  plan: {
    task: task.TRAIN,
    seed: 7,
    lrShift: 7,
    lrDecay: 0,
    epochs: 2,
    samples: 300,
    skipThreshold: 1638,
    classWeights: Uint8Array.of(0, 1, 2),
    codec: codec.RAW_INT16,
    weightUnit: 50,
    deadlineMs: 60000,
    frozenLayers: 1,
    proximalShift: 3,
    density: 0,
  },
  final: false,
  epoch: 3,
};
export const plainBytes = encodeWire('Announcement', plain);

type Fields = Map<number, unknown>;

/** The values of an object in a map by 1, 2, 3 …: the keys of the CBOR maps in their order. */
function numbered(object: object): Fields {
  const values: unknown[] = Object.values(object);
  return new Map(values.map((value, i) => [i + 1, value]));
}

/** The plain announcement as maps, changed by `edit`. */
function edited(edit: (top: Fields, plan: Fields, kernel: Fields) => void): Uint8Array {
  const kernel = numbered(plain.kernels[0]);
  const plan = numbered(plain.plan);
  const top = numbered({ ...plain, kernels: [kernel], plan });
  edit(top, plan, kernel);
  return encode(top, rfc8949EncodeOptions);
}

/** A whole one but for a key. */
function differenceMap(without?: number): Map<number, unknown> {
  const map = new Map<number, unknown>([
    [1, new Uint8Array(8)],
    [2, 1],
    [3, new Uint8Array(32)],
    [4, 9],
  ]);
  if (without !== undefined) map.delete(without);
  return map;
}

const withTop = (key: number, value: unknown): Uint8Array => edited((top) => top.set(key, value));
const withPlan = (key: number, value: unknown): Uint8Array =>
  edited((_, plan) => plan.set(key, value));
const withEligibility = (key: number, value: unknown): Uint8Array =>
  withPlan(18, new Map([[key, value]]));
const withKernel = (key: number, value: unknown): Uint8Array =>
  edited((_top, _plan, kernel) => kernel.set(key, value));

/** The plain announcement with some of its bytes replaced. */
function patched(find: readonly number[], replace: readonly number[]): Uint8Array {
  const at = Buffer.from(plainBytes).indexOf(Uint8Array.from(find));
  if (at < 0) throw new Error('the plain announcement has no such bytes');
  return Uint8Array.of(
    ...plainBytes.subarray(0, at),
    ...replace,
    ...plainBytes.subarray(at + find.length),
  );
}

type StatusName = keyof typeof status;

/** One thing changed in an announcement, and the answer to it. */
export interface AnnouncementCase {
  readonly title: string;
  readonly bytes: Uint8Array;
  readonly answer: StatusName;
}

function cases(
  answer: StatusName,
  named: Readonly<Record<string, Uint8Array>>,
): AnnouncementCase[] {
  return Object.entries(named).map(([title, bytes]) => ({ title, bytes, answer }));
}

const missingKeys = (
  [
    ['', 13, [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 13]],
    ['plan ', 13, [1, 2, 3, 4, 5, 6, 7, 9, 10]],
    ['kernel ', 3, [1, 2, 3]],
  ] as const
).flatMap(([where, keys, required], index) =>
  Array.from({ length: keys }, (_, i) => i + 1).map((key): AnnouncementCase => {
    const bytes = edited((...maps) => maps[index].delete(key));
    const isRequired = (required as readonly number[]).includes(key);
    return { title: `without ${where}key ${key}`, bytes, answer: isRequired ? 'ERR_CBOR' : 'OK' };
  }),
);

export const announcementCases: readonly AnnouncementCase[] = [
  ...missingKeys,
  ...cases('OK', {
    'nothing changed': plainBytes,
    'an unknown key': withTop(16, 5),
    'a seed of 32 bits': withTop(15, 2 ** 32 - 1),
    'unknown keys with values of every kind': edited((top) => {
      top.set(20, new Map<number, unknown>([[-7, [1.5, null, true, 'text', new Uint8Array(3)]]]));
      top.set(2 ** 40, [[[[]]]]);
    }),
    'an unknown key of a kernel': withKernel(9, 'x'),
    'an evaluation without a delta': edited((_, plan) => plan.set(1, 2).set(9, 255)),
    'a local fine-tuning': edited((_, plan) =>
      plan
        .set(1, 4)
        .set(9, 255)
        .set(19, 2 ** 32 - 1),
    ),
    'personal layers without a training': edited((_, plan) => plan.set(1, 0).set(19, 1)),
    'a deadline of 35 years': withPlan(11, 2 ** 40),
    'no condition at all': withPlan(18, new Map()),
    'a kernel larger than 4 GiB': withKernel(2, 2 ** 33),
  }),
  ...cases('ERR_VERSION', {
    'another format': withTop(1, 1),
    'another format of another shape': encode(new Map([[1, 1]]), rfc8949EncodeOptions),
  }),
  ...cases('ERR_UNSUPPORTED', {
    'an unknown plan key': withPlan(20, 0),
    'an unknown plan key in place of another': edited((_, plan) => plan.set(20, 0).delete(3)),
    'an unknown condition': withEligibility(8, 1),
    'other numerics': withTop(9, 1),
    'an unknown task': withPlan(1, 5),
    'a task beyond 32 bits': withPlan(1, 2 ** 32),
    'an unknown codec': withPlan(9, codec.DENSE_8 + 1),
    'training without a delta': withPlan(9, 255),
    'training without a delta and before its scores': edited((_, plan) =>
      plan.set(9, 255).set(19, 1),
    ),
    'a local fine-tuning of no layer': edited((_, plan) => plan.set(1, 4).set(9, 255)),
    'every word of a model with personal layers': withPlan(19, 1),
  }),
  ...cases('ERR_RANGE', {
    'version 2^32': withTop(3, 2 ** 32),
    'epoch 2^32': withTop(13, 2 ** 32),
    'artefactBytes 2^32': withTop(6, 2 ** 32),
    'descriptorBytes 4097': withTop(8, 4097),
    'seed 2^32': withPlan(2, 2 ** 32),
    'initialSeed 2^32': withTop(15, 2 ** 32),
    'lrShift 25': withPlan(3, 25),
    'lrDecay 2': withPlan(4, 2),
    'epochs 0': withPlan(5, 0),
    'epochs 256': withPlan(5, 256),
    'samples beyond 2^30': withPlan(6, 2 ** 30 + 1),
    'skipThreshold 32768': withPlan(7, 32768),
    'weightUnit 0': withPlan(10, 0),
    'weightUnit 2^32': withPlan(10, 2 ** 32),
    'frozenLayers 2^32': withPlan(12, 2 ** 32),
    'personalLayers 2^32': edited((_, plan) => plan.set(9, 1).set(19, 2 ** 32)),
    'proximalShift 16': withPlan(13, 16),
    'density 1001': withPlan(14, 1001),
    'maxStaleness 256': withPlan(15, 256),
    'drawBelow 0': withPlan(16, 0),
    'drawBelow 2^32': withPlan(16, 2 ** 32),
    'jitterMs 0': withPlan(17, 0),
    'jitterMs 2^32': withPlan(17, 2 ** 32),
    'minBattery 101': withEligibility(1, 101),
    'charging 2': withEligibility(2, 2),
    'minLink 101': withEligibility(3, 101),
    'minRam 2^31': withEligibility(4, 2 ** 31),
    'minSamples 2^32': withEligibility(5, 2 ** 32),
    'maxModelAge 2^32': withEligibility(6, 2 ** 32),
    'minModelAge 2^32': withEligibility(7, 2 ** 32),
    'a sparse codec without density': withPlan(9, codec.SPARSE_TERNARY),
    'a federation without a name': withTop(2, ''),
    'a federation of 33 characters': withTop(2, 'x'.repeat(33)),
    'a blank in the name': withTop(2, 'ward 7'),
    'a letter that is not ASCII': withTop(2, 'märz'),
  }),
  ...cases('ERR_CBOR', {
    'a text for a number': withTop(3, '3'),
    'a negative number': withTop(3, -1),
    'a float': withTop(3, 1.5),
    'bytes for a text': withTop(2, new Uint8Array(4)),
    'a hash of 31 bytes': withTop(5, new Uint8Array(31)),
    'a kernel hash of 33 bytes': withKernel(1, new Uint8Array(33)),
    'no kernels': withTop(10, []),
    'a map for the kernels': withTop(10, new Map()),
    'a number for a kernel': withTop(10, [1]),
    'an array for the plan': withTop(11, []),
    'a number for the eligibility': withPlan(18, 1),
    'a bool for a condition': withEligibility(2, true),
    'a text for the class weights': withPlan(8, 'abc'),
    'a number for final': withTop(12, 1),
    'a number for the difference': withTop(14, 1),
    'bytes for the seed': withTop(15, new Uint8Array(4)),
    'a difference without its base': withTop(14, differenceMap(1)),
    'a difference without its codec': withTop(14, differenceMap(2)),
    'a difference without its hash': withTop(14, differenceMap(3)),
    'a difference without its length': withTop(14, differenceMap(4)),
    'a difference whose base is a hash': withTop(14, differenceMap().set(1, new Uint8Array(32))),
    'undefined for final': patched([12, 0xf4], [12, 0xf7]),
    'a text as key': patched([12, 0xf4], [0x61, 12]),
    'keys out of order': patched([4, 11], [2, 11]),
    'a key twice': patched([4, 11], [3, 11]),
    'a number that is not as short as can be': patched([3, 12], [3, 0x18, 12]),
    'an array of indefinite length': patched([10, 0x81], [10, 0x9f]),
    'a tag': patched([3, 12], [3, 0xc1, 12]),
    'a byte too many': Uint8Array.of(...plainBytes, 0),
    'an array': encode([], rfc8949EncodeOptions),
    'no bytes at all': new Uint8Array(),
  }),
  ...cases('ERR_FULL', { 'more than 448 bytes': withTop(13, new Uint8Array(300)) }),
];
