import { describe, expect, it } from 'vitest';
import {
  codec,
  receipt,
  status,
  task,
  type ReceiptName,
} from '../../host/contract/contract.gen.js';
import type { Announcement, Plan } from '../../host/contract/contract.gen.js';
import { toHex } from '../../host/contract/hash.js';
import { decodeWire } from '../../host/contract/wire.js';
import { readModel } from '../oracle/descriptor.js';
import { decodePayload } from '../oracle/codec.js';
import type { Cable, OpenCable } from './cable.js';
import * as fixture from './fixture.js';

const head = 0b10;
const all = 0xffff_ffff;
const shared: Partial<Plan> = { task: task.TRAIN, codec: codec.RICE_INT16, epochs: 1 };
const personal: Partial<Plan> = { ...shared, personalLayers: head };
const tuning: Partial<Plan> = {
  task: task.PERSONALISE,
  codec: codec.NONE,
  personalLayers: all,
  epochs: 2,
};
const parameters = fixture.wordsOf(0).length;

interface Own {
  readonly words: Int16Array;
  readonly layers: number;
}

/** SPEC 7.6: what layers learn that stay on the node. */
export function describePersonal(open: OpenCable): void {
  /** A round as the specification has it, of a node with these words of its own; what it keeps. */
  async function expectRound(
    cable: Cable,
    announcement: Announcement,
    own?: Own,
    residual: Int16Array = new Int16Array(parameters),
    name: ReceiptName = 'ACCEPTED',
  ): Promise<Int16Array> {
    cable.host.serve(fixture.snapshotOf(announcement.version));
    const upload = await cable.runRound(announcement);
    const given = { residual, ...(own && { own }) };
    const expected = cable.expected(announcement, cable.name, fixture.kernelHash, given);
    expect(toHex(upload)).toBe(toHex(expected));
    const { version } = announcement;
    expect(await cable.host.giveReceipt(receipt[name], upload, { version })).toBe(status.OK);
    await cable.untilState('IDLE');
    return residual;
  }

  describe('a personal layer', () => {
    it.each<readonly [string, Partial<Plan>]>([
      ['the exact codec', {}],
      ['a dense codec', { codec: codec.DENSE_3 }],
      ['scores before and after', { task: task.PERSONALISE }],
      ['scores before', { task: task.BOTH }],
      ['a pull, which leaves it alone', { proximalShift: 1, skipThreshold: 0, lrShift: 2 }],
      ['another layer that is frozen', { frozenLayers: 0b01, personalLayers: 0b10 }],
      ['itself frozen', { frozenLayers: 0b10, personalLayers: 0b10 }],
    ])('goes on from what the node has learnt: with %s', async (_, plan) => {
      const cable = open();
      let words: Int16Array | undefined;
      for (let version = 0; version < 3; version++) {
        const announcement = fixture.announcementOf(version, { ...personal, ...plan });
        const own = words && { words, layers: head };
        words = await expectRound(cable, announcement, own);
        await cable.powerCycle();
      }
    });

    it('stands beside the residual of the others', async () => {
      const cable = open();
      const plan = { ...personal, codec: codec.SPARSE_TERNARY, density: 100 };
      let words: Int16Array = new Int16Array(parameters);
      for (let version = 0; version < 3; version++) {
        const own = version > 0 ? { words: words.slice(), layers: head } : undefined;
        words = await expectRound(cable, fixture.announcementOf(version, plan), own, words);
      }
      // Of another mask the residual is none, and of what is not personal any more nothing is left.
      const plain = { ...plan, personalLayers: 0b01 };
      await expectRound(cable, fixture.announcementOf(3, plain));
    });

    it('says nothing of itself in the upload', async () => {
      const cable = open();
      const upload = await cable.runRound(fixture.announcementOf(0, personal));
      const { payload } = decodeWire('Envelope', upload);
      const model = readModel(fixture.descriptor);
      const { isWhole, slices } = decodePayload(model, head, codec.RICE_INT16, payload);
      expect(isWhole).toBe(true);
      expect(slices.some(({ words }) => words.some((word) => word !== 0))).toBe(true);
    });

    it.each<ReceiptName>(['STALE', 'QUARANTINED'])('is what it was after %s', async (name) => {
      const cable = open();
      const words = await expectRound(cable, fixture.announcementOf(0, personal));
      const own = { words: words.slice(), layers: head };
      const second = fixture.announcementOf(1, personal);
      await expectRound(cable, second, own, words.slice(), name);
      await expectRound(cable, fixture.announcementOf(2, personal), own, words);
    });

    it('outlasts a round in which the layer is everybody’s', async () => {
      const cable = open();
      const words = await expectRound(cable, fixture.announcementOf(0, personal));
      await expectRound(cable, fixture.announcementOf(1, shared));
      const own = { words: words.slice(), layers: head };
      await expectRound(cable, fixture.announcementOf(2, personal), own, words);
      await expectRound(cable, fixture.announcementOf(3, { ...personal, personalLayers: 0b01 }));
    });

    it('is not that of another federation', async () => {
      const cable = open();
      await expectRound(cable, fixture.announcementOf(0, personal));
      const other = fixture.announcementOf(1, personal, { federation: 'another' });
      await expectRound(cable, other);
    });

    it.each<readonly [string, Partial<Plan>]>([
      ['RAW_INT16', { ...personal, codec: codec.RAW_INT16 }],
      ['NONE without scores', { ...tuning, task: task.TRAIN }],
      ['NONE where nothing stays', { ...tuning, personalLayers: 0 }],
    ])('is refused with the codec %s', async (_, plan) => {
      const cable = open();
      const announcement = fixture.announcementOf(0, plan);
      expect(await cable.host.announce(announcement)).toBe(status.ERR_UNSUPPORTED);
    });
  });

  describe('a local fine-tuning', () => {
    it('sends scores and no delta, and goes on with what it learnt while the model is the same', async () => {
      const cable = open();
      const words = await expectRound(cable, fixture.announcementOf(0, tuning));
      const { artefactHash } = fixture.announcementOf(0);
      const same = fixture.announcementOf(1, tuning, { artefactHash });
      const own = { words: words.slice(), layers: all };
      cable.host.serve(fixture.snapshotOf(0));
      const upload = await cable.runRound(same);
      const given = { own, residual: words, words: fixture.wordsOf(0) };
      expect(toHex(upload)).toBe(
        toHex(cable.expected(same, cable.name, fixture.kernelHash, given)),
      );
      expect(decodeWire('Envelope', upload)).toMatchObject({
        codec: codec.NONE,
        payload: new Uint8Array(),
        samples: fixture.trainSamples,
      });
      await cable.host.giveReceipt(receipt.ACCEPTED, upload, { version: 1 });
      await cable.untilState('IDLE');
      await expectRound(cable, fixture.announcementOf(2, tuning));
    });

    it('begins with the personal layers of the rounds before it', async () => {
      const cable = open();
      const words = await expectRound(cable, fixture.announcementOf(0, personal));
      const own = { words, layers: head };
      await expectRound(cable, fixture.announcementOf(1, tuning), own);
      await expectRound(cable, fixture.announcementOf(2, personal));
    });
  });
}
