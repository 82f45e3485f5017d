import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { federationKey, seal } from '../../host/contract/authentic.js';
import { codec, macKind, receipt, task } from '../../host/contract/contract.gen.js';
import type { Announcement, Counters, Envelope } from '../../host/contract/contract.gen.js';
import { idOf, noMac, sha256, toHex } from '../../host/contract/hash.js';
import { decodeWire } from '../../host/contract/wire.js';
import {
  judgeUpload,
  maxEnvelopeBytes,
  readUploadTopic,
  type IncomingUpload,
  type IntakeRules,
} from '../../host/federated/intake.js';
import type { NodeKeys } from '../../host/federated/node-keys.js';
import { packAnnouncement, planOf, type PlanSettings } from '../../host/federated/plan.js';
import { evaluationSettings, Kernel } from '../../host/kernel/kernel.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { openV8Engine } from '../../host/kernel/v8-engine.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import {
  kernelBytes,
  packDelta,
  planSettings,
  simulateDelta,
  simulateEnvelope,
  smallDescriptor,
} from './fixture.js';

const model = parseDescriptor(smallDescriptor);
const { parameters } = model;
interface Announced extends Partial<
  Pick<PlanSettings, 'task' | 'samples' | 'codec' | 'fineTuneEpochs'>
> {
  readonly version?: number;
  readonly rounds?: number;
}

function announce(changes: Announced) {
  const { version = 4, rounds = 9, ...plan } = changes;
  const bytes = packAnnouncement({
    federation: 'test',
    epoch: 1,
    version,
    artefactHash: new Uint8Array(32).fill(1),
    artefactBytes: 100,
    descriptorHash: model.hash,
    descriptorBytes: smallDescriptor.length,
    kernels: [{ hash: sha256(kernelBytes), bytes: kernelBytes.length, intrinsicSet: 0 }],
    plan: planOf({ ...planSettings, ...plan }, version, rounds),
  });
  return decodeWire('Announcement', bytes);
}

const announcement = announce({});

/** Nothing but the newest version is open to deltas. */
const freshOnly = (newest: Announcement): IntakeRules => ({
  model,
  findUpload: () => undefined,
  findBase: (base) => (base === newest.version ? newest : undefined),
  leftMs: () => 0,
});
const rules = freshOnly(announcement);

const modelId = toHex(idOf(model.hash));

function incomingOf(bytes: Uint8Array): IncomingUpload {
  return { model: modelId, node: 'ann', version: 4, bytes };
}

interface JudgeOptions {
  readonly announcement?: Announcement;
  readonly rules?: Partial<IntakeRules>;
  readonly topic?: Partial<IncomingUpload>;
}

function judge(changes: Partial<Envelope>, options: JudgeOptions = {}): number {
  const current = options.announcement ?? announcement;
  const bytes = simulateEnvelope(current, 'ann', parameters, changes);
  const { version: base = current.version } = changes;
  const incoming = { ...incomingOf(bytes), version: base, ...options.topic };
  return judgeUpload(incoming, current, { ...freshOnly(current), ...options.rules }).code;
}

const counted: Counters = { samples: 10, loss: 5000, skipped: 2, saturations: 0 };
const training: Counters = { ...counted, correct: 9 };
const evaluation: Counters = { ...counted, confusion: [4, 0, 1, 0, 3, 0, 0, 0, 2] };
const personal: Counters = { ...counted, confusion: [5, 0, 0, 0, 3, 0, 0, 0, 2] };
const noDelta: Partial<Envelope> = { codec: codec.NONE, payload: new Uint8Array() };

