import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Counters, Envelope, Receipt } from '../../host/contract/contract.gen.js';
import { codec, constant, status, version } from '../../host/contract/contract.gen.js';
import { LinnetError } from '../../host/contract/error.js';
import { equalBytes, toHex } from '../../host/contract/hash.js';
import { encodeWire } from '../../host/contract/wire.js';
import { readAnnouncement } from '../../host/sim/node-rules.js';
import {
  announcementCases,
  announcements,
  bytesOf,
  plainBytes,
  u32,
  understood,
} from './announcements.js';
import { askLines, compileProgram, hasCompiler, hexWord } from './native.js';

const runs = { numRuns: 400, seed: 1 };

let program: string;

function askAbout(kind: string, payloads: readonly Uint8Array[]): { status: number }[] {
  const asked = payloads.map((bytes) => `${kind} ${hexWord(bytes)}`);
  return askLines(program, asked).map((answer) => JSON.parse(answer) as { status: number });
}

function statusesOf(kind: string, payloads: readonly Uint8Array[]): number[] {
  return askAbout(kind, payloads).map((answer) => answer.status);
}

/** What the node in TypeScript answers to the same bytes. */
function hostStatus(bytes: Uint8Array): number {
  try {
    readAnnouncement(bytes);
    return status.OK;
  } catch (error) {
    if (error instanceof LinnetError) return status[error.code];
    throw error;
  }
}

const prefixes = (bytes: Uint8Array): Uint8Array[] =>
  Array.from(bytes, (_, length) => bytes.slice(0, length));

