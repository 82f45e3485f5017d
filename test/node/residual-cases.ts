import { describe, expect, it } from 'vitest';
import { codec, receipt, status, type ReceiptName } from '../../host/contract/contract.gen.js';
import type { Announcement } from '../../host/contract/contract.gen.js';
import { toHex } from '../../host/contract/hash.js';
import { decodeWire } from '../../host/contract/wire.js';
import type { Cable, OpenCable } from './cable.js';
import * as fixture from './fixture.js';

const plan = { codec: codec.SPARSE_TERNARY, density: 60, epochs: 1 };
const parameters = fixture.wordsOf(0).length;

const taken: readonly ReceiptName[] = ['ACCEPTED', 'DUPLICATE', 'CLIPPED'];
const others = (Object.keys(receipt) as ReceiptName[]).filter(
  (name) => !taken.includes(name) && name !== 'LATER',
);

/** SPEC 7.3: what a node leaves out of an upload, it adds to the next one, if that one counts. */
export function describeResiduals(open: OpenCable): void {
  /** A round as the specification has it; `residual` becomes the one after it. */
  async function expectRound(
    cable: Cable,
    announcement: Announcement,
    residual: Int16Array,
  ): Promise<Uint8Array> {
    cable.host.serve(fixture.snapshotOf(announcement.version));
    const upload = await cable.runRound(announcement);
    const expected = cable.expected(announcement, cable.name, fixture.kernelHash, { residual });
    expect(toHex(upload)).toBe(toHex(expected));
    return upload;
  }

  async function settle(cable: Cable, name: ReceiptName, upload: Uint8Array): Promise<void> {
    const { version } = decodeWire('Envelope', upload);
    expect(await cable.host.giveReceipt(receipt[name], upload, { version })).toBe(status.OK);
    await cable.untilState('IDLE');
  }

  describe('a residual', () => {
    it.each([
      ['all layers', 0],
      ['a layer, and keeps that of the other', 1],
    ])('goes from round to round: %s', async (_, frozenLayers) => {
      const cable = open();
      const residual = new Int16Array(parameters);
      for (let version = 0; version < 4; version++) {
        const frozen = version < 2 ? {} : { frozenLayers };
        const announcement = fixture.announcementOf(version, { ...plan, ...frozen });
        await settle(cable, 'ACCEPTED', await expectRound(cable, announcement, residual));
      }
      expect(residual.filter((word) => word !== 0).length).toBeGreaterThan(parameters / 2);
    });

    it('goes on in a node without samples of its own', async () => {
      const cable = open({
        dataset: false,
        prepare: (host) => {
          host.samples = fixture.dataset;
          const { trainSamples, testSamples } = fixture;
          host.hello = { ...host.hello, trainSamples, testSamples };
        },
      });
      const residual = new Int16Array(parameters);
      for (let version = 0; version < 2; version++) {
        const announcement = fixture.announcementOf(version, plan);
        await settle(cable, 'ACCEPTED', await expectRound(cable, announcement, residual));
      }
    });

    it.each(taken)('counts after %s', async (name) => {
      const cable = open();
      const residual = new Int16Array(parameters);
      const upload = await expectRound(cable, fixture.announcementOf(0, plan), residual);
      await settle(cable, name, upload);
      await expectRound(cable, fixture.announcementOf(1, plan), residual);
    });

    it.each(others)('stays what it was after %s', async (name) => {
      const cable = open();
      const residual = new Int16Array(parameters);
      await settle(
        cable,
        'ACCEPTED',
        await expectRound(cable, fixture.announcementOf(0, plan), residual),
      );
      const second = fixture.announcementOf(1, plan);
      await settle(cable, name, await expectRound(cable, second, residual.slice()));
      await expectRound(cable, fixture.announcementOf(2, plan), residual);
    });

    it.each<ReceiptName>(['ACCEPTED', 'STALE'])(
      'waits for its receipt, %s, before another version',
      async (name) => {
        const cable = open();
        const { host } = cable;
        const residual = new Int16Array(parameters);
        const first = fixture.announcementOf(0, plan);
        const second = fixture.announcementOf(1, plan);
        const isTaken = name === 'ACCEPTED';
        const upload = await expectRound(cable, first, isTaken ? residual : residual.slice());
        expect(await host.announce(second)).toBe(status.ERR_LATER);
        // Nor has it any receipt that came while there was no power.
        await cable.powerCycle();
        const before = host.count('OFFER');
        await cable.untilState('IDLE');
        expect(await host.announce(second)).toBe(status.ERR_LATER);
        await host.until('the offer', () => host.count('OFFER') > before);
        await settle(cable, name, upload);
        await settle(cable, 'ACCEPTED', await expectRound(cable, second, residual));
        await expectRound(cable, fixture.announcementOf(2, plan), residual);
      },
    );

    it('does not keep the node from another federation', async () => {
      const cable = open();
      await expectRound(cable, fixture.announcementOf(0, plan), new Int16Array(parameters));
      const other = fixture.announcementOf(1, plan, { federation: 'another' });
      await expectRound(cable, other, new Int16Array(parameters));
    });

    it('belongs to its upload, whatever happens to the power', async () => {
      const cable = open();
      const residual = new Int16Array(parameters);
      const first = fixture.announcementOf(0, plan);
      await expectRound(cable, first, residual.slice());
      await cable.powerCycle();
      // Before the receipt: the same bytes again, of the old residual.
      const upload = await expectRound(cable, first, residual);
      await settle(cable, 'DUPLICATE', upload);
      await cable.powerCycle();
      const second = fixture.announcementOf(1, plan);
      await expectRound(cable, second, residual.slice());
      await cable.powerCycle();
      await settle(cable, 'ACCEPTED', await expectRound(cable, second, residual));
      await expectRound(cable, fixture.announcementOf(2, plan), residual);
    });

    it('is not that of another federation', async () => {
      const cable = open();
      const residual = new Int16Array(parameters);
      const first = fixture.announcementOf(0, plan);
      await settle(cable, 'ACCEPTED', await expectRound(cable, first, residual));
      const other = fixture.announcementOf(1, plan, { federation: 'another' });
      await expectRound(cable, other, new Int16Array(parameters));
    });

    it('says how many of its words were limited', async () => {
      const cable = open();
      const residual = new Int16Array(parameters);
      const limited = (): number => residual.filter((word) => Math.abs(word) === 32767).length;
      const hungry = { ...plan, density: 1, epochs: 6, lrShift: 0 };
      for (let version = 0; limited() === 0; version++) {
        expect(await cable.host.residualSaturations()).toBe(0);
        const announcement = fixture.announcementOf(version, hungry);
        await settle(cable, 'ACCEPTED', await expectRound(cable, announcement, residual));
      }
      expect(await cable.host.residualSaturations()).toBe(limited());
    });

    it('survives rounds of another codec', async () => {
      const cable = open();
      const residual = new Int16Array(parameters);
      const first = fixture.announcementOf(0, plan);
      await settle(cable, 'ACCEPTED', await expectRound(cable, first, residual));
      const second = fixture.announcementOf(1, { codec: codec.DENSE_3 });
      await settle(cable, 'ACCEPTED', await expectRound(cable, second, residual));
      await expectRound(cable, fixture.announcementOf(2, plan), residual);
    });
  });
}