describe('intake', () => {
  it('accepts what a node that follows the plan sends', () => {
    expect(judge({})).toBe(receipt.ACCEPTED);
    expect(judge({ training, evaluation })).toBe(receipt.ACCEPTED);
    const personalising = announce({ task: task.PERSONALISE });
    const scores = { training, evaluation, personal };
    expect(judge(scores, { announcement: personalising })).toBe(receipt.ACCEPTED);
    const evaluating = announce({ task: task.EVALUATE });
    const empty = { ...noDelta, samples: 0 };
    expect(judge({ ...empty, evaluation }, { announcement: evaluating })).toBe(receipt.ACCEPTED);
  });

  it('hands on delta, hash and bytes', () => {
    const bytes = simulateEnvelope(announcement, 'ann', parameters);
    const verdict = judgeUpload(incomingOf(bytes), announcement, rules);
    expect(verdict).toMatchObject({ code: receipt.ACCEPTED, version: 4, contribution: 0 });
    expect(verdict.hash).toEqual(sha256(bytes));
    expect(verdict.upload!.delta).toEqual(simulateDelta('ann', 4, parameters));
    expect(verdict.upload!.bytes).toBe(bytes);
  });

  it.each<[string, Partial<Envelope>]>([
    ['another format', { format: 1 }],
    ['one word less', { payload: new Uint8Array(2 * parameters - 2) }],
    ['one byte more', { payload: new Uint8Array(2 * parameters + 1) }],
    ['a word no delta has', { payload: packDelta(new Int16Array(parameters).fill(-32768)) }],
    ['no samples', { samples: 0 }],
    ['a second contribution', { contribution: 1 }],
    ['no delta although it was to train', noDelta],
    ['counts of another model', { evaluation: { ...evaluation, confusion: [10] } }],
    ['counts that do not add up', { evaluation: { ...evaluation, samples: 11 } }],
    ['an evaluation that counts like a training', { evaluation: training }],
    ['a training that counts like an evaluation', { training: evaluation }],
    ['more right predictions than samples', { training: { ...training, correct: 11 } }],
    ['personal scores of another model', { personal: { ...personal, confusion: [10] } }],
    ['personal scores that do not add up', { personal: { ...personal, samples: 11 } }],
    ['more right personal predictions than samples', { personal: { ...counted, correct: 11 } }],
    ['personal scores that count both ways', { personal: { ...personal, correct: 10 } }],
    ['a personal loss no sample can have', { personal: { ...personal, loss: 10 * 32768 + 1 } }],
    ['more skips than samples', { training: { ...training, skipped: 11 } }],
    ['a loss no sample can have', { evaluation: { ...evaluation, loss: 10 * 32768 + 1 } }],
    ['counts beyond 32 bits', { training: { ...training, saturations: 2 ** 32 } }],
  ])('calls %s malformed', (_, changes) => {
    expect(judge(changes)).toBe(receipt.MALFORMED);
  });

  it('calls another version than the topic malformed', () => {
    expect(judge({}, { topic: { version: 3 } })).toBe(receipt.MALFORMED);
  });

  it('calls more samples than the plan allows malformed', () => {
    const limited = announce({ samples: 20 });
    expect(judge({ samples: 20 }, { announcement: limited })).toBe(receipt.ACCEPTED);
    expect(judge({ samples: 21 }, { announcement: limited })).toBe(receipt.MALFORMED);
  });

  it('calls a delta in an evaluation malformed', () => {
    const evaluating = { announcement: announce({ task: task.EVALUATE }) };
    expect(judge({}, evaluating)).toBe(receipt.MALFORMED);
    const payload = packDelta(new Int16Array(parameters));
    expect(judge({ ...noDelta, samples: 0, payload }, evaluating)).toBe(receipt.MALFORMED);
  });

  it('takes scores of a local tuning, and nothing of what was learnt', () => {
    const tuning = announce({ version: 4, rounds: 4, fineTuneEpochs: 2 });
    const judged = (changes: Partial<Envelope>) =>
      judge({ ...noDelta, training, evaluation, personal, ...changes }, { announcement: tuning });
    expect(judged({})).toBe(receipt.ACCEPTED);
    const bytes = simulateEnvelope(tuning, 'ann', parameters, { ...noDelta, personal });
    const { upload } = judgeUpload(incomingOf(bytes), tuning, freshOnly(tuning));
    expect(upload!.delta).toEqual(new Int16Array(parameters));
    const payload = packDelta(new Int16Array(parameters));
    expect(judged({ codec: codec.RAW_INT16, payload })).toBe(receipt.MALFORMED);
    expect(judged({ payload })).toBe(receipt.MALFORMED);
    expect(judged({ samples: 0 })).toBe(receipt.MALFORMED);
    expect(judged({ personal: { ...personal, samples: 9 } })).toBe(receipt.MALFORMED);
  });

  it('takes a delta of an older base that is open, by the plan of that base', () => {
    const older = announce({ version: 2, codec: codec.RAW_INT16, samples: 20 });
    const findBase = (base: number): Announcement | undefined =>
      base === 2 ? older : base === 4 ? announcement : undefined;
    const stale = { version: 2, artefact: idOf(older.artefactHash) };
    expect(judge({ ...stale, samples: 20 }, { rules: { findBase } })).toBe(receipt.ACCEPTED);
    expect(judge({ ...stale, samples: 21 }, { rules: { findBase } })).toBe(receipt.MALFORMED);
    expect(judge({ version: 3 }, { rules: { findBase } })).toBe(receipt.STALE);
    const other = { ...stale, artefact: new Uint8Array(8) };
    expect(judge(other, { rules: { findBase } })).toBe(receipt.BAD_BASE);
  });

  it('tells a node to come back whose upload does not count yet', () => {
    expect(judge({}, { rules: { leftMs: () => 1 } })).toBe(receipt.LATER);
    expect(judge({}, { rules: { leftMs: () => Infinity } })).toBe(receipt.INELIGIBLE);
  });

  it.each<[string, Partial<Envelope>, number]>([
    ['a version to come', { version: 5 }, receipt.BAD_BASE],
    ['another epoch', { epoch: 0 }, receipt.BAD_BASE],
    ['another artefact', { artefact: new Uint8Array(8) }, receipt.BAD_BASE],
    ['a closed version', { version: 3 }, receipt.STALE],
    ['a kernel that is not allowed', { kernel: 1 }, receipt.INELIGIBLE],
    ['an unknown codec', { codec: 77 }, receipt.UNKNOWN_CODEC],
  ])('refuses %s', (_, changes, code) => {
    expect(judge(changes)).toBe(code);
  });

  it('refuses another model', () => {
    expect(judge({}, { topic: { model: '0011223344556677' } })).toBe(receipt.BAD_BASE);
  });

  it.each([
    ['exactly', codec.RICE_INT16, 0],
    ['in three bits', codec.DENSE_3, 512],
  ])('reads a delta that is coded %s, as the plan says', async (_, id, most) => {
    const kernel = new Kernel(await openV8Engine(loadKernelBytes()));
    kernel.plan(smallDescriptor);
    kernel.loadParameters(simulateDelta('ann', 4, parameters));
    kernel.begin(evaluationSettings);
    const payload = kernel.encodeDelta(id, new Int16Array(parameters));
    const coded = announce({ codec: id });
    const bytes = simulateEnvelope(coded, 'ann', parameters, { codec: id, payload });
    const verdict = judgeUpload(incomingOf(bytes), coded, freshOnly(coded));
    expect(verdict.code).toBe(receipt.ACCEPTED);
    const wanted = simulateDelta('ann', 4, parameters);
    const errors = [...verdict.upload!.delta].map((word, i) => Math.abs(word - wanted[i]));
    expect(Math.max(...errors)).toBeLessThanOrEqual(most);
    const options = { announcement: coded };
    expect(judge({ codec: id, payload: payload.slice(1) }, options)).toBe(receipt.MALFORMED);
    expect(judge({}, options)).toBe(receipt.MALFORMED);
    expect(judge({ codec: id, payload })).toBe(receipt.MALFORMED);
  });

  it('calls everything stale after the final version', () => {
    expect(judge({}, { announcement: announce({ rounds: 4 }) })).toBe(receipt.STALE);
  });

  it('lets only named nodes take part, if any are named', () => {
    expect(judge({}, { rules: { nodes: new Set(['ann', 'ben']) } })).toBe(receipt.ACCEPTED);
    expect(judge({}, { rules: { nodes: new Set(['ben']) } })).toBe(receipt.INELIGIBLE);
  });

  it.each([2, 4])('tells a duplicate from a conflict, in version %i of 4', (version) => {
    const bytes = simulateEnvelope(announcement, 'ann', parameters, { version });
    const findUpload = (base: number, node: string, contribution: number) =>
      base === version && node === 'ann' && contribution === 0 ? sha256(bytes) : undefined;
    expect(judge({ version }, { rules: { findUpload } })).toBe(receipt.DUPLICATE);
    expect(judge({ version, samples: 9 }, { rules: { findUpload } })).toBe(receipt.CONFLICT);
  });

  it('answers any bytes without throwing', () => {
    const wide = { ...rules, model: { ...model, parameters: 40_000 } };
    const valid = simulateEnvelope(announcement, 'ann', parameters);
    const flipped = fc
      .tuple(fc.nat(valid.length - 1), fc.integer({ min: 1, max: 255 }))
      .map(([at, mask]) => valid.map((byte, i) => (i === at ? byte ^ mask : byte)));
    const cut = fc.nat(valid.length - 1).map((length) => valid.slice(0, length));
    const nested = fc.integer({ min: 1, max: 60_000 }).map((n) => new Uint8Array(n).fill(0x81));
    const codes: readonly number[] = Object.values(receipt);
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), flipped, cut, nested), (bytes) => {
        for (const each of [rules, wide]) {
          const verdict = judgeUpload(incomingOf(bytes), announcement, each);
          expect(codes).toContain(verdict.code);
          expect(verdict.hash).toEqual(sha256(bytes));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('does not decode what is too long to be an envelope', () => {
    const most = maxEnvelopeBytes(rules);
    const largest = { samples: 2 ** 32 - 1, loss: 2 ** 52, skipped: 2 ** 30, saturations: 2 ** 30 };
    const changes = {
      ...{ epoch: 2 ** 32 - 1, version: 2 ** 32 - 1, samples: 2 ** 30 },
      training: { ...largest, correct: 2 ** 30 },
      evaluation: { ...largest, confusion: new Array<number>(9).fill(2 ** 32 - 1) },
      personal: { ...largest, confusion: new Array<number>(9).fill(2 ** 32 - 1) },
      mac: new Uint8Array(16),
    };
    const longest = simulateEnvelope(announcement, 'ann', parameters, changes);
    expect(longest.length).toBeLessThanOrEqual(most);
    const bytes = new Uint8Array(most + 1);
    const verdict = judgeUpload(incomingOf(bytes), announcement, rules);
    expect(verdict.code).toBe(receipt.MALFORMED);
  });
});

describe('intake with keys', () => {
  const nodeKey = new Uint8Array(32).fill(5);
  const key = federationKey(nodeKey, 'test', 'ann');
  const keys: NodeKeys = {
    nodes: () => ['ann'],
    find: (node) => (node === 'ann' ? key : undefined),
  };
  const keyed = { ...rules, keys };
  const bytes = simulateEnvelope(announcement, 'ann', parameters, { mac: noMac });
  const sealed = (by: Uint8Array, descriptorHash = model.hash): Uint8Array =>
    seal(by, macKind.UPLOAD, descriptorHash, bytes);
  const codeOf = (upload: Uint8Array, topic: Partial<IncomingUpload> = {}): number =>
    judgeUpload({ ...incomingOf(upload), ...topic }, announcement, keyed).code;

  it('accepts what the node sealed, and takes a tag as it is without keys', () => {
    expect(codeOf(sealed(key))).toBe(receipt.ACCEPTED);
    expect(judgeUpload(incomingOf(bytes), announcement, rules).code).toBe(receipt.ACCEPTED);
  });

  it('refuses it with any byte altered, left out or added', () => {
    const upload = sealed(key);
    for (let at = 0; at < upload.length; at++) {
      expect(codeOf(upload.map((byte, i) => (i === at ? byte ^ 1 : byte)))).toBe(receipt.BAD_MAC);
      expect(codeOf(upload.filter((_, i) => i !== at))).toBe(receipt.BAD_MAC);
    }
    expect(codeOf(Uint8Array.of(...upload, 0))).toBe(receipt.BAD_MAC);
    expect(codeOf(new Uint8Array())).toBe(receipt.BAD_MAC);
  });

  it('refuses the tag of another node, federation, model and kind, and none', () => {
    const others = [
      sealed(federationKey(nodeKey, 'test', 'ben')),
      sealed(federationKey(nodeKey, 'other', 'ann')),
      sealed(nodeKey),
      sealed(key, new Uint8Array(32)),
      seal(key, macKind.RECEIPT, model.hash, bytes),
      bytes,
      simulateEnvelope(announcement, 'ann', parameters),
    ];
    for (const upload of others) expect(codeOf(upload)).toBe(receipt.BAD_MAC);
    expect(codeOf(sealed(key), { node: 'ben' })).toBe(receipt.BAD_MAC);
  });
});

describe('upload topic', () => {
  const scope = { base: 'a/b', federation: 'test' };
  const bytes = new Uint8Array();
  it.each([
    ['a/b/test/up/00ff/12/0/ann', { model: '00ff', node: 'ann', version: 12 }],
    ['a/b/test/up/00ff/4294967295/3/ann', { model: '00ff', node: 'ann', version: 4294967295 }],
    ['a/b/test/up/00ff/-1/0/ann', undefined],
    ['a/b/test/up/00ff/1e3/0/ann', undefined],
    ['a/b/test/up/00ff/99999999999999999999/0/ann', undefined],
    ['a/b/test/up/00ff/1/0/a b', undefined],
    [`a/b/test/up/00ff/1/0/${'n'.repeat(33)}`, undefined],
    ['a/b/test/up/00ff/1/0', undefined],
    ['a/b/other/up/00ff/1/0/ann', undefined],
    ['a/b/test/n/ann/rcpt', undefined],
  ])('%s', (topic, expected) => {
    expect(readUploadTopic(scope, topic, bytes)).toEqual(expected && { ...expected, bytes });
  });
});