describe.skipIf(!hasCompiler)('payloads in C', () => {
  beforeAll(() => {
    program = compileProgram('wire_lines', ['wire', 'envelope', 'cbor', 'bytes']);
  });

  describe('announcements', () => {
    it('are understood as in TypeScript', () => {
      const payloads = fc
        .sample(announcements, runs)
        .map((announcement) => encodeWire('Announcement', announcement))
        .filter((bytes) => bytes.length <= constant.ANNOUNCEMENT_MAX_BYTES);
      expect(payloads.length).toBeGreaterThan(200);
      expect(askAbout('announcement', payloads)).toEqual(payloads.map(understood));
    });

    it('are answered with the status of the specification', () => {
      const answers = statusesOf(
        'announcement',
        announcementCases.map(({ bytes }) => bytes),
      );
      const found = announcementCases.map(({ title }, i) => [title, answers[i]]);
      expect(found).toEqual(announcementCases.map(({ title, answer }) => [title, status[answer]]));
    });

    it('are answered as by the node in TypeScript', () => {
      for (const { title, bytes, answer } of announcementCases)
        expect([title, hostStatus(bytes)]).toEqual([title, status[answer]]);
    });

    it('are malformed wherever they are cut', () => {
      const [first] = fc.sample(announcements, { numRuns: 1, seed: 5 });
      const cut = [...prefixes(plainBytes), ...prefixes(encodeWire('Announcement', first))];
      expect(new Set(statusesOf('announcement', cut))).toEqual(new Set([status.ERR_CBOR]));
    });

    it('with a changed byte are accepted exactly if TypeScript accepts them', () => {
      const changes = fc.sample(
        fc.tuple(fc.nat({ max: plainBytes.length - 1 }), fc.integer({ min: 1, max: 255 })),
        { numRuns: 5000, seed: 2 },
      );
      const payloads = changes.map(([at, flip]) =>
        plainBytes.map((byte, i) => (i === at ? byte ^ flip : byte)),
      );
      const isAccepted = statusesOf('announcement', payloads).map((code) => code === status.OK);
      const disputed = changes.filter(
        (_, i) => isAccepted[i] !== (hostStatus(payloads[i]) === status.OK),
      );
      expect(disputed).toEqual([]);
      expect(new Set(isAccepted)).toEqual(new Set([true, false]));
    });

    it('of random bytes are refused', () => {
      const noise = fc.sample(fc.uint8Array({ maxLength: 64 }), { numRuns: 3000, seed: 3 });
      expect(statusesOf('announcement', noise)).not.toContain(status.OK);
    });
  });

  describe('receipts', () => {
    const receipts: fc.Arbitrary<Receipt> = fc.record(
      {
        code: fc.nat({ max: 20 }),
        version: u32,
        contribution: u32,
        upload: bytesOf(8),
        current: u32,
        retryMs: fc.nat({ max: 2 ** 32 - 2 }),
        mac: bytesOf(16),
      },
      { requiredKeys: ['code', 'version', 'contribution', 'upload', 'current'] },
    );
    const receipt: Receipt = {
      code: 8,
      version: 4,
      contribution: 0,
      upload: new Uint8Array(8).fill(9),
      current: 5,
      retryMs: 1000,
    };
    const encoded = (change: Partial<Receipt>): Uint8Array =>
      encodeWire('Receipt', { ...receipt, ...change });

    it('are understood as in TypeScript', () => {
      const sent = fc.sample(receipts, runs);
      const answers = askAbout(
        'receipt',
        sent.map((one) => encodeWire('Receipt', one)),
      );
      expect(answers).toEqual(
        sent.map(({ mac, ...one }) => ({
          ...{ status: status.OK, ...one, upload: toHex(one.upload), hasMac: mac ? 1 : 0 },
        })),
      );
    });

    it('are refused when they are cut, too long or out of range', () => {
      const cut = new Set(statusesOf('receipt', prefixes(encoded({}))));
      expect(cut).toEqual(new Set([status.ERR_CBOR]));
      const refused = [
        encoded({ upload: new Uint8Array(7) }),
        Uint8Array.of(...encoded({}), 0),
        encoded({ version: 2 ** 32 }),
        encoded({ current: 2 ** 32 }),
        encoded({ upload: new Uint8Array(constant.RECEIPT_MAX_BYTES) }),
      ];
      expect(statusesOf('receipt', refused)).toEqual([
        status.ERR_CBOR,
        status.ERR_CBOR,
        status.ERR_RANGE,
        status.ERR_RANGE,
        status.ERR_FULL,
      ]);
    });
  });

  describe('envelopes', () => {
    const counted = { samples: u32, loss: fc.maxSafeNat(), skipped: u32, saturations: u32 };
    const training = fc.record({ ...counted, correct: u32 });
    const evaluation = (classes: number): fc.Arbitrary<Counters> =>
      fc.record({
        ...counted,
        confusion: fc.array(u32, { minLength: classes ** 2, maxLength: classes ** 2 }),
      });
    const envelopes = fc.integer({ min: 1, max: 16 }).chain((classes) =>
      fc.record(
        {
          format: fc.constant(version.WIRE_FORMAT),
          epoch: u32,
          version: u32,
          artefact: bytesOf(8),
          contribution: u32,
          kernel: u32,
          samples: u32,
          training,
          evaluation: evaluation(classes),
          personal: evaluation(classes),
          codec: fc.constantFrom(...Object.values(codec)),
          payload: fc.uint8Array({ maxLength: 300 }),
          mac: bytesOf(16),
        },
        {
          requiredKeys: [
            ...(['format', 'epoch', 'version', 'artefact', 'contribution'] as const),
            ...(['kernel', 'samples', 'codec', 'payload'] as const),
          ],
        },
      ),
    ) as fc.Arbitrary<Envelope>;

    function countersWords(value: Counters | undefined): string[] {
      if (value === undefined) return ['none'];
      const { samples, loss, skipped, saturations, correct = 0, confusion = [] } = value;
      const classes = Math.sqrt(confusion.length);
      return [classes, samples, loss, skipped, saturations, correct, ...confusion].map(String);
    }

    function question(e: Envelope): string {
      return [
        ...['envelope', e.epoch, e.version, hexWord(e.artefact), e.contribution, e.kernel],
        ...[e.samples],
        ...countersWords(e.training),
        ...countersWords(e.evaluation),
        ...countersWords(e.personal),
        ...[e.codec, e.payload.length, e.mac ? 1 : 0],
      ].join(' ');
    }

    it('have the head that TypeScript writes, in slices of any size', () => {
      const sent = fc.sample(envelopes, { numRuns: 60, seed: 4 });
      const heads = askLines(program, sent.map(question));
      for (const [i, envelope] of sent.entries()) {
        const head = Buffer.from(heads[i], 'hex');
        const tail = envelope.mac ? [0x0f, 0x50, ...envelope.mac] : [];
        const whole = Uint8Array.of(...head, ...envelope.payload, ...tail);
        expect(equalBytes(whole, encodeWire('Envelope', envelope))).toBe(true);
      }
    });
  });
});
